/** A trigger in words, for people: common cron shapes as a sentence, any other expression quoted as it is. */
import { triggerLine } from '../../../domain/contract-text.ts'
import type { Trigger } from '../../../domain/contract.ts'
import { parseCron, type CronTimes } from './cron.ts'
import { zoneOf } from './spec.ts'

const DAY_NAMES = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
/** More clock times than this are no longer read at a glance. */
const MOST_TIMES = 6

/** `Every weekday at 08:00 (Europe/Berlin)`. Expects a trigger that `validateTrigger` accepts. */
export function describeTrigger(trigger: Trigger, contractZone: string): string {
  return trigger.kind === 'cron'
    ? describeCron(trigger.expression, zoneOf(trigger, contractZone))
    : triggerLine(trigger, contractZone)
}

function describeCron(expression: string, zone: string): string {
  const times = parseCron(expression)
  const days = describeDays(times)
  const hours = describeHours(times)
  if (days === null || hours === null) return `On the schedule "${expression}" (${zone})`
  if (!hours.startsWith('at ')) return days === 'every day' ? hours : `${hours}, ${days} (${zone})`
  return `${capitalised(days)} ${hours} (${zone})`
}

/** `at 08:00 and 12:30`, or a rhythm such as `Every 15 minutes`; null for what has no short name. */
function describeHours({ pattern, everyHour }: CronTimes): string | null {
  const [seconds, minutes, hours] = [chosen(pattern.second), chosen(pattern.minute), chosen(pattern.hour)]
  if (everyHour) return describeRhythm(seconds, minutes)
  if (seconds.length !== 1 || hours.length * minutes.length > MOST_TIMES) return null
  const second = seconds[0] === 0 ? '' : `:${twoDigits(seconds[0] ?? 0)}`
  return `at ${listed(
    hours.flatMap(hour => minutes.map(minute => `${twoDigits(hour)}:${twoDigits(minute)}${second}`)),
  )}`
}

function describeRhythm(seconds: number[], minutes: number[]): string | null {
  const eachSecond = stepOf(seconds, 60)
  const eachMinute = stepOf(minutes, 60)
  if (eachMinute === 1 && eachSecond !== null)
    return every(eachSecond, eachSecond === 60 ? 'minute' : 'second', 60)
  if (seconds.length !== 1 || seconds[0] !== 0) return null
  if (eachMinute !== null) return every(eachMinute, eachMinute === 60 ? 'hour' : 'minute', 60)
  if (minutes.length > MOST_TIMES) return null
  return `Every hour at ${listed(minutes.map(minute => `:${twoDigits(minute)}`))}`
}

/** The step of `0, n, 2n …` that closes the circle without a shorter last step; null for any other choice. */
function stepOf(values: number[], circle: number): number | null {
  const step = circle / values.length
  return values.every((value, place) => value === place * step) ? step : null
}

function describeDays({ pattern }: CronTimes): string | null {
  if (!isPlain(pattern)) return null
  const weekdays = chosen(pattern.dayOfWeek.slice(0, 7))
  if (pattern.starDOM)
    return pattern.starDOW || weekdays.length === 7 ? 'every day' : describeWeekdays(weekdays)
  const dates = [
    ...chosen(pattern.day).map(day => `day ${day + 1}`),
    ...(pattern.lastDayOfMonth ? ['the last day'] : []),
  ]
  if (!pattern.starDOW || dates.length > MOST_TIMES) return null
  return `on ${listed(dates)} of every month`
}

/** In every month, and nothing that counts weekdays within the month. */
function isPlain(pattern: CronTimes['pattern']): boolean {
  return (
    chosen(pattern.month).length === 12 &&
    !pattern.lastWeekday &&
    pattern.nearestWeekdays.every(day => day === 0) &&
    pattern.dayOfWeek.every(weeks => weeks === 0 || weeks === EVERY_WEEK)
  )
}

/** croner's mark for a weekday in all weeks of the month, not only the first or the last. */
const EVERY_WEEK = 63

function describeWeekdays(days: number[]): string {
  const key = days.join('')
  if (key === '12345') return 'every weekday'
  if (key === '06') return 'every Saturday and Sunday'
  const fromMonday = [...days.filter(day => day > 0), ...days.filter(day => day === 0)]
  return `every ${listed(fromMonday.map(day => DAY_NAMES[day] ?? ''))}`
}

function chosen(marks: readonly number[]): number[] {
  return marks.flatMap((mark, value) => (mark === 0 ? [] : [value]))
}

/** `Every minute`, `Every 15 minutes`; a count of `one` means one of the unit. */
function every(count: number, unit: string, one = 1): string {
  return count === one || count === 1 ? `Every ${unit}` : `Every ${count} ${unit}s`
}

function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? ''
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
