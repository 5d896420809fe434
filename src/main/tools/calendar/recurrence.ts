/**
 * Recurrence rules (RFC 5545, 3.3.10) between two moments of the wall clock. Every period is tried day by day and
 * every try counts against a budget, so that no rule, however empty or dense, takes longer than that.
 * Wall times are local times written as if they were UTC milliseconds.
 */
export type Frequency = 'SECONDLY' | 'MINUTELY' | 'HOURLY' | 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY'

export interface Rule {
  freq: Frequency
  interval: number
  /** Occurrences in all, counted from the start; null for no end. */
  count: number | null
  /** The last wall time that may occur. */
  until: number | null
  /** 0 is Sunday. */
  weekStart: number
  bySecond: readonly number[]
  byMinute: readonly number[]
  byHour: readonly number[]
  byDay: readonly { ordinal: number; weekday: number }[]
  byMonthDay: readonly number[]
  byYearDay: readonly number[]
  byWeekNo: readonly number[]
  byMonth: readonly number[]
  bySetPos: readonly number[]
}

/** Wall times, the end not included. */
export interface Window {
  from: number
  to: number
}

export class Budget {
  readonly #tries: number
  spent = 0

  constructor(tries: number) {
    this.#tries = tries
  }

  /** False once there is nothing left. */
  spend(): boolean {
    this.spent += 1
    return this.spent <= this.#tries
  }

  get isSpent(): boolean {
    return this.spent > this.#tries
  }
}

const SECOND = 1_000
const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000

/** In order, none before `start`; ends early when the budget is spent. */
export function* occurrences(rule: Rule, start: number, window: Window, budget: Budget): Generator<number> {
  let counted = 0
  const from = rule.count === null ? Math.max(start, window.from) : start
  const last = Math.min(rule.until ?? Infinity, window.to - 1)
  for (const set of periods(rule, start, from, budget)) {
    for (const wall of chosen(rule, set)) {
      if (wall > last || (rule.count !== null && counted >= rule.count)) return
      if (wall < start) continue
      counted += 1
      if (wall >= window.from) yield wall
    }
    if (set.from > last || budget.isSpent) return
  }
}

/** What one period holds; its candidates come in order. */
interface Period {
  from: number
  candidates: Iterable<number>
}

function* chosen(rule: Rule, { candidates }: Period): Generator<number> {
  if (rule.bySetPos.length === 0) yield* candidates
  else {
    const all = [...candidates]
    const places = rule.bySetPos.map(place => (place > 0 ? place - 1 : all.length + place))
    for (const place of [...new Set(places)].sort((a, b) => a - b)) {
      const wall = all[place]
      if (wall !== undefined) yield wall
    }
  }
}

/** The periods of the rule, from the one that holds `from` on. */
function periods(rule: Rule, start: number, from: number, budget: Budget): Generator<Period> {
  switch (rule.freq) {
    case 'YEARLY':
    case 'MONTHLY':
      return monthPeriods(rule, start, from, budget)
    case 'WEEKLY':
      return dayPeriods(rule, weekOf(start, rule.weekStart), 7, { start, from }, budget)
    case 'DAILY':
      return dayPeriods(rule, dayOf(start), 1, { start, from }, budget)
    case 'HOURLY':
      return clockPeriods(rule, HOUR, { start, from }, budget)
    case 'MINUTELY':
      return clockPeriods(rule, MINUTE, { start, from }, budget)
    case 'SECONDLY':
      return clockPeriods(rule, SECOND, { start, from }, budget)
  }
}

function* monthPeriods(rule: Rule, start: number, from: number, budget: Budget): Generator<Period> {
  const months = rule.freq === 'YEARLY' ? 12 : 1
  const first = rule.freq === 'YEARLY' ? yearOf(start) * 12 : monthNumber(start)
  const step = rule.interval * months
  // One period back: the first week of a year may begin in the year before.
  let at = first + Math.max(0, Math.floor((monthNumber(from) - first) / step) - 1) * step
  for (; budget.spend() && at < 10_000 * 12; at += step) {
    const begin = monthBegin(at)
    yield {
      from: begin,
      candidates: candidates(rule, { begin, end: monthBegin(at + months), start }, budget),
    }
  }
}

interface Span {
  start: number
  from: number
}

function* dayPeriods(rule: Rule, first: number, days: number, span: Span, budget: Budget): Generator<Period> {
  const step = rule.interval * days * DAY
  let begin = first + Math.max(0, Math.floor((span.from - first) / step)) * step
  for (; budget.spend(); begin += step) {
    const end = begin + days * DAY
    yield { from: begin, candidates: candidates(rule, { begin, end, start: span.start }, budget) }
  }
}

/** Steps of hours and less: days that the rule leaves out are skipped whole. */
function* clockPeriods(rule: Rule, unit: number, { start, from }: Span, budget: Budget): Generator<Period> {
  const first = Math.floor(start / unit) * unit
  const step = rule.interval * unit
  let at = first + Math.max(0, Math.floor((from - first) / step)) * step
  while (budget.spend()) {
    if (!isDayWanted(rule, dayOf(at))) {
      at = first + Math.ceil((dayOf(at) + DAY - first) / step) * step
      yield { from: at, candidates: [] }
      continue
    }
    yield { from: at, candidates: withinStep(rule, at, unit, start, budget) }
    at += step
  }
}

function* withinStep(rule: Rule, at: number, unit: number, start: number, budget: Budget): Generator<number> {
  const clock = clockOf(at)
  if (!isIn(rule.byHour, clock.hour)) return
  if (unit <= MINUTE && !isIn(rule.byMinute, clock.minute)) return
  if (unit <= SECOND && !isIn(rule.bySecond, clock.second)) return
  const own = clockOf(start)
  const minutes = unit === HOUR ? listed(rule.byMinute, own.minute) : [clock.minute]
  const seconds = unit === SECOND ? [clock.second] : listed(rule.bySecond, own.second)
  const hour = Math.floor(at / HOUR) * HOUR
  for (const minute of minutes) {
    for (const second of seconds) {
      if (!budget.spend()) return
      yield hour + minute * MINUTE + second * SECOND
    }
  }
}

interface Days {
  begin: number
  end: number
  start: number
}

function* candidates(rule: Rule, { begin, end, start }: Days, budget: Budget): Generator<number> {
  // Weeks belong to a year as a whole, so days beside it are tried as well.
  const byWeek = rule.freq === 'YEARLY' && rule.byWeekNo.length > 0
  const [from, to] = byWeek ? [begin - 6 * DAY, end + 6 * DAY] : [begin, end]
  const year = yearOf(begin)
  const own = clockOf(start)
  const hours = listed(rule.byHour, own.hour)
  const minutes = listed(rule.byMinute, own.minute)
  const seconds = listed(rule.bySecond, own.second)
  for (let day = from; day < to; day += DAY) {
    if (!budget.spend()) return
    if (!isDayWanted(rule, day, { year, start })) continue
    for (const hour of hours) {
      for (const minute of minutes) {
        for (const second of seconds) {
          if (!budget.spend()) return
          yield day + hour * HOUR + minute * MINUTE + second * SECOND
        }
      }
    }
  }
}

/** With `period`, also by what the rule takes from its start where it says nothing. */
function isDayWanted(rule: Rule, day: number, period?: { year: number; start: number }): boolean {
  const date = new Date(day)
  if (!isIn(rule.byMonth, date.getUTCMonth() + 1)) return false
  if (!matchesEnds(rule.byMonthDay, date.getUTCDate(), daysInMonth(date))) return false
  const inYear = dayOfYear(day)
  if (!matchesEnds(rule.byYearDay, inYear, daysInYear(date.getUTCFullYear()))) return false
  if (!matchesDay(rule, date, inYear)) return false
  if (period === undefined) return true
  if (rule.freq === 'YEARLY' && !matchesWeek(rule, day, period.year)) return false
  return matchesStart(rule, date, new Date(period.start))
}

function matchesStart(rule: Rule, date: Date, start: Date): boolean {
  const saysDay = rule.byDay.length + rule.byMonthDay.length + rule.byYearDay.length > 0
  if (saysDay || rule.freq === 'DAILY') return true
  if (rule.freq === 'WEEKLY' || rule.byWeekNo.length > 0) return date.getUTCDay() === start.getUTCDay()
  if (date.getUTCDate() !== start.getUTCDate()) return false
  return rule.freq === 'MONTHLY' || rule.byMonth.length > 0 || date.getUTCMonth() === start.getUTCMonth()
}

function matchesDay(rule: Rule, date: Date, inYear: number): boolean {
  if (rule.byDay.length === 0) return true
  const ofMonth = rule.freq === 'MONTHLY' || (rule.freq === 'YEARLY' && rule.byMonth.length > 0)
  const place = ofMonth ? date.getUTCDate() : inYear
  const length = ofMonth ? daysInMonth(date) : daysInYear(date.getUTCFullYear())
  const forward = Math.ceil(place / 7)
  const backward = -Math.ceil((length - place + 1) / 7)
  const counts = rule.freq === 'MONTHLY' || (rule.freq === 'YEARLY' && rule.byWeekNo.length === 0)
  return rule.byDay.some(
    ({ ordinal, weekday }) =>
      weekday === date.getUTCDay() &&
      (ordinal === 0 || !counts || ordinal === forward || ordinal === backward),
  )
}

function matchesWeek(rule: Rule, day: number, year: number): boolean {
  if (rule.byWeekNo.length === 0) return true
  const first = firstWeek(year, rule.weekStart)
  const weeks = Math.round((firstWeek(year + 1, rule.weekStart) - first) / (7 * DAY))
  const week = Math.floor((day - first) / (7 * DAY)) + 1
  return week >= 1 && week <= weeks && matchesEnds(rule.byWeekNo, week, weeks)
}

/** The week with at least four days in the year. */
function firstWeek(year: number, weekStart: number): number {
  return weekOf(Date.UTC(year, 0, 4), weekStart)
}

function matchesEnds(list: readonly number[], place: number, length: number): boolean {
  return list.length === 0 || list.includes(place) || list.includes(place - length - 1)
}

function isIn(list: readonly number[], value: number): boolean {
  return list.length === 0 || list.includes(value)
}

function listed(list: readonly number[], own: number): number[] {
  return list.length === 0 ? [own] : [...new Set(list)].sort((a, b) => a - b)
}

function clockOf(wall: number): { hour: number; minute: number; second: number } {
  const date = new Date(wall)
  return { hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds() }
}

export function dayOf(wall: number): number {
  return Math.floor(wall / DAY) * DAY
}

function weekOf(wall: number, weekStart: number): number {
  return dayOf(wall) - ((new Date(wall).getUTCDay() - weekStart + 7) % 7) * DAY
}

function yearOf(wall: number): number {
  return new Date(wall).getUTCFullYear()
}

function monthNumber(wall: number): number {
  return yearOf(wall) * 12 + new Date(wall).getUTCMonth()
}

function monthBegin(number: number): number {
  return Date.UTC(Math.floor(number / 12), number % 12)
}

function daysInMonth(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
}

function dayOfYear(day: number): number {
  return Math.round((day - Date.UTC(yearOf(day), 0)) / DAY) + 1
}

function daysInYear(year: number): number {
  return Math.round((Date.UTC(year + 1, 0) - Date.UTC(year, 0)) / DAY)
}
