import { z } from 'zod'
import { visibleText } from '../approval.ts'
import { zone } from '../contract-fields.ts'
import type { Language } from '../language.ts'
import { cronWords } from './cron-words.ts'
import { dueKey, duePayload } from './due.ts'
import { defineTrigger } from './trigger.ts'

export const cron = defineTrigger({
  kind: 'cron',
  title: 'At times of the day, week or month',
  doc: 'A cron expression of five fields (minute, hour, day of month, month, day of week), or six with seconds in front, in local time. What happens when the clocks are moved is in chapter 8.',
  schema: z.strictObject({
    kind: z.literal('cron'),
    // What it says is read, and refused in words, where schedules are made.
    expression: z.string().max(200),
    zone: zone.optional(),
  }),
  examples: [
    { kind: 'cron', expression: '0 8 * * 1-5' },
    { kind: 'cron', expression: '30 7 * * *', zone: 'Europe/Berlin' },
  ],
  payload: duePayload,
  key: dueKey,
  describe: ({ expression }, place, language = 'en') =>
    cronWords(expression, place, language) ?? `${asWritten(expression, language)} (${place})`,
  plan: ({ expression }) => ({ kind: 'cron', expression }),
})

function asWritten(expression: string, language: Language): string {
  const shown = visibleText(expression)
  return language === 'de' ? `Zu den Zeiten „${shown}“` : `At the times “${shown}”`
}
