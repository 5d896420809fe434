/** Actions: what needs a person. One open row per cause; approvals are bound to the exact payload (P4). */
import { z } from 'zod'
import { notify } from './notifications.ts'
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

export type ActionRow = Row<'actions'>
export type ApprovalRow = Row<'approvals'>

const choiceSchema = z.object({
  id: z.string(),
  label: z.string(),
  style: z.enum(['primary', 'plain', 'danger']),
})
const choicesSchema = z.array(choiceSchema)
export type Choice = z.output<typeof choiceSchema>

const bodySchema = z.object({
  cause: z.string(),
  effect: z.string(),
  /** The payload as it will look, for approvals; evidence, for the rest. */
  detail: z.string().optional(),
})
export type ActionBody = z.output<typeof bodySchema>

export interface NewAction {
  kind: string
  causeKey: string
  workflowId: string | null
  runId: string | null
  itemId: string | null
  stepId: string | null
  choices: readonly Choice[]
  body: ActionBody
  expiresAt: number | null
  at: number
}

const insert = insertion('actions', [
  'id',
  'kind',
  'cause_key',
  'workflow_id',
  'run_id',
  'item_id',
  'step_id',
  'choices',
  'sealed_body',
  'state',
  'expires_at',
  'created_at',
])
const openByCause = statement((p: { causeKey: string }) =>
  query.selectFrom('actions').selectAll().where('cause_key', '=', p.causeKey).where('state', '=', 'open'),
)
const byId = statement((p: { id: string }) => query.selectFrom('actions').selectAll().where('id', '=', p.id))
const inState = statement((p: { state: ActionRow['state']; before: string; limit: number }) =>
  query
    .selectFrom('actions')
    .selectAll()
    .where('state', '=', p.state)
    .where('id', '<', p.before)
    .orderBy('id', 'desc')
    .limit(p.limit),
)
const ofWorkflowInState = statement(
  (p: { workflowId: string; state: ActionRow['state']; before: string; limit: number }) =>
    query
      .selectFrom('actions')
      .selectAll()
      .where('workflow_id', '=', p.workflowId)
      .where('state', '=', p.state)
      .where('id', '<', p.before)
      .orderBy('id', 'desc')
      .limit(p.limit),
)
const openByKind = statement((_p: object) =>
  query
    .selectFrom('actions')
    .select(({ fn }) => ['kind', fn.countAll<number>().as('count')])
    .where('state', '=', 'open')
    .groupBy('kind'),
)
const openOfRun = statement((p: { runId: string }) =>
  query.selectFrom('actions').selectAll().where('run_id', '=', p.runId).where('state', '=', 'open'),
)
const openOfKind = statement((p: { workflowId: string; kind: string }) =>
  query
    .selectFrom('actions')
    .selectAll()
    .where('workflow_id', '=', p.workflowId)
    .where('kind', '=', p.kind)
    .where('state', '=', 'open'),
)
const openOfKindAnywhere = statement((p: { kind: string }) =>
  query.selectFrom('actions').selectAll().where('kind', '=', p.kind).where('state', '=', 'open'),
)
const openOfWorkflow = statement((p: { workflowId: string }) =>
  query.selectFrom('actions').selectAll().where('workflow_id', '=', p.workflowId).where('state', '=', 'open'),
)
const settle = statement((p: { id: string; state: ActionRow['state']; choice: string | null; at: number }) =>
  query
    .updateTable('actions')
    .set({ state: p.state, choice: p.choice, resolved_at: p.at })
    .where('id', '=', p.id),
)
const reword = statement((p: { id: string; body: Uint8Array }) =>
  query.updateTable('actions').set({ sealed_body: p.body }).where('id', '=', p.id),
)
const insertApproval = insertion('approvals', [
  'step_id',
  'run_id',
  'payload_hash',
  'state',
  'action_id',
  'expires_at',
])
const removeApproval = statement((p: { stepId: string }) =>
  query.deleteFrom('approvals').where('step_id', '=', p.stepId),
)
const approvalByStep = statement((p: { stepId: string }) =>
  query.selectFrom('approvals').selectAll().where('step_id', '=', p.stepId),
)
const moveApproval = statement((p: { stepId: string; state: ApprovalRow['state']; at: number }) =>
  query.updateTable('approvals').set({ state: p.state, decided_at: p.at }).where('step_id', '=', p.stepId),
)
const insertGrant = statement(
  (p: { id: string; workflow_id: string; kind: string; subject: string; at: number }) =>
    query
      .insertInto('grants')
      .values({ id: p.id, workflow_id: p.workflow_id, kind: p.kind, subject: p.subject, created_at: p.at })
      .onConflict(conflict => conflict.doNothing()),
)
const grantOf = statement((p: { workflowId: string; kind: string; subject: string }) =>
  query
    .selectFrom('grants')
    .select('id')
    .where('workflow_id', '=', p.workflowId)
    .where('kind', '=', p.kind)
    .where('subject', '=', p.subject),
)

/** Raises the action, or finds the open one that says the same. */
export function raiseAction(store: Store, tx: Tx, action: NewAction): string {
  const open = tx.get(openByCause, { causeKey: action.causeKey })
  if (open !== undefined) return open.id
  const id = store.ids.next('act')
  tx.run(insert, {
    id,
    kind: action.kind,
    cause_key: action.causeKey,
    workflow_id: action.workflowId,
    run_id: action.runId,
    item_id: action.itemId,
    step_id: action.stepId,
    choices: JSON.stringify(action.choices),
    sealed_body: store.sealText(JSON.stringify(action.body), `action:${id}`),
    state: 'open',
    expires_at: action.expiresAt,
    created_at: action.at,
  })
  notify(store, tx, {
    kind: 'needs-you',
    workflowId: action.workflowId,
    runId: action.runId,
    actionId: id,
    body: { title: action.body.cause, text: action.body.effect, level: 'warning' },
    at: action.at,
  })
  return id
}

/** It stands for more than it did. */
export function rewordAction(store: Store, tx: Tx, id: string, body: ActionBody): void {
  tx.run(reword, { id, body: store.sealText(JSON.stringify(body), `action:${id}`) })
}

export function actionById(reader: Reader, id: string): ActionRow | undefined {
  return reader.get(byId, { id })
}

/** Newest first, from below `before`. */
export function listActions(
  reader: Reader,
  state: ActionRow['state'],
  limit: number,
  before = '~',
): ActionRow[] {
  return reader.all(inState, { state, before, limit })
}

/** Those of one automation, newest first, from below `before`. */
export function listActionsOf(
  reader: Reader,
  workflowId: string,
  state: ActionRow['state'],
  limit: number,
  before = '~',
): ActionRow[] {
  return reader.all(ofWorkflowInState, { workflowId, state, before, limit })
}

/** How many are open, by kind. */
export function countOpenActions(reader: Reader): { kind: string; count: number }[] {
  return reader.all(openByKind, {})
}

export function openActionsOfRun(reader: Reader, runId: string): ActionRow[] {
  return reader.all(openOfRun, { runId })
}

export function openActionsOfKind(reader: Reader, workflowId: string, kind: string): ActionRow[] {
  return reader.all(openOfKind, { workflowId, kind })
}

/** Of every automation and of none. */
export function openActionsOfKindAnywhere(reader: Reader, kind: string): ActionRow[] {
  return reader.all(openOfKindAnywhere, { kind })
}

export function openActionsOfWorkflow(reader: Reader, workflowId: string): ActionRow[] {
  return reader.all(openOfWorkflow, { workflowId })
}

export function openActionFor(reader: Reader, causeKey: string): ActionRow | undefined {
  return reader.get(openByCause, { causeKey })
}

/** `resolved` by a person's choice, or `closed` because the cause cleared. */
export function settleAction(
  tx: Tx,
  id: string,
  end: { state: 'resolved' | 'closed'; choice: string | null; at: number },
): void {
  tx.run(settle, { id, ...end })
}

export function bodyOfAction(store: Store, action: ActionRow): ActionBody {
  return bodySchema.parse(JSON.parse(store.openText(action.sealed_body, `action:${action.id}`)))
}

export function choicesOf(action: ActionRow): Choice[] {
  return choicesSchema.parse(JSON.parse(action.choices))
}

export function askApproval(
  tx: Tx,
  approval: { stepId: string; runId: string; payloadHash: string; actionId: string; expiresAt: number },
): void {
  tx.run(removeApproval, { stepId: approval.stepId })
  tx.run(insertApproval, {
    step_id: approval.stepId,
    run_id: approval.runId,
    payload_hash: approval.payloadHash,
    state: 'pending',
    action_id: approval.actionId,
    expires_at: approval.expiresAt,
  })
}

export function approvalOf(reader: Reader, stepId: string): ApprovalRow | undefined {
  return reader.get(approvalByStep, { stepId })
}

export function decideApproval(tx: Tx, stepId: string, state: ApprovalRow['state'], at: number): void {
  tx.run(moveApproval, { stepId, state, at })
}

export function grantFirstTime(store: Store, tx: Tx, workflowId: string, subject: string, at: number): void {
  tx.run(insertGrant, { id: store.ids.next('grt'), workflow_id: workflowId, kind: 'first-time', subject, at })
}

export function hasGrant(reader: Reader, workflowId: string, subject: string): boolean {
  return reader.get(grantOf, { workflowId, kind: 'first-time', subject }) !== undefined
}
