/**
 * Events into the inbox (R1): one dedupe key, one row; the chain of causes is carried and capped, so automations
 * that trigger each other stop with an action instead of going on for ever.
 */
import type { Json } from '../../domain/json.ts'
import type { LocalChange } from '../../domain/tool.ts'
import { raiseAction } from '../store/actions.ts'
import { acceptEvent, causesOf, eventById, eventByKey, moveEvent, waitingFor } from '../store/inbox.ts'
import type { InboxRow, NewEvent } from '../store/inbox.ts'
import type { RunRow } from '../store/runs.ts'
import type { Tx } from '../store/tx.ts'
import { contractOf, listWorkflows } from '../store/workflows.ts'
import type { Workflow } from '../store/workflows.ts'
import type { EngineContext } from './context.ts'

export type Accepted =
  | { is: 'accepted'; row: InboxRow }
  | { is: 'duplicate'; row: InboxRow }
  /** The queue was full. Nothing is kept of the event: the same delivery may come again later. */
  | { is: 'full'; reason: string }
  /** Kept, and not run: its chain of causes was too long. */
  | { is: 'looping'; row: InboxRow; reason: string }

export function acceptFor(context: EngineContext, tx: Tx, workflow: Workflow, event: NewEvent): Accepted {
  const contract = workflow.intent_id === null ? null : contractOf(tx, workflow.intent_id)
  const known = eventByKey(tx, event)
  if (known !== undefined) return { is: 'duplicate', row: known }
  const capacity = contract?.queue.capacity ?? 1
  if (waitingFor(tx, 'workflow', workflow.id, capacity) >= capacity) {
    return { is: 'full', reason: `The queue was full: ${String(capacity)} events waited.` }
  }
  const { row } = acceptEvent(context.store, tx, event)
  if (event.causes.length > (contract?.maxCauseDepth ?? 0)) return refuseLoop(context, tx, workflow, row)
  return { is: 'accepted', row }
}

/** Hands a published event to every automation that listens to its topic. */
export function publish(
  context: EngineContext,
  tx: Tx,
  run: { row: RunRow },
  change: Extract<LocalChange, { kind: 'publish' }>,
  at: number,
): void {
  const cause = eventById(tx, run.row.inbox_id)
  const causes = cause === undefined ? [] : [...causesOf(cause), cause.id]
  tx.afterCommit.push(context.pump)
  for (const workflow of listWorkflows(tx)) {
    if (workflow.intent_id === null || workflow.state === 'archived') continue
    if (!listensTo(contractOf(tx, workflow.intent_id).when, change.topic)) continue
    const accepted = acceptFor(context, tx, workflow, {
      sourceType: 'workflow',
      sourceId: run.row.workflow_id,
      target: { type: 'workflow', id: workflow.id },
      type: `topic:${change.topic}`,
      dedupeKey: `${run.row.id}:${change.topic}:${context.store.ids.next('evt')}`,
      payload: envelope(change.topic, change.payload),
      causes,
      at,
    })
    if (accepted.is === 'full')
      raiseFull(context, tx, workflow, {
        what: 'an event from another automation',
        reason: accepted.reason,
        at,
      })
  }
}

function envelope(topic: string, payload: Json): Json {
  return { topic, payload }
}

function listensTo(when: readonly { kind: string; topic?: string }[], topic: string): boolean {
  return when.some(trigger => trigger.kind === 'event' && trigger.topic === topic)
}

/** Nobody stands at the door of what was not taken to try again: a person is told. */
export function raiseFull(
  context: EngineContext,
  tx: Tx,
  workflow: Workflow,
  { what, reason, at }: { what: string; reason: string; at: number },
): void {
  raiseAction(context.store, tx, {
    kind: 'queue-full',
    causeKey: `queue-full:${workflow.id}`,
    workflowId: workflow.id,
    runId: null,
    itemId: null,
    stepId: null,
    choices: [{ id: 'dismiss', label: 'Understood', style: 'primary' }],
    body: {
      cause: `“${workflow.name}” could not take ${what}. ${reason}`,
      effect: 'That event was not kept. Those that wait are run in their order.',
    },
    expiresAt: null,
    at,
  })
}

function refuseLoop(context: EngineContext, tx: Tx, workflow: Workflow, row: InboxRow): Accepted {
  const at = row.created_at
  raiseAction(context.store, tx, {
    kind: 'loop',
    causeKey: `loop:${workflow.id}`,
    workflowId: workflow.id,
    runId: null,
    itemId: null,
    stepId: null,
    choices: [{ id: 'dismiss', label: 'Understood', style: 'primary' }],
    body: {
      cause: `“${workflow.name}” was started by a chain of ${String(row.depth)} automations that trigger each other.`,
      effect: 'This event was not run, so the chain stopped. Everything before it was done.',
    },
    expiresAt: null,
    at,
  })
  const reason = 'The chain of causes was too long.'
  moveEvent(tx, row.id, 'refused', { reason, doneAt: at })
  return { is: 'looping', row, reason }
}
