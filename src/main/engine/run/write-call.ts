/**
 * Writes (J1, J2, J4): intent on the disk before the first byte leaves, one outcome, and *unknown* as a state of its
 * own. Every try, the first and each later one, goes out by one gate: the run may issue, and policy says yes now.
 * A write whose end nobody saw is repeated only where twice is once; else it is looked up, or a person is asked.
 */
import type { Failure } from '../../../domain/failure.ts'
import { failureOf } from '../../../domain/failure.ts'
import { isJsonObject } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import type { Outcome, Reconciled } from '../../../domain/tool.ts'
import type { Step } from '../../store/journal.ts'
import type { Tx } from '../../store/tx.ts'
import { answerOf, detailOf, endWait, putWait, waitOf } from '../../store/waits.ts'
import { contextFor, timeoutOf } from './call.ts'
import type { ActiveRun, Call, CallEnd } from './call.ts'
import { takeAfterCopy } from './after-copy.ts'
import { askIn, assumed, closeQuestion, isAsked } from './doubt.ts'
import { holdFor, judge, logDecision, returnApproval, useApproval } from './permit.ts'
import { holdBackIn, recordCallIn, recordEndIn, recordFailure } from './record.ts'
import { ToolFailed, denied, prepareTool, runTool, withinTime } from './run-tool.ts'
import { meaningOf, passing } from './write-failure.ts'
import { idempotencyOf, repeatableUntil } from './write-repeats.ts'

export async function takeWrite(run: ActiveRun, call: Call): Promise<CallEnd> {
  const known = run.journal.find(call.step.stepId)
  const wait = waitOf(run.context.store, call.step.stepId)
  if (wait?.kind === 'unknown') return afterAnswer(run, call, answerOf(run.context.store, wait) ?? null)
  switch (known?.state) {
    case 'done':
      throw new Error(`${call.step.stepId} has an outcome and was taken again`)
    case 'begun':
      await markUnknown(run, call, unseen(call))
      return settle(run, call)
    case 'unknown':
      return settle(run, call)
    case 'unsent':
    case 'dropped':
    case undefined:
      return sendNew(run, call, known)
  }
}

/** A write of which nothing has been done here; elsewhere it may have been (J11). */
async function sendNew(run: ActiveRun, call: Call, known: Step | undefined): Promise<CallEnd> {
  const held = await takeAfterCopy(run, call, known)
  return held ?? send(run, call, { known, inDoubt: false, note: 'It had not left.' })
}

/** One more time that a write is about to leave. */
interface Try {
  /** What is on record of it; undefined for the first one. */
  known: Step | undefined
  /** An earlier try may have done it. */
  inDoubt: boolean
  /** Why it may go out again. */
  note: string
  /** Nothing was done until now, as somebody has found out: it is put on record first. */
  notDone?: boolean
}

/** The only way out. */
async function send(run: ActiveRun, call: Call, attempt: Try): Promise<CallEnd> {
  const { known } = attempt
  const evidence = known === undefined ? await prepareTool(run, call) : known.evidence
  if (evidence instanceof ToolFailed) return recordFailure(run, call, evidence.failure)
  const { store, fault } = run.context
  fault('write.before-intent')
  const end = await store.write(tx => permitIn(run, tx, call, { ...attempt, evidence }), {
    durable: true,
  })
  fault(known === undefined ? 'write.after-intent' : 'write.after-again')
  if (end?.is === 'waiting' && end.kind === 'approval') fault('approval.after-ask')
  if (end !== null) return end
  return issue(run, call, { evidence, inDoubt: attempt.inDoubt })
}

/** Judges the write and records that it leaves; null when it may, otherwise what it waits for or how it ended. */
function permitIn(run: ActiveRun, tx: Tx, call: Call, attempt: Try & { evidence: Json }): CallEnd | null {
  const { known, inDoubt } = attempt
  if (attempt.notDone === true) markUnsent(run, tx, call, attempt.note)
  if (!run.mayIssue()) {
    holdBackIn(run, tx, call)
    return { is: 'waiting', kind: 'fix' }
  }
  const decision = judge(run, call, tx)
  logDecision(run, tx, call, decision)
  if (decision.verdict === 'defer') return holdFor(run, tx, call, decision)
  // Neither a no nor an approval can tell whether it was done: that comes first.
  if (decision.verdict !== 'allow' && inDoubt) return askIn(run, tx, call, decision.reason)
  if (decision.verdict === 'ask') return holdFor(run, tx, call, decision)
  if (decision.verdict === 'deny') {
    const record = known === undefined ? recordCallIn : recordEndIn
    record(run, tx, call, denied(call, decision))
    return { is: 'delivered' }
  }
  useApproval(run, tx, call)
  // How often it was tried already counts until it has an outcome; an answer is used once.
  if (waitOf(tx, call.step.stepId)?.kind !== 'retry') endWait(tx, call.step.stepId)
  recordTry(run, tx, call, attempt)
  return null
}

function recordTry(
  run: ActiveRun,
  tx: Tx,
  call: Call,
  { known, note, evidence }: Try & { evidence: Json },
): void {
  const at = run.context.clock.now()
  if (known !== undefined) {
    run.journal.mark(tx, call.step, 'again', { note, begunAt: known.begunAt, at })
    return
  }
  const actions = call.tool.touches(call.args).actions ?? 1
  run.journal.begin(tx, call.step, { args: call.args, evidence, actions, at })
}

/** The write itself; its intent is on the disk. A write is never aborted: what it did would be unknown. */
async function issue(
  run: ActiveRun,
  call: Call,
  attempt: { evidence: Json; inDoubt: boolean },
): Promise<CallEnd> {
  const work = runTool(run, call, attempt.evidence, new AbortController().signal)
  const outcome = await withinTime(work, timeoutOf(call))
  run.context.fault('write.after-remote')
  if (outcome === 'late') {
    work
      .then(late => acceptLate(run, call, late))
      .catch((error: unknown) => {
        logStopped(run, error)
      })
    return becomeUnknown(run, call, lateness(call))
  }
  if (outcome instanceof ToolFailed) return afterFailure(run, call, attempt.inDoubt, outcome.failure)
  return conclude(run, call, outcome)
}

function lateness(call: Call): Failure {
  const afterMs = timeoutOf(call)
  const message = `${call.tool.title} did not answer within ${String(afterMs / 1000)} s.`
  return { kind: 'timeout', afterMs, message }
}

async function conclude(run: ActiveRun, call: Call, outcome: Outcome): Promise<CallEnd> {
  await run.context.store.write(tx => {
    recordEndIn(run, tx, call, outcome)
    closeQuestion(run, tx, call)
  })
  run.context.fault('write.after-outcome')
  return { is: 'delivered' }
}

/** Sorts a failed write by what is certain of it. What fails a repeat says nothing about the try before it (J4). */
function afterFailure(run: ActiveRun, call: Call, inDoubt: boolean, failure: Failure): Promise<CallEnd> {
  const meaning = meaningOf(failure)
  if (inDoubt && meaning !== 'refused') return becomeUnknown(run, call, failure)
  if (inDoubt && idempotencyOf(run, call) !== 'natural') return ask(run, call, failure.message)
  switch (meaning) {
    case 'not-sent':
    case 'fixable':
      return notSent(run, call, failure)
    case 'refused':
      return recordFailure(run, call, failure)
    case 'doubt':
      return becomeUnknown(run, call, failure)
  }
}

/** Nothing was done: the same write may be issued again, when what failed it is over. */
async function notSent(run: ActiveRun, call: Call, failure: Failure): Promise<CallEnd> {
  await run.context.store.write(tx => {
    markUnsent(run, tx, call, failure.message)
  })
  run.context.fault('write.after-unsent')
  return recordFailure(run, call, failure)
}

/** It may have been done. Where twice is once it is tried again, later and later; elsewhere somebody has to tell. */
async function becomeUnknown(run: ActiveRun, call: Call, failure: Failure): Promise<CallEnd> {
  await markUnknown(run, call, failure.message)
  const until = repeatableUntil(run, call)
  if (until <= run.context.clock.now()) return settle(run, call, failure.message)
  return recordFailure(run, call, passing(failure, call.tool.name), until)
}

/** Finds out what became of a write whose end nobody saw (J4). */
async function settle(run: ActiveRun, call: Call, note?: string): Promise<CallEnd> {
  const { fault, clock } = run.context
  const known = run.journal.find(call.step.stepId)
  fault('write.before-reconcile')
  if (repeatableUntil(run, call) > clock.now())
    return send(run, call, { known, inDoubt: true, note: 'Doing it twice is doing it once.' })
  const found = await look(run, call, known?.evidence ?? null)
  fault('write.after-reconcile')
  if (found instanceof ToolFailed) {
    const later = await recordFailure(run, call, found.failure)
    return later.is === 'failed' ? ask(run, call, note ?? found.failure.message) : later
  }
  switch (found.is) {
    case 'applied':
      return conclude(run, call, { ok: true, value: found.result })
    case 'unknown':
      return ask(run, call, note ?? found.evidence)
    case 'not-applied':
      return sendWhenSettled(run, call, known)
  }
}

/** The outside may still be at it: that it was not done is believed only after a while. */
async function sendWhenSettled(run: ActiveRun, call: Call, known: Step | undefined): Promise<CallEnd> {
  const { clock, store } = run.context
  const settledAt = (known?.begunAt ?? call.begunAt) + (call.tool.settleMs ?? 0)
  if (settledAt <= clock.now())
    return send(run, call, { known, inDoubt: false, note: 'It had not been applied.', notDone: true })
  const { stepId } = call.step
  const wait = { stepId, runId: run.row.id, itemId: call.scope.itemId, name: 'settling', at: clock.now() }
  await store.write(tx => {
    putWait(tx, { ...wait, kind: 'retry', wakeAt: settledAt })
  })
  return { is: 'waiting', kind: 'retry' }
}

/** A tool that can tell looks at the outside. */
async function look(run: ActiveRun, call: Call, evidence: Json): Promise<Reconciled<Json> | ToolFailed> {
  if (call.tool.reconcile === undefined || idempotencyOf(run, call) !== 'reconcile')
    return { is: 'unknown', evidence: unseen(call) }
  try {
    return await call.tool.reconcile(call.args, contextFor(run, call, evidence, run.abort))
  } catch (error) {
    return new ToolFailed(failureOf(error))
  }
}

function unseen(call: Call): string {
  return `${call.tool.title} was started and its end was not seen.`
}

function ask(run: ActiveRun, call: Call, evidence: string): Promise<CallEnd> {
  return run.context.store.write(tx => {
    if (run.journal.find(call.step.stepId)?.state !== 'unknown') markUnknownIn(run, tx, call, evidence)
    return askIn(run, tx, call, evidence)
  })
}

/** What the person said about an unknown write. */
async function afterAnswer(run: ActiveRun, call: Call, answer: Json): Promise<CallEnd> {
  const known = run.journal.find(call.step.stepId)
  if (answer === 'it-went-out') return conclude(run, call, { ok: true, value: assumed(call) })
  if (answer === 'it-did-not') {
    const note = 'A person said it did not go out.'
    return send(run, call, { known, inDoubt: false, note, notDone: known !== undefined })
  }
  if (isJsonObject(answer) && answer['late'] !== undefined)
    return conclude(run, call, { ok: true, value: answer['late'] })
  if (answer === 'skip') return { is: 'declined', reason: 'A person chose to leave it as it was.' }
  return settle(run, call)
}

/** An answer that came after the write was given up: it is evidence, unless a person has already decided. */
async function acceptLate(run: ActiveRun, call: Call, outcome: Outcome | ToolFailed): Promise<void> {
  if (outcome instanceof ToolFailed || !outcome.ok) return
  const wait = waitOf(run.context.store, call.step.stepId)
  // Nobody waits any more (the run was cancelled), but a person is still asked: this is the answer.
  if (wait === undefined && isAsked(run, call)) {
    await conclude(run, call, outcome)
    return
  }
  if (wait?.kind !== 'unknown' || detailOf(wait).over) return
  await run.context.answer(wait, { late: outcome.value }, tx => {
    closeQuestion(run, tx, call)
  })
}

function logStopped(run: ActiveRun, error: unknown): void {
  run.context.log('error', 'a late answer could not be kept', { run: run.row.id, error })
}

function markUnknown(run: ActiveRun, call: Call, note: string): Promise<void> {
  return run.context.store.write(tx => {
    markUnknownIn(run, tx, call, note)
  })
}

function markUnknownIn(run: ActiveRun, tx: Tx, call: Call, note: string): void {
  run.journal.mark(tx, call.step, 'unknown', { note, begunAt: call.begunAt, at: run.context.clock.now() })
}

/** Nothing was done, so what was approved is still to be done: the approval holds until it expires. */
function markUnsent(run: ActiveRun, tx: Tx, call: Call, note: string): void {
  const at = run.context.clock.now()
  run.journal.mark(tx, call.step, 'unsent', { note, begunAt: call.begunAt, at })
  returnApproval(run, tx, call)
}
