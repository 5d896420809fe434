/**
 * Brings suspended scopes back when what they waited for is there (J6): a time, an answer, a signal, the network.
 * Owns one timer for the whole core. A wait whose run is live resumes it; an item of an ended run takes its turn
 * again through the inbox.
 */
import type { Json } from '../../domain/json.ts'
import { nextSignal } from '../store/inbox.ts'
import { itemById } from '../store/items.ts'
import { runById } from '../store/runs.ts'
import type { Tx } from '../store/tx.ts'
import {
  answerWait,
  detailOf,
  dueWaits,
  handOnWait,
  hasWaits,
  nextWake,
  offlineWaits,
  signalledWaits,
  waitOf,
  waitsOfRun,
} from '../store/waits.ts'
import type { WaitRow } from '../store/waits.ts'
import type { EngineContext } from './context.ts'
import { continueItem } from './continue-item.ts'
import { LaterTries } from './later-tries.ts'
import type { Router } from './router.ts'

const MOST_LOOKED_AT = 256

export class Waker {
  readonly #context: EngineContext
  readonly #router: Router
  readonly #later: LaterTries
  #cancel: (() => void) | null = null
  #stopped = false

  constructor(context: EngineContext, router: Router) {
    this.#context = context
    this.#router = router
    this.#later = new LaterTries(context.clock)
  }

  /** Sets the timer for the next wait that time will end, and goes on with those it has ended. */
  arm(): void {
    if (this.#stopped) return
    this.#cancel?.()
    this.#cancel = null
    const { store, clock } = this.#context
    if (!hasWaits(store)) return
    const now = clock.now()
    // Those already in memory have a timer of their own; the others start as far as there is room for them.
    const due = [...dueWaits(store, now, MOST_LOOKED_AT), ...signalledWaits(store, MOST_LOOKED_AT)].filter(
      wait => this.#router.active(wait.run_id) === undefined,
    )
    for (const wait of due.slice(0, this.#router.room())) this.#wake(wait)
    const next = nextWake(store, now)
    if (next !== null) {
      this.#cancel = clock.wakeAt(next, () => {
        this.arm()
      })
    }
  }

  stop(): void {
    this.#stopped = true
    this.#later.stop()
    this.#cancel?.()
  }

  /** Records what was decided about a wait and goes on with it. */
  async answer(wait: WaitRow, answer: Json | undefined, also: (tx: Tx) => void): Promise<void> {
    await this.#context.store.write(
      tx => {
        also(tx)
        answerWait(this.#context.store, tx, wait, answer)
      },
      { durable: true },
    )
    this.#context.fault('approval.after-answer')
    this.#wake(wait)
  }

  /** Goes on with waits that are over on record. */
  ended(waits: readonly WaitRow[]): void {
    if (waits.length > 0) this.#context.fault('approval.after-answer')
    for (const wait of waits) this.#wake(wait)
  }

  /** The network is back: whatever waited for it goes on at once (R5). */
  online(): void {
    for (const wait of offlineWaits(this.#context.store)) {
      void this.answer(wait, undefined, () => undefined).catch((error: unknown) => {
        this.#context.log('error', 'a wait could not be ended', { run: wait.run_id, error })
      })
    }
  }

  /** A run was let go: what came for it in the last moment is not lost. */
  afterRelease(runId: string): void {
    for (const wait of waitsOfRun(this.#context.store, runId)) if (this.#isReady(wait)) this.#wake(wait)
    this.arm()
  }

  /** A signal came: whoever waits for it looks again. */
  signalled(runId: string): void {
    for (const wait of waitsOfRun(this.#context.store, runId))
      if (wait.kind === 'signal' && this.#isReady(wait)) this.#wake(wait)
  }

  wakeRun(runId: string): void {
    const run = runById(this.#context.store, runId)
    const active = this.#router.active(runId)
    if (active !== undefined) active.recheck()
    else if (run?.state === 'waiting') this.#detached(runId, this.#router.resume(runId))
  }

  #wake(wait: WaitRow): void {
    const run = runById(this.#context.store, wait.run_id)
    if (run === undefined || this.#stopped) return
    if (run.state === 'running' || run.state === 'waiting') this.wakeRun(run.id)
    else if (wait.item_id !== null) this.#detached(run.id, this.#continueItem(wait, wait.item_id))
  }

  async #continueItem(wait: WaitRow, itemId: string): Promise<void> {
    await this.#context.store.write(tx => {
      const item = itemById(tx, itemId)
      if (item === undefined) return
      const key = `${wait.step_id}:${String(wait.created_at)}`
      continueItem(this.#context, tx, item, { source: wait.step_id, key })
      const row = waitOf(tx, wait.step_id)
      if (row !== undefined) handOnWait(tx, row)
    })
    this.#router.pump()
  }

  #isReady(wait: WaitRow): boolean {
    if (detailOf(wait).over) return true
    if (wait.kind === 'signal' && nextSignal(this.#context.store, wait.run_id, wait.name ?? '') !== undefined)
      return true
    return wait.wake_at !== null && wait.wake_at <= this.#context.clock.now()
  }

  /** What could not be gone on with is due all the same: all that is due is looked at again later. */
  #detached(runId: string, work: Promise<void>): void {
    work.then(
      () => {
        this.#later.done(runId)
      },
      (error: unknown) => {
        this.#context.log('error', 'a run could not be woken', { run: runId, error })
        this.#later.plan(runId, () => {
          this.arm()
        })
      },
    )
  }
}
