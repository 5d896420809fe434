/**
 * What one run has used of its time over all its lives: computing, and being at work (S2). What was used before it
 * rested is taken up with it, so that resting is no way around a limit.
 * Owns the timer of the present life, and the sums. Does not own what follows when a limit is reached, or where the
 * sums are kept.
 */
import type { Used } from '../../store/runs.ts'

export class Spent {
  readonly #before: Used
  #cpuMs: number
  #since: number | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(before: Used) {
    this.#before = before
    this.#cpuMs = before.cpuMs
  }

  /** Counts from the first time on, by a clock that stands still while the computer sleeps. */
  begin(wallMs: number, onUsedUp: () => void): void {
    if (this.#since !== null) return
    this.#since = performance.now()
    this.#timer = setTimeout(onUsedUp, Math.max(0, wallMs - this.#before.wallMs)).unref()
  }

  /** An instance says what has been computed so far, what was before it included. */
  computed(cpuMs: number): void {
    this.#cpuMs = Math.max(this.#cpuMs, cpuMs)
  }

  used(): Used {
    const present = this.#since === null ? 0 : performance.now() - this.#since
    return { cpuMs: Math.ceil(this.#cpuMs), wallMs: Math.ceil(this.#before.wallMs + present) }
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
