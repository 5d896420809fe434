/** Where the conversations that set automations up stand: one row per chat, sealed (J12), changed by one turn at a time. */
import type { Json } from '../../domain/json.ts'
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

export type SetUpRow = Row<'set_ups'>

const byChat = statement((p: { chatId: string }) =>
  query.selectFrom('set_ups').selectAll().where('chat_id', '=', p.chatId),
)
const rehearsing = statement((_p: object) =>
  query.selectFrom('set_ups').select('chat_id').where('stage', '=', 'rehearsing').orderBy('chat_id'),
)
const insert = insertion('set_ups', [
  'chat_id',
  'stage',
  'turn',
  'reply_id',
  'workflow_id',
  'sealed_talk',
  'updated_at',
])
const update = statement(
  (p: {
    chat_id: string
    before: number
    stage: SetUpRow['stage']
    reply_id: string
    workflow_id: string | null
    sealed_talk: Uint8Array
    updated_at: number
  }) =>
    query
      .updateTable('set_ups')
      .set(({ eb }) => ({
        stage: p.stage,
        turn: eb('turn', '+', 1),
        reply_id: p.reply_id,
        workflow_id: p.workflow_id,
        sealed_talk: p.sealed_talk,
        updated_at: p.updated_at,
      }))
      .where('chat_id', '=', p.chat_id)
      .where('turn', '=', p.before),
)
const replyOf = statement((p: { chatId: string }) =>
  query
    .selectFrom('set_ups')
    .innerJoin('chat_events', 'chat_events.id', 'set_ups.reply_id')
    .select(['chat_events.id', 'chat_events.sealed_body', 'chat_events.at'])
    .where('set_ups.chat_id', '=', p.chatId),
)

export interface SetUp {
  stage: SetUpRow['stage']
  /** How many turns there were. */
  turn: number
  workflowId: string | null
  talk: Json
}

export function setUpOf(store: Store, chatId: string): SetUp | undefined {
  const row = store.get(byChat, { chatId })
  if (row === undefined) return undefined
  const talk = store.open(row.sealed_talk, sealOf(chatId))
  return { stage: row.stage, turn: row.turn, workflowId: row.workflow_id, talk }
}

/** What was last said to the person. */
export function lastReply(store: Store, chatId: string): { body: Json; at: number } | undefined {
  const row = store.get(replyOf, { chatId })
  return row === undefined ? undefined : { body: store.open(row.sealed_body, `chat:${row.id}`), at: row.at }
}

/** Chats whose dry run has begun and not ended. */
export function rehearsingChats(reader: Reader): string[] {
  return reader.all(rehearsing, {}).map(row => row.chat_id)
}

/** False, and nothing changed, where another turn was taken since `before` of them. */
export function putSetUp(
  store: Store,
  tx: Tx,
  next: {
    chatId: string
    before: number
    stage: SetUpRow['stage']
    replyId: string
    workflowId: string | null
    talk: Json
    at: number
  },
): boolean {
  const { chatId, before, stage, talk, at } = next
  const row = { stage, reply_id: next.replyId, workflow_id: next.workflowId, updated_at: at }
  const sealed = store.seal(talk, sealOf(chatId))
  if (before > 0) return tx.run(update, { ...row, chat_id: chatId, before, sealed_talk: sealed }) === 1
  if (tx.get(byChat, { chatId }) !== undefined) return false
  tx.run(insert, { ...row, chat_id: chatId, turn: 1, sealed_talk: sealed })
  return true
}

function sealOf(chatId: string): string {
  return `set-up:${chatId}`
}
