/** Time windows of a contract: whether one is open, and when the next one opens, by the clock on the wall. */
import type { Contract } from './contract.ts'
import { clockChange, DAY, instantsOf, wallTime } from './zone.ts'

export type TimeWindow = Contract['windows'][number]

export const DAY_NAMES = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

const MINUTE = 60_000
/** Windows repeat weekly; one that falls into an hour the clocks skip opens a week later. */
const LOOK_AHEAD_DAYS = 15

/** No windows: always open. */
export function isOpen(windows: readonly TimeWindow[], at: number, zone: string): boolean {
  if (windows.length === 0) return true
  const wall = wallTime(at, zone)
  const day = Math.floor(wall / DAY)
  const minute = Math.floor((wall - day * DAY) / MINUTE)
  return windows.some(window => covers(window, day, minute))
}

/** The first instant after `at` at which a window is open that was closed before; null when none ever opens. */
export function nextOpening(windows: readonly TimeWindow[], at: number, zone: string): number | null {
  const today = Math.floor(wallTime(at, zone) / DAY)
  for (let ahead = 0; ahead <= LOOK_AHEAD_DAYS; ahead++) {
    const midnight = (today + ahead) * DAY
    const openings = candidates(windows, midnight, zone).filter(
      instant => instant > at && isOpen(windows, instant, zone),
    )
    if (openings.length > 0) return Math.min(...openings)
  }
  return null
}

/** Where a window can open on a local day: at its time, and where the clocks are moved into it. */
function candidates(windows: readonly TimeWindow[], midnight: number, zone: string): number[] {
  const [start = midnight] = instantsOf(midnight, zone)
  const [end = midnight + DAY] = instantsOf(midnight + DAY, zone)
  const change = clockChange(start - 1, end, zone)
  const times = windows.flatMap(window => instantsOf(midnight + minuteOf(window.from) * MINUTE, zone))
  return change === null ? times : [...times, change]
}

function covers(window: TimeWindow, day: number, minute: number): boolean {
  const [from, to] = [minuteOf(window.from), minuteOf(window.to)]
  if (from < to) return minute >= from && minute < to && isOn(window, day)
  return (minute >= from && isOn(window, day)) || (minute < to && isOn(window, day - 1))
}

const WEEK_MINUTES = 7 * 1_440

/** Minute by minute of a week, from Monday on. No windows: always open. */
export function openMinutes(windows: readonly TimeWindow[]): boolean[] {
  const open = new Array<boolean>(WEEK_MINUTES).fill(windows.length === 0)
  for (const { from, to, days = [1, 2, 3, 4, 5, 6, 7] } of windows) {
    const length = (minuteOf(to) - minuteOf(from) + 1_440) % 1_440 || 1_440
    for (const day of days) {
      const start = (day - 1) * 1_440 + minuteOf(from)
      for (let minute = start; minute < start + length; minute++) open[minute % WEEK_MINUTES] = true
    }
  }
  return open
}

/** A window belongs to the day on which it opens. 1 January 1970 was a Thursday; days count from Monday, 1. */
export function isOn({ days }: { days?: readonly number[] | null | undefined }, day: number): boolean {
  if (days === undefined || days === null) return true
  return days.includes(((((day + 3) % 7) + 7) % 7) + 1)
}

export function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
}
