/**
 * Routes events to runs (R1–R3): claims the oldest event of an automation when it has a turn free, fairly across
 * automations, and takes up at boot everything the last life of the core left unfinished (R2).
 * Owns which runs are in memory. Does not own what a run does.
 */
import { failureOf } from '../../domain/failure.ts'
import { isJsonObject } from '../../domain/json.ts'
import { itemById, itemsOfRun, waitingItemsOf } from '../store/items.ts'
import { hasWaitingEvents, moveEvent, oldestFor, payloadOf, workflowsToServe } from '../store/inbox.ts'
import type { InboxRow } from '../store/inbox.ts'
import {
  createRun,
  forgiveUsed,
  freeSlot,
  leaveRun,
  liveRuns,
  liveRunsOf,
  reenterRun,
  runById,
  takeRun,
} from '../store/runs.ts'
import type { RunRow } from '../store/runs.ts'
import type { Tx } from '../store/tx.ts'
import { goingUndoOf } from '../store/undos.ts'
import { detailOf, waitsOfRun } from '../store/waits.ts'
import { deployed, markServed, workflowById } from '../store/workflows.ts'
import type { Workflow } from '../store/workflows.ts'
import type { EngineContext } from './context.ts'
import { CONTINUE_ITEM, continueItem } from './continue-item.ts'
import { LaterTries } from './later-tries.ts'
import { RunExecutor } from './run/executor.ts'
import { endUnreadable } from './run/finish.ts'
import { JUDGE_RUN, judgeLater } from './run/judge-outcome.ts'
import { RunJournal } from './run/run-journal.ts'

/** As `CONTINUE_ITEM`, an event the engine sends to itself. */
export const RETRY_RUN = 'run.retry'

/** Runs at work at once; the rest wait in the inbox, where they cost nothing. */
const PLACES = 64
/** Of so many places one is for automations that have nothing at work, however much others have waiting. */
const ONE_KEPT_OF = 4
/** Events of one automation that are looked at for one that can be run now. */
const LOOKED_AT = 16

export class Router {
  readonly #context: EngineContext
  readonly #active = new Map<string, RunExecutor>()
  /** Runs that a transaction under way launches. */
  readonly #taken = new Set<string>()
  readonly #onReleased: (runId: string) => void
  readonly #places: number
  readonly #later: LaterTries
  #pumping = false
  #again = false
  #stopped = false

  constructor(context: EngineContext, onReleased: (runId: string) => void, places = PLACES) {
    this.#places = places
    this.#context = context
    this.#onReleased = onReleased
    this.#later = new LaterTries(context.clock)
  }

  active(runId: string): RunExecutor | undefined {
    return this.#active.get(runId)
  }

  actives(): RunExecutor[] {
    return [...this.#active.values()]
  }

  /** How many more runs may be at work. */
  room(): number {
    return Math.max(0, this.#places - this.#active.size - this.#taken.size)
  }

  /** Everything unfinished is taken up at once: there is no lease to wait for, the folder is ours (R2). */
  async resumeAll(): Promise<void> {
    for (const run of liveRuns(this.#context.store)) {
      if (run.state !== 'waiting' || run.cancelling === 1) await this.#takeUp(run.id)
    }
    this.pump()
  }

  /** Goes on with a run that holds its turn while nothing of it is in memory. */
  async #takeUp(runId: string): Promise<void> {
    const run = runById(this.#context.store, runId)
    if (run === undefined || this.#isTaken(runId)) return
    if (run.state === 'running' || run.state === 'waiting') return this.resume(runId)
    await this.#requeueItems(run)
    this.#later.done(runId)
  }

  /** Launches a run that holds its turn and is not in memory. */
  async resume(runId: string): Promise<void> {
    const { store, boot, pool } = this.#context
    if (this.#isTaken(runId) || this.#stopped) return
    this.#taken.add(runId)
    try {
      await store.write(tx => {
        const run = runById(tx, runId)
        if (run === undefined || run.slot === null || !(run.state === 'running' || run.state === 'waiting'))
          return
        // What is being taken back is taken back first.
        if (goingUndoOf(tx, run.workflow_id) !== undefined) return
        // A pause holds runs back; a cancel is carried out whatever became of the automation.
        if (workflowById(tx, run.workflow_id)?.state !== 'active' && run.cancelling === 0) return
        const engine = pool.engineVersion
        takeRun(tx, { id: runId, boot, engine, slot: run.slot, demand: run.demand })
        this.#launchAfter(tx, runId, null, run.engine)
      })
    } finally {
      this.#taken.delete(runId)
    }
  }

  /** Claims for this automation inside the caller's transaction, if a turn and a place are free. */
  claimNext(tx: Tx, workflowId: string): boolean {
    if (this.#stopped || this.room() === 0 || goingUndoOf(tx, workflowId) !== undefined) return false
    const workflow = workflowById(tx, workflowId)
    if (workflow?.state !== 'active' || !this.#mayTakePlace(tx, workflowId)) return false
    const slot = freeSlot(tx, workflowId, workflow.concurrency)
    if (slot === undefined) return false
    // What belongs to a run that is at work waits for it; later events need not wait with it.
    return oldestFor(tx, 'workflow', workflowId, LOOKED_AT).some(event =>
      this.#claim(tx, workflow, event, slot),
    )
  }

  /** The last places are not for those that have some already: a flood of a few keeps nobody out (R3). */
  #mayTakePlace(tx: Tx, workflowId: string): boolean {
    if (this.room() > Math.floor(this.#places / ONE_KEPT_OF)) return true
    return !liveRunsOf(tx, workflowId).some(run => this.#isTaken(run.id))
  }

  #claim(tx: Tx, workflow: Workflow, event: InboxRow, slot: number): boolean {
    const workflowId = workflow.id
    markServed(tx, workflowId, this.#context.clock.now())
    if (event.type === CONTINUE_ITEM) return this.#claimItem(tx, event, slot)
    if (event.type === RETRY_RUN) return this.#claimRetry(tx, event, slot)
    if (event.type === JUDGE_RUN) return this.#claimJudging(tx, event, slot)
    const { script } = deployed(tx, workflow)
    const id = createRun(this.#context.store, tx, {
      workflowId,
      scriptId: script.id,
      intentId: script.intent_id,
      inboxId: event.id,
      slot,
      boot: this.#context.boot,
      engine: this.#context.pool.engineVersion,
      at: this.#context.clock.now(),
    })
    moveEvent(tx, event.id, 'claimed', { runId: id })
    this.#launchAfter(tx, id, null)
    return true
  }

  /** Claims what can be claimed, until nothing can. */
  pump(): void {
    if (this.#pumping) {
      this.#again = true
      return
    }
    if (!hasWaitingEvents(this.#context.store)) return
    this.#pumping = true
    this.#again = false
    const served = this.room() === 0 ? [] : workflowsToServe(this.#context.store, this.room())
    void Promise.all(served.map(workflowId => this.#serve(workflowId))).then(claimed => {
      this.#pumping = false
      if (claimed.includes(true) || this.#again) this.pump()
    })
  }

  /** An automation that cannot be served keeps no other from it. */
  async #serve(workflowId: string): Promise<boolean> {
    try {
      const claimed = await this.#context.store.write(tx => this.claimNext(tx, workflowId))
      this.#later.done(workflowId)
      return claimed
    } catch (error) {
      this.#logStopped('an automation could not be served', workflowId, error)
      this.#later.plan(workflowId, () => {
        this.pump()
      })
      return false
    }
  }

  stop(): void {
    this.#stopped = true
    this.#later.stop()
    for (const executor of this.#active.values()) executor.abandon()
  }

  #claimItem(tx: Tx, event: InboxRow, slot: number): boolean {
    const { store, boot } = this.#context
    const itemId = fieldOf(payloadOf(store, event), 'item')
    const item = itemById(tx, itemId)
    const at = this.#context.clock.now()
    if (item === undefined || !(item.state === 'open' || item.state === 'waiting')) {
      moveEvent(tx, event.id, 'done', { reason: 'The item had ended.', doneAt: at })
      return true
    }
    if (this.#isAtWork(tx, item.run_id)) return false
    reenterRun(tx, { id: item.run_id, boot, slot })
    moveEvent(tx, event.id, 'done', { runId: item.run_id, doneAt: at })
    this.#launchAfter(tx, item.run_id, new Set([item.scope]))
    return true
  }

  #claimRetry(tx: Tx, event: InboxRow, slot: number): boolean {
    const { store, boot, pool, clock } = this.#context
    const runId = fieldOf(payloadOf(store, event), 'run')
    if (this.#isAtWork(tx, runId)) return false
    const run = runById(tx, runId)
    moveEvent(tx, event.id, 'done', { runId, doneAt: clock.now() })
    if (run?.state !== 'failed') return true
    forgiveUsed(tx, runId)
    takeRun(tx, { id: runId, boot, engine: pool.engineVersion, slot, demand: 'writes' })
    this.#launchAfter(tx, runId, null, run.engine)
    return true
  }

  /** Entered without an item: to look at the outcome, now that all have ended (O1). */
  #claimJudging(tx: Tx, event: InboxRow, slot: number): boolean {
    const { store, boot, clock } = this.#context
    const runId = fieldOf(payloadOf(store, event), 'run')
    if (this.#isAtWork(tx, runId)) return false
    const run = runById(tx, runId)
    moveEvent(tx, event.id, 'done', { runId, doneAt: clock.now() })
    if (run === undefined || run.open_checks === null) return true
    reenterRun(tx, { id: runId, boot, slot })
    this.#launchAfter(tx, runId, new Set())
    return true
  }

  /** Its run is live, or being gone on with for another item: what else belongs to it comes when that is over (J11). */
  #isAtWork(tx: Tx, runId: string): boolean {
    return this.#isTaken(runId) || typeof runById(tx, runId)?.slot === 'number'
  }

  #isTaken(runId: string): boolean {
    return this.#active.has(runId) || this.#taken.has(runId)
  }

  /**
   * A re-entry ended without a last word on record: its turn is given back, and its items that can go on take theirs
   * like any other (R3).
   */
  async #requeueItems({ id }: RunRow): Promise<void> {
    await this.#context.store.write(tx => {
      const run = runById(tx, id)
      if (run === undefined || run.slot === null || this.#isTaken(id)) return
      const waits = waitsOfRun(tx, id)
      leaveRun(tx, id, waitingItemsOf(tx, id))
      tx.afterCommit.push(this.#context.pump)
      if (run.cancelling === 1) return
      for (const item of itemsOfRun(tx, id)) {
        if (item.state !== 'open' && item.state !== 'waiting') continue
        const own = waits.filter(wait => wait.item_id === item.id)
        if (own.length > 0 && !own.some(wait => detailOf(wait).over)) continue
        const key = `again:${item.id}:${id}:${String(run.attempt)}`
        continueItem(this.#context, tx, item, { source: id, key })
      }
      const effects = () => new RunJournal(this.#context, run).effects()
      judgeLater(this.#context, tx, id, { looks: null, effects })
    })
  }

  /** `recordedBy` is the engine that made the journal: it decides how strictly it is replayed (J10). */
  #launchAfter(tx: Tx, runId: string, reenter: ReadonlySet<string> | null, recordedBy?: string): void {
    this.#taken.add(runId)
    tx.onRollback.push(() => {
      this.#taken.delete(runId)
    })
    tx.afterCommit.push(() => {
      this.#taken.delete(runId)
      const run = runById(this.#context.store, runId)
      if (run !== undefined) this.#launch({ ...run, engine: recordedBy ?? run.engine }, reenter)
    })
  }

  #launch(run: RunRow, reenter: ReadonlySet<string> | null): void {
    if (this.#stopped || this.#active.has(run.id)) return
    try {
      const executor = new RunExecutor(this.#context, run, reenter)
      this.#active.set(run.id, executor)
      void executor.released.then(() => {
        this.#released(run.id, executor)
      })
      this.#context.log('debug', 'a run is launched', {
        automation: run.workflow_id,
        run: run.id,
        attempt: run.attempt,
      })
      executor.launch()
    } catch (error) {
      this.#giveUp(run, error)
    }
  }

  #released(runId: string, executor: RunExecutor): void {
    if (this.#active.get(runId) === executor) this.#active.delete(runId)
    this.#onReleased(runId)
    this.#lookAfter(runId)
    this.pump()
  }

  /** A run whose last word could not be saved (a full disk, say) still holds its turn: it is taken up again. */
  #lookAfter(runId: string): void {
    const run = runById(this.#context.store, runId)
    const isLeftBehind = typeof run?.slot === 'number' && run.state !== 'waiting'
    if (isLeftBehind) this.#takeUpLater(runId)
    else this.#later.done(runId)
  }

  #takeUpLater(runId: string): void {
    this.#later.plan(runId, async () => {
      try {
        await this.#takeUp(runId)
      } catch (error) {
        this.#logStopped('a run could not be taken up', runId, error)
        throw error
      }
    })
  }

  /** A run whose records cannot be read ends with that as its failure; the core and every other run go on. */
  #giveUp(run: RunRow, error: unknown): void {
    this.#active.delete(run.id)
    this.#logStopped('a run could not be launched', run.id, error)
    this.#context.store
      .write(tx => {
        endUnreadable(this.#context, tx, run, failureOf(error))
      })
      .catch((second: unknown) => {
        this.#logStopped('a run could not be ended', run.id, second)
        this.#takeUpLater(run.id)
      })
  }

  #logStopped(what: Stopped, id: string, error: unknown): void {
    this.#context.log('error', what, { id, error })
  }

  /** Runs of one automation that are in memory. */
  activeOf(workflowId: string): RunExecutor[] {
    return liveRunsOf(this.#context.store, workflowId).flatMap(run => this.#active.get(run.id) ?? [])
  }
}

type Stopped =
  | 'an automation could not be served'
  | 'a run could not be launched'
  | 'a run could not be ended'
  | 'a run could not be taken up'

function fieldOf(payload: unknown, field: string): string {
  const value = isJsonObject(payload as never) ? (payload as Record<string, unknown>)[field] : undefined
  return typeof value === 'string' ? value : ''
}
