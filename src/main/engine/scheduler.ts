/**
 * Fires schedules when they are due (R4). Owns one timer, the note that the core is awake, and the knowledge when it
 * last was not. Does not own what is due (`schedule/`), nor what becomes of it (`settle-schedule.ts`).
 */
import { recordAbsence } from '../store/absences.ts'
import { dueSchedules, soonestDue } from '../store/schedules.ts'
import { putSetting, setting } from '../store/settings.ts'
import type { EngineContext } from './context.ts'
import type { Absence } from './schedule/settle.ts'
import { settleSchedule } from './settle-schedule.ts'

/** How often the core writes down that it is awake: a longer silence was time off. */
const SEEN_EVERY_MS = 60_000

export class Scheduler {
  readonly #context: EngineContext
  #cancel: (() => void) | null = null
  #cancelSeen: (() => void) | null = null
  #off: Absence | null = null
  #settling = false
  #stopped = false

  constructor(context: EngineContext) {
    this.#context = context
  }

  start(): void {
    const last = setting(this.#context.store, 'last-seen')
    if (last !== undefined && last !== '') this.#account(Number(last), 'off')
    this.#seen()
    this.arm()
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
    this.#cancelSeen?.()
  }

  /** Settles what is due and sets the timer for the next. */
  arm(): void {
    if (this.#stopped) return
    if (this.#settling) return
    this.#cancel?.()
    const next = soonestDue(this.#context.store)
    if (next === null) return
    if (next > this.#context.clock.now()) {
      this.#cancel = this.#context.clock.wakeAt(next, () => {
        this.arm()
      })
      return
    }
    this.#settling = true
    this.#settleDue().then(
      () => {
        this.#settling = false
        this.#context.pump()
        this.arm()
      },
      (error: unknown) => {
        this.#settling = false
        this.#context.log('error', 'schedules could not be settled', { error })
        this.#cancel = this.#context.clock.wakeAt(this.#context.clock.now() + SEEN_EVERY_MS, () => {
          this.arm()
        })
      },
    )
  }

  /** Each on its own: a schedule that cannot be settled keeps no other from it. */
  async #settleDue(): Promise<void> {
    const { store, clock } = this.#context
    const due = dueSchedules(store, clock.now())
    const ends = await Promise.allSettled(
      due.map(row =>
        store.write(
          tx => {
            settleSchedule(this.#context, tx, row.id, this.#off)
          },
          { durable: true },
        ),
      ),
    )
    const refused = ends.find(end => end.status === 'rejected')
    if (refused !== undefined) throw refused.reason
  }

  /** Puts an absence on record, where there was one worth telling (O3). */
  #account(from: number, why: 'off' | 'asleep'): void {
    const { store, clock, log } = this.#context
    const to = clock.now()
    if (to > from) this.#off = { from, to }
    if (to - from <= 2 * SEEN_EVERY_MS) return
    store
      .write(tx => {
        recordAbsence(tx, { from, to, why })
      })
      .catch((error: unknown) => {
        log('warn', 'an absence could not be noted', { error })
      })
  }

  #seen(): void {
    const { store, clock } = this.#context
    const now = clock.now()
    store
      .write(tx => {
        putSetting(tx, 'last-seen', String(now))
      })
      .catch((error: unknown) => {
        this.#context.log('warn', 'the time could not be noted', { error })
      })
    this.#cancelSeen = clock.wakeAt(now + SEEN_EVERY_MS, () => {
      // A look that came much too late means the computer slept.
      if (clock.now() - now > 2 * SEEN_EVERY_MS) this.#account(now, 'asleep')
      if (!this.#stopped) this.#seen()
    })
  }
}
