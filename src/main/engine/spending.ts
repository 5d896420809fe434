/**
 * Closes the action of a spending cap once there is room under it again: when the cap was raised, and when its day or
 * month is over. The actions are in the database, so a restart loses none. Owns one timer.
 */
import { cappedBy, taskCap, timedCaps } from '../../domain/spending.ts'
import type { CostCap } from '../../domain/model.ts'
import { nextDay } from '../../domain/zone.ts'
import { openActionsOfKindAnywhere } from '../store/actions.ts'
import { spentOver } from '../store/cost-entries.ts'
import { preferencesOf } from '../store/settings.ts'
import type { EngineContext } from './context.ts'

type SpendingContext = Pick<EngineContext, 'store' | 'clock' | 'log'>

/** A clock that is set may end a day at any time: the longest until it is looked at again. */
const LOOK_MS = 3_600_000

export class SpendingCaps {
  readonly #context: SpendingContext
  readonly #cleared: (causeKey: string) => Promise<void>
  #cancel: (() => void) | null = null
  #stopped = false

  constructor(context: SpendingContext, cleared: (causeKey: string) => Promise<void>) {
    this.#context = context
    this.#cleared = cleared
  }

  /** Closes those whose day or month is over, and waits for the end of the others'. */
  arm(): void {
    if (this.#stopped) return
    const { clock } = this.#context
    this.#close((cap, raisedAt) => 'since' in cap.over && raisedAt < cap.over.since)
    this.#cancel?.()
    this.#cancel = clock.wakeAt(this.#nextLook(clock.now()), () => {
      this.arm()
    })
  }

  /** What knows of days and months is large: a core none of whose caps was reached does without. */
  #nextLook(now: number): number {
    const { store } = this.#context
    const isWaiting = openActionsOfKindAnywhere(store, 'budget-exceeded').some(
      ({ cause_key: causeKey }) => cappedBy(causeKey) !== null,
    )
    return isWaiting ? Math.min(now + LOOK_MS, nextDay(now, machineZone())) : now + LOOK_MS
  }

  /** Caps may have been raised. What still has no room for the next call is said anew by that call. */
  changed(): void {
    const { store } = this.#context
    this.#close(cap => spentOver(store, cap.over) < cap.micros)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  #close(isOver: (cap: CostCap, raisedAt: number) => boolean): void {
    const { store, log } = this.#context
    for (const { cause_key: causeKey, created_at: raisedAt } of openActionsOfKindAnywhere(
      store,
      'budget-exceeded',
    )) {
      const cap = this.#capOf(causeKey)
      if (cap === undefined || !isOver(cap, raisedAt)) continue
      this.#cleared(causeKey).catch((error: unknown) => {
        log('error', 'the action of a spending cap could not be closed', { error })
      })
    }
  }

  #capOf(causeKey: string): CostCap | undefined {
    const capped = cappedBy(causeKey)
    if (capped === null) return undefined
    const { store, clock } = this.#context
    const { spending } = preferencesOf(store)
    if (capped.taskId !== null) return taskCap(spending, capped.taskId)
    return timedCaps(spending, clock.now(), machineZone()).find(cap => cap.name === capped.cap)
  }
}

function machineZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}
