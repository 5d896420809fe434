/**
 * A clock that moves only when told. Callbacks run inside `advance` and `jump`, in the order of their times;
 * nothing is awaited: what a callback started asynchronously is for the test to await.
 */
import type { Clock } from '../../src/domain/clock.ts'
import { Alarms } from '../../src/main/engine/clock.ts'

export class ManualClock implements Clock {
  readonly #alarms = new Alarms()
  #now: number

  constructor(start: number = Date.UTC(2026, 0, 1)) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  wakeAt(at: number, callback: () => void): () => void {
    return this.#alarms.add(at, callback)
  }

  /** When the next callback is due; null when none waits. */
  get nextAt(): number | null {
    return this.#alarms.nextAt
  }

  /** How many callbacks wait. */
  get waiting(): number {
    return this.#alarms.size
  }

  /** Time passes: each callback sees the very time it asked for, also one set by a callback on the way. */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError('Time passes forwards; use jump to set the clock back.')
    const target = this.#now + ms
    for (let next = this.nextAt; next !== null && next <= target; next = this.nextAt) {
      this.#now = Math.max(this.#now, next)
      this.#alarms.takeDue(this.#now)?.()
    }
    this.#now = target
  }

  /** The clock is set, or the computer slept: callbacks that became due run late, all at the new time. */
  jump(ms: number): void {
    this.#now += ms
    const border = this.#alarms.added
    for (let call = this.#alarms.takeDue(this.#now, border); call !== null;) {
      call()
      call = this.#alarms.takeDue(this.#now, border)
    }
  }
}
