/**
 * What has to be done sooner or later and could not be, for want of room on the disk say: tried again after a pause
 * that grows, until it works.
 * Owns when, and how often each was tried in vain. Does not own what is tried.
 */
import type { Clock } from '../../domain/clock.ts'

const FIRST_PAUSE_MS = 5_000
const LONGEST_PAUSE_MS = 60_000

export class LaterTries {
  readonly #clock: Clock
  readonly #inVain = new Map<string, number>()
  readonly #planned = new Map<string, () => void>()
  #stopped = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** One try under this name, after a pause; one that throws is followed by the next. */
  plan(name: string, attempt: () => Promise<void> | void): void {
    if (this.#stopped || this.#planned.has(name)) return
    const inVain = this.#inVain.get(name) ?? 0
    this.#inVain.set(name, inVain + 1)
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** inVain, LONGEST_PAUSE_MS)
    const begin = () => {
      this.#planned.delete(name)
      new Promise<void>(resolve => {
        resolve(attempt())
      }).catch(() => {
        this.plan(name, attempt)
      })
    }
    this.#planned.set(name, this.#clock.wakeAt(this.#clock.now() + pause, begin))
  }

  /** It worked: what fails under this name from now on begins with the short pause. */
  done(name: string): void {
    this.#planned.get(name)?.()
    this.#planned.delete(name)
    this.#inVain.delete(name)
  }

  stop(): void {
    this.#stopped = true
    for (const name of [...this.#planned.keys()]) this.done(name)
  }
}
