/**
 * *Done when* (O1) where items of a run wait when its script has ended (J6): it is judged by what has ended, and again
 * as the others end, in the transaction in which they do. A run that has succeeded so far fails then, if it turns out
 * that what counts as done will not come, and succeeds after all if a person has put that right. What it had staged
 * is visible from its first end on, once.
 * Owns the verdict. Does not own the looks at the outside (`verify.ts`) or how a run comes to them (`executor.ts`).
 */
import type { Contract } from '../../../domain/contract.ts'
import type { Failure } from '../../../domain/failure.ts'
import { isCounted, missingOutcome, openChecks, someWait } from '../../../domain/outcome.ts'
import type { OutcomeFacts } from '../../../domain/outcome.ts'
import type { Json } from '../../../domain/json.ts'
import { openActionFor, settleAction } from '../../store/actions.ts'
import { acceptEvent } from '../../store/inbox.ts'
import { failedRunsSince, failureOfRun, openChecksOf, rejudgeRun, runById } from '../../store/runs.ts'
import type { RunRow } from '../../store/runs.ts'
import type { Reader, Tx } from '../../store/tx.ts'
import { contractOf, workflowById } from '../../store/workflows.ts'
import type { EngineContext } from '../context.ts'
import type { ActiveRun } from './call.ts'
import { failedCause, raiseFailed } from './failed-action.ts'
import { RunJournal } from './run-journal.ts'
import { itemCounts, NO_LOOKS } from './verify.ts'
import type { Looks } from './verify.ts'

/** As `item.continue`, an event the engine sends to itself: all items have ended, the outside is to be looked at. */
export const JUDGE_RUN = 'run.judge'

/** What is missing at the end of the script, and what is open until its items have ended. */
export function judgeOutcome(
  { contract, journal, row }: ActiveRun,
  reader: Reader,
  end: { value: Json; looks: Looks },
): { missing: Failure | null; open: number[] } {
  if (contract.done.length === 0) return { missing: null, open: [] }
  const items = itemCounts(reader, row.id)
  const facts: OutcomeFacts = { result: end.value, effects: journal.effects(), items, ...end.looks }
  return { missing: missingOutcome(contract.done, facts), open: openChecks(contract.done, facts) }
}

/** `looks` are null where nobody has looked at the outside since its items have ended. */
export interface LaterFacts {
  looks: Looks | null
  effects: () => OutcomeFacts['effects']
}

/** Items of a run that had ended have come to an end, or were taken up again. */
export function judgeLater(context: EngineContext, tx: Tx, runId: string, later: LaterFacts): void {
  const run = runById(tx, runId)
  if (run === undefined) return
  const open = openChecksOf(run)
  if (open === null) return clearMissing(context, tx, run.workflow_id)
  const failure = failureOfRun(context.store, run)
  // One that failed of something else when it was tried again is not made good by its items.
  if (failure !== null && failure.kind !== 'outcome-missing') return
  if (run.state !== (failure === null ? 'succeeded' : 'failed')) return
  const contract = contractOf(context.store, run.intent_id)
  const verdict = judgeOpen(contract, open, { ...factsLater(tx, run, later), looked: later.looks !== null })
  if (verdict.is === 'to-look') return askToLook(context, tx, run)
  record(context, tx, { row: run, contract, open, failure }, verdict)
}

interface Judged {
  row: RunRow
  contract: Contract
  open: readonly number[]
  /** What it was said to miss before. */
  failure: Missing | null
}

function record(context: EngineContext, tx: Tx, judged: Judged, verdict: Told): void {
  const { row, open, failure } = judged
  if (verdict.is === 'missing') {
    if (failure?.check !== verdict.failure.check) lose(context, tx, { ...judged, failure: verdict.failure })
  } else if (failure === null ? verdict.open.length < open.length : verdict.settles(failure))
    regain(context, tx, row, verdict.open)
}

function factsLater(tx: Tx, run: RunRow, { looks, effects }: LaterFacts): OutcomeFacts {
  const items = itemCounts(tx, run.id)
  // What is open now was taken up again, and has its turn to come.
  for (const each of Object.values(items)) each.waiting = each.total - each.done - each.aside - each.declined
  return { result: null, effects: effects(), items, ...(looks ?? NO_LOOKS) }
}

type Missing = NonNullable<ReturnType<typeof missingOutcome>>

type Told =
  | { is: 'missing'; failure: Missing }
  /** Nothing is missing so far. `settles`: what was missing before is not any more. */
  | { is: 'holding'; open: number[]; settles: (failure: Missing) => boolean }
type Verdict = Told | { is: 'to-look' }

function judgeOpen(
  contract: Contract,
  open: readonly number[],
  facts: OutcomeFacts & { looked: boolean },
): Verdict {
  const checks = open.flatMap(place => contract.done[place] ?? [])
  const missing = missingOutcome(
    checks.filter(({ kind }) => isCounted(kind)),
    facts,
  )
  if (missing !== null) return { is: 'missing', failure: missing }
  const counted = open.filter(place => isCounted(contract.done[place]?.kind ?? ''))
  if (someWait(facts))
    return {
      is: 'holding',
      open: [...open],
      settles: failure => isCounted(failure.check),
    }
  if (counted.length < open.length && !facts.looked) return { is: 'to-look' }
  const unseen = missingOutcome(checks, facts)
  if (unseen !== null) return { is: 'missing', failure: unseen }
  // What was seen right after the last item is not looked at again: later it is others' doing.
  return { is: 'holding', open: counted, settles: () => true }
}

/** The run is entered once more, to look at the outside; in its turn like any other event (R3). */
function askToLook({ store, clock, pump }: EngineContext, tx: Tx, run: RunRow): void {
  const state = workflowById(tx, run.workflow_id)?.state
  if (state !== 'active' && state !== 'paused') return
  acceptEvent(store, tx, {
    sourceType: 'run',
    sourceId: run.id,
    target: { type: 'workflow', id: run.workflow_id },
    type: JUDGE_RUN,
    dedupeKey: `judge:${run.id}:${String(run.attempt)}`,
    payload: { run: run.id },
    causes: [],
    at: clock.now(),
  })
  tx.afterCommit.push(pump)
}

function lose(context: EngineContext, tx: Tx, lost: Judged & { failure: Missing }): void {
  const at = context.clock.now()
  rejudgeRun(context.store, tx, lost.row, { failure: lost.failure, at, openChecks: lost.open })
  raiseFailed(context, tx, { ...lost, at })
  const { id: run, workflow_id: automation } = lost.row
  tx.afterCommit.push(() => {
    context.log('warn', 'a run failed when its items had ended', {
      automation,
      run,
      kind: lost.failure.kind,
    })
  })
}

function regain(context: EngineContext, tx: Tx, run: RunRow, open: readonly number[]): void {
  const at = run.ended_at ?? context.clock.now()
  rejudgeRun(context.store, tx, run, { failure: null, at, openChecks: open })
  clearMissing(context, tx, run.workflow_id)
}

/** Its action closes when no run that it stands for misses anything any more. */
function clearMissing(context: EngineContext, tx: Tx, workflowId: string): void {
  const cause = failedCause(workflowId, { kind: 'outcome-missing', check: '', message: '' })
  const action = openActionFor(tx, cause)
  if (action === undefined) return
  const failed = new Set([action.run_id ?? '', ...failedRunsSince(tx, workflowId, action.created_at)])
  if ([...failed].some(runId => stillMisses(context, tx, runId))) return
  settleAction(tx, action.id, { state: 'closed', choice: null, at: context.clock.now() })
}

/** A run that failed at its own end stays failed; what failed it may be put right all the same. */
function stillMisses(context: EngineContext, tx: Tx, runId: string): boolean {
  const run = runById(tx, runId)
  if (run?.state !== 'failed') return false
  const failure = failureOfRun(context.store, run)
  if (failure?.kind !== 'outcome-missing') return false
  if (run.open_checks !== null || !isCounted(failure.check)) return true
  const effects = () => new RunJournal(context, run).effects()
  const facts = factsLater(tx, run, { looks: null, effects })
  // What is under way may still fall short: that is known with its end.
  if (someWait(facts)) return true
  const checks = contractOf(context.store, run.intent_id).done.filter(({ kind }) => isCounted(kind))
  return missingOutcome(checks, facts) !== null
}
