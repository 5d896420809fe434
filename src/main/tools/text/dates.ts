/** Dates as pure functions: read them from text, write them, move them, compare them; always in a named zone. */
import { DateTime } from 'luxon'
import { fail } from '../../../domain/failure.ts'
import { earliest, instantOf, parseIso, type Instant } from './instant.ts'

export interface DateText {
  text: string
  format?: string | undefined
  zone: string
  locale?: string | undefined
}

/** ISO 8601, mail (RFC 2822), HTTP and SQL dates, or exactly the format given. */
export function parseDateText({ text, format, zone, locale }: DateText): Instant {
  const trimmed = text.trim()
  const moment = format === undefined ? knownForm(trimmed, zone) : inFormat(trimmed, format, zone, locale)
  if (moment !== undefined && inRange(moment)) return instantOf(moment.setZone(zone))
  const wanted = format === undefined ? 'a date in a form that is known' : `a date of the form ${format}`
  return fail({ kind: 'invalid-input', path: 'text', message: `“${text.slice(0, 80)}” was not ${wanted}.` })
}

function knownForm(text: string, zone: string): DateTime | undefined {
  const iso = parseIso(text, zone)
  if (iso !== undefined) return iso
  return [
    DateTime.fromRFC2822(text, { zone }),
    DateTime.fromHTTP(text, { zone }),
    DateTime.fromSQL(text, { zone }),
  ].find(moment => moment.isValid && /\d{4}|\d{2}\s/.test(text))
}

function inFormat(text: string, format: string, zone: string, locale = 'en'): DateTime | undefined {
  const moment = DateTime.fromFormat(text, format, { zone, locale })
  if (!moment.isValid) return undefined
  return /[zZX]/.test(format) ? moment : earliest(moment)
}

function inRange(moment: DateTime): boolean {
  return moment.isValid && moment.year >= 1 && moment.year <= 9999
}

/** An instant given as UTC milliseconds or ISO text. */
export function momentOf(date: string | number, zone: string, path: string): DateTime {
  const moment = typeof date === 'number' ? DateTime.fromMillis(date, { zone }) : parseIso(date.trim(), zone)
  if (moment !== undefined && inRange(moment)) return moment.setZone(zone)
  return fail({
    kind: 'invalid-input',
    path,
    message: `“${date}” was not an ISO date, such as 2026-03-29T08:00 or 2026-03-29T06:00:00Z, or UTC milliseconds.`,
  })
}

export interface DateShift {
  date: string | number
  zone: string
  years?: number | undefined
  months?: number | undefined
  weeks?: number | undefined
  days?: number | undefined
  hours?: number | undefined
  minutes?: number | undefined
  seconds?: number | undefined
}

/** Years to days keep the wall clock of the zone; hours to seconds are exact. The 31st becomes the month's last day. */
export function shiftDate({ date, zone, ...amounts }: DateShift): Instant {
  const moved = momentOf(date, zone, 'date').plus(
    Object.fromEntries(Object.entries(amounts).filter(([, amount]) => amount !== undefined)),
  )
  if (inRange(moved)) return instantOf(moved)
  return fail({ kind: 'invalid-input', message: 'The date was moved outside the years 1 to 9999.' })
}

export interface DateOrder {
  order: number
  ms: number
  days: number
}

/** From `a` to `b`: −1, 0 or 1 as a is before, at or after b; the exact difference; local midnights in between. */
export function compareMoments(a: string | number, b: string | number, zone: string): DateOrder {
  const from = momentOf(a, zone, 'a')
  const to = momentOf(b, zone, 'b')
  const ms = to.toMillis() - from.toMillis()
  return { order: Math.sign(-ms) + 0, ms, days: dayNumber(to) - dayNumber(from) }
}

/** Calendar days since 1970, whatever the zone. */
function dayNumber(moment: DateTime): number {
  return Math.round(DateTime.utc(moment.year, moment.month, moment.day).toMillis() / 86_400_000)
}

export function formatMoment(date: string | number, format: string, zone: string, locale = 'en'): string {
  return momentOf(date, zone, 'date').setLocale(locale).toFormat(format)
}
