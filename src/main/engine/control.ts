/** What a person can always do (R7): each command has one meaning, is recorded before it is confirmed, and never loses work. */
import { fail } from '../../domain/failure.ts'
import type { Failure } from '../../domain/failure.ts'
import { removeGrantsOf } from '../store/grants.ts'
import { acceptEvent, moveEvent, refuseWaiting } from '../store/inbox.ts'
import { itemById, itemError, itemsInState, moveItem } from '../store/items.ts'
import type { ItemRow } from '../store/items.ts'
import { stepsOfItem, stepsOfRun } from '../store/journal.ts'
import type { Step } from '../store/journal.ts'
import {
  failureOfRun,
  finishRun,
  forgiveUsed,
  liveRunsOf,
  openChecksOf,
  requestCancel,
  runById,
  usedBy,
} from '../store/runs.ts'
import type { RunRow } from '../store/runs.ts'
import { retireSchedules } from '../store/schedules.ts'
import { putSetting } from '../store/settings.ts'
import type { Tx } from '../store/tx.ts'
import { endWaitsOfWorkflow } from '../store/waits.ts'
import { listWorkflows, setWorkflowState, workflowById } from '../store/workflows.ts'
import type { Workflow, WorkflowState } from '../store/workflows.ts'
import type { EngineContext } from './context.ts'
import { dropWebhooks } from './hooks/hooks.ts'
import { dropWithAftermath } from './drop-steps.ts'
import { endWaits, releaseItems, settleQuestions, settleSignals } from './run/finish.ts'
import { CONTINUE_ITEM } from './continue-item.ts'
import { RETRY_RUN } from './router.ts'
import { settleAllOf } from './settle-schedule.ts'
import type { Undoing } from './undo/undoing.ts'
import { dropWatches } from './watch/activation.ts'
import type { Router } from './router.ts'
import { openActionsOfKind, openActionsOfRun, openActionsOfWorkflow, settleAction } from '../store/actions.ts'

export const EVERYTHING_STOPPED = 'Everything was stopped.'

export class Control {
  readonly #context: EngineContext
  readonly #router: Router
  readonly #undoing: Undoing

  constructor(context: EngineContext, router: Router, undoing: Undoing) {
    this.#context = context
    this.#router = router
    this.#undoing = undoing
  }

  /** New events wait; a run at work rests at its next step. Never a failure. */
  async pause(workflowId: string, reason = 'Paused by the user.'): Promise<void> {
    await this.#move(workflowId, 'paused', reason)
    this.#context.triggersChanged()
    for (const run of this.#router.activeOf(workflowId)) run.hold()
  }

  async resume(workflowId: string): Promise<void> {
    await this.#move(workflowId, 'active', null)
    await this.goOn(workflowId)
  }

  /** Kept for its history; nothing starts it any more. */
  async archive(workflowId: string): Promise<void> {
    await this.#end(workflowId, 'archived')
  }

  /** Gone from every list, its name free; its audit log stays. */
  async delete(workflowId: string): Promise<void> {
    await this.#end(workflowId, 'deleted')
  }

  /** Every automation pauses now: reads are let go, the write in flight ends and is recorded. */
  async stopEverything(): Promise<number> {
    const active = listWorkflows(this.#context.store).filter(workflow => workflow.state === 'active')
    await this.#write(tx => {
      putSetting(tx, 'stopped', 'yes')
      for (const workflow of active) this.#moveIn(tx, workflow, 'paused', EVERYTHING_STOPPED)
    })
    this.#context.triggersChanged()
    await this.#undoing.giveUpAll(`${EVERYTHING_STOPPED} It was not taken back.`)
    for (const run of this.#router.actives()) run.hold()
    return active.length
  }

  /** Undoes `stopEverything` and what a copied folder paused; automations paused one by one stay paused. */
  async resumeEverything(): Promise<number> {
    const paused = listWorkflows(this.#context.store).filter(
      workflow => workflow.state === 'paused' && workflow.pause_reason !== 'Paused by the user.',
    )
    await this.#write(tx => {
      putSetting(tx, 'stopped', '')
      for (const workflow of paused) this.#moveIn(tx, workflow, 'active', null)
    })
    for (const workflow of paused) await this.goOn(workflow.id)
    return paused.length
  }

  /** The write in flight is waited for and recorded; nothing else is issued. */
  async cancelRun(runId: string): Promise<void> {
    const run = this.#existingRun(runId)
    if (run.slot === null) {
      fail({
        kind: 'invalid-input',
        path: 'id',
        message: `Run ${runId} had already ended (${run.state}). Nothing was changed.`,
      })
    }
    await this.#write(tx => {
      requestCancel(tx, runId)
      if (this.#router.active(runId) === undefined) this.#endWaiting(tx, run)
    })
    this.#router.active(runId)?.cancel()
  }

  /** Goes on from the failed step: what was recorded before it is not done again. */
  async retryRun(runId: string): Promise<void> {
    const run = this.#existingRun(runId)
    if (run.state !== 'failed') {
      fail({
        kind: 'invalid-input',
        path: 'id',
        message: `Run ${runId} had not failed (${run.state}), so there was nothing to retry. Nothing was changed.`,
      })
    }
    if (run.sealed_failure === null) {
      fail({
        kind: 'invalid-input',
        path: 'id',
        message: `What run ${runId} had done is no longer recorded, so it cannot be gone on with. Nothing was changed. Run the automation anew.`,
      })
    }
    await this.#write(tx => {
      this.#dropFailed(
        tx,
        run,
        failureOfRun(this.#context.store, run),
        stepsOfRun(this.#context.store, run.id),
      )
      for (const action of openActionsOfRun(tx, runId)) {
        if (action.kind === 'run-failed')
          settleAction(tx, action.id, { state: 'closed', choice: 'retry', at: this.#now() })
      }
      this.#queue(tx, run.workflow_id, RETRY_RUN, `retry:${runId}:${String(run.attempt)}`, { run: runId })
    })
    this.#router.pump()
  }

  /** An item that was set aside is gone on with, from the step that failed (J7). */
  async rerunItem(itemId: string): Promise<void> {
    const { store } = this.#context
    const item = itemById(store, itemId)
    if (item?.state !== 'aside') {
      fail({
        kind: 'invalid-input',
        path: 'id',
        message: `Item ${itemId} was not set aside. Nothing was changed.`,
      })
    }
    await this.#write(tx => {
      const run = this.#existingRun(item.run_id)
      const steps = stepsOfItem(store, itemId, run.id, Number.MAX_SAFE_INTEGER)
      this.#dropFailed(tx, run, failureOfItem(this.#context, item), steps)
      // While its run goes on the item waits for its turn; that is no item left unfinished.
      moveItem(store, tx, itemId, run.slot === null ? 'open' : 'waiting', { at: this.#now() })
      forgiveUsed(tx, run.id)
      this.#closeAsideActions(tx, item.workflow_id)
      this.#queue(tx, item.workflow_id, CONTINUE_ITEM, `rerun:${itemId}:${String(item.updated_at)}`, {
        item: itemId,
      })
    })
    this.#router.pump()
  }

  /** Nothing is set aside any more: whoever asked about it has been answered. */
  #closeAsideActions(tx: Tx, workflowId: string): void {
    if (itemsInState(tx, workflowId, 'aside').length > 0) return
    for (const action of openActionsOfKind(tx, workflowId, 'items-aside')) {
      settleAction(tx, action.id, { state: 'closed', choice: null, at: this.#now() })
    }
  }

  #dropFailed(tx: Tx, run: RunRow, failure: Failure | null, steps: readonly Step[]): void {
    const failed = steps.find(step => step.stepId === failure?.step && step.state === 'done')
    if (failed === undefined) return
    const taken = { run, step: failed, among: steps, note: 'It was taken back to be tried again.' }
    // A run at work (with other items, say) counts its own journal's positions.
    dropWithAftermath(this.#context, tx, taken, this.#router.active(run.id)?.journal)
  }

  #queue(tx: Tx, workflowId: string, type: string, dedupeKey: string, payload: Record<string, string>): void {
    acceptEvent(this.#context.store, tx, {
      sourceType: 'user',
      sourceId: 'user',
      target: { type: 'workflow', id: workflowId },
      type,
      dedupeKey,
      payload,
      causes: [],
      at: this.#now(),
    })
  }

  async #end(workflowId: string, state: 'archived' | 'deleted'): Promise<void> {
    await this.#move(workflowId, state, null, tx => {
      retireSchedules(tx, workflowId)
      dropWatches(tx, workflowId)
      dropWebhooks(tx, workflowId)
      if (state === 'deleted') removeGrantsOf(tx, workflowId)
      for (const run of liveRunsOf(tx, workflowId)) {
        if (this.#router.active(run.id) === undefined) this.#endWaiting(tx, run)
        else requestCancel(tx, run.id)
      }
      for (const action of openActionsOfWorkflow(tx, workflowId)) {
        settleAction(tx, action.id, { state: 'closed', choice: null, at: this.#now() })
      }
      endWaitsOfWorkflow(tx, workflowId)
      refuseWaiting(tx, 'workflow', workflowId, { reason: `The automation was ${state}.`, at: this.#now() })
    })
    this.#context.triggersChanged()
    for (const run of this.#router.activeOf(workflowId)) run.cancel()
  }

  /** Cancels a run that is not in memory. */
  #endWaiting(tx: Tx, run: RunRow): void {
    const at = this.#now()
    settleQuestions(tx, run.id, { cancelled: true, at })
    releaseItems(this.#context, tx, run.id, at)
    endWaits(this.#context, tx, run, { cancelled: true })
    if (run.state === 'running' || run.state === 'waiting') {
      finishRun(this.#context.store, tx, run.id, {
        state: 'cancelled',
        at,
        result: null,
        failure: null,
        waitingItems: 0,
        openChecks: openChecksOf(run),
        used: usedBy(run),
      })
      moveEvent(tx, run.inbox_id, 'done', { runId: run.id, doneAt: at })
    }
    settleSignals(tx, run.id, at)
    tx.afterCommit.push(this.#context.pump)
  }

  /** Takes up what holds its turn and is not in memory, then whatever waits. */
  async goOn(workflowId: string): Promise<void> {
    this.#context.triggersChanged()
    for (const run of liveRunsOf(this.#context.store, workflowId)) {
      if (this.#router.active(run.id) === undefined) await this.#router.resume(run.id)
    }
    this.#context.pump()
  }

  async #move(
    workflowId: string,
    state: WorkflowState,
    reason: string | null,
    also?: (tx: Tx) => void,
  ): Promise<void> {
    const workflow = workflowById(this.#context.store, workflowId)
    if (workflow === undefined || workflow.state === 'deleted') {
      fail({
        kind: 'invalid-input',
        path: 'id',
        message: `There is no automation ${workflowId}. Nothing was changed.`,
      })
    }
    if (workflow.state === 'archived' && state !== 'deleted') {
      fail({
        kind: 'invalid-input',
        path: 'id',
        message: `“${workflow.name}” is archived. Nothing was changed. Install it anew to have it run again.`,
      })
    }
    await this.#write(tx => {
      this.#moveIn(tx, workflow, state, reason)
      also?.(tx)
    })
  }

  #moveIn(tx: Tx, workflow: Workflow, state: WorkflowState, reason: string | null): void {
    settleAllOf(this.#context, tx, workflow.id)
    setWorkflowState(tx, workflow.id, state, reason, this.#now())
    this.#context.store.audit.append(tx, this.#now(), {
      kind: state,
      workflowId: workflow.id,
      runId: null,
      body: { from: workflow.state },
    })
  }

  #existingRun(runId: string): RunRow {
    const run = runById(this.#context.store, runId)
    if (run === undefined) {
      fail({
        kind: 'invalid-input',
        path: 'id',
        message: `There is no run ${runId}. Nothing was changed. List them with: steward runs`,
      })
    }
    return run
  }

  /** Commands are confirmed only once they are on the disk (J1). */
  #write<T>(work: (tx: Tx) => T): Promise<T> {
    return this.#context.store.write(work, { durable: true })
  }

  #now(): number {
    return this.#context.clock.now()
  }
}

function failureOfItem(context: EngineContext, item: ItemRow): Failure | null {
  return itemError(context.store, item).failure ?? null
}
