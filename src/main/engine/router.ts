/**
 * Routes events to runs (R1–R3): claims the oldest event of an automation when it has a turn free, fairly across
 * automations, and takes up at boot everything the last life of the core left unfinished (R2).
 * Owns which runs are in memory. Does not own what a run does.
 */
import { isJsonObject } from '../../domain/json.ts'
import { itemById, itemsOfRun } from '../store/items.ts'
import { hasWaitingEvents, moveEvent, oldestFor, payloadOf, workflowsToServe } from '../store/inbox.ts'
import type { InboxRow } from '../store/inbox.ts'
import { createRun, freeSlot, liveRuns, liveRunsOf, reenterRun, runById, takeRun } from '../store/runs.ts'
import type { RunRow } from '../store/runs.ts'
import type { Tx } from '../store/tx.ts'
import { deployed, markServed, workflowById } from '../store/workflows.ts'
import type { EngineContext } from './context.ts'
import { CONTINUE_ITEM } from './continue-item.ts'
import { RunExecutor } from './executor.ts'

/** As `CONTINUE_ITEM`, an event the engine sends to itself. */
export const RETRY_RUN = 'run.retry'

/** Runs at work at once; the rest wait in the inbox, where they cost nothing. */
const MOST_ACTIVE = 64
const TRY_AGAIN_MS = 5_000

export class Router {
  readonly #context: EngineContext
  readonly #active = new Map<string, RunExecutor>()
  readonly #onReleased: (runId: string) => void
  #pumping = false
  #again = false
  #stopped = false

  constructor(context: EngineContext, onReleased: (runId: string) => void) {
    this.#context = context
    this.#onReleased = onReleased
  }

  active(runId: string): RunExecutor | undefined {
    return this.#active.get(runId)
  }

  actives(): RunExecutor[] {
    return [...this.#active.values()]
  }

  /** How many more runs may be at work. */
  room(): number {
    return Math.max(0, MOST_ACTIVE - this.#active.size)
  }

  /** Everything unfinished is taken up at once: there is no lease to wait for, the folder is ours (R2). */
  async resumeAll(): Promise<void> {
    for (const run of liveRuns(this.#context.store)) {
      if (run.state === 'running' || run.state === 'waiting') {
        if (run.state === 'running') await this.resume(run.id)
      } else await this.#reenterAgain(run)
    }
    this.pump()
  }

  /** Launches a run that holds its turn and is not in memory. */
  async resume(runId: string): Promise<void> {
    const { store, boot, pool, clock } = this.#context
    if (this.#active.has(runId) || this.#stopped) return
    await store.write(tx => {
      const run = runById(tx, runId)
      if (run === undefined || run.slot === null || this.#active.has(runId)) return
      if (workflowById(tx, run.workflow_id)?.state !== 'active') return
      const taken = takeRun(tx, {
        id: runId,
        boot,
        engine: pool.engineVersion,
        slot: run.slot,
        demand: run.demand,
        at: clock.now(),
      })
      // The engine it was recorded by decides how strictly it is replayed (J10).
      tx.afterCommit.push(() => {
        this.#launch({ ...taken, engine: run.engine })
      })
    })
  }

  /** Claims for this automation inside the caller's transaction, if a turn and a place are free. */
  claimNext(tx: Tx, workflowId: string): boolean {
    if (this.#stopped || this.room() === 0) return false
    const workflow = workflowById(tx, workflowId)
    if (workflow?.state !== 'active') return false
    const event = oldestFor(tx, 'workflow', workflowId)
    const slot = freeSlot(tx, workflowId, workflow.concurrency)
    if (event === undefined || slot === undefined) return false
    markServed(tx, workflowId, this.#context.clock.now())
    if (event.type === CONTINUE_ITEM) return this.#claimItem(tx, event, slot)
    if (event.type === RETRY_RUN) return this.#claimRetry(tx, event, slot)
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
    this.#context.store
      .write(tx => {
        const served = this.room() === 0 ? [] : workflowsToServe(tx, this.room())
        return served.filter(workflowId => this.claimNext(tx, workflowId)).length > 0
      })
      .then(
        more => {
          this.#pumping = false
          if (more || this.#again) this.pump()
        },
        (error: unknown) => {
          this.#pumping = false
          this.#context.log('error', 'routing failed', {
            error: error instanceof Error ? error.name : 'thrown',
          })
        },
      )
  }

  stop(): void {
    this.#stopped = true
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
    // Its run is live, or being gone on with for another item: this one comes when that is over (J11).
    if (this.#active.has(item.run_id) || typeof runById(tx, item.run_id)?.slot === 'number') return false
    reenterRun(tx, { id: item.run_id, boot, slot })
    moveEvent(tx, event.id, 'done', { runId: item.run_id, doneAt: at })
    this.#launchAfter(tx, item.run_id, new Set([item.scope]))
    return true
  }

  #claimRetry(tx: Tx, event: InboxRow, slot: number): boolean {
    const { store, boot, pool, clock } = this.#context
    const runId = fieldOf(payloadOf(store, event), 'run')
    const run = runById(tx, runId)
    moveEvent(tx, event.id, 'done', { runId, doneAt: clock.now() })
    if (run?.state !== 'failed') return true
    takeRun(tx, { id: runId, boot, engine: pool.engineVersion, slot, demand: 'writes', at: clock.now() })
    this.#launchAfter(tx, runId, null)
    return true
  }

  async #reenterAgain(run: RunRow): Promise<void> {
    const { store, boot } = this.#context
    await store.write(tx => {
      const scopes = itemsOfRun(tx, run.id)
        .filter(item => item.state === 'open' || item.state === 'waiting')
        .map(item => item.scope)
      reenterRun(tx, { id: run.id, boot, slot: run.slot ?? 0 })
      this.#launchAfter(tx, run.id, new Set(scopes))
    })
  }

  #launchAfter(tx: Tx, runId: string, reenter: ReadonlySet<string> | null): void {
    tx.afterCommit.push(() => {
      const run = runById(this.#context.store, runId)
      if (run !== undefined) this.#launch(run, reenter)
    })
  }

  #launch(run: RunRow, reenter: ReadonlySet<string> | null = null): void {
    if (this.#stopped) return
    const executor = new RunExecutor(this.#context, run, reenter)
    this.#active.set(run.id, executor)
    void executor.released.then(() => {
      this.#active.delete(run.id)
      this.#onReleased(run.id)
      this.#tryAgain(run.id)
      this.pump()
    })
    executor.launch()
  }

  /** A run whose last word could not be saved (a full disk, say) is taken up again, by replay, a little later. */
  #tryAgain(runId: string): void {
    const run = runById(this.#context.store, runId)
    if (this.#stopped || run?.state !== 'running' || run.slot === null) return
    this.#context.clock.wakeAt(this.#context.clock.now() + TRY_AGAIN_MS, () => {
      this.resume(runId).catch((error: unknown) => {
        this.#context.log('error', 'a run could not be taken up', {
          run: runId,
          error: error instanceof Error ? error.name : 'thrown',
        })
      })
    })
  }

  /** Runs of one automation that are in memory. */
  activeOf(workflowId: string): RunExecutor[] {
    return liveRunsOf(this.#context.store, workflowId).flatMap(run => this.#active.get(run.id) ?? [])
  }
}

function fieldOf(payload: unknown, field: string): string {
  const value = isJsonObject(payload as never) ? (payload as Record<string, unknown>)[field] : undefined
  return typeof value === 'string' ? value : ''
}
