/**
 * Takes one step back: policy decides, the intent is on the disk, the tool's inverse looks whether the world is still
 * as the step left it, and what came of it is recorded (P1, J1). What was begun and not recorded is begun again: an
 * inverse finishes what was interrupted.
 */
import type { Contract } from '../../../domain/contract.ts'
import { failureOf } from '../../../domain/failure.ts'
import type { Failure } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import { decide } from '../../../domain/policy.ts'
import type { Decision } from '../../../domain/policy.ts'
import type { LocalChange, ToolContext, ToolDeclaration } from '../../../domain/tool.ts'
import { itemById } from '../../store/items.ts'
import { stepsOfItem, stepsOfRun } from '../../store/journal.ts'
import type { Step } from '../../store/journal.ts'
import { wholeStep } from '../../store/list-steps.ts'
import { policyInForce } from '../../store/policies.ts'
import { runById } from '../../store/runs.ts'
import type { RunRow } from '../../store/runs.ts'
import type { Tx } from '../../store/tx.ts'
import { moveUndoStep } from '../../store/undos.ts'
import type { UndoRow, UndoStepRow, UndoStepState } from '../../store/undos.ts'
import { contractOf, workflowById } from '../../store/workflows.ts'
import type { EngineContext } from '../context.ts'
import { dropWithAftermath } from '../drop-steps.ts'
import { boundsFor, policyInput, riskOf } from '../judged.ts'
import { ANYWHERE } from '../provenance.ts'
import { DEFAULT_TIMEOUT_MS } from '../run/call.ts'
import { commitChange } from '../run/local-changes.ts'
import { withinTime } from '../run/run-tool.ts'
import { Scope, localView } from '../run/scope.ts'
import { wayBack } from './effects.ts'

interface Undone {
  readonly undo: UndoRow
  readonly row: UndoStepRow
  readonly run: RunRow
  readonly contract: Contract
  readonly step: Step
  readonly tool: ToolDeclaration
  readonly output: Json
}

interface End {
  state: Extract<UndoStepState, 'undone' | 'refused' | 'unclear'>
  reason: string | null
}

const UNDONE: End = { state: 'undone', reason: null }

export async function undoStep(context: EngineContext, undo: UndoRow, row: UndoStepRow): Promise<void> {
  const { store, fault } = context
  const found = find(context, undo, row)
  if ('reason' in found) return record(context, undo, row, found)
  fault('undo.before-intent')
  const refusal = await store.write(tx => intendIn(context, tx, found), { durable: true })
  fault('undo.after-intent')
  if (refusal !== null) return
  const changes: LocalChange[] = []
  const end = await attempt(context, found, changes)
  fault('undo.after-remote')
  await store.write(tx => {
    const at = context.clock.now()
    const author = { context, row: found.run, sources: () => [ANYWHERE] }
    if (end.state === 'undone') {
      for (const change of changes) commitChange(author, tx, change, at)
      if (mayBeGoneOn(tx, found)) issueAnew(context, tx, found)
    }
    recordIn(context, tx, undo, row, end)
  })
  fault('undo.after-outcome')
}

function find(context: EngineContext, undo: UndoRow, row: UndoStepRow): Undone | End {
  const { store, tools } = context
  const step = wholeStep(store, row.step_id)
  const run = runById(store, undo.run_id)
  const tool = step === undefined ? undefined : tools.get(step.tool)
  if (step === undefined || run === undefined)
    return { state: 'refused', reason: 'What it did is no longer recorded.' }
  const way = wayBack(step, tool)
  if (tool === undefined || step.outcome?.ok !== true || way.is !== 'yes')
    return { state: 'refused', reason: way.is === 'no' ? way.because : 'There is nothing to take back.' }
  const contract = strictest(contractOf(store, run.intent_id), currentContract(context, run))
  return { undo, row, run, contract, step, tool, output: step.outcome.value }
}

function currentContract({ store }: EngineContext, run: RunRow): Contract | null {
  const intentId = workflowById(store, run.workflow_id)?.intent_id ?? null
  return intentId === null ? null : contractOf(store, intentId)
}

/**
 * What allowed the step allows its inverse, within what must never be touched by now. Limits and time windows are for
 * what an automation does of itself, and a person asked for this.
 */
function strictest(contract: Contract, current: Contract | null): Contract {
  const never = current?.never ?? contract.never
  return {
    ...contract,
    windows: [],
    flows: [],
    never: {
      hosts: [...contract.never.hosts, ...never.hosts],
      paths: [...contract.never.paths, ...never.paths],
      recipients: [...contract.never.recipients, ...never.recipients],
      tools: [...contract.never.tools, ...never.tools],
    },
  }
}

/** Judges, and records the intent; what refuses it is recorded and returned. */
function intendIn(context: EngineContext, tx: Tx, undone: Undone): End | null {
  const { undo, row, step } = undone
  const at = context.clock.now()
  const decision = judge(context, tx, undone)
  const { verdict, clause } = decision
  context.store.audit.append(tx, at, {
    kind: 'decision',
    workflowId: undo.workflow_id,
    runId: undo.run_id,
    body: { undo: undo.id, step: step.stepId, tool: step.tool, verdict, clause },
  })
  // What the policy would ask about or put off, a person has asked for now.
  if (decision.verdict !== 'deny') {
    moveUndoStep(context.store, tx, row, { state: 'begun', reason: null, at })
    return null
  }
  const end: End = { state: 'refused', reason: decision.reason }
  recordIn(context, tx, undo, row, end)
  return end
}

/** The call that is taken back, as policy judges it: its inverse touches the same. */
function callOf({ tool, step }: Undone) {
  const { args, effect, owner } = step
  return { tool, args, effect, risk: riskOf(tool, args), scope: { owner, parent: null } }
}

function judge(context: EngineContext, tx: Tx, undone: Undone): Decision {
  return decide(
    policyInput(callOf(undone), {
      tools: context.tools,
      contract: undone.contract,
      policy: policyInForce(tx),
      phase: 'run',
      now: context.clock.now(),
      used: { calls: 0, actions: 0, since: () => 0, cost: { run: () => 0, since: () => 0 } },
      reads: () => [],
      scopeOf: () => undefined,
      carried: () => [],
      // Whoever asked for it has approved it.
      approved: true,
      granted: () => true,
    }),
  )
}

async function attempt(context: EngineContext, undone: Undone, changes: LocalChange[]): Promise<End> {
  const { tool, step, output } = undone
  const limit = tool.timeoutMs
  const timeoutMs = (typeof limit === 'function' ? limit(step.args) : limit) ?? DEFAULT_TIMEOUT_MS
  try {
    const work = tool.undo?.(step.args, output, toolContext(context, undone, changes)) ?? Promise.resolve()
    const ended = await withinTime(
      work.then(() => 'in-time' as const),
      timeoutMs,
    )
    if (ended === 'in-time') return UNDONE
    const seconds = String(timeoutMs / 1000)
    return { state: 'unclear', reason: `It was not taken back within ${seconds} s, and may be yet.` }
  } catch (error) {
    logBug(context, undone, error)
    return endOf(failureOf(error))
  }
}

function endOf(failure: Failure): End {
  const unseen: Failure['kind'][] = ['outcome-unknown', 'timeout', 'internal', 'unknown']
  return { state: unseen.includes(failure.kind) ? 'unclear' : 'refused', reason: failure.message }
}

function logBug(context: EngineContext, { step, undo }: Undone, error: unknown): void {
  if (failureOf(error).kind !== 'internal') return
  const { stepId, tool } = step
  context.log('error', 'an inverse failed unexpectedly', { id: undo.id, step: stepId, tool, error })
}

function toolContext(context: EngineContext, undone: Undone, changes: LocalChange[]): ToolContext {
  const { store, clock } = context
  const { run, step, contract, undo } = undone
  return {
    workflowId: run.workflow_id,
    runId: run.id,
    stepId: step.stepId,
    idempotencyKey: `stw_${undo.id}_${step.stepId}`,
    ...boundsFor(contract, policyInForce(store), callOf(undone)),
    now: () => clock.now(),
    signal: new AbortController().signal,
    local: localView(store, run.workflow_id, new Scope('', run.id, null, null)),
    stage: change => {
      changes.push(change)
    },
    begunAt: step.begunAt,
    evidence: step.evidence,
  }
}

/** Its scope has not succeeded, so a retry or a later run may ask for the step again. */
function mayBeGoneOn(tx: Tx, { step, run }: Undone): boolean {
  if (step.effect !== 'write') return false
  if (step.owner === run.id) return run.state === 'failed'
  const state = itemById(tx, step.owner)?.state
  return state === 'open' || state === 'waiting' || state === 'aside'
}

/** Whoever goes on with that scope does what was taken back anew, and looks again at what came after it. */
function issueAnew(context: EngineContext, tx: Tx, { step, run }: Undone): void {
  const { store } = context
  const item = itemById(tx, step.owner)
  const owner = item === undefined ? run : (runById(tx, item.run_id) ?? run)
  const among =
    item === undefined
      ? stepsOfRun(store, run.id)
      : stepsOfItem(store, item.id, owner.id, Number.MAX_SAFE_INTEGER)
  dropWithAftermath(context, tx, { run: owner, step, among, note: 'A person had it undone.' })
}

function record(context: EngineContext, undo: UndoRow, row: UndoStepRow, end: End): Promise<void> {
  return context.store.write(tx => {
    recordIn(context, tx, undo, row, end)
  })
}

export function recordIn(context: EngineContext, tx: Tx, undo: UndoRow, row: UndoStepRow, end: End): void {
  const at = context.clock.now()
  moveUndoStep(context.store, tx, row, { ...end, at })
  context.store.audit.append(tx, at, {
    kind: 'undo-step',
    workflowId: undo.workflow_id,
    runId: undo.run_id,
    body: { undo: undo.id, step: row.step_id, state: end.state },
  })
}
