/**
 * Time zones: what the clocks of a place show at an instant, and the instant at which they show it.
 * A local time is written as a number too: the milliseconds its reading would have in UTC ("wall").
 * The zone data is the runtime's; it is probed once per zone and year, never per instant.
 */
import { IANAZone } from 'luxon'

/** A time during which a zone's offset does not change: `from <= at < to`; wall = at + offset. */
export interface Stretch {
  from: number
  to: number
  offset: number
}

const DAY = 86_400_000
/** More than any offset from UTC, so that a search from here begins before the local time in question. */
const WIDEST_OFFSET = 1.5 * DAY
const YEARS_KEPT = 256

const years = new Map<string, readonly Stretch[]>()

/** What the clocks in `zone` show at `at`. */
export function wallAt(zone: string, at: number): number {
  return at + stretchAt(zone, at).offset
}

/**
 * The instant at which the clocks in `zone` show `wall`: the first one where they show it twice, and the first
 * instant after the gap where they never do (the rule and its sources: docs/08-scheduler-routing.md).
 */
export function instantOf(zone: string, wall: number): number {
  let stretch = stretchAt(zone, wall - WIDEST_OFFSET)
  for (;;) {
    const at = wall - stretch.offset
    if (at < stretch.from) return stretch.from
    if (at < stretch.to) return at
    stretch = stretchAt(zone, stretch.to)
  }
}

/** The stretch around `at`. It ends with the year of UTC at the latest, so two in a row may have one offset. */
export function stretchAt(zone: string, at: number): Stretch {
  const year = new Date(at).getUTCFullYear()
  const found = stretchesOf(zone, year).find(stretch => at < stretch.to)
  if (found === undefined) throw new RangeError(`No stretch of ${zone} holds ${at}.`)
  return found
}

function stretchesOf(zone: string, year: number): readonly Stretch[] {
  const key = `${zone} ${year}`
  const known = years.get(key)
  if (known !== undefined) return known
  const probed = probeYear(zone, year)
  const oldest = years.size >= YEARS_KEPT ? years.keys().next().value : undefined
  if (oldest !== undefined) years.delete(oldest)
  years.set(key, probed)
  return probed
}

/** No zone has moved its clocks twice within a day since 1970, so a probe a day finds every change. */
function probeYear(zone: string, year: number): Stretch[] {
  const end = Date.UTC(year + 1, 0)
  const stretches: Stretch[] = []
  let from = Date.UTC(year, 0)
  let offset = offsetAt(zone, from)
  for (let probed = from; probed < end;) {
    const probe = Math.min(probed + DAY, end - 1_000)
    if (offsetAt(zone, probe) !== offset) {
      const change = firstSecondWithout(offset, zone, probed, probe)
      stretches.push({ from, to: change, offset })
      from = change
      offset = offsetAt(zone, change)
    }
    probed = probe === end - 1_000 ? end : probe
  }
  return [...stretches, { from, to: end, offset }]
}

function firstSecondWithout(offset: number, zone: string, has: number, hasNot: number): number {
  let low = has
  let high = hasNot
  while (high - low > 1_000) {
    const middle = low + Math.floor((high - low) / 2_000) * 1_000
    if (offsetAt(zone, middle) === offset) low = middle
    else high = middle
  }
  return high
}

function offsetAt(zone: string, at: number): number {
  const minutes = IANAZone.create(zone).offset(at)
  if (Number.isNaN(minutes)) throw new RangeError(`${zone} is not a known time zone.`)
  return minutes * 60_000
}
