/**
 * Closes the action of a spending cap once there is room under it again: when the cap was raised, and when its day or
 * month is over. The actions are in the database, so a restart loses none. Owns one timer.
 */
import { cappedBy, taskCap, timedCaps } from '../../domain/spending.ts'
import type { CostCap } from '../../domain/model.ts'
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

  /** Looks at every open one, and waits for the end of the day or month of those that stay. */
  look(): void {
    if (this.#stopped) return
    const { clock, log } = this.#context
    this.#cancel?.()
    this.#closeThoseWithRoom().catch((error: unknown) => {
      log('error', 'the actions of spending caps could not be closed', { error })
    })
    this.#cancel = clock.wakeAt(clock.now() + LOOK_MS, () => {
      this.look()
    })
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  async #closeThoseWithRoom(): Promise<void> {
    const { store } = this.#context
    for (const { cause_key: causeKey } of openActionsOfKindAnywhere(store, 'budget-exceeded')) {
      const cap = this.#capOf(causeKey)
      if (cap !== undefined && spentOver(store, cap.over) < cap.micros) await this.#cleared(causeKey)
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
