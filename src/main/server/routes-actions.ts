/** Actions: what needs a person, and the person's answer. Approvals and grants: what they allowed. */
import { Hono } from 'hono'
import { z } from 'zod'
import { fail } from '../../domain/failure.ts'
import type { Engine } from '../engine/engine.ts'
import {
  actionsPage,
  actionView,
  existingAction,
  FULL_DISK,
  fullDiskAction,
} from '../engine/views/actions.ts'
import {
  approvalsPage,
  approvalView,
  existingApproval,
  existingGrant,
  grantsPage,
  grantView,
} from '../engine/views/grants.ts'
import type { ActionRow, ApprovalRow } from '../store/actions.ts'
import { ACTION_STATES, anyJson, named, oneOf, paging } from './input.ts'
import { operation } from './operation.ts'
import { notFound } from './problem.ts'
import { existingAutomation } from './routes-automations.ts'

const answer = z.strictObject({ choice: z.string().min(1).max(100), payload: anyJson.default(null) })
const verdict = z.strictObject({ choice: z.enum(['approve', 'deny']) })

export function actionRoutes(engine: Engine) {
  const found = (id: string): ActionRow =>
    existingAction(engine, id) ?? notFound(`action ${id}`, 'steward inbox')
  return new Hono()
    .get(
      '/',
      operation({
        summary: 'What needs you, newest first',
        query: z.strictObject({
          ...paging,
          state: oneOf(ACTION_STATES).default('open'),
          automation: named().optional(),
        }),
        answers: { 200: 'ActionPage' },
      }),
      c => {
        const { automation, ...filter } = c.req.valid('query')
        return c.json(actionsPage(engine, { ...filter, workflowId: idOf(engine, automation) }))
      },
    )
    .get('/:id', operation({ summary: 'One action', answers: { 200: 'Action' } }), c => {
      const id = c.req.param('id')
      const full = id === FULL_DISK ? fullDiskAction(engine) : null
      return c.json(full ?? actionView(engine, found(id)))
    })
    .post(
      '/:id',
      operation({ summary: 'Answer it with one of its choices', body: answer, answers: { 200: 'Action' } }),
      async c => {
        if (c.req.param('id') === FULL_DISK && fullDiskAction(engine) !== null) closesByItself()
        const { id } = found(c.req.param('id'))
        const { choice, payload } = c.req.valid('json')
        await engine.resolve({ actionId: id, choice, payload })
        return c.json(actionView(engine, found(id)))
      },
    )
}

function closesByItself(): never {
  const message = 'A full disk is nothing to answer. Nothing was changed. Free some space: it goes by itself.'
  fail({ kind: 'invalid-input', path: 'id', message })
}

export function approvalRoutes(engine: Engine) {
  const found = (id: string): ApprovalRow =>
    existingApproval(engine, id) ?? notFound(`approval ${id}`, 'steward inbox')
  return new Hono()
    .get(
      '/',
      operation({
        summary: 'Approvals that were asked for, newest first',
        query: z.strictObject({
          ...paging,
          state: oneOf(['pending', 'granted', 'rejected', 'expired', 'used', 'void']).optional(),
        }),
        answers: { 200: 'ApprovalPage' },
      }),
      c => c.json(approvalsPage(engine, c.req.valid('query'))),
    )
    .get('/:id', operation({ summary: 'One approval', answers: { 200: 'Approval' } }), c =>
      c.json(approvalView(engine, found(c.req.param('id')))),
    )
    .post(
      '/:id',
      operation({
        summary: 'Approve or deny exactly this payload',
        body: verdict,
        answers: { 200: 'Approval' },
      }),
      async c => {
        const approval = found(c.req.param('id'))
        const { choice } = c.req.valid('json')
        await engine.resolve({ actionId: approval.action_id, choice, payload: null })
        return c.json(approvalView(engine, found(approval.step_id)))
      },
    )
}

export function grantRoutes(engine: Engine) {
  return new Hono()
    .get(
      '/',
      operation({
        summary: 'What is allowed until it is revoked',
        query: z.strictObject({ ...paging, automation: named().optional() }),
        answers: { 200: 'GrantPage' },
      }),
      c => {
        const { automation, ...page } = c.req.valid('query')
        return c.json(grantsPage(engine, { ...page, workflowId: idOf(engine, automation) }))
      },
    )
    .delete('/:id', operation({ summary: 'Revoke it', answers: { 200: 'Grant' } }), async c => {
      const id = c.req.param('id')
      const grant = existingGrant(engine, id) ?? notFound(`grant ${id}`, 'steward grants')
      const view = grantView(engine, grant)
      await engine.edits.revokeGrant(grant)
      return c.json(view)
    })
}

/** The id of the automation that a filter names. */
export function idOf(engine: Engine, idOrName: string | undefined): string | undefined {
  return idOrName === undefined ? undefined : existingAutomation(engine, idOrName).id
}
