/** Cron expressions as people say them, where there is a short way of saying one; null where there is none. Pure. */
import type { Language } from '../language.ts'

interface Fields {
  seconds: number[]
  minutes: number[]
  hours: number[]
  /** Of the month; `last`: its last day. Null where every day is meant. */
  dates: { days: number[]; last: boolean } | null
  /** 0 is Sunday; null where every one is meant. */
  weekdays: number[] | null
}

const NAMES = {
  en: ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'],
  de: ['Sonntag', 'Montag', 'Dienstag', 'Mittwoch', 'Donnerstag', 'Freitag', 'Samstag'],
} as const
const SHORT = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']
/** More clock times, or days of a month, than these are no longer read at a glance. */
const MOST = 6
const EVERY_HOUR = 24

/** `Every weekday at 08:00 (Europe/Berlin)`; a rhythm that is the same everywhere names no zone. */
export function cronWords(expression: string, zone: string, language: Language): string | null {
  const fields = fieldsOf(expression)
  if (fields === null) return null
  const days = daysWords(fields, language)
  if (days === null) return null
  const isDaily = fields.dates === null && fields.weekdays === null
  const rhythm = rhythmWords(fields, language)
  if (rhythm !== null) return isDaily ? rhythm : `${rhythm}, ${days} (${zone})`
  const times = timesOf(fields)
  if (times === null) return null
  return `${capitalised(days)} ${language === 'de' ? 'um' : 'at'} ${listed(times, language)} (${zone})`
}

function fieldsOf(expression: string): Fields | null {
  const parts = expression.trim().toUpperCase().split(/\s+/)
  const [second, minute, hour, day, month, weekday] = parts.length === 5 ? ['0', ...parts] : parts
  if (weekday === undefined || parts.length > 6 || month !== '*') return null
  // Where both kinds of days are named, either will do: there is no short way of saying that.
  if (day !== '*' && weekday !== '*') return null
  const seconds = valuesOf(second, 0, 59)
  const minutes = valuesOf(minute, 0, 59)
  const hours = valuesOf(hour, 0, 23)
  const dates = datesOf(day)
  const weekdays = weekdaysOf(weekday)
  if (dates === undefined || weekdays === undefined) return null
  return seconds === null || minutes === null || hours === null
    ? null
    : { seconds, minutes, hours, dates, weekdays }
}

function datesOf(day = ''): Fields['dates'] | undefined {
  if (day === '*') return null
  const parts = day.split(',')
  const days = valuesOf(parts.filter(part => part !== 'L').join(',') || '', 1, 31)
  const last = parts.includes('L')
  if (days === null) return last && parts.length === 1 ? { days: [], last } : undefined
  return days.length + Number(last) > MOST ? undefined : { days, last }
}

function weekdaysOf(weekday: string): number[] | null | undefined {
  if (weekday === '*') return null
  const numbered = weekday.replaceAll(/[A-Z]{3}/g, name => {
    const number = SHORT.indexOf(name)
    return number < 0 ? name : String(number)
  })
  const values = valuesOf(numbered, 0, 7)
  if (values === null) return undefined
  const days = [...new Set(values.map(day => day % 7))].toSorted((a, b) => a - b)
  return days.length === 7 ? null : days
}

/** The values of a field, in order; null where it is not made of numbers, ranges and steps. */
function valuesOf(field = '', least: number, most: number): number[] | null {
  const values = field.split(',').map(part => rangeOf(part, least, most))
  const known = values.flatMap(found => found ?? [])
  return values.includes(null) ? null : [...new Set(known)].toSorted((a, b) => a - b)
}

function rangeOf(part: string, least: number, most: number): number[] | null {
  const [, from, to, step] = /^(\*|\d{1,2})(?:-(\d{1,2}))?(?:\/(\d{1,2}))?$/.exec(part) ?? []
  if (from === undefined) return null
  const first = from === '*' ? least : Number(from)
  const last = to === undefined ? lastOf(first, from === '*' || step !== undefined, most) : Number(to)
  const by = Number(step ?? 1)
  if (by === 0 || first < least || last > most || first > last) return null
  return Array.from({ length: last - first + 1 }, (_, place) => first + place).filter(
    value => (value - first) % by === 0,
  )
}

/** Without an end: to the end of the circle where it goes on, otherwise that one value. */
function lastOf(first: number, goesOn: boolean, most: number): number {
  return goesOn ? most : first
}

/** `every weekday`, `on the first of each month`. */
function daysWords({ dates, weekdays }: Fields, language: Language): string | null {
  if (dates !== null) return language === 'de' ? germanDates(dates) : englishDates(dates)
  const german = language === 'de'
  const key = weekdays?.join('') ?? ''
  if (weekdays === null) return german ? 'jeden Tag' : 'every day'
  if (key === '12345') return german ? 'von Montag bis Freitag' : 'every weekday'
  const fromMonday =
    key === '06' ? [6, 0] : [...weekdays.filter(day => day > 0), ...weekdays.filter(day => day === 0)]
  return `${german ? 'jeden' : 'every'} ${listed(
    fromMonday.map(day => NAMES[language][day] ?? ''),
    language,
  )}`
}

function englishDates({ days, last }: { days: number[]; last: boolean }): string {
  const named = [...days.map(day => (day === 1 ? 'first' : ordinal(day))), ...(last ? ['last day'] : [])]
  return `on the ${listed(named, 'en')} of each month`
}

function germanDates({ days, last }: { days: number[]; last: boolean }): string {
  const named = [
    ...days.map(day => (day === 1 ? 'Ersten' : `${String(day)}.`)),
    ...(last ? ['letzten Tag'] : []),
  ]
  return `am ${listed(named, 'de')} jedes Monats`
}

/** Times of a day; null where they are not a few. */
function timesOf({ seconds, minutes, hours }: Fields): string[] | null {
  if (seconds.length !== 1 || hours.length * minutes.length > MOST) return null
  const second = seconds[0] === 0 ? '' : `:${two(seconds[0] ?? 0)}`
  return hours.flatMap(hour => minutes.map(minute => `${two(hour)}:${two(minute)}${second}`))
}

/** `Every 15 minutes`, `Every 6 hours`; null where it is none. */
function rhythmWords(fields: Fields, language: Language): string | null {
  const { seconds, minutes, hours } = fields
  if (stepOf(hours, EVERY_HOUR) === 1) return withinHour(fields, language)
  const step = stepOf(hours, EVERY_HOUR)
  const isFull = isZero(seconds) && isZero(minutes)
  return step !== null && isFull && hours.length > MOST / 2 ? every(step, 'hour', language) : null
}

function withinHour({ seconds, minutes }: Fields, language: Language): string | null {
  const eachSecond = stepOf(seconds, 60)
  const eachMinute = stepOf(minutes, 60)
  if (eachMinute === 1 && eachSecond !== null && seconds.length > 1)
    return every(eachSecond, 'second', language)
  if (!isZero(seconds)) return null
  if (isZero(minutes)) return every(1, 'hour', language)
  if (eachMinute !== null) return every(eachMinute, 'minute', language)
  return minutes.length > MOST ? null : hourlyAt(minutes, language)
}

function isZero(values: readonly number[]): boolean {
  return values.length === 1 && values[0] === 0
}

function hourlyAt(minutes: readonly number[], language: Language): string {
  const marks = listed(
    minutes.map(minute => `:${two(minute)}`),
    language,
  )
  return language === 'de' ? `Jede Stunde um ${marks}` : `Every hour at ${marks}`
}

const UNITS = {
  second: ['Jede Sekunde', 'Sekunden'],
  minute: ['Jede Minute', 'Minuten'],
  hour: ['Jede Stunde', 'Stunden'],
} as const

function every(count: number, unit: keyof typeof UNITS, language: Language): string {
  if (language === 'en') return count === 1 ? `Every ${unit}` : `Every ${String(count)} ${unit}s`
  const [one, many] = UNITS[unit]
  return count === 1 ? one : `Alle ${String(count)} ${many}`
}

/** The step of `0, n, 2n …` that closes the circle without a shorter last step; null for any other choice. */
function stepOf(values: readonly number[], circle: number): number | null {
  const step = circle / values.length
  return values.every((value, place) => value === place * step) ? step : null
}

function listed(texts: readonly string[], language: Language): string {
  const last = texts.at(-1) ?? ''
  const and = language === 'de' ? 'und' : 'and'
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(', ')} ${and} ${last}`
}

function ordinal(number: number): string {
  const isTeen = number >= 11 && number <= 13
  return `${String(number)}${isTeen ? 'th' : (['th', 'st', 'nd', 'rd'][number % 10] ?? 'th')}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
