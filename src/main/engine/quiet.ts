/**
 * Ends quiet hours: one digest of all that was held, as soon as it is quiet no more. What is held is in the database,
 * so a restart, a kill or a change of the hours loses nothing and repeats nothing. Owns one timer.
 */
import { nextQuiet } from '../../domain/quiet-hours.ts'
import { deliverDigest, hasHeld } from '../store/notifications.ts'
import { preferencesOf } from '../store/settings.ts'
import type { EngineContext } from './context.ts'

/** A clock that is set may make it quiet, or no more, at any time: the longest until it is looked at again. */
const LOOK_MS = 3_600_000
const AGAIN_MS = 60_000

type QuietContext = Pick<EngineContext, 'store' | 'clock' | 'log' | 'fault'>

export class Quiet {
  readonly #context: QuietContext
  #cancel: (() => void) | null = null
  #stopped = false

  constructor(context: QuietContext) {
    this.#context = context
  }

  /** Delivers what need not be held any more, and waits for the end of the quiet that is or comes next. */
  arm(): void {
    if (this.#stopped) return
    const { store, clock } = this.#context
    const { quietHours } = preferencesOf(store)
    const now = clock.now()
    const next = quietHours === null ? null : nextQuiet(quietHours, now)
    if ((next === null || next.from > now) && hasHeld(store)) this.#deliver()
    if (next === null) this.#cancel?.()
    else this.#armAt(Math.min(next.until, now + LOOK_MS))
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  #armAt(at: number): void {
    this.#cancel?.()
    this.#cancel = this.#context.clock.wakeAt(at, () => {
      this.arm()
    })
  }

  #deliver(): void {
    const { store, clock, log, fault } = this.#context
    fault('digest.before-record')
    store
      .write(tx => deliverDigest(store, tx, clock.now()), { durable: true })
      .then(() => {
        fault('digest.after-record')
      })
      .catch((error: unknown) => {
        log('error', 'a digest could not be delivered', { error })
        if (!this.#stopped) this.#armAt(clock.now() + AGAIN_MS)
      })
  }
}
