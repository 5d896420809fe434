/**
 * Takes one call from the script to its end: waits, local steps and reads here; writes in `write-call.ts`.
 * Owns the order policy → tool → journal → script. Owns no state: all of it is the run's.
 */
import type { Decision } from '../../../domain/policy.ts'
import type { Outcome } from '../../../domain/tool.ts'
import { approvalOf, decideApproval, settleAction } from '../../store/actions.ts'
import { validateInput } from '../../tools/validate.ts'
import { settleBill } from '../asking.ts'
import { thrown, timeoutOf } from './call.ts'
import type { ActiveRun, Call, CallEnd } from './call.ts'
import { holdFor, judge, logDecision } from './permit.ts'
import { recordAhead, recordCall, recordCallIn, recordFailure, waitFor } from './record.ts'
import { ToolFailed, denied, prepareTool, runTool } from './run-tool.ts'
import { takeWait } from './wait-call.ts'
import { takeWrite } from './write-call.ts'

export async function takeCall(run: ActiveRun, call: Call): Promise<CallEnd> {
  const checked = validateInput(call.tool, call.args)
  if (!checked.ok) return recordCall(run, call, thrown({ ...checked.failure, step: call.step.stepId }))
  const wait = waitFor(run, call)
  if (call.tool.wait !== undefined) return wait === undefined ? takeNewWait(run, call) : takeWait(run, call)
  if (wait !== undefined && !wait.over) return { is: 'waiting', kind: wait.row.kind }
  const declined = wait?.row.kind === 'approval' ? await refusedApproval(run, call) : undefined
  if (declined !== undefined) return declined
  return takeByEffect(run, call)
}

function takeByEffect(run: ActiveRun, call: Call): Promise<CallEnd> {
  switch (call.effect) {
    case 'local':
      return takeLocal(run, call)
    case 'read':
      return takeRead(run, call)
    case 'model':
      return run.purse.hold(() => takeRead(run, call))
    case 'write':
      return takeWrite(run, call)
  }
}

/** Nobody answered in time, which is a rejection (P4). */
async function expireApproval(run: ActiveRun, call: Call, actionId: string): Promise<CallEnd> {
  const { store, clock } = run.context
  await store.write(tx => {
    decideApproval(tx, call.step.stepId, 'expired', clock.now())
    settleAction(tx, actionId, { state: 'closed', choice: null, at: clock.now() })
    store.audit.append(tx, clock.now(), {
      kind: 'expired',
      workflowId: run.row.workflow_id,
      runId: run.row.id,
      body: { action: actionId, step: call.step.stepId, tool: call.tool.name },
    })
  })
  return { is: 'declined', reason: 'Nobody answered before it expired.' }
}

/** A wait is judged once, when it begins. */
async function takeNewWait(run: ActiveRun, call: Call): Promise<CallEnd> {
  const { store } = run.context
  const decision = judge(run, call, store)
  if (decision.verdict !== 'allow') return withhold(run, call, decision)
  await store.write(tx => {
    logDecision(run, tx, call, decision)
  })
  return takeWait(run, call)
}

async function takeLocal(run: ActiveRun, call: Call): Promise<CallEnd> {
  const { store, fault } = run.context
  const decision = judge(run, call, store)
  if (decision.verdict !== 'allow') return withhold(run, call, decision)
  const logged = logBeside(run, call, decision)
  const outcome = await runLocal(run, call)
  fault('local.before-outcome')
  const recorded =
    outcome instanceof ToolFailed
      ? recordFailure(run, call, outcome.failure)
      : recordAhead(run, call, outcome)
  const [end] = await Promise.all([recorded, logged])
  fault('local.after-outcome')
  return end
}

/** What undoing will need of the time before is noted first, and recorded with the step. */
async function runLocal(run: ActiveRun, call: Call): Promise<Outcome | ToolFailed> {
  if (call.tool.prepare === undefined) return runTool(run, call, null, run.abort)
  const noted = await prepareTool(run, call)
  if (noted instanceof ToolFailed) return noted
  call.evidence = noted
  return runTool(run, call, noted, run.abort)
}

async function takeRead(run: ActiveRun, call: Call): Promise<CallEnd> {
  const { store, fault } = run.context
  const decision = judge(run, call, store)
  if (decision.verdict !== 'allow') return withhold(run, call, decision)
  const logged = logBeside(run, call, decision)
  const kind = call.effect === 'model' ? 'model' : 'read'
  fault(`${kind}.before-call`)
  const outcome = await runTool(run, call, null, deadline(run, call))
  fault(`${kind}.after-call`)
  const [end] = await Promise.all([recordRead(run, call, outcome), logged])
  fault(`${kind}.after-outcome`)
  return end
}

/** What a model said has cost money: it is on record before anyone builds on it (J2). */
async function recordRead(run: ActiveRun, call: Call, outcome: Outcome | ToolFailed): Promise<CallEnd> {
  if (outcome instanceof ToolFailed) {
    // It was paid for whatever is made of the failure.
    if (call.bill.entries.length > 0)
      await run.context.store.write(tx => {
        settleBill(tx, call.bill)
      })
    return recordFailure(run, call, outcome.failure)
  }
  return call.effect === 'model' ? recordCall(run, call, outcome) : recordAhead(run, call, outcome)
}

/** Logs a permitted call that changes nothing outside while it is at work: with its outcome, or shortly after. */
function logBeside(run: ActiveRun, call: Call, decision: Decision): Promise<void> {
  const logged = run.context.store.write(
    tx => {
      logDecision(run, tx, call, decision)
    },
    { idle: true },
  )
  // It may fail long before the call has ended and is looked at with it: until then nobody else hears of that.
  logged.catch(() => undefined)
  return logged
}

/** Records a decision other than `allow`, and what follows from it. */
async function withhold(
  run: ActiveRun,
  call: Call,
  decision: Exclude<ReturnType<typeof judge>, { verdict: 'allow' }>,
): Promise<CallEnd> {
  const end = await run.context.store.write<CallEnd>(
    tx => {
      logDecision(run, tx, call, decision)
      if (decision.verdict !== 'deny') return holdFor(run, tx, call, decision)
      recordCallIn(run, tx, call, denied(call, decision))
      return { is: 'delivered' }
    },
    { durable: decision.verdict === 'ask' },
  )
  if (end.is === 'waiting' && end.kind === 'approval') run.context.fault('approval.after-ask')
  return end
}

/** The end of a scope whose approval was refused or ran out; undefined where it was granted. */
async function refusedApproval(run: ActiveRun, call: Call): Promise<CallEnd | undefined> {
  const { store, clock } = run.context
  const approval = approvalOf(store, call.step.stepId)
  if (approval?.state === 'rejected') return { is: 'declined', reason: 'It was denied.' }
  if (approval?.state !== 'pending' || approval.expires_at > clock.now()) return undefined
  return expireApproval(run, call, approval.action_id)
}

/** Ends reads on cancel, and when they take longer than their tool allows. */
function deadline(run: ActiveRun, call: Call): AbortSignal {
  return AbortSignal.any([run.abort, AbortSignal.timeout(timeoutOf(call))])
}
