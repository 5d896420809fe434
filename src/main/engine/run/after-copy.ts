/**
 * New writes in a copy of the folder (J11). What the original did after the copy was taken is not known here, and an
 * automation that catches up comes upon it as if it were new. So until its first complete run, each write that is not
 * known to have begun is held back, and one question stands for all of them that an automation came upon.
 */
import { visibleText } from '../../../domain/approval.ts'
import { actionById, bodyOfAction, raiseAction, rewordAction } from '../../store/actions.ts'
import { endReview, reviewAnswerFor, reviewOf } from '../../store/copy-reviews.ts'
import type { CopyReview, ReviewChoice } from '../../store/copy-reviews.ts'
import { eventById, waitingFor } from '../../store/inbox.ts'
import { itemById } from '../../store/items.ts'
import type { Step } from '../../store/journal.ts'
import type { Tx } from '../../store/tx.ts'
import { countWaitsOfAction, putWait } from '../../store/waits.ts'
import type { ActiveRun, Call, CallEnd } from './call.ts'
import { askIn, assumed } from './doubt.ts'
import { judge } from './permit.ts'
import { recordEndIn } from './record.ts'
import { idempotencyOf, keyWindowOf } from './write-repeats.ts'

/**
 * How a write that the original may have done is dealt with; null where it is an ordinary one. `known` is one that had
 * not left.
 */
export async function takeAfterCopy(
  run: ActiveRun,
  call: Call,
  known: Step | undefined,
): Promise<CallEnd | null> {
  const { store } = run.context
  const review = reviewOf(store, run.row.workflow_id)
  if (review === undefined || !isSuspect(run, call, review)) return null
  if (known !== undefined && known.at > review.copiedAt) return null
  // What may not leave anyway is nobody's question.
  if (!run.mayIssue() || judge(run, call, store).verdict === 'deny') return null
  return store.write(tx => {
    switch (choiceFor(run, tx, call)) {
      case 'do':
        return null
      case 'done':
        return countAsDone(run, tx, call, known)
      case 'each':
        return askIn(run, tx, call, SINCE)
      case undefined:
        return hold(run, tx, call)
    }
  })
}

/** The automation has caught up when a run is complete that an event after the copy led to. */
export function endReviewIn(run: ActiveRun, tx: Tx, at: number): void {
  const review = reviewOf(tx, run.row.workflow_id)
  if (review === undefined || review.overAt !== null) return
  const event = eventById(tx, run.row.inbox_id)
  // One that a person starts may look at anything; where it also starts by itself, that tells when it has caught up.
  const byPerson = event?.type === 'manual' && run.contract.when.some(({ kind }) => kind !== 'manual')
  if (event !== undefined && event.created_at > review.copiedAt && !byPerson)
    endReview(tx, run.row.workflow_id, at)
}

/** What is older than the end of the catching up is suspect for good; twice is once under the original's own key. */
function isSuspect(run: ActiveRun, call: Call, review: CopyReview): boolean {
  const idempotency = idempotencyOf(run, call)
  if (idempotency === 'natural') return false
  const since = sinceOf(run, call)
  if (review.overAt !== null && since > review.overAt) return false
  if (idempotency !== 'key' || since > review.copiedAt) return true
  return review.knownUntil + keyWindowOf(run, call) <= run.context.clock.now()
}

/** When what the write is for came up: its item, or what led to the run. */
function sinceOf({ context, row }: ActiveRun, { scope }: Call): number {
  const item = scope.itemId === null ? undefined : itemById(context.store, scope.itemId)
  return (item ?? eventById(context.store, row.inbox_id))?.created_at ?? row.created_at
}

/** What a person said of this run or item; of a run also while its event was waiting. */
function choiceFor(run: ActiveRun, tx: Tx, call: Call): ReviewChoice | undefined {
  const said = reviewAnswerFor(tx, call.scope.owner)
  if (said !== undefined || call.scope.itemId !== null) return said
  const since = sinceOf(run, call)
  return reviewOf(tx, run.row.workflow_id)?.answers.find(({ at }) => at >= since)?.choice
}

/** On record as done, though not from here: nothing leaves, and no quota is used. */
function countAsDone(run: ActiveRun, tx: Tx, call: Call, known: Step | undefined): CallEnd {
  const at = run.context.clock.now()
  if (known === undefined)
    run.journal.begin(tx, call.step, { args: call.args, evidence: null, actions: 0, at })
  run.journal.mark(tx, call.step, 'unknown', { note: `${SINCE} A person said it did.`, begunAt: at, at })
  recordEndIn(run, tx, call, { ok: true, value: assumed(call) })
  return { is: 'delivered' }
}

function hold(run: ActiveRun, tx: Tx, call: Call): CallEnd {
  const { store, clock } = run.context
  const itemId = call.scope.itemId
  const workflowId = run.row.workflow_id
  const at = clock.now()
  const actionId = raiseAction(store, tx, {
    kind: 'copied-writes',
    causeKey: `copied-writes:${workflowId}`,
    workflowId,
    runId: run.row.id,
    itemId,
    stepId: null,
    choices: CHOICES,
    body: { cause: '', effect: '' },
    expiresAt: null,
    at,
  })
  const { stepId } = call.step
  putWait(tx, { stepId, runId: run.row.id, itemId, kind: 'fix', name: 'copy', wakeAt: null, actionId, at })
  const known = actionById(tx, actionId)
  const before = known === undefined ? '' : (bodyOfAction(store, known).detail ?? '')
  rewordAction(store, tx, actionId, {
    cause: `${run.contract.title} came to ${plural(countWaitsOfAction(tx, actionId), 'change')} that this copy of the data does not know of. The original may have made them since the copy was taken.${behind(run, tx)}`,
    effect:
      'None of them was made here so far. “They were done” counts them as done without making them. What the automation comes to later is asked about anew, until it has run completely once.',
    detail: withLine(before, visibleText(call.tool.describe(call.args, undefined), 200)),
  })
  return { is: 'waiting', kind: 'fix' }
}

/** The answer is for what they lead to as well. */
function behind(run: ActiveRun, tx: Tx): string {
  const events = waitingFor(tx, 'workflow', run.row.workflow_id, MOST_COUNTED)
  if (events === 0) return ''
  return ` Behind ${events === 1 ? 'it waits' : 'it wait'} ${plural(events, 'event')}, which the answer is for too.`
}

function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${String(count)} ${noun}s`
}

function withLine(text: string, line: string): string {
  if (text === '') return line
  return text.split('\n').length < MOST_SHOWN ? `${text}\n${line}` : text
}

const MOST_COUNTED = 10_000
const MOST_SHOWN = 20
const SINCE = 'This data folder is a copy, and the original may have done this since.'
const CHOICES = [
  { id: 'done', label: 'They were done', style: 'primary' },
  { id: 'do', label: 'They were not: do them now', style: 'danger' },
  { id: 'each', label: 'Ask about each', style: 'plain' },
] as const
