/** One call of a script on its way through policy, journal and tool; and the ways it can leave the engine's hands. */
import type { Contract } from '../../../domain/contract.ts'
import type { Failure } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import type {
  Effect,
  LocalChange,
  Outcome,
  Risk,
  ToolContext,
  ToolDeclaration,
} from '../../../domain/tool.ts'
import type { GuestCall, RecordedStep } from '../../../sandbox/protocol.ts'
import type { WaitKind } from '../../store/waits.ts'
import type { RunRow } from '../../store/runs.ts'
import { policyInForce } from '../../store/policies.ts'
import type { Store } from '../../store/store.ts'
import { contractOf, workflowById } from '../../store/workflows.ts'
import { askerFor, contractCaps } from '../asking.ts'
import type { Asking, Bill } from '../asking.ts'
import type { EngineContext } from '../context.ts'
import { drawerFor, pictureFinder } from '../drawing.ts'
import { boundsFor } from '../judged.ts'
import type { Purse } from './purse.ts'
import type { RunJournal, StepName } from './run-journal.ts'
import { localView } from './scope.ts'
import type { Scope } from './scope.ts'

export interface Call {
  readonly guest: GuestCall
  readonly scope: Scope
  readonly tool: ToolDeclaration
  readonly step: StepName
  readonly args: Json
  readonly effect: Effect
  readonly risk: Risk
  /** When this run first issued it (UTC ms). */
  readonly begunAt: number
  /** What it stages of local state, until its outcome is recorded. */
  readonly changes: LocalChange[]
  /** What its tool noted before a local change, recorded with its outcome. */
  evidence: Json
  /** What asking models for it cost. */
  readonly bill: Bill
}

export type CallEnd =
  /** Recorded and handed to the script. */
  | { is: 'delivered' }
  /** Its wait is on record; nothing is held in memory for it (J6). */
  | { is: 'waiting'; kind: WaitKind }
  /** A person said no: the scope ends without failure (P4). */
  | { is: 'declined'; reason: string }
  /** Nothing the script may see or catch (J9): its scope fails. */
  | { is: 'failed'; failure: Failure }

/** What the parts that handle calls share about the run they work for. */
export interface ActiveRun {
  readonly context: EngineContext
  readonly row: RunRow
  readonly contract: Contract
  /** What caused the run, the same in every copy of the folder: its event's dedupe key. */
  readonly origin: string
  readonly journal: RunJournal
  /** Aborts reads on cancel, and when the run has failed; writes in flight are waited for (R7). */
  readonly abort: AbortSignal
  readonly phase: 'run' | 'verify'
  /** Of all its calls that ask models. */
  readonly purse: Purse
  /** Made so far, in this life of the run. */
  readonly calls: number
  /** The run's own scope, or that of an item it has gone through. */
  scopeOf(owner: string): Scope | undefined
  /** False from a pause, a cancel or an end on: nothing new leaves (R7). */
  mayIssue(): boolean
  /** Called in commit order, inside the commit: the script sees completions in the order of their turns (J3). */
  deliver(call: Call, outcome: Outcome, at: number, inherits?: RecordedStep[]): void
  /** As `deliver`, for an outcome whose record is on its way. */
  deliverAhead(call: Call, outcome: Outcome, at: number): void
}

export function thrown(failure: Failure): Outcome {
  return { ok: false, error: { code: failure.kind, message: failure.message, failure } }
}

export function contextFor(run: ActiveRun, call: Call, evidence: Json, signal: AbortSignal): ToolContext {
  const { store, clock } = run.context
  return {
    workflowId: run.row.workflow_id,
    runId: run.row.id,
    stepId: call.step.stepId,
    idempotencyKey: run.journal.idempotencyKey(call.step, run.origin),
    ...boundsFor(run.contract, policyInForce(store), call),
    now: () => clock.now(),
    signal,
    local: localView(store, run.row.workflow_id, call.scope),
    stage: change => {
      call.changes.push(change)
    },
    begunAt: run.journal.find(call.step.stepId)?.begunAt ?? call.begunAt,
    evidence,
    picture: pictureFinder(run.context, run.row.workflow_id),
    ...(call.effect === 'model' ? modelsFor(run, call, signal) : {}),
  }
}

function modelsFor(
  { context, row, contract, purse }: ActiveRun,
  call: Call,
  signal: AbortSignal,
): Required<Pick<ToolContext, 'ask' | 'draw'>> {
  const run = { runId: row.id, workflowId: row.workflow_id }
  const asking: Asking = {
    context,
    of: { purpose: 'run', ...run, taskId: null, stepId: call.step.stepId, tool: call.tool.name },
    caps: contractCaps(
      { ...contract, budget: budgetNow(context.store, row, contract) },
      run,
      context.clock.now(),
    ),
    bill: call.bill,
    settles: 'caller',
    signal,
  }
  const ask = askerFor(asking)
  const draw = drawerFor(asking, row.workflow_id)
  return {
    ask: question => purse.ask(() => ask(question), signal),
    draw: (wish, examine) => purse.ask(() => draw(wish, examine), signal),
  }
}

/** A run keeps its contract, but for what its person has let models cost since: who is told to raise that, can (P3). */
function budgetNow(store: Store, { workflow_id: id }: RunRow, { budget }: Contract): Contract['budget'] {
  const live = workflowById(store, id)?.intent_id ?? null
  if (live === null) return budget
  const { costPerRunMicros, costPerDayMicros } = contractOf(store, live).budget
  return {
    ...budget,
    costPerRunMicros: Math.max(budget.costPerRunMicros, costPerRunMicros),
    costPerDayMicros: Math.max(budget.costPerDayMicros, costPerDayMicros),
  }
}

export const DEFAULT_TIMEOUT_MS = 60_000

export function timeoutOf(call: Call): number {
  const timeout = call.tool.timeoutMs
  return (typeof timeout === 'function' ? timeout(call.args) : timeout) ?? DEFAULT_TIMEOUT_MS
}
