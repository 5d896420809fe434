/** How long, as scripts say it: `90m`, `2h30m`, `3d`, `500ms`, or ISO 8601 (`PT2H30M`, `P3D`). Never negative. */
import { Duration } from 'luxon'
import { z } from 'zod'

const SHORT = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/
const ISO = /^P(?=[\dT])[\d.]*[YMWD\d.]*(T[\dHMS.]+)?$/
const LONGEST_MS = 10 * 366 * 86_400_000

export function parseDuration(text: string): Duration | undefined {
  const duration = text.startsWith('P') ? fromIso(text) : fromShort(text.replaceAll(' ', '').toLowerCase())
  return duration?.isValid === true && duration.toMillis() <= LONGEST_MS ? duration : undefined
}

export const durationText = z
  .string()
  .max(40)
  .refine(text => parseDuration(text) !== undefined, {
    error: 'is not a length of time, such as 90m, 2h30m, 3d or PT15M, of at most ten years',
  })

function fromIso(text: string): Duration | undefined {
  return ISO.test(text) ? Duration.fromISO(text) : undefined
}

function fromShort(text: string): Duration | undefined {
  const parts = SHORT.exec(text)
  if (parts === null || text === '') return undefined
  const [weeks, days, hours, minutes, seconds, milliseconds] = parts
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0))
  const known = { weeks, days, hours, minutes, seconds, milliseconds }
  return Duration.fromObject(Object.fromEntries(Object.entries(known).filter(([, value]) => value !== 0)))
}
