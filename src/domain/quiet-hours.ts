/**
 * Quiet hours: when nobody is to be disturbed, by the clock on the wall of a zone. A night is one stretch, also when
 * the clocks are moved in it: it begins when they first reach its beginning, and ends when they last reach its end.
 */
import { z } from 'zod'
import { timeOfDay, zone } from './contract-fields.ts'
import { DAY, instantsOf, wallTime } from './zone.ts'
import { DAY_NAMES, isOn, minuteOf } from './windows.ts'

export const quietHoursSchema = z
  .strictObject({
    from: timeOfDay,
    to: timeOfDay,
    zone,
    /** Days on which they begin, 1 for Monday. Every day without it. */
    days: z.array(z.int().min(1).max(7)).min(1).max(7).nullable().default(null),
  })
  .refine(({ from, to }) => from !== to, { error: 'begin and end at the same time', path: ['to'] })
export type QuietHours = z.output<typeof quietHoursSchema>

/** From `from` on, until just before `until`. */
export interface Quiet {
  from: number
  until: number
}

const MINUTE = 60_000
/** A day of the week comes round within these also where a whole day is skipped, as in Samoa in 2011. */
const DAYS_AHEAD = 15

/** The stretch that `at` lies in, or else the next one. Nights that touch are one. */
export function nextQuiet(hours: QuietHours, at: number): Quiet | null {
  const today = Math.floor(wallTime(at, hours.zone) / DAY)
  const stretch: Quiet[] = []
  for (let day = today - 2; day <= today + DAYS_AHEAD; day++) {
    if (!isOn(hours, day)) continue
    const night = nightOf(hours, day)
    if (night.from >= night.until || night.until <= at) continue
    const last = stretch.at(-1)
    if (last !== undefined && night.from > last.until) break
    stretch.push(night)
  }
  const [first, last] = [stretch[0], stretch.at(-1)]
  return first === undefined || last === undefined ? null : { from: first.from, until: last.until }
}

/** When the quiet that `at` lies in is over; null where it is not quiet. */
export function quietUntil(hours: QuietHours, at: number): number | null {
  const quiet = nextQuiet(hours, at)
  return quiet !== null && quiet.from <= at ? quiet.until : null
}

export function quietText({ from, to, days, zone }: QuietHours): string {
  const on = days === null ? 'every day' : days.map(day => DAY_NAMES[day - 1]).join(', ')
  return `from ${from} to ${to}, ${on} (${zone})`
}

function nightOf({ from, to, zone }: QuietHours, day: number): Quiet {
  const lastDay = minuteOf(from) < minuteOf(to) ? day : day + 1
  const [begin, end] = [day * DAY + minuteOf(from) * MINUTE, lastDay * DAY + minuteOf(to) * MINUTE]
  return {
    from: instantsOf(begin, zone)[0] ?? Infinity,
    until: instantsOf(end, zone).findLast(at => wallTime(at - 1, zone) < end) ?? -Infinity,
  }
}
