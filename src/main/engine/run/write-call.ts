/**
 * Writes (J1, J2, J4): intent on the disk before the first byte leaves, one outcome, and *unknown* as a state of its
 * own. A write whose end nobody saw is reconciled, or a person is asked; it is never silently repeated.
 */
import type { Failure } from '../../../domain/failure.ts'
import { failureOf } from '../../../domain/failure.ts'
import { classify, decideResponse } from '../../../domain/respond.ts'
import { isJsonObject } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import type { Idempotency, Outcome, Reconciled } from '../../../domain/tool.ts'
import { itemById } from '../../store/items.ts'
import type { Step } from '../../store/journal.ts'
import type { Tx } from '../../store/tx.ts'
import { answerOf, detailOf, endWait, putWait, waitOf } from '../../store/waits.ts'
import { openActionFor, settleAction } from '../../store/actions.ts'
import { contextFor, timeoutOf } from './call.ts'
import type { ActiveRun, Call, CallEnd } from './call.ts'
import { holdFor, judge, logDecision, returnApproval, useApproval } from './permit.ts'
import { holdBackIn, raiseFor, recordCallIn, recordEndIn, recordFailure } from './record.ts'
import { ToolFailed, denied, prepareTool, runTool, withinTime } from './run-tool.ts'

export async function takeWrite(run: ActiveRun, call: Call): Promise<CallEnd> {
  const known = run.journal.find(call.step.stepId)
  const answer = waitOf(run.context.store, call.step.stepId)
  if (answer?.kind === 'unknown') return afterAnswer(run, call, answerOf(run.context.store, answer) ?? null)
  if (known?.state === 'begun' || known?.state === 'unknown') return settleUnknown(run, call, known.evidence)
  if (known?.state === 'done') throw new Error(`${call.step.stepId} has an outcome and was taken again`)
  return intendAndIssue(run, call, known)
}

/** The write-ahead, then the write. `known` is a write that is known not to have left. */
async function intendAndIssue(run: ActiveRun, call: Call, known: Step | undefined): Promise<CallEnd> {
  const evidence = known?.evidence ?? (await prepareTool(run, call))
  if (evidence instanceof ToolFailed) return recordFailure(run, call, evidence.failure)
  const { store, fault } = run.context
  const suspect = known === undefined && isSuspect(run, call)
  fault('write.before-intent')
  const end = await store.write(tx => intendIn(run, tx, call, { known, evidence, suspect }), {
    durable: true,
  })
  fault('write.after-intent')
  if (end?.is === 'waiting' && end.kind === 'approval') fault('approval.after-ask')
  if (end !== null) return end
  if (!suspect) return issue(run, call, evidence)
  return settleUnknown(
    run,
    call,
    evidence,
    'This data folder is a copy, and the original may have done this since.',
  )
}

/** Judges the write and records its intent; null when it may leave, otherwise what it waits for or how it ended. */
function intendIn(
  run: ActiveRun,
  tx: Tx,
  call: Call,
  intent: { known: Step | undefined; evidence: Json; suspect: boolean },
): CallEnd | null {
  if (!run.mayIssue()) {
    holdBackIn(run, tx, call)
    return { is: 'waiting', kind: 'fix' }
  }
  const decision = judge(run, call, tx)
  logDecision(run, tx, call, decision)
  if (decision.verdict === 'ask' || decision.verdict === 'defer') return holdFor(run, tx, call, decision)
  if (decision.verdict === 'deny') {
    const record = intent.known === undefined ? recordCallIn : recordEndIn
    record(run, tx, call, denied(call, decision))
    return { is: 'delivered' }
  }
  useApproval(run, tx, call)
  // How often it was tried already counts until it has an outcome.
  if (waitOf(tx, call.step.stepId)?.kind !== 'retry') endWait(tx, call.step.stepId)
  const at = run.context.clock.now()
  const { known, evidence, suspect } = intent
  if (known !== undefined) {
    run.journal.mark(tx, call.step, 'again', { note: 'It had not left.', begunAt: known.begunAt, at })
    return null
  }
  const actions = call.tool.touches(call.args).actions ?? 1
  run.journal.begin(tx, call.step, { args: call.args, evidence, actions, at })
  if (suspect) run.journal.mark(tx, call.step, 'unknown', { note: 'This folder is a copy.', begunAt: at, at })
  return null
}

/** What began before this folder was copied, the original may have gone on with (J11). */
function isSuspect(run: ActiveRun, call: Call): boolean {
  if (run.copiedAt < 0 || idempotencyOf(run, call) === 'natural') return false
  const item = call.scope.itemId === null ? undefined : itemById(run.context.store, call.scope.itemId)
  return run.begunAt <= run.copiedAt || (item !== undefined && item.created_at <= run.copiedAt)
}

/** The write itself; its intent is on the disk. A write is never aborted: what it did would be unknown. */
async function issue(run: ActiveRun, call: Call, evidence: Json): Promise<CallEnd> {
  const work = runTool(run, call, evidence, new AbortController().signal)
  const outcome = await withinTime(work, timeoutOf(call))
  run.context.fault('write.after-remote')
  if (outcome === 'late') {
    work
      .then(late => acceptLate(run, call, late))
      .catch((error: unknown) => {
        logStopped(run, error)
      })
    return becomeUnknown(
      run,
      call,
      evidence,
      `${call.tool.title} did not answer within ${String(timeoutOf(call) / 1000)} s.`,
    )
  }
  if (outcome instanceof ToolFailed) return afterFailedWrite(run, call, evidence, outcome.failure)
  return conclude(run, call, outcome)
}

async function conclude(run: ActiveRun, call: Call, outcome: Outcome): Promise<CallEnd> {
  await run.context.store.write(tx => {
    recordEndIn(run, tx, call, outcome)
    closeQuestion(run, call, tx)
  })
  run.context.fault('write.after-outcome')
  return { is: 'delivered' }
}

function closeQuestion(run: ActiveRun, call: Call, tx: Tx): void {
  const question = openActionFor(tx, questionKey(call))
  if (question !== undefined)
    settleAction(tx, question.id, { state: 'closed', choice: null, at: run.context.clock.now() })
}

/** Sorts a failed write: certainly not done, certainly refused, or unknown. */
function afterFailedWrite(run: ActiveRun, call: Call, evidence: Json, failure: Failure): Promise<CallEnd> {
  if (neverLeft(failure)) return notSent(run, call, failure)
  // Doing it twice is doing it once: it is tried again like a read, later.
  if (idempotencyOf(run, call) === 'natural' && !isDefinite(failure)) {
    const { message } = failure
    return notSent(run, call, {
      kind: 'unavailable',
      host: call.tool.name,
      status: null,
      retryAfterMs: null,
      message,
    })
  }
  // Refused for want of a credential: once a person has put that right, the same write may be issued again.
  if (isFixable(failure)) return notSent(run, call, failure)
  if (isDefinite(failure)) return recordFailure(run, call, failure)
  return becomeUnknown(run, call, evidence, failure.message)
}

/** Nothing was done: the same write may be issued again. */
async function notSent(run: ActiveRun, call: Call, failure: Failure): Promise<CallEnd> {
  await run.context.store.write(tx => {
    const at = run.context.clock.now()
    run.journal.mark(tx, call.step, 'unsent', { note: failure.message, begunAt: call.begunAt, at })
    // One that may be repeated may have left all the same; only what certainly did not leaves its approval unused.
    if (neverLeft(failure)) returnApproval(run, tx, call)
  })
  return recordFailure(run, call, failure)
}

function neverLeft(failure: Failure): boolean {
  if (failure.kind === 'offline' || failure.kind === 'rate-limited') return true
  const { detail } = failure
  return typeof detail === 'object' && detail !== null && !Array.isArray(detail) && detail['sent'] === 'no'
}

/** The remote, or this machine, said no before anything changed. */
function isDefinite(failure: Failure): boolean {
  const definite: Failure['kind'][] = [
    'rejected',
    'invalid-input',
    'not-permitted',
    'bad-response',
    'disk-full',
    'not-connected',
    'auth-expired',
    'auth-revoked',
    'scope-missing',
    'vault-locked',
  ]
  return definite.includes(failure.kind)
}

function isFixable(failure: Failure): boolean {
  return isDefinite(failure) && failure.kind !== 'not-permitted' && classify(failure) === 'action'
}

async function becomeUnknown(run: ActiveRun, call: Call, evidence: Json, note: string): Promise<CallEnd> {
  await run.context.store.write(tx => {
    run.journal.mark(tx, call.step, 'unknown', { note, begunAt: call.begunAt, at: run.context.clock.now() })
  })
  return settleUnknown(run, call, evidence, note)
}

/** Finds out what became of a write whose end nobody saw (J4). */
async function settleUnknown(run: ActiveRun, call: Call, evidence: Json, note?: string): Promise<CallEnd> {
  const { fault, clock, store } = run.context
  fault('write.before-reconcile')
  const found = await reconcile(run, call, evidence)
  fault('write.after-reconcile')
  if (found instanceof ToolFailed) {
    const later = await recordFailure(run, call, found.failure)
    return later.is === 'failed' ? ask(run, call, note ?? found.failure.message) : later
  }
  if (found.is === 'applied') return conclude(run, call, { ok: true, value: found.result })
  if (found.is === 'unknown') return ask(run, call, note ?? found.evidence)
  const settledAt = (run.journal.find(call.step.stepId)?.begunAt ?? call.begunAt) + (call.tool.settleMs ?? 0)
  if (settledAt > clock.now()) {
    await store.write(tx => {
      putWait(tx, waitRow(run, call, 'retry', settledAt, 'settling'))
    })
    return { is: 'waiting', kind: 'retry' }
  }
  return issueAgain(run, call, evidence, 'It had not been applied.')
}

async function reconcile(run: ActiveRun, call: Call, evidence: Json): Promise<Reconciled<Json> | ToolFailed> {
  const idempotency = idempotencyOf(run, call)
  if (idempotency === 'natural') return { is: 'not-applied' }
  const evidenceText = `${call.tool.title} was started and its end was not seen.`
  if (call.tool.reconcile === undefined || idempotency === 'none')
    return { is: 'unknown', evidence: evidenceText }
  try {
    return await call.tool.reconcile(call.args, contextFor(run, call, evidence, run.abort))
  } catch (error) {
    return new ToolFailed(failureOf(error))
  }
}

function idempotencyOf(run: ActiveRun, call: Call): Idempotency {
  const { idempotency } = call.tool
  return typeof idempotency === 'function' ? idempotency(call.args, run.contract) : idempotency
}

/** The same write once more, under the same idempotency key; its quota was taken when it began. */
async function issueAgain(run: ActiveRun, call: Call, evidence: Json, note: string): Promise<CallEnd> {
  const mayIssue = await run.context.store.write(
    tx => {
      const mark = { note, begunAt: call.begunAt, at: run.context.clock.now() }
      if (!run.mayIssue()) {
        run.journal.mark(tx, call.step, 'unsent', mark)
        returnApproval(run, tx, call)
        holdBackIn(run, tx, call)
        return false
      }
      // An answer is used once: whatever becomes of this try is another question.
      endWait(tx, call.step.stepId)
      run.journal.mark(tx, call.step, 'again', mark)
      return true
    },
    { durable: true },
  )
  return mayIssue ? issue(run, call, evidence) : { is: 'waiting', kind: 'fix' }
}

function questionKey(call: Call): string {
  return `outcome-unknown:${call.step.stepId}`
}

async function ask(run: ActiveRun, call: Call, evidence: string): Promise<CallEnd> {
  const { store, clock } = run.context
  const now = clock.now()
  const failure: Failure = {
    kind: 'outcome-unknown',
    tool: call.tool.name,
    step: call.step.stepId,
    message: evidence,
  }
  const response = decideResponse({
    failure,
    tries: 1,
    firstTriedAt: now,
    now,
    random: 0,
    repairAvailable: false,
  })
  if (response.answer === 'retry' || response.answer === 'repair') return { is: 'failed', failure }
  await store.write(tx => {
    const draft = { ...response.action, causeKey: questionKey(call) }
    const actionId = raiseFor(
      run,
      tx,
      call,
      draft,
      `${call.tool.describe(call.args, undefined)}\n${evidence}`,
    )
    putWait(tx, { ...waitRow(run, call, 'unknown', null, call.tool.name), actionId })
  })
  return { is: 'waiting', kind: 'unknown' }
}

/** What the person said about an unknown write. */
async function afterAnswer(run: ActiveRun, call: Call, answer: Json): Promise<CallEnd> {
  const evidence = run.journal.find(call.step.stepId)?.evidence ?? null
  if (answer === 'it-went-out') return conclude(run, call, { ok: true, value: assumed(call) })
  if (answer === 'it-did-not') {
    if (run.journal.find(call.step.stepId) === undefined) return intendAndIssue(run, call, undefined)
    return issueAgain(run, call, evidence, 'A person said it did not go out.')
  }
  if (isJsonObject(answer) && answer['late'] !== undefined)
    return conclude(run, call, { ok: true, value: answer['late'] })
  if (answer === 'skip') return { is: 'declined', reason: 'A person chose to leave it as it was.' }
  return settleUnknown(run, call, evidence)
}

/** What the script sees of a write that a person says was done: the host has no answer to show. */
function assumed(call: Call): Json {
  return call.tool.assume === undefined ? null : call.tool.assume(call.args)
}

/** An answer that came after the write was given up: it is evidence, unless a person has already decided. */
async function acceptLate(run: ActiveRun, call: Call, outcome: Outcome | ToolFailed): Promise<void> {
  if (outcome instanceof ToolFailed || !outcome.ok) return
  const { store } = run.context
  const wait = waitOf(store, call.step.stepId)
  // Nobody waits any more (the run was cancelled), but a person is still asked: this is the answer.
  if (wait === undefined && openActionFor(store, questionKey(call)) !== undefined) {
    await conclude(run, call, outcome)
    return
  }
  if (wait?.kind !== 'unknown' || detailOf(wait).over) return
  await run.context.answer(wait, { late: outcome.value }, tx => {
    closeQuestion(run, call, tx)
  })
}

function logStopped(run: ActiveRun, error: unknown): void {
  run.context.log('error', 'a late answer could not be kept', { run: run.row.id, error })
}

function waitRow(run: ActiveRun, call: Call, kind: 'retry' | 'unknown', wakeAt: number | null, name: string) {
  return {
    stepId: call.step.stepId,
    runId: run.row.id,
    itemId: call.scope.itemId,
    kind,
    name,
    wakeAt,
    at: run.context.clock.now(),
  }
}
