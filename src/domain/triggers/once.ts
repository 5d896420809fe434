import { z } from 'zod'
import { zone } from '../contract-fields.ts'
import { dueKey, duePayload } from './due.ts'
import type { Language } from '../language.ts'
import { defineTrigger } from './trigger.ts'

export const once = defineTrigger({
  kind: 'once',
  title: 'Once, at a time',
  doc: 'A local date and time without an offset. One that has passed already is refused; a new version of an automation may keep one that had its time.',
  schema: z.strictObject({
    kind: z.literal('once'),
    local: z.iso.datetime({
      local: true,
      error: 'is no local date and time such as “2026-03-29T08:00”; the place is said in the zone',
    }),
    zone: zone.optional(),
  }),
  examples: [{ kind: 'once', local: '2026-03-29T08:00', zone: 'Europe/Berlin' }],
  payload: duePayload,
  key: dueKey,
  describe: ({ local }, place, language) =>
    language === 'de'
      ? `Einmal, am ${localWords(local, 'de')} (${place})`
      : `Once, on ${localWords(local, 'en')} (${place})`,
  plan: ({ local }) => ({ kind: 'once', local }),
})

function localWords(local: string, language: Language): string {
  const wall = Date.parse(`${local}Z`)
  const at = language === 'de' ? 'um' : 'at'
  if (Number.isNaN(wall)) return local.replace('T', ` ${at} `)
  const locale = language === 'de' ? 'de-DE' : 'en-GB'
  const day = new Intl.DateTimeFormat(locale, { timeZone: 'UTC', dateStyle: 'long' }).format(wall)
  const shown = new Date(wall).toISOString().slice(11, 19)
  return `${day} ${at} ${shown.endsWith(':00') ? shown.slice(0, 5) : shown}`
}
