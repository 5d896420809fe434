/** The three ways a call's end is put on record: an outcome for the script, a later try, a question to a person. */
import type { Failure } from '../../../domain/failure.ts'
import { RETRY_LIMITS, classify, decideResponse } from '../../../domain/respond.ts'
import type { ActionDraft } from '../../../domain/respond.ts'
import type { Outcome } from '../../../domain/tool.ts'
import type { RecordedStep } from '../../../sandbox/protocol.ts'
import { raiseAction } from '../../store/actions.ts'
import type { Tx } from '../../store/tx.ts'
import { OVER, detailOf, endWait, putWait, waitOf } from '../../store/waits.ts'
import type { WaitRow } from '../../store/waits.ts'
import { DAY_BUDGET, keepLearnt, noteOf, settleBill } from '../asking.ts'
import { keepPictures } from '../drawing.ts'
import { thrown } from './call.ts'
import type { ActiveRun, Call, CallEnd } from './call.ts'

/** Records a step whole and hands it to the script. */
export async function recordCall(
  run: ActiveRun,
  call: Call,
  outcome: Outcome,
  inherits: RecordedStep[] = [],
): Promise<CallEnd> {
  await run.context.store.write(tx => {
    recordCallIn(run, tx, call, outcome, inherits)
  })
  return { is: 'delivered' }
}

/**
 * Hands what a read or a local step brought to the script while it is being recorded. Commits keep their order, so
 * whatever leaves after it is on record after it (J1); should the record fail, nothing more is recorded (J3).
 */
export async function recordAhead(run: ActiveRun, call: Call, outcome: Outcome): Promise<CallEnd> {
  const { journal } = run
  const at = run.context.clock.now()
  const turn = journal.hear(call.step, call.args)
  const recorded = run.context.store.write(tx => {
    tx.onRollback.push(() => {
      journal.closeAtGap()
    })
    // A launch since then reads the journal anew, and hears of it in a turn of its own.
    recordCallIn(run, tx, call, outcome, [], { at, turn: run.journal === journal ? turn : undefined })
  })
  stage(call, outcome)
  run.deliverAhead(call, outcome, at)
  try {
    await recorded
  } catch (error) {
    journal.closeAtGap()
    throw error
  }
  return { is: 'delivered' }
}

export function recordCallIn(
  run: ActiveRun,
  tx: Tx,
  call: Call,
  came: Outcome,
  inherits: RecordedStep[] = [],
  heard?: { at: number; turn: number | undefined },
): void {
  const at = heard?.at ?? run.context.clock.now()
  endWait(tx, call.step.stepId)
  settleBill(tx, call.bill)
  const outcome = came.ok ? keepWith(run, tx, call, came, at) : came
  const changes = outcome.ok ? call.changes : []
  run.journal.call(tx, call.step, {
    args: call.args,
    outcome,
    changes,
    evidence: call.evidence ?? noteOf(call.bill),
    costMicros: call.bill.micros,
    begunAt: call.begunAt,
    at,
    turn: heard?.turn,
  })
  tx.afterCommit.push(() => {
    stage(call, outcome)
    run.deliver(call, outcome, at, inherits)
  })
}

/** What came of models stays with the outcome; where there is no room for it, that is the outcome. */
function keepWith(run: ActiveRun, tx: Tx, call: Call, outcome: Outcome, at: number): Outcome {
  const failure = keepPictures(tx, run.row.workflow_id, call.bill, at)
  if (failure !== null) return thrown({ ...failure, step: call.step.stepId, ...positionOf(call, failure) })
  keepLearnt(run.context.store, tx, call.bill, at)
  return outcome
}

function stage(call: Call, outcome: Outcome): void {
  if (outcome.ok && call.changes.length > 0) call.scope.staged.set(call.step.stepId, call.changes)
}

/** Records the one outcome of a begun write and hands it to the script. */
export function recordEndIn(run: ActiveRun, tx: Tx, call: Call, outcome: Outcome): void {
  const at = run.context.clock.now()
  endWait(tx, call.step.stepId)
  run.journal.end(tx, call.step, {
    outcome,
    begunAt: run.journal.find(call.step.stepId)?.begunAt ?? call.begunAt,
    at,
  })
  tx.afterCommit.push(() => {
    run.deliver(call, outcome, at)
  })
}

/** The wait on record for this call, and whether it is over. */
export function waitFor(run: ActiveRun, call: Call): { row: WaitRow; over: boolean } | undefined {
  const row = waitOf(run.context.store, call.step.stepId)
  if (row === undefined) return undefined
  const now = run.context.clock.now()
  return { row, over: detailOf(row).over || (row.wake_at !== null && row.wake_at <= now) }
}

/**
 * What a failure below the guest becomes (J9): a later try with persisted backoff, a wait for a person's fix, an
 * error the script may catch, or the end of its scope. Nothing of a write may be in flight when this is called.
 * `until` is when trying again makes sense for the last time: before it, it is not given up however often it failed.
 */
export async function recordFailure(
  run: ActiveRun,
  call: Call,
  failure: Failure,
  until?: number,
): Promise<CallEnd> {
  const named: Failure = { ...failure, step: call.step.stepId, ...positionOf(call, failure) }
  // What its run let go before it had begun leaves no trace: whoever goes on does it anew.
  if (run.abort.aborted && run.journal.find(call.step.stepId) === undefined)
    return { is: 'failed', failure: named }
  switch (classify(named)) {
    case 'retry':
      return retryLater(run, call, named, until)
    case 'repair':
      return throwInto(run, call, named)
    case 'action':
      return actOn(run, call, named)
    case 'stop':
      return { is: 'failed', failure: named }
  }
}

function actOn(run: ActiveRun, call: Call, failure: Failure): Promise<CallEnd> {
  if (failure.kind === 'not-permitted') return throwInto(run, call, failure)
  const resetsAt =
    failure.kind === 'budget-exceeded' && failure.budget === DAY_BUDGET ? failure.resetsAt : null
  return resetsAt === null ? waitForFix(run, call, failure) : waitForNextDay(run, call, resetsAt)
}

/** The day's budget has no room: that passes by itself (R5). */
async function waitForNextDay(run: ActiveRun, call: Call, wakeAt: number): Promise<CallEnd> {
  const { store, clock } = run.context
  await store.write(tx => {
    putWait(tx, {
      stepId: call.step.stepId,
      runId: run.row.id,
      itemId: call.scope.itemId,
      kind: 'defer',
      name: DAY_BUDGET,
      wakeAt,
      at: clock.now(),
    })
  })
  return { is: 'waiting', kind: 'defer' }
}

function positionOf(call: Call, failure: Failure): Pick<Failure, 'position'> {
  const position = failure.position ?? call.guest.position
  return position === null ? {} : { position }
}

function throwInto(run: ActiveRun, call: Call, failure: Failure): Promise<CallEnd> {
  if (run.journal.find(call.step.stepId) === undefined) return recordCall(run, call, thrown(failure))
  return run.context.store.write(tx => {
    recordEndIn(run, tx, call, thrown(failure))
    return { is: 'delivered' }
  })
}

async function retryLater(run: ActiveRun, call: Call, failure: Failure, until = Infinity): Promise<CallEnd> {
  const { store, clock } = run.context
  const now = clock.now()
  const row = waitOf(store, call.step.stepId)
  const before = row === undefined ? undefined : detailOf(row)
  const tries = (before?.tries ?? 0) + 1
  const firstTriedAt =
    before?.firstTriedAt === undefined || before.firstTriedAt === 0 ? now : before.firstTriedAt
  const random = Math.random()
  const retryLimits = until === Infinity ? RETRY_LIMITS : { ...RETRY_LIMITS, ...UNLIMITED }
  const response = decideResponse({
    failure,
    tries,
    firstTriedAt,
    now,
    random,
    retryLimits,
    repairAvailable: false,
  })
  if (response.answer !== 'retry') return { is: 'failed', failure }
  await store.write(tx => {
    putWait(tx, {
      stepId: call.step.stepId,
      runId: run.row.id,
      itemId: call.scope.itemId,
      kind: 'retry',
      name: failure.kind,
      wakeAt: Math.min(response.at, until),
      detail: { tries: response.tries, firstTriedAt: response.firstTriedAt },
      at: now,
    })
  })
  return { is: 'waiting', kind: 'retry' }
}

const UNLIMITED = { maxTries: Infinity, maxElapsedMs: Infinity }

async function waitForFix(run: ActiveRun, call: Call, failure: Failure): Promise<CallEnd> {
  const { store, clock } = run.context
  const now = clock.now()
  const response = decideResponse({
    failure,
    tries: 1,
    firstTriedAt: now,
    now,
    random: 0,
    repairAvailable: false,
    // A budget is the run's, so all its steps that find no room have one action.
    ...(failure.kind === 'budget-exceeded' ? { owner: run.row.id } : {}),
  })
  if (response.answer !== 'action') return { is: 'failed', failure }
  await store.write(tx => {
    const actionId = raiseFor(run, tx, call, response.action)
    putWait(tx, {
      stepId: call.step.stepId,
      runId: run.row.id,
      itemId: call.scope.itemId,
      kind: 'fix',
      name: failure.kind,
      wakeAt: null,
      actionId,
      at: now,
    })
  })
  return { is: 'waiting', kind: 'fix' }
}

/** Raises a drafted action for this call. */
export function raiseFor(run: ActiveRun, tx: Tx, call: Call, draft: ActionDraft, detail?: string): string {
  return raiseAction(run.context.store, tx, {
    kind: draft.kind,
    causeKey: draft.causeKey,
    workflowId: run.row.workflow_id,
    runId: run.row.id,
    itemId: call.scope.itemId,
    stepId: call.step.stepId,
    choices: draft.choices,
    body: { cause: draft.cause, effect: draft.effect, ...(detail === undefined ? {} : { detail }) },
    expiresAt: null,
    at: run.context.clock.now(),
  })
}

/** A step that a pause kept from being issued: due as soon as its automation is active again (R7). */
export function holdBackIn(run: ActiveRun, tx: Tx, call: Call): void {
  putWait(tx, {
    stepId: call.step.stepId,
    runId: run.row.id,
    itemId: call.scope.itemId,
    kind: 'fix',
    name: 'paused',
    wakeAt: OVER,
    detail: { over: true },
    at: run.context.clock.now(),
  })
}

/** Takes back recorded reads and local steps that a new script no longer asks for (J8). */
export function dropUnasked(run: ActiveRun, stepIds: readonly string[]): Promise<void> {
  const note = 'The new script did not ask for it.'
  return run.context.store.write(tx => {
    for (const stepId of stepIds) {
      const step = run.journal.find(stepId)
      if (step !== undefined)
        run.journal.mark(tx, step, 'drop', { note, begunAt: step.begunAt, at: run.context.clock.now() })
    }
  })
}
