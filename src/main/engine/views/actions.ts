/** Actions as clients see them: what people call their inbox. */
import { z } from 'zod'
import type { Choice, ActionRow } from '../../store/actions.ts'
import { actionById, bodyOfAction, choicesOf, listActions, listActionsOf } from '../../store/actions.ts'
import { waitersOf } from '../../store/waiters.ts'
import type { Waiter } from '../../store/waiters.ts'
import { automationName, cursorText, pageOf, placeIn } from './common.ts'
import type { AutomationName, Page, PageRequest, ViewSource } from './common.ts'

export interface ActionView {
  id: string
  kind: string
  state: ActionRow['state']
  automation: AutomationName | null
  runId: string | null
  itemId: string | null
  cause: string
  effect: string
  /** The payload as it will look, or the evidence. */
  detail: string | null
  /** The automations that wait for it to be answered. */
  waiting: Waiter[]
  choices: Choice[]
  choice: string | null
  expiresAt: number | null
  createdAt: number
  resolvedAt: number | null
}

export function actionView(source: ViewSource, action: ActionRow): ActionView {
  const body = bodyOfAction(source.store, action)
  return {
    id: action.id,
    kind: action.kind,
    state: action.state,
    automation: action.workflow_id === null ? null : automationName(source, action.workflow_id),
    runId: action.run_id,
    itemId: action.item_id,
    cause: body.cause,
    effect: body.effect,
    detail: body.detail ?? null,
    waiting: action.state === 'open' ? waitersOf(source.store, action.id) : [],
    choices: choicesOf(action),
    choice: action.choice,
    expiresAt: action.expires_at,
    createdAt: action.created_at,
    resolvedAt: action.resolved_at,
  }
}

export function actionsPage(
  source: ViewSource,
  filter: PageRequest & { state: ActionRow['state']; workflowId?: string | undefined },
): Page<ActionView> {
  const [before] = placeIn(filter, 'actions', z.string()) ?? []
  const { state, workflowId, limit } = filter
  const rows =
    workflowId === undefined
      ? listActions(source.store, state, limit + 1, before)
      : listActionsOf(source.store, workflowId, state, limit + 1, before)
  return pageOf(
    rows,
    limit,
    row => actionView(source, row),
    row => cursorText('actions', row.id),
  )
}

export function existingAction(source: ViewSource, id: string): ActionRow | undefined {
  return actionById(source.store, id)
}
