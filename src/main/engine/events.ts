/**
 * Events into the inbox (R1): one dedupe key, one row; the chain of causes is carried and capped, so automations
 * that trigger each other stop with an action instead of going on for ever.
 */
import type { Json } from '../../domain/json.ts'
import type { LocalChange } from '../../domain/tool.ts'
import { raiseAction } from '../store/actions.ts'
import { acceptEvent, causesOf, eventById, moveEvent, waitingFor } from '../store/inbox.ts'
import type { InboxRow, NewEvent } from '../store/inbox.ts'
import type { RunRow } from '../store/runs.ts'
import type { Tx } from '../store/tx.ts'
import { contractOf, listWorkflows } from '../store/workflows.ts'
import type { Workflow } from '../store/workflows.ts'
import type { EngineContext } from './context.ts'

export type Accepted =
  | { is: 'accepted'; row: InboxRow }
  | { is: 'duplicate'; row: InboxRow }
  /** Not taken: the queue is full, or the chain of causes too long. The reason is for people. */
  | { is: 'refused'; row: InboxRow; reason: string }

export function acceptFor(context: EngineContext, tx: Tx, workflow: Workflow, event: NewEvent): Accepted {
  const contract = workflow.intent_id === null ? null : contractOf(tx, workflow.intent_id)
  const capacity = contract?.queue.capacity ?? 1
  const full = waitingFor(tx, 'workflow', workflow.id, capacity) >= capacity
  const { row, duplicate } = acceptEvent(context.store, tx, event)
  if (duplicate) return { is: 'duplicate', row }
  if (event.causes.length > (contract?.maxCauseDepth ?? 0)) return refuseLoop(context, tx, workflow, row)
  if (full) return refuse(tx, row, `The queue was full (${String(capacity)} events waited).`, event.at)
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
    acceptFor(context, tx, workflow, {
      sourceType: 'workflow',
      sourceId: run.row.workflow_id,
      target: { type: 'workflow', id: workflow.id },
      type: `topic:${change.topic}`,
      dedupeKey: `${run.row.id}:${change.topic}:${context.store.ids.next('evt')}`,
      payload: envelope(change.topic, change.payload),
      causes,
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

function refuse(tx: Tx, row: InboxRow, reason: string, at: number): Accepted {
  moveEvent(tx, row.id, 'refused', { reason, doneAt: at })
  return { is: 'refused', row, reason }
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
  return refuse(tx, row, 'The chain of causes was too long.', at)
}
