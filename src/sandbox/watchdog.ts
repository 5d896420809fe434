/**
 * Notices a worker that is stuck in one slice beyond its run's CPU limit and does not even check the limit itself any
 * more (a loop in native code), and ends it. Owns only what it last saw; looks only while something runs (S1).
 */
import { limitFailure } from './guest-error.ts'
import type { WorkerLink } from './worker-link.ts'

interface Seen {
  slice: number
  since: number
  beat: number
  beatAt: number
}

export class Watchdog {
  readonly #graceMs: number
  readonly #seen = new WeakMap<WorkerLink, Seen>()

  constructor(graceMs: number) {
    this.#graceMs = graceMs
  }

  /** True where the worker was ended. */
  check(link: WorkerLink, now: number): boolean {
    const status = link.status()
    const last = this.#seen.get(link)
    const sameSlice = last?.slice === status.slice
    const sameBeat = sameSlice && last.beat === status.beat
    const seen: Seen = {
      slice: status.slice,
      since: sameSlice ? last.since : now,
      beat: status.beat,
      beatAt: sameBeat ? last.beatAt : now,
    }
    this.#seen.set(link, seen)
    if (status.slot === null) return false
    const silentMs = now - seen.beatAt
    const placement = link.at(status.slot)
    // A dropped instance has no time left: it only blocks its neighbours.
    const cpuMs = placement ? placement.run.limits.cpuMs : 0
    if (silentMs <= this.#graceMs || now - seen.since <= cpuMs + this.#graceMs) return false
    link.kill(status.slot, limitFailure('cpu', cpuMs))
    return true
  }
}
