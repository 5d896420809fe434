/** Cron expressions as people say them, where there is a short way of saying one; null where there is none. Pure. */
import type { Language } from '../language.ts'

interface Fields {
  minute: string
  hour: string
  day: string
  month: string
  weekday: string
}

const NAMES = {
  en: ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'],
  de: ['Sonntag', 'Montag', 'Dienstag', 'Mittwoch', 'Donnerstag', 'Freitag', 'Samstag'],
} as const
const SHORT = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']
const MOST_TIMES = 6

export function cronWords(expression: string, language: Language): string | null {
  const fields = fieldsOf(expression)
  if (fields === null || fields.month !== '*') return null
  const days = daysWords(fields, language)
  if (days === null) return null
  const times = timesOf(fields)
  if (times !== null) return `${days} ${language === 'de' ? 'um' : 'at'} ${listed(times, language)}`
  const isDaily = fields.day === '*' && fields.weekday === '*'
  return isDaily ? rhythmWords(fields, language) : null
}

function fieldsOf(expression: string): Fields | null {
  const parts = expression.trim().toUpperCase().split(/\s+/)
  const five = parts.length === 6 && /^0+$/.test(parts[0] ?? '') ? parts.slice(1) : parts
  const [minute, hour, day, month, weekday] = five
  if (five.length !== 5 || minute === undefined || hour === undefined || day === undefined) return null
  return month === undefined || weekday === undefined ? null : { minute, hour, day, month, weekday }
}

/** `every Monday`, `Monday to Friday`, `on the first of each month`; null where both kinds of days are named. */
function daysWords({ day, weekday }: Fields, language: Language): string | null {
  const german = language === 'de'
  if (day === '*' && weekday === '*') return german ? 'Jeden Tag' : 'Every day'
  if (day === '*') return weekdayWords(weekday, language)
  const date = numberIn(day, 1, 31)
  if (weekday !== '*' || date === null) return null
  if (german) return date === 1 ? 'Am Ersten jedes Monats' : `Am ${String(date)}. jedes Monats`
  return date === 1 ? 'On the first of each month' : `On the ${ordinal(date)} of each month`
}

function weekdayWords(weekday: string, language: Language): string | null {
  const names = NAMES[language]
  const [first, last, more] = weekday.split('-').map(weekdayOf)
  if (weekday.includes('-')) {
    if (first === undefined || first === null || last === undefined || last === null) return null
    const to = language === 'de' ? 'bis' : 'to'
    return more === undefined ? `${names[first] ?? ''} ${to} ${names[last] ?? ''}` : null
  }
  const days = weekday.split(',').map(weekdayOf)
  const named = days.flatMap(day => (day === null ? [] : [names[day] ?? '']))
  if (named.length !== days.length) return null
  return `${language === 'de' ? 'Jeden' : 'Every'} ${listed(named, language)}`
}

function weekdayOf(text: string): number | null {
  const named = SHORT.indexOf(text)
  if (named >= 0) return named
  const number = numberIn(text, 0, 7)
  return number === null ? null : number % 7
}

/** Times of a day; null where they are not a few. */
function timesOf({ minute, hour }: Fields): string[] | null {
  const hours = hour.split(',').map(text => numberIn(text, 0, 23))
  const minutes = minute.split(',').map(text => numberIn(text, 0, 59))
  const times = hours.flatMap(h =>
    minutes.map(m => (h === null || m === null ? null : `${two(h)}:${two(m)}`)),
  )
  const known = times.filter(time => time !== null)
  return known.length === times.length && known.length <= MOST_TIMES ? known : null
}

/** `every 5 minutes`, `every hour`, `every 6 hours`. */
function rhythmWords({ minute, hour }: Fields, language: Language): string | null {
  const german = language === 'de'
  const steps = stepOf(minute, 60)
  if (steps !== null && hour === '*') {
    if (steps === 1) return german ? 'Jede Minute' : 'Every minute'
    return german ? `Alle ${String(steps)} Minuten` : `Every ${String(steps)} minutes`
  }
  const hours = stepOf(hour, 24)
  const at = numberIn(minute, 0, 59)
  if (hours === null || at === null) return null
  const every = hours === 1 ? (german ? 'Jede Stunde' : 'Every hour') : everyHours(hours, german)
  if (at === 0) return every
  return german ? `${every}, ${String(at)} Minuten nach der vollen` : `${every}, ${String(at)} minutes past`
}

function everyHours(hours: number, german: boolean): string {
  return german ? `Alle ${String(hours)} Stunden` : `Every ${String(hours)} hours`
}

/** How many apart they are, where that is the same all around. */
function stepOf(text: string, round: number): number | null {
  if (text === '*') return 1
  const [, digits] = /^(?:\*|0)\/(\d{1,2})$/.exec(text) ?? []
  const step = Number(digits)
  return digits !== undefined && step > 0 && round % step === 0 ? step : null
}

function numberIn(text: string, least: number, most: number): number | null {
  const number = Number(text)
  return /^\d{1,2}$/.test(text) && number >= least && number <= most ? number : null
}

function listed(texts: readonly string[], language: Language): string {
  const last = texts.at(-1) ?? ''
  const and = language === 'de' ? 'und' : 'and'
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(', ')} ${and} ${last}`
}

function ordinal(number: number): string {
  const teens = number >= 11 && number <= 13
  const end = teens ? 'th' : (['th', 'st', 'nd', 'rd'][number % 10] ?? 'th')
  return `${String(number)}${end}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
