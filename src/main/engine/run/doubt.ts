/**
 * *Did this go out?* The question about a write whose end nobody saw, when neither looking nor repeating it may settle
 * that (J4). One for each step; it outlives the run, and nothing closes it but an answer.
 */
import { draftAction } from '../../../domain/action-draft.ts'
import type { Json } from '../../../domain/json.ts'
import { openActionFor, raiseAction, settleAction } from '../../store/actions.ts'
import type { RunRow } from '../../store/runs.ts'
import type { Tx } from '../../store/tx.ts'
import { putWait } from '../../store/waits.ts'
import type { WaitRow } from '../../store/waits.ts'
import type { EngineContext } from '../context.ts'
import type { ActiveRun, Call, CallEnd } from './call.ts'
import type { RunJournal } from './run-journal.ts'

/** Asks, and has the step wait for the answer. */
export function askIn(run: ActiveRun, tx: Tx, call: Call, evidence: string): CallEnd {
  const { stepId } = call.step
  const itemId = call.scope.itemId
  const actionId = raise(run.context, tx, run.row, {
    stepId,
    itemId,
    tool: call.tool.name,
    args: call.args,
    evidence,
  })
  putWait(tx, {
    stepId,
    runId: run.row.id,
    itemId,
    kind: 'unknown',
    name: call.tool.name,
    wakeAt: null,
    actionId,
    at: run.context.clock.now(),
  })
  return { is: 'waiting', kind: 'unknown' }
}

/** Nobody will go on with these waits: what is in doubt among their steps is asked about. */
export function askOfEnded(
  context: EngineContext,
  tx: Tx,
  run: RunRow,
  waits: readonly WaitRow[],
  journal: Pick<RunJournal, 'find'>,
): void {
  for (const wait of waits) {
    const step = journal.find(wait.step_id)
    if (wait.kind === 'unknown' || (step?.state !== 'begun' && step?.state !== 'unknown')) continue
    const { stepId, tool, args } = step
    raise(context, tx, run, {
      stepId,
      itemId: wait.item_id,
      tool,
      args,
      evidence: 'It was started, and the run ended before anyone saw whether it was done.',
    })
  }
}

/** What the script sees of a write that a person says was done: there is no answer to show. */
export function assumed(call: Call): Json {
  return call.tool.assume === undefined ? null : call.tool.assume(call.args)
}

export function isAsked(run: ActiveRun, call: Call): boolean {
  return openActionFor(run.context.store, keyOf(call.step.stepId)) !== undefined
}

export function closeQuestion(run: ActiveRun, tx: Tx, call: Call): void {
  const question = openActionFor(tx, keyOf(call.step.stepId))
  if (question !== undefined)
    settleAction(tx, question.id, { state: 'closed', choice: null, at: run.context.clock.now() })
}

interface Doubt {
  stepId: string
  itemId: string | null
  tool: string
  args: Json
  evidence: string
}

function raise({ store, tools, clock }: EngineContext, tx: Tx, run: RunRow, doubt: Doubt): string {
  const { stepId, itemId, tool, args, evidence } = doubt
  const { cause, effect, choices } = draftAction(
    { kind: 'outcome-unknown', tool, step: stepId, message: evidence },
    { tries: 1 },
  )
  const sentence = tools.get(tool)?.describe(args, undefined) ?? tool
  return raiseAction(store, tx, {
    kind: 'outcome-unknown',
    causeKey: keyOf(stepId),
    workflowId: run.workflow_id,
    runId: run.id,
    itemId,
    stepId,
    choices,
    body: { cause, effect, detail: `${sentence}\n${evidence}` },
    expiresAt: null,
    at: clock.now(),
  })
}

function keyOf(stepId: string): string {
  return `outcome-unknown:${stepId}`
}
