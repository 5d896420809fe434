/** What a person allowed: grants that stand until they are revoked, and approvals of one payload each (P4), in pages. */
import type { ApprovalRow } from './actions.ts'
import type { Row } from './schema.ts'
import { query, statement } from './statement.ts'
import type { Reader, Tx } from './tx.ts'

export type GrantRow = Row<'grants'>

const NEWEST = '~'

const byId = statement((p: { id: string }) => query.selectFrom('grants').selectAll().where('id', '=', p.id))
const remove = statement((p: { id: string }) => query.deleteFrom('grants').where('id', '=', p.id))
const removeOf = statement((p: { workflowId: string }) =>
  query.deleteFrom('grants').where('workflow_id', '=', p.workflowId),
)
const allBefore = statement((p: { before: string; limit: number }) =>
  query.selectFrom('grants').selectAll().where('id', '<', p.before).orderBy('id', 'desc').limit(p.limit),
)
const ofWorkflow = statement((p: { workflowId: string; kind: string; subject: string; limit: number }) =>
  query
    .selectFrom('grants')
    .selectAll()
    .where('workflow_id', '=', p.workflowId)
    .where(({ eb, refTuple, tuple }) => eb(refTuple('kind', 'subject'), '>', tuple(p.kind, p.subject)))
    .orderBy('kind')
    .orderBy('subject')
    .limit(p.limit),
)

interface ApprovalStretch {
  actionId: string
  stepId: string
  limit: number
}

/** In the order in which they were asked: the ids of their actions are in the order of time. */
const approvalsBefore = (p: ApprovalStretch) =>
  query
    .selectFrom('approvals')
    .selectAll()
    .where(({ eb, refTuple, tuple }) =>
      eb(refTuple('action_id', 'step_id'), '<', tuple(p.actionId, p.stepId)),
    )
    .orderBy('action_id', 'desc')
    .orderBy('step_id', 'desc')
    .limit(p.limit)
const allApprovals = statement((p: ApprovalStretch) => approvalsBefore(p))
const approvalsInState = statement((p: ApprovalStretch & { state: ApprovalRow['state'] }) =>
  approvalsBefore(p).where('state', '=', p.state),
)

export function grantById(reader: Reader, id: string): GrantRow | undefined {
  return reader.get(byId, { id })
}

/** False where it was gone already. */
export function removeGrant(tx: Tx, id: string): boolean {
  return tx.run(remove, { id }) > 0
}

/** Of an automation that is no more. */
export function removeGrantsOf(tx: Tx, workflowId: string): void {
  tx.run(removeOf, { workflowId })
}

/** Newest first, from below `before`. */
export function listGrants(reader: Reader, limit: number, before = NEWEST): GrantRow[] {
  return reader.all(allBefore, { before, limit })
}

/** Those of one automation, by kind and subject. */
export function listGrantsOf(
  reader: Reader,
  workflowId: string,
  limit: number,
  after: { kind: string; subject: string } = { kind: '', subject: '' },
): GrantRow[] {
  return reader.all(ofWorkflow, { workflowId, ...after, limit })
}

/** Last asked first, from below `before`. */
export function listApprovals(
  reader: Reader,
  limit: number,
  filter: { state?: ApprovalRow['state']; before?: { actionId: string; stepId: string } } = {},
): ApprovalRow[] {
  const stretch = { ...(filter.before ?? { actionId: NEWEST, stepId: '' }), limit }
  return filter.state === undefined
    ? reader.all(allApprovals, stretch)
    : reader.all(approvalsInState, { ...stretch, state: filter.state })
}
