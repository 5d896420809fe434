/** The end of a run: its staged state, its end, its turn given back and what it leaves to a person, in one transaction (J2). */
import type { Failure } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import { classify } from '../../../domain/respond.ts'
import type { LocalChange } from '../../../domain/tool.ts'
import type { RunEnd } from '../../../sandbox/protocol.ts'
import {
  actionById,
  openActionsOfKind,
  openActionsOfRun,
  raiseAction,
  settleAction,
} from '../../store/actions.ts'
import type { ActionRow } from '../../store/actions.ts'
import { moveEvent, refuseWaiting, waitingFor } from '../../store/inbox.ts'
import { itemOfScope, itemsOfRun, moveItem, waitingItemsOf } from '../../store/items.ts'
import type { ItemRow } from '../../store/items.ts'
import { notify } from '../../store/notifications.ts'
import {
  everSucceeded,
  failureOfRun,
  finishRun,
  leaveRun,
  noteComputed,
  openChecksOf,
  runById,
  stillOwns,
  usedBy,
} from '../../store/runs.ts'
import type { RunRow, Used } from '../../store/runs.ts'
import type { Tx } from '../../store/tx.ts'
import { endWaitsOfRun, waitsOfAction, waitsOfRun } from '../../store/waits.ts'
import type { WaitRow } from '../../store/waits.ts'
import type { ActiveRun } from './call.ts'
import type { EngineContext } from '../context.ts'
import { continueItem } from '../continue-item.ts'
import { endReviewIn } from './after-copy.ts'
import { askOfEnded } from './doubt.ts'
import { raiseFailed } from './failed-action.ts'
import { raiseAside } from './item-steps.ts'
import { judgeLater, judgeOutcome } from './judge-outcome.ts'
import { commitChanges } from './local-changes.ts'
import { FencedError, RunJournal } from './run-journal.ts'
import type { Looks } from './verify.ts'

export type Ending =
  | { is: 'returned'; value: Json; looks: Looks }
  | { is: 'failed'; failure: Failure }
  | { is: 'declined'; reason: string }
  | { is: 'cancelled' }

export function finishRunAs(
  run: ActiveRun,
  tx: Tx,
  reached: Ending,
  changes: readonly LocalChange[],
  used: Used,
): void {
  const { store, clock, fault, pump } = run.context
  fault('run.before-finish')
  const at = clock.now()
  const { row } = run
  if (!stillOwns(tx, row.id, row.attempt)) throw new FencedError(`run ${row.id} was taken over`)
  const { ending, openChecks } = judgeEnd(run, tx, reached)
  // One that was judged again since has been visible from its first end on.
  if (ending.is === 'returned' && row.open_checks === null) {
    commitChanges(run, tx, changes, at)
    tellFirstSuccess(run, tx, at)
  }
  const cancelled = ending.is === 'cancelled'
  settleQuestions(tx, row.id, { cancelled, at })
  if (cancelled) releaseItems(run.context, tx, row.id, at)
  endWaits(run.context, tx, row, { cancelled, journal: run.journal })
  finishRun(store, tx, row.id, {
    state: STATE_OF[ending.is],
    at,
    result: ending.is === 'returned' ? ending.value : null,
    failure: ending.is === 'failed' ? ending.failure : null,
    waitingItems: waitingItemsOf(tx, row.id),
    openChecks,
    used,
  })
  moveEvent(tx, row.inbox_id, 'done', { runId: row.id, doneAt: at })
  settleSignals(tx, row.id, at)
  if (ending.is !== 'cancelled') continueItems(run, tx)
  if (ending.is === 'failed') raiseFailed(run.context, tx, { ...run, failure: ending.failure, at })
  if (ending.is === 'returned') {
    clearTransient(run, tx, at)
    endReviewIn(run, tx, at)
  }
  tx.afterCommit.push(() => {
    fault('run.after-finish')
    tellEnd(run.context, row, { ...ending, at })
    pump()
  })
}

const STATE_OF = {
  returned: 'succeeded',
  failed: 'failed',
  declined: 'declined',
  cancelled: 'cancelled',
} as const

/** A script that returned has succeeded only if *Done when* holds, as far as it can be told while items wait (O1, J6). */
function judgeEnd(
  run: ActiveRun,
  tx: Tx,
  ending: Ending,
): { ending: Ending; openChecks: readonly number[] | null } {
  const before = openChecksOf(run.row)
  if (ending.is !== 'returned') return { ending, openChecks: before }
  const { missing, open } = judgeOutcome(run, tx, ending)
  if (missing !== null) return { ending: { is: 'failed', failure: missing }, openChecks: before }
  return { ending, openChecks: open.length > 0 || before !== null ? open : null }
}

/** What the run waited for, and what its items waited for too where it is cancelled; never a write in doubt unasked. */
export function endWaits(
  context: EngineContext,
  tx: Tx,
  run: RunRow,
  end: { cancelled: boolean; journal?: RunJournal },
): void {
  const over = waitsOfRun(tx, run.id).filter(wait => end.cancelled || wait.item_id === null)
  if (over.length > 0) askOfEnded(context, tx, run, over, end.journal ?? new RunJournal(context, run))
  endWaitsOfRun(tx, run.id, !end.cancelled)
}

/** Items that were let wait, and whose wait ended while the script went on without them: nothing else wakes them (J7). */
function continueItems(run: ActiveRun, tx: Tx): void {
  const waiting = new Set(waitsOfRun(tx, run.row.id).map(wait => wait.item_id))
  for (const item of itemsOfRun(tx, run.row.id)) {
    if (item.state !== 'waiting' || waiting.has(item.id)) continue
    const key = `end:${item.id}:${run.row.id}:${String(run.row.attempt)}`
    continueItem(run.context, tx, item, { source: run.row.id, key })
  }
}

/**
 * Every question of an ended run is moot, but these: whether an unknown write was done (J4), what its items that go on
 * without it wait for, and what another run waits for too.
 */
export function settleQuestions(tx: Tx, runId: string, end: { cancelled: boolean; at: number }): void {
  for (const action of questionsOf(tx, runId)) {
    if (action.kind === 'outcome-unknown' || action.kind === 'items-aside') continue
    if (action.item_id !== null && !end.cancelled) continue
    const isWaitedFor = (wait: WaitRow) => wait.run_id !== runId || (wait.item_id !== null && !end.cancelled)
    if (waitsOfAction(tx, action.id).some(isWaitedFor)) continue
    settleAction(tx, action.id, { state: 'closed', choice: null, at: end.at })
  }
}

/** Those it raised, and those it joined because another run had the same cause. */
function questionsOf(tx: Tx, runId: string): ActionRow[] {
  const waited = new Set(waitsOfRun(tx, runId).flatMap(wait => wait.action_id ?? []))
  const joined = [...waited].flatMap(id => actionById(tx, id) ?? [])
  return [
    ...openActionsOfRun(tx, runId),
    ...joined.filter(action => action.state === 'open' && action.run_id !== runId),
  ]
}

/** Signals that nobody can take any more: their run is over, and neither it nor an item of it can be gone on with. */
export function settleSignals(tx: Tx, runId: string, at: number): void {
  if (waitingFor(tx, 'run', runId, 1) === 0) return
  const state = runById(tx, runId)?.state
  const isOver = state === 'succeeded' || state === 'declined'
  const mayGoOn = isOver && itemsOfRun(tx, runId).some(item => UNFINISHED.includes(item.state))
  if (state === 'cancelled' || (isOver && !mayGoOn))
    refuseWaiting(tx, 'run', runId, { reason: 'Its run had ended.', at })
}

const UNFINISHED: readonly ItemRow['state'][] = ['open', 'waiting', 'aside']

/** A cancelled run lets go of its items: the next run that meets their keys goes on with them (J7). */
export function releaseItems(context: EngineContext, tx: Tx, runId: string, at: number): void {
  for (const item of itemsOfRun(tx, runId)) {
    if (item.state === 'waiting') moveItem(context.store, tx, item.id, 'open', { at })
  }
}

/** Ends a run that could not even be launched: nothing of it was executed. */
export function endUnreadable(context: EngineContext, tx: Tx, run: RunRow, failure: Failure): void {
  const { store, clock, pump } = context
  const at = clock.now()
  finishRun(store, tx, run.id, {
    state: 'failed',
    at,
    result: null,
    failure,
    waitingItems: 0,
    openChecks: openChecksOf(run),
    used: usedBy(run),
  })
  moveEvent(tx, run.inbox_id, 'done', { runId: run.id, doneAt: at })
  raiseAction(store, tx, {
    kind: 'run-failed',
    causeKey: `unreadable:${run.id}`,
    workflowId: run.workflow_id,
    runId: run.id,
    itemId: null,
    stepId: null,
    choices: [{ id: 'dismiss', label: 'Leave it', style: 'primary' }],
    body: {
      cause: 'A record of this run is damaged, so it could not be gone on with.',
      effect:
        'Nothing further was done by it. Other automations go on. A backup may hold the record: steward restore FILE',
    },
    expiresAt: null,
    at,
  })
  tx.afterCommit.push(() => {
    tellEnd(context, run, { is: 'failed', failure, at })
    pump()
  })
}

function tellEnd({ observer }: EngineContext, row: RunRow, end: Ending & { at: number }): void {
  observer.runEnded({
    automation: row.workflow_id,
    run: row.id,
    attempt: row.attempt,
    state: STATE_OF[end.is],
    kind: end.is === 'failed' ? end.failure.kind : undefined,
    at: end.at,
    ms: end.at - row.created_at,
  })
}

/** Told once for an automation: its last successes are on record for ever (J12). */
function tellFirstSuccess({ context: { store }, row }: ActiveRun, tx: Tx, at: number): void {
  if (everSucceeded(tx, row.workflow_id)) return
  notify(store, tx, {
    kind: 'first-success',
    workflowId: row.workflow_id,
    runId: row.id,
    actionId: null,
    body: {
      title: 'It succeeded for the first time',
      text: 'From now on it is heard of when it needs you, or has something to tell.',
      level: 'info',
    },
    at,
  })
}

/** What was wrong with the world is over: this automation has just succeeded. */
function clearTransient(run: ActiveRun, tx: Tx, at: number): void {
  for (const action of openActionsOfKind(tx, run.row.workflow_id, 'run-failed')) {
    const failed = action.run_id === null ? undefined : runById(tx, action.run_id)
    const failure = failed === undefined ? null : failureOfRun(run.context.store, failed)
    if (failure !== null && classify(failure) !== 'retry') continue
    settleAction(tx, action.id, { state: 'closed', choice: null, at })
  }
}

/** The end of an instance that could not go on, as against one that its script came to. */
export function stoppedAs(end: RunEnd | null): Extract<Ending, { is: 'failed' }> | null {
  if (end?.is !== 'failed') return null
  const { kind, step } = end.failure
  const isLimit = step === undefined && (kind === 'script-limit' || kind === 'internal')
  return kind === 'divergence' || isLimit ? end : null
}

/** The end of a re-entry: the turn is given back; items that still wait say so (J7). */
export function leaveReentered(
  run: ActiveRun,
  tx: Tx,
  scopes: ReadonlySet<string>,
  end: { ending: Ending | null; looks: Looks | null; used: Used },
): void {
  const { store, clock, pump } = run.context
  const { ending, looks, used } = end
  const failure = ending?.is === 'failed' ? ending.failure : null
  noteComputed(tx, run.row.id, used.cpuMs)
  const waiting = new Set(waitsOfRun(tx, run.row.id).map(wait => wait.item_id))
  for (const scope of scopes) {
    const item = itemOfScope(tx, run.row.workflow_id, scope)
    if (item?.state !== 'open' && item?.state !== 'waiting') continue
    const at = clock.now()
    if (failure !== null) {
      const error = { code: failure.kind, message: failure.message, failure }
      moveItem(store, tx, item.id, 'aside', { error, at })
      raiseAside(run, tx, { text: scope, itemId: item.id }, error)
    } else if (waiting.has(item.id)) moveItem(store, tx, item.id, 'waiting', { at })
  }
  const cancelled = runById(tx, run.row.id)?.cancelling === 1
  leaveRun(tx, run.row.id, waitingItemsOf(tx, run.row.id))
  settleSignals(tx, run.row.id, clock.now())
  if (!cancelled) judgeLater(run.context, tx, run.row.id, { looks, effects: () => run.journal.effects() })
  tx.afterCommit.push(pump)
}
