/** Chats and what was said in them: entries are only added, and their bodies are sealed (J12). */
import type { Json } from '../../domain/json.ts'
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

export type ChatRow = Row<'chats'>

const NEWEST = '~'

const insertChat = insertion('chats', ['id', 'title', 'created_at'])
const insertEvent = insertion('chat_events', ['id', 'chat_id', 'kind', 'run_id', 'sealed_body', 'at'])
const byId = statement((p: { id: string }) => query.selectFrom('chats').selectAll().where('id', '=', p.id))
const listed = statement((p: { before: string; limit: number }) =>
  query.selectFrom('chats').selectAll().where('id', '<', p.before).orderBy('id', 'desc').limit(p.limit),
)
const retitle = statement((p: { id: string; title: string }) =>
  query.updateTable('chats').set({ title: p.title }).where('id', '=', p.id),
)
const eventsAfter = statement((p: { chatId: string; after: string; limit: number }) =>
  query
    .selectFrom('chat_events')
    .selectAll()
    .where('chat_id', '=', p.chatId)
    .where('id', '>', p.after)
    .orderBy('id')
    .limit(p.limit),
)
const eventsBefore = statement((p: { chatId: string; before: string; limit: number }) =>
  query
    .selectFrom('chat_events')
    .selectAll()
    .where('chat_id', '=', p.chatId)
    .where('id', '<', p.before)
    .orderBy('id', 'desc')
    .limit(p.limit),
)
const eventById = statement((p: { id: string }) =>
  query.selectFrom('chat_events').selectAll().where('id', '=', p.id),
)
const workflowOf = statement((p: { chatId: string }) =>
  query.selectFrom('workflows').select(['id', 'name', 'state']).where('chat_id', '=', p.chatId),
)

export interface ChatEvent {
  id: string
  kind: string
  runId: string | null
  at: number
  body: Json
}

export function createChat(store: Store, tx: Tx, title: string, at: number): string {
  const id = store.ids.next('cht')
  tx.run(insertChat, { id, title, created_at: at })
  return id
}

export function retitleChat(tx: Tx, id: string, title: string): void {
  tx.run(retitle, { id, title })
}

export function chatById(reader: Reader, id: string): ChatRow | undefined {
  return reader.get(byId, { id })
}

/** Newest first, from below `before`. */
export function listChats(reader: Reader, limit: number, before = NEWEST): ChatRow[] {
  return reader.all(listed, { before, limit })
}

/** The automation whose chat it is; none for a chat that has not become one, or whose automation was deleted. */
export function workflowOfChat(reader: Reader, chatId: string): { id: string; name: string } | undefined {
  return reader.all(workflowOf, { chatId }).find(row => row.state !== 'deleted')
}

export function addChatEvent(
  store: Store,
  tx: Tx,
  event: { chatId: string; kind: string; runId: string | null; body: Json; at: number },
): string {
  const id = store.ids.next('cev')
  tx.run(insertEvent, {
    id,
    chat_id: event.chatId,
    kind: event.kind,
    run_id: event.runId,
    sealed_body: store.seal(event.body, `chat:${id}`),
    at: event.at,
  })
  return id
}

export function chatEventOf(store: Store, id: string): ChatEvent | undefined {
  const row = store.get(eventById, { id })
  return row === undefined ? undefined : opened(store, row)
}

/** Oldest first, from above `after`. */
export function chatEventsOf(store: Store, chatId: string, limit: number, after = ''): ChatEvent[] {
  return store.all(eventsAfter, { chatId, after, limit }).map(row => opened(store, row))
}

/** Newest first, from below `before`. */
export function lastChatEvents(store: Store, chatId: string, limit: number, before = NEWEST): ChatEvent[] {
  return store.all(eventsBefore, { chatId, before, limit }).map(row => opened(store, row))
}

function opened(store: Store, row: Row<'chat_events'>): ChatEvent {
  return {
    id: row.id,
    kind: row.kind,
    runId: row.run_id,
    at: row.at,
    body: store.open(row.sealed_body, `chat:${row.id}`),
  }
}
