/**
 * Notifications: what a person is told of, apart from the record itself (chats, actions), which is there at once. In
 * quiet hours they are held, unless their automation is urgent by contract, and go out as one digest afterwards.
 * Owns the rows. Does not own when quiet hours end: that is the engine's.
 */
import { z } from 'zod'
import { visibleText } from '../../domain/approval.ts'
import { quietUntil } from '../../domain/quiet-hours.ts'
import type { Row } from './schema.ts'
import { preferencesOf } from './settings.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'
import { contractOf, workflowById } from './workflows.ts'

export type NotificationRow = Row<'notifications'>

const bodySchema = z.object({
  title: z.string(),
  text: z.string(),
  level: z.enum(['info', 'warning']),
})
export type NotificationBody = z.output<typeof bodySchema>

export interface NewNotification {
  kind: Exclude<NotificationRow['kind'], 'digest'>
  workflowId: string | null
  runId: string | null
  actionId: string | null
  body: NotificationBody
  at: number
}

const FIRST_OF_DIGEST = 50

const insert = insertion('notifications', [
  'id',
  'kind',
  'workflow_id',
  'run_id',
  'action_id',
  'state',
  'sealed_body',
  'created_at',
  'delivered_at',
])
const anyHeld = statement((_p: object) =>
  query.selectFrom('notifications').select('id').where('state', '=', 'held').limit(1),
)
const firstHeld = statement((p: { limit: number }) =>
  query.selectFrom('notifications').selectAll().where('state', '=', 'held').orderBy('id').limit(p.limit),
)
const heldCounts = statement((_p: object) =>
  query
    .selectFrom('notifications')
    .select(({ fn }) => ['kind', fn.countAll<number>().as('count')])
    .where('state', '=', 'held')
    .groupBy('kind'),
)
const settleAnswered = statement((_p: object) =>
  query
    .updateTable('notifications')
    .set({ state: 'settled' })
    .where('state', '=', 'held')
    .where('action_id', 'in', query.selectFrom('actions').select('id').where('state', '!=', 'open')),
)
const gather = statement((p: { digestId: string; at: number }) =>
  query
    .updateTable('notifications')
    .set({ state: 'gathered', digest_id: p.digestId, delivered_at: p.at })
    .where('state', '=', 'held'),
)
const delivered = statement((p: { before: string; limit: number }) =>
  query
    .selectFrom('notifications')
    .selectAll()
    .where('state', '=', 'delivered')
    .where('id', '<', p.before)
    .orderBy('id', 'desc')
    .limit(p.limit),
)

const stateOf = statement((p: { id: string }) =>
  query.selectFrom('notifications').select(['workflow_id', 'state']).where('id', '=', p.id),
)

/** Told at once, or held while it is quiet. */
export function notify(store: Store, tx: Tx, notification: NewNotification): void {
  // The time of this transaction, not of what it tells: once the digest is out, nothing may be held for it.
  const held = isHeld(tx, notification.workflowId, store.now())
  insertOne(store, tx, { ...notification, state: held ? 'held' : 'delivered' })
}

function isHeld(reader: Reader, workflowId: string | null, at: number): boolean {
  const { quietHours } = preferencesOf(reader)
  if (quietHours === null || quietUntil(quietHours, at) === null) return false
  const intentId = workflowId === null ? null : workflowById(reader, workflowId)?.intent_id
  return typeof intentId !== 'string' || !contractOf(reader, intentId).urgent
}

/** One digest of all that is held; null where nothing is, or nothing of it matters any more. */
export function deliverDigest(store: Store, tx: Tx, at: number): string | null {
  if (!hasHeld(tx)) return null
  tx.run(settleAnswered, {})
  const body = digestBody(store, tx)
  if (body === null) return null
  const id = insertOne(store, tx, {
    kind: 'digest',
    workflowId: null,
    runId: null,
    actionId: null,
    body,
    at,
    state: 'delivered',
  })
  tx.run(gather, { digestId: id, at })
  return id
}

function digestBody(store: Store, tx: Tx): NotificationBody | null {
  const counts = new Map(tx.all(heldCounts, {}).map(({ kind, count }) => [kind, count]))
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  const rows = tx.all(firstHeld, { limit: FIRST_OF_DIGEST })
  const lines = rows.map(row => {
    const title = visibleText(notificationBody(store, row).title)
    const name = row.workflow_id === null ? undefined : workflowById(tx, row.workflow_id)?.name
    return name === undefined ? title : `${name}: ${title}`
  })
  const more = total - rows.length
  const parts = COUNTED.flatMap(([kind, one, many]) => {
    const count = counts.get(kind) ?? 0
    return count === 0 ? [] : [`${String(count)} ${count === 1 ? one : many}`]
  })
  return {
    title: `While it was quiet: ${parts.join(', ')}`,
    text: [...lines, ...(more > 0 ? [`… and ${String(more)} more`] : [])].join('\n'),
    level: counts.has('needs-you') ? 'warning' : 'info',
  }
}

const COUNTED: readonly [kind: NewNotification['kind'], one: string, many: string][] = [
  ['needs-you', 'thing needs you', 'things need you'],
  ['told', 'notice', 'notices'],
  ['first-success', 'first success', 'first successes'],
]

export function hasHeld(reader: Reader): boolean {
  return reader.get(anyHeld, {}) !== undefined
}

export function countHeld(reader: Reader): number {
  return reader.all(heldCounts, {}).reduce((total, { count }) => total + count, 0)
}

/** Newest first, from below `before`. What is held, or went out within a digest, is not among them. */
export function listNotifications(reader: Reader, limit: number, before = '~'): NotificationRow[] {
  return reader.all(delivered, { before, limit })
}

export function automationOfNotification(
  reader: Reader,
  id: string,
): Pick<NotificationRow, 'workflow_id' | 'state'> | undefined {
  return reader.get(stateOf, { id })
}

export function notificationBody(
  store: Store,
  row: Pick<NotificationRow, 'id' | 'sealed_body'>,
): NotificationBody {
  return bodySchema.parse(store.open(row.sealed_body, `notification:${row.id}`))
}

function insertOne(
  store: Store,
  tx: Tx,
  row: Omit<NewNotification, 'kind'> & { kind: NotificationRow['kind']; state: 'held' | 'delivered' },
): string {
  const id = store.ids.next('ntf')
  tx.run(insert, {
    id,
    kind: row.kind,
    workflow_id: row.workflowId,
    run_id: row.runId,
    action_id: row.actionId,
    state: row.state,
    sealed_body: store.seal(row.body, `notification:${id}`),
    created_at: row.at,
    delivered_at: row.state === 'delivered' ? row.at : null,
  })
  return id
}
