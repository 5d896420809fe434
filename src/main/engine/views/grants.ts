/** What a person allowed, as they see it: grants that stand, and approvals, which are for one payload each (P4). */
import { z } from 'zod'
import { visibleText } from '../../../domain/approval.ts'
import { grantText } from '../../../domain/grant-text.ts'
import { actionById, approvalOf, bodyOfAction } from '../../store/actions.ts'
import type { ApprovalRow } from '../../store/actions.ts'
import { grantById, listApprovals, listGrants, listGrantsOf } from '../../store/grants.ts'
import type { GrantRow } from '../../store/grants.ts'
import { automationName, cursorText, pageOf, placeIn } from './common.ts'
import type { AutomationName, Page, PageRequest, ViewSource } from './common.ts'

export interface GrantView {
  id: string
  automation: AutomationName
  kind: string
  /** The tool and what it may reach. */
  subject: string
  /** The same in words. */
  text: string
  createdAt: number
}

export interface ApprovalView {
  /** The step that waits, or waited, for it. */
  id: string
  state: ApprovalRow['state']
  runId: string
  automation: AutomationName | null
  actionId: string
  payloadHash: string
  cause: string | null
  /** The payload as it would look. */
  payload: string | null
  expiresAt: number
  decidedAt: number | null
}

export function grantView(source: ViewSource, grant: GrantRow): GrantView {
  return {
    id: grant.id,
    automation: automationName(source, grant.workflow_id),
    kind: grant.kind,
    subject: visibleText(grant.subject, 500),
    text: `Not asked about again: ${grantText(grant.subject)}`,
    createdAt: grant.created_at,
  }
}

export function grantsPage(
  source: ViewSource,
  filter: PageRequest & { workflowId?: string | undefined },
): Page<GrantView> {
  return filter.workflowId === undefined
    ? allGrants(source, filter)
    : grantsOf(source, filter.workflowId, filter)
}

function allGrants(source: ViewSource, page: PageRequest): Page<GrantView> {
  const [before] = placeIn(page, 'grants', z.string()) ?? []
  return pageOf(
    listGrants(source.store, page.limit + 1, before),
    page.limit,
    grant => grantView(source, grant),
    grant => cursorText('grants', grant.id),
  )
}

function grantsOf(source: ViewSource, workflowId: string, page: PageRequest): Page<GrantView> {
  const [kind, subject] = placeIn(page, 'grants-of', z.string(), z.string()) ?? []
  const after = kind === undefined || subject === undefined ? undefined : { kind, subject }
  return pageOf(
    listGrantsOf(source.store, workflowId, page.limit + 1, after),
    page.limit,
    grant => grantView(source, grant),
    grant => cursorText('grants-of', grant.kind, grant.subject),
  )
}

export function approvalView(source: ViewSource, approval: ApprovalRow): ApprovalView {
  const action = actionById(source.store, approval.action_id)
  const body = action === undefined ? undefined : bodyOfAction(source.store, action)
  return {
    id: approval.step_id,
    state: approval.state,
    runId: approval.run_id,
    automation: typeof action?.workflow_id === 'string' ? automationName(source, action.workflow_id) : null,
    actionId: approval.action_id,
    payloadHash: approval.payload_hash,
    cause: body?.cause ?? null,
    payload: body?.detail ?? null,
    expiresAt: approval.expires_at,
    decidedAt: approval.decided_at,
  }
}

export function approvalsPage(
  source: ViewSource,
  filter: PageRequest & { state?: ApprovalRow['state'] | undefined },
): Page<ApprovalView> {
  const { state, limit } = filter
  const [actionId, stepId] = placeIn(filter, 'approvals', z.string(), z.string()) ?? []
  return pageOf(
    listApprovals(source.store, limit + 1, {
      ...(state === undefined ? {} : { state }),
      ...(actionId === undefined || stepId === undefined ? {} : { before: { actionId, stepId } }),
    }),
    limit,
    approval => approvalView(source, approval),
    approval => cursorText('approvals', approval.action_id, approval.step_id),
  )
}

export function existingApproval(source: ViewSource, id: string): ApprovalRow | undefined {
  return approvalOf(source.store, id)
}

export function existingGrant(source: ViewSource, id: string): GrantRow | undefined {
  return grantById(source.store, id)
}
