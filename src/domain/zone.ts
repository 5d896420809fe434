/**
 * Local time for contracts: hours and days in a time zone, right across changes of the clocks. A wall time is what
 * the local clock shows, written as if it were UTC milliseconds.
 */

const SECOND = 1_000
const HOUR = 3_600_000
export const DAY = 24 * HOUR

/** Offsets lie between −12 and +14 hours: an instant is never further than this from its wall time. */
const FARTHEST = 15 * HOUR

/** Making a formatter costs a hundred times its use. One per zone of the contracts there are. */
const formatters = new Map<string, Intl.DateTimeFormat>()

function formatterFor(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone)
  if (known !== undefined) return known
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formatters.set(zone, formatter)
  return formatter
}

/** What the clock on the wall shows at an instant (UTC ms). */
export function wallTime(at: number, zone: string): number {
  if (zone === 'UTC') return at
  const fields: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {}
  for (const part of formatterFor(zone).formatToParts(at)) fields[part.type] = Number(part.value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields
  return Date.UTC(year, month - 1, day, hour, minute, second) + (at - Math.floor(at / SECOND) * SECOND)
}

/**
 * The instants at which the wall shows a time, in order: one; two when the clocks are set back over it; when they are
 * set forward over it, the instant at which they are.
 */
export function instantsOf(wall: number, zone: string): number[] {
  const offsets = new Set([wall - FARTHEST, wall + FARTHEST].map(at => wallTime(at, zone) - at))
  const instants = [...offsets].map(offset => wall - offset).filter(at => wallTime(at, zone) === wall)
  if (instants.length > 0) return instants.sort((a, b) => a - b)
  return [firstAt(wall - FARTHEST, wall + FARTHEST, at => wallTime(at, zone) >= wall)]
}

/** The instant within a span at which the clocks were moved, or null. At most one is looked for. */
export function clockChange(from: number, to: number, zone: string): number | null {
  const offset = (at: number) => wallTime(at, zone) - at
  const before = offset(from)
  return offset(to) === before ? null : firstAt(from, to, at => offset(at) !== before)
}

/** The first instant of the local day that `at` lies in. */
export function dayStart(at: number, zone: string): number {
  const midnight = Math.floor(wallTime(at, zone) / DAY) * DAY
  return instantsOf(midnight, zone)[0] ?? midnight
}

/** The first instant after `at` that belongs to a later local day. */
export function nextDay(at: number, zone: string): number {
  const midnight = (Math.floor(wallTime(at, zone) / DAY) + 1) * DAY
  return instantsOf(midnight, zone).find(instant => instant > at) ?? at + DAY
}

/** When the current hour of the local clock began: always within the last 60 minutes. */
export function hourStart(at: number, zone: string): number {
  const wall = wallTime(at, zone)
  return at - (wall - Math.floor(wall / HOUR) * HOUR)
}

/** When the hour that began at `hourStart` is over. */
export function nextHour(at: number, zone: string): number {
  return hourStart(at, zone) + HOUR
}

/** Halves a span in which a condition becomes true once and stays true, down to its first millisecond. */
function firstAt(from: number, to: number, holds: (at: number) => boolean): number {
  let [before, after] = [from, to]
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (holds(middle)) after = middle
    else before = middle
  }
  return after
}
