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
  const isFirst = before === undefined && state === 'open' && workflowId === undefined
  const full = isFirst ? fullDiskAction(source) : null
  const most = full === null ? limit : limit - 1
  const rows =
    workflowId === undefined
      ? listActions(source.store, state, most + 1, before)
      : listActionsOf(source.store, workflowId, state, most + 1, before)
  const page = pageOf(
    rows,
    most,
    row => actionView(source, row),
    row => cursorText('actions', row.id),
  )
  if (full === null) return page
  const next = most === 0 && rows.length > 0 ? cursorText('actions', AFTER_EVERY_ID) : page.next
  return { items: [full, ...page.items], next }
}

const AFTER_EVERY_ID = '~'
export const FULL_DISK = 'disk-full'

/** Not on record: nothing can be recorded. It is there for as long as that is so. */
export function fullDiskAction({ store }: ViewSource): ActionView | null {
  const since = store.room.fullSince()
  if (since === null) return null
  const free = Math.floor(store.room.freeBytes() / 1_000_000)
  return {
    id: FULL_DISK,
    kind: 'disk-full',
    state: 'open',
    automation: null,
    runId: null,
    itemId: null,
    cause: 'The disk is full, so what happens cannot be recorded.',
    effect: `Nothing new is begun, and webhooks are told to come again later. ${String(free)} MB are free where Steward keeps its data: ${store.folder}. Free some space: what waits then goes on by itself, and this goes away within a minute.`,
    detail: null,
    waiting: [],
    choices: [],
    choice: null,
    expiresAt: null,
    createdAt: since,
    resolvedAt: null,
  }
}

export function existingAction(source: ViewSource, id: string): ActionRow | undefined {
  return actionById(source.store, id)
}
