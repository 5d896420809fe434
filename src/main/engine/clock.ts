/**
 * The machine's clock as the domain's port. It owns the one timer of the process and the callbacks that wait for
 * it; what is waited for is durable elsewhere (J6), so losing this memory loses nothing.
 * Timers are only a hint: they stop while the computer sleeps, know nothing of a changed clock and cannot wait
 * longer than 2^31 ms. So the time itself is read at least every 30 s while anything waits, and never otherwise.
 */
import type { Clock } from '../../domain/clock.ts'

const RECHECK_MS = 30_000

interface Alarm {
  at: number
  order: number
  callback: () => void
}

/** Callbacks by time; those of one time in the order they were added. */
export class Alarms {
  readonly #waiting: Alarm[] = []
  #added = 0

  /** How many were ever added: a border between what waits now and what is added later. */
  get added(): number {
    return this.#added
  }

  get nextAt(): number | null {
    return this.#waiting[0]?.at ?? null
  }

  get size(): number {
    return this.#waiting.length
  }

  add(at: number, callback: () => void): () => void {
    if (Number.isNaN(at)) throw new RangeError('An alarm was set for no time at all.')
    const alarm = { at, order: this.#added++, callback }
    const later = this.#waiting.findIndex(other => other.at > at)
    this.#waiting.splice(later < 0 ? this.#waiting.length : later, 0, alarm)
    return () => {
      const place = this.#waiting.indexOf(alarm)
      if (place >= 0) this.#waiting.splice(place, 1)
    }
  }

  /** Removes the first callback due at `now`, of those added before `border`. */
  takeDue(now: number, border = Infinity): (() => void) | null {
    const place = this.#waiting.findIndex(alarm => alarm.at > now || alarm.order < border)
    const alarm = this.#waiting[place]
    if (alarm === undefined || alarm.at > now) return null
    this.#waiting.splice(place, 1)
    return alarm.callback
  }
}

export function systemClock(): Clock {
  const alarms = new Alarms()
  let timer: NodeJS.Timeout | undefined

  function arm(): void {
    clearTimeout(timer)
    const next = alarms.nextAt
    if (next === null) return
    timer = setTimeout(ring, Math.min(Math.max(next - Date.now(), 0), RECHECK_MS)).unref()
  }

  function ring(): void {
    // A callback may set the next alarm for now: that one rings in a turn of its own, or the loop would starve.
    const border = alarms.added
    try {
      for (let call = alarms.takeDue(Date.now(), border); call !== null;) {
        call()
        call = alarms.takeDue(Date.now(), border)
      }
    } finally {
      arm()
    }
  }

  return {
    now: () => Date.now(),
    wakeAt(at, callback) {
      const cancel = alarms.add(at, callback)
      arm()
      return () => {
        cancel()
        arm()
      }
    },
  }
}
