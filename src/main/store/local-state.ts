/** What automations remember and say: `state` by key, and notices in the automation's chat. Written only by scopes that succeeded (J2). */
import type { Json } from '../../domain/json.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Tx } from './tx.ts'

const get = statement((p: { workflowId: string; key: string }) =>
  query
    .selectFrom('state')
    .select('sealed_value')
    .where('workflow_id', '=', p.workflowId)
    .where('key', '=', p.key),
)
const list = statement((p: { workflowId: string; from: string; below: string }) =>
  query
    .selectFrom('state')
    .select(['key', 'sealed_value'])
    .where('workflow_id', '=', p.workflowId)
    .where('key', '>=', p.from)
    .where('key', '<', p.below)
    .orderBy('key'),
)
const put = statement((p: { workflow_id: string; key: string; value: Uint8Array; at: number }) =>
  query
    .insertInto('state')
    .values({ workflow_id: p.workflow_id, key: p.key, sealed_value: p.value, updated_at: p.at })
    .onConflict(conflict =>
      conflict.columns(['workflow_id', 'key']).doUpdateSet({ sealed_value: p.value, updated_at: p.at }),
    ),
)
const remove = statement((p: { workflowId: string; key: string }) =>
  query.deleteFrom('state').where('workflow_id', '=', p.workflowId).where('key', '=', p.key),
)
const insertChatEvent = insertion('chat_events', ['id', 'chat_id', 'kind', 'run_id', 'sealed_body', 'at'])
const chatEvents = statement((p: { chatId: string; after: string; limit: number }) =>
  query
    .selectFrom('chat_events')
    .selectAll()
    .where('chat_id', '=', p.chatId)
    .where('id', '>', p.after)
    .orderBy('id')
    .limit(p.limit),
)

const AFTER_EVERY_KEY = '\u{10ffff}'

export function stateValue(store: Store, workflowId: string, key: string): Json | undefined {
  const row = store.get(get, { workflowId, key })
  return row === undefined ? undefined : store.open(row.sealed_value, `state:${workflowId}:${key}`)
}

export function stateList(store: Store, workflowId: string, prefix: string): { key: string; value: Json }[] {
  return store
    .all(list, { workflowId, from: prefix, below: prefix + AFTER_EVERY_KEY })
    .map(row => ({ key: row.key, value: store.open(row.sealed_value, `state:${workflowId}:${row.key}`) }))
}

export function setState(
  store: Store,
  tx: Tx,
  workflowId: string,
  key: string,
  value: Json,
  at: number,
): void {
  tx.run(put, { workflow_id: workflowId, key, value: store.seal(value, `state:${workflowId}:${key}`), at })
}

export function deleteState(tx: Tx, workflowId: string, key: string): void {
  tx.run(remove, { workflowId, key })
}

export function addChatEvent(
  store: Store,
  tx: Tx,
  event: { chatId: string; kind: string; runId: string | null; body: Json; at: number },
): string {
  const id = store.ids.next('cev')
  tx.run(insertChatEvent, {
    id,
    chat_id: event.chatId,
    kind: event.kind,
    run_id: event.runId,
    sealed_body: store.seal(event.body, `chat:${id}`),
    at: event.at,
  })
  return id
}

/** Oldest first, from above `after`. */
export function chatEventsOf(store: Store, chatId: string, limit: number, after = '') {
  return store.all(chatEvents, { chatId, after, limit }).map(row => ({
    id: row.id,
    kind: row.kind,
    runId: row.run_id,
    at: row.at,
    body: store.open(row.sealed_body, `chat:${row.id}`),
  }))
}
