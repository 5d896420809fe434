/**
 * Agent work: one task per plan, of which a conversation may have several, its stretches of work, and the agent's own thread. Drafts and messages are
 * sealed (J12). Thread and draft are written by whoever works on the task, and one does at a time.
 */
import type { Failure } from '../../domain/failure.ts'
import type { Json } from '../../domain/json.ts'
import type { ModelMessage } from '../../domain/model.ts'
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

export type TaskRow = Row<'tasks'>
export type TaskState = TaskRow['state']
export type TaskRunRow = Row<'task_runs'>

const insertTask = insertion('tasks', [
  'id',
  'kind',
  'chat_id',
  'workflow_id',
  'state',
  'turn',
  'reply_id',
  'sealed_draft',
  'created_at',
  'updated_at',
])
const insertThread = insertion('threads', ['id', 'task_id', 'created_at'])
const insertMessage = insertion('messages', ['thread_id', 'place', 'sender', 'sealed_body', 'at'])
const insertRun = insertion('task_runs', ['id', 'task_id', 'number', 'boot', 'state', 'begun_at'])
const byId = statement((p: { id: string }) => query.selectFrom('tasks').selectAll().where('id', '=', p.id))
const byChat = statement((p: { chatId: string }) =>
  query.selectFrom('tasks').selectAll().where('chat_id', '=', p.chatId).orderBy('id', 'desc').limit(1),
)
const working = statement((_p: object) =>
  query.selectFrom('tasks').selectAll().where('state', '=', 'working').orderBy('id'),
)
const asking = statement((_p: object) =>
  query
    .selectFrom('tasks')
    .selectAll()
    .where('state', '=', 'asking')
    // Implied, and the condition of the index `tasks_open`.
    .where('state', '<>', 'added')
    .orderBy('id'),
)
const move = statement(
  (p: { id: string; state: TaskState; reply_id: string | null; workflow_id: string | null; at: number }) =>
    query
      .updateTable('tasks')
      .set(({ eb }) => ({
        state: p.state,
        turn: eb('turn', '+', 1),
        reply_id: p.reply_id,
        workflow_id: p.workflow_id,
        updated_at: p.at,
      }))
      .where('id', '=', p.id),
)
const keep = statement((p: { id: string; sealed_draft: Uint8Array; at: number }) =>
  query.updateTable('tasks').set({ sealed_draft: p.sealed_draft, updated_at: p.at }).where('id', '=', p.id),
)
const threadOf = statement((p: { taskId: string }) =>
  query.selectFrom('threads').select('id').where('task_id', '=', p.taskId),
)
const messagesOf = statement((p: { threadId: string }) =>
  query.selectFrom('messages').selectAll().where('thread_id', '=', p.threadId).orderBy('place'),
)
const lastPlace = statement((p: { threadId: string }) =>
  query
    .selectFrom('messages')
    .select(({ fn }) => fn.max<number | null>('place').as('place'))
    .where('thread_id', '=', p.threadId),
)
const lastRun = statement((p: { taskId: string }) =>
  query
    .selectFrom('task_runs')
    .selectAll()
    .where('task_id', '=', p.taskId)
    .orderBy('number', 'desc')
    .limit(1),
)
const runsOf = statement((p: { taskId: string }) =>
  query.selectFrom('task_runs').selectAll().where('task_id', '=', p.taskId).orderBy('number'),
)
const countSteps = statement((p: { id: string; steps: number }) =>
  query.updateTable('task_runs').set({ steps: p.steps }).where('id', '=', p.id),
)
const endRun = statement(
  (p: { id: string; state: TaskRunRow['state']; sealed_failure: Uint8Array | null; at: number }) =>
    query
      .updateTable('task_runs')
      .set({ state: p.state, sealed_failure: p.sealed_failure, ended_at: p.at })
      .where('id', '=', p.id)
      .where('state', '=', 'running'),
)
const lostRun = statement((p: { boot: string }) =>
  query
    .selectFrom('task_runs')
    .select('id')
    .where('state', '=', 'running')
    .where('boot', '!=', p.boot)
    .limit(1),
)
const loseRuns = statement((p: { boot: string; at: number }) =>
  query
    .updateTable('task_runs')
    .set({ state: 'lost', ended_at: p.at })
    .where('state', '=', 'running')
    .where('boot', '!=', p.boot),
)

export interface NewTask {
  kind: TaskRow['kind']
  chatId: string
  workflowId: string | null
  draft: Json
  /** What was said in the conversation before: its turns are counted on, and the last word stands until the next. */
  after?: Pick<TaskRow, 'turn' | 'reply_id'>
  at: number
}

export function createTask(store: Store, tx: Tx, task: NewTask): TaskRow {
  const { kind, chatId, workflowId, draft, after = { turn: 0, reply_id: null }, at } = task
  const id = store.ids.next('tsk')
  const row: TaskRow = {
    id,
    kind,
    chat_id: chatId,
    workflow_id: workflowId,
    state: 'working',
    turn: after.turn,
    reply_id: after.reply_id,
    sealed_draft: store.seal(draft, `task:${id}`),
    created_at: at,
    updated_at: at,
  }
  tx.run(insertTask, row)
  tx.run(insertThread, { id: store.ids.next('thr'), task_id: id, created_at: at })
  return row
}

export function taskById(reader: Reader, id: string): TaskRow | undefined {
  return reader.get(byId, { id })
}

/** The newest: those before it were brought to their end. */
export function taskOfChat(reader: Reader, chatId: string): TaskRow | undefined {
  return reader.get(byChat, { chatId })
}

/** Those that somebody has to go on with: at the start, what the last life of the core left. */
export function workingTasks(reader: Reader): TaskRow[] {
  return reader.all(working, {})
}

/** Those that a person was asked something in. */
export function askingTasks(reader: Reader): TaskRow[] {
  return reader.all(asking, {})
}

export function draftOf(store: Store, task: TaskRow): Json {
  return store.open(task.sealed_draft, `task:${task.id}`)
}

/** Something was said, by either side: the task stands elsewhere, one turn on. */
export function moveTask(
  tx: Tx,
  task: Pick<TaskRow, 'id' | 'reply_id' | 'workflow_id'>,
  next: { state: TaskState; replyId?: string; workflowId?: string; at: number },
): void {
  tx.run(move, {
    id: task.id,
    state: next.state,
    reply_id: next.replyId ?? task.reply_id,
    workflow_id: next.workflowId ?? task.workflow_id,
    at: next.at,
  })
}

export function keepDraft(store: Store, tx: Tx, id: string, draft: Json, at: number): void {
  tx.run(keep, { id, sealed_draft: store.seal(draft, `task:${id}`), at })
}

/** The agent's conversation so far, oldest first. */
export function threadMessages(store: Store, taskId: string): ModelMessage[] {
  const threadId = threadIdOf(store, taskId)
  return store
    .all(messagesOf, { threadId })
    .map(row => store.open(row.sealed_body, sealOf(threadId, row.place)) as unknown as ModelMessage)
}

export function addMessage(store: Store, tx: Tx, taskId: string, message: ModelMessage, at: number): void {
  const threadId = threadIdOf(tx, taskId)
  const place = (tx.get(lastPlace, { threadId })?.place ?? 0) + 1
  const body = JSON.parse(JSON.stringify(message)) as Json
  tx.run(insertMessage, {
    thread_id: threadId,
    place,
    sender: message.from,
    sealed_body: store.seal(body, sealOf(threadId, place)),
    at,
  })
}

/** A stretch of work begins; the database refuses a second one beside it. */
export function beginTaskRun(store: Store, tx: Tx, taskId: string, boot: string, at: number): string {
  const id = store.ids.next('trn')
  const number = (tx.get(lastRun, { taskId })?.number ?? 0) + 1
  tx.run(insertRun, { id, task_id: taskId, number, boot, state: 'running', begun_at: at })
  return id
}

export function countTaskSteps(tx: Tx, id: string, steps: number): void {
  tx.run(countSteps, { id, steps })
}

export function endTaskRun(
  store: Store,
  tx: Tx,
  id: string,
  end: { state: TaskRunRow['state']; failure: Failure | null; at: number },
): void {
  const failure = end.failure === null ? null : (JSON.parse(JSON.stringify(end.failure)) as Json)
  const sealed = failure === null ? null : store.seal(failure, `task-run:${id}`)
  tx.run(endRun, { id, state: end.state, sealed_failure: sealed, at: end.at })
}

/** Whether an earlier life of the core ended in the middle of something. */
export function hasLostRuns(reader: Reader, boot: string): boolean {
  return reader.get(lostRun, { boot }) !== undefined
}

/** What an earlier life of the core was at when it ended. */
export function loseTaskRuns(tx: Tx, boot: string, at: number): void {
  tx.run(loseRuns, { boot, at })
}

export function taskRunsOf(reader: Reader, taskId: string): TaskRunRow[] {
  return reader.all(runsOf, { taskId })
}

function threadIdOf(reader: Reader, taskId: string): string {
  const thread = reader.get(threadOf, { taskId })
  if (thread === undefined) throw new Error(`${taskId} has no thread`)
  return thread.id
}

function sealOf(threadId: string, place: number): string {
  return `message:${threadId}:${String(place)}`
}
