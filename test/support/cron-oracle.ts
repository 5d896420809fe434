/**
 * A slow, obvious answer to "when is this cron expression due": look at the local clock every minute of a range
 * and compare what it shows with the five fields. It shares nothing with the production code but the zone data.
 */

const MINUTE = 60_000
/** Long enough before the range to know which local times have been seen: no zone repeats a longer time. */
const WARM_UP = 30 * 60 * MINUTE

const DAY_NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

/** The due instants in (after, until], which must be whole minutes. */
export function oracleDue(expression: string, zone: string, after: number, until: number): number[] {
  const due: number[] = []
  const seen = new Set<string>()
  const fields = readFields(expression)
  const rhythm = fields.hours.size === 24
  let before = localText(zone, after - WARM_UP - MINUTE)
  for (let at = after - WARM_UP; at <= until; at += MINUTE) {
    const shown = localText(zone, at)
    const first = matches(fields, shown) && !seen.has(shown)
    const skipped = textsBetween(before, shown).some(text => matches(fields, text))
    const fires = rhythm ? matches(fields, shown) : first || skipped
    if (fires && at > after) due.push(at)
    seen.add(shown)
    before = shown
  }
  return due
}

const dayTexts = new Map<string, string[]>()
const DAY_MINUTES = 1_440

/** `2026-03-29 03:00`, as the clocks in the zone show it; a day is formatted once. */
function localText(zone: string, at: number): string {
  const minute = at / MINUTE
  const day = Math.floor(minute / DAY_MINUTES)
  const key = `${zone} ${day}`
  const texts = dayTexts.get(key) ?? formatDay(zone, day)
  dayTexts.set(key, texts)
  return texts[minute - day * DAY_MINUTES] ?? ''
}

function formatDay(zone: string, day: number): string[] {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' })
  return Array.from({ length: DAY_MINUTES }, (_, minute) =>
    format.format((day * DAY_MINUTES + minute) * MINUTE),
  )
}

/** The local times a clock that went from one text to the other never showed. */
function textsBetween(before: string, after: string): string[] {
  const texts: string[] = []
  for (let text = minuteAfter(before); text < after; text = minuteAfter(text)) texts.push(text)
  return texts
}

function minuteAfter(text: string): string {
  const minute = Number(text.slice(14, 16))
  if (minute < 59) return text.slice(0, 14) + String(minute + 1).padStart(2, '0')
  const read = Date.parse(`${text.replace(' ', 'T')}:00Z`)
  return new Date(read + MINUTE).toISOString().slice(0, 16).replace('T', ' ')
}

interface Fields {
  minutes: Set<number>
  hours: Set<number>
  days: Set<number>
  months: Set<number>
  weekdays: Set<number>
  /** Day of month and weekday are both restricted: either will do. */
  eitherDay: boolean
}

function readFields(expression: string): Fields {
  const [minutes = '', hours = '', days = '', months = '', weekdays = ''] = expression.split(' ')
  const week = allowed(weekdays, 0, 7)
  if (week.has(7)) week.add(0)
  return {
    minutes: allowed(minutes, 0, 59),
    hours: allowed(hours, 0, 23),
    days: allowed(days, 1, 31),
    months: allowed(months, 1, 12),
    weekdays: week,
    eitherDay: days !== '*' && weekdays !== '*',
  }
}

function matches(fields: Fields, text: string): boolean {
  if (!fields.minutes.has(Number(text.slice(14, 16)))) return false
  if (!fields.hours.has(Number(text.slice(11, 13)))) return false
  if (!fields.months.has(Number(text.slice(5, 7)))) return false
  const dayFits = fields.days.has(Number(text.slice(8, 10)))
  const weekdayFits = fields.weekdays.has(new Date(`${text.slice(0, 10)}T00:00Z`).getUTCDay())
  return fields.eitherDay ? dayFits || weekdayFits : dayFits && weekdayFits
}

function allowed(field: string, lowest: number, highest: number): Set<number> {
  const values = new Set<number>()
  for (const part of field.split(',')) {
    const [range = '', step = '1'] = part.split('/')
    const [from = lowest, to = from] = range === '*' ? [lowest, highest] : range.split('-').map(numberOf)
    for (let value = from; value <= to; value += Number(step)) values.add(value)
  }
  return values
}

function numberOf(text: string): number {
  const named = DAY_NAMES.indexOf(text)
  return named < 0 ? Number(text) : named
}
