/**
 * When a schedule is due: a pure function of its spec, its zone and the instant asked about (R4).
 * The rule for moved clocks, after cron(8) of Vixie cron: a local time that is skipped is due once, at the first
 * instant after the gap; one that happens twice is due the first time only; a cron expression that matches in
 * every hour is a rhythm and simply follows the local clock (docs/08-scheduler-routing.md).
 */
import { parseCron, type CronTimes } from './cron.ts'
import { parseLocal, type ScheduleSpec } from './spec.ts'
import { instantOf, stretchAt, wallAt } from './zone.ts'

export interface DueInstants {
  /** Ascending, each once, UTC milliseconds. */
  instants: number[]
  /** More of them are due in the range than `limit`; ask again after the last one. */
  more: boolean
}

export function dueInstants(
  spec: ScheduleSpec,
  zone: string,
  afterExclusive: number,
  untilInclusive: number,
  limit: number,
): DueInstants {
  const instants: number[] = []
  if (untilInclusive <= afterExclusive) return { instants, more: false }
  for (const at of instantsAfter(spec, zone, afterExclusive)) {
    if (at > untilInclusive) break
    if (instants.length >= limit) return { instants, more: true }
    instants.push(at)
  }
  return { instants, more: false }
}

/** The first due instant after `after`; null when there will be none. */
export function nextDue(spec: ScheduleSpec, zone: string, after: number): number | null {
  return instantsAfter(spec, zone, after).next().value ?? null
}

function instantsAfter(spec: ScheduleSpec, zone: string, after: number): Generator<number, undefined> {
  switch (spec.kind) {
    case 'interval':
      return intervalInstants(spec.everyMs, spec.anchor, after)
    case 'once':
      return onceInstant(instantOf(zone, parseLocal(spec.local)), after)
    case 'cron': {
      const times = parseCron(spec.expression)
      return times.everyHour ? rhythmInstants(times, zone, after) : namedInstants(times, zone, after)
    }
  }
}

function* intervalInstants(everyMs: number, anchor: number, after: number): Generator<number, undefined> {
  let turn = Math.max(0, Math.floor((after - anchor) / everyMs) + 1)
  for (; Number.isSafeInteger(anchor + turn * everyMs); turn++) yield anchor + turn * everyMs
}

function* onceInstant(at: number, after: number): Generator<number, undefined> {
  if (at > after) yield at
}

/** Times of day. `instantOf` never goes back when the local time goes on, so a local-time walk meets them in order. */
function* namedInstants(times: CronTimes, zone: string, after: number): Generator<number, undefined> {
  let wall = wallAt(zone, after)
  for (let next = times.nextWall(wall); next !== null; next = times.nextWall(wall)) {
    const at = instantOf(zone, next)
    // All local times of one gap are one instant: go on behind the gap.
    wall = Math.max(next, wallAt(zone, at))
    // In the second pass of a repeated hour its local times lie ahead, but their instants lie behind.
    if (at > after) yield at
  }
}

/** Rhythms: every instant at which the local clock matches, stretch by stretch. */
function* rhythmInstants(times: CronTimes, zone: string, after: number): Generator<number, undefined> {
  let stretch = stretchAt(zone, after)
  let wall = after + stretch.offset
  for (let next = times.nextWall(wall); next !== null; next = times.nextWall(wall)) {
    const at = next - stretch.offset
    if (at < stretch.to) {
      yield at
      wall = next
    } else {
      stretch = stretchAt(zone, stretch.to)
      wall = stretch.from + stretch.offset - 1
    }
  }
}
