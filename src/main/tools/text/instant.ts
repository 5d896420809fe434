/**
 * Dates and times as scripts meet them: an instant told in one zone, and texts that name one. A local time that a
 * zone skips moves forward by the gap; one that occurs twice is the earlier of the two.
 */
import { DateTime, IANAZone } from 'luxon'
import { z } from 'zod'

/** One instant, told in a zone. `local`, `date` and `time` are the wall clock there; `weekday` is 1 (Monday) to 7. */
export interface Instant {
  ms: number
  iso: string
  zone: string
  local: string
  date: string
  time: string
  weekday: number
  offsetMinutes: number
}

export const zoneName = z
  .string()
  .max(64)
  .refine(name => IANAZone.isValidZone(name), { error: 'is not an IANA time zone, such as Europe/Berlin' })

export const instantSchema = z
  .strictObject({
    ms: z.int().describe('UTC milliseconds since 1970.'),
    iso: z.string().describe('In UTC: 2026-03-29T01:30:00.000Z.'),
    zone: z.string(),
    local: z.string().describe('Wall clock in the zone: YYYY-MM-DDTHH:mm:ss.'),
    date: z.string().describe('YYYY-MM-DD in the zone.'),
    time: z.string().describe('HH:mm:ss in the zone.'),
    weekday: z.int().describe('1 is Monday, 7 is Sunday.'),
    offsetMinutes: z.int(),
  })
  .meta({ title: 'Instant' })

export function instantOf(moment: DateTime): Instant {
  const local = wallClock(moment)
  return {
    ms: moment.toMillis(),
    iso: new Date(moment.toMillis()).toISOString(),
    zone: moment.zoneName ?? 'UTC',
    local: local.slice(0, 19),
    date: local.slice(0, 10),
    time: local.slice(11, 19),
    weekday: moment.weekday,
    offsetMinutes: moment.offset,
  }
}

/** YYYY-MM-DDTHH:mm:ss.SSS in the moment's zone; unlike a format's, its digits do not depend on the machine's language. */
export function wallClock(moment: DateTime): string {
  return moment.toISO({ includeOffset: false }) ?? ''
}

export function instantIn(ms: number, zone: string): Instant {
  return instantOf(DateTime.fromMillis(ms, { zone }))
}

/** ISO 8601 with a date: with an offset it is that instant; without, it is local time in the zone. */
export function parseIso(text: string, zone: string): DateTime | undefined {
  if (!/^\d{4}-/.test(text)) return undefined
  const moment = DateTime.fromISO(text, { zone })
  if (!moment.isValid) return undefined
  return /T.*(Z|[+-]\d\d(:?\d\d)?)$/i.test(text) ? moment : earliest(moment)
}

/** Of two instants with the same wall clock, the first. */
export function earliest(moment: DateTime): DateTime {
  return moment
    .getPossibleOffsets()
    .reduce((first, other) => (other.toMillis() < first.toMillis() ? other : first), moment)
}
