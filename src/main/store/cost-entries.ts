/**
 * What asking models costs, as it is written: a row before each call that holds the most it can cost, and what it did
 * cost afterwards. A core that dies in between leaves the reservation, which counts: too much rather than too little.
 */
import type { CostCap, CostEntry, CostOf } from '../../domain/model.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import { tallyCost } from './tallies.ts'
import type { Reader, Tx } from './tx.ts'

const insert = insertion('costs', [
  'id',
  'workflow_id',
  'run_id',
  'step_id',
  'task_id',
  'purpose',
  'tool',
  'connection',
  'model',
  'micros',
  'estimated',
  'state',
  'at',
])
const settle = statement(
  (p: {
    id: string
    micros: number
    input_tokens: number
    cached_tokens: number
    output_tokens: number
    reasoning_tokens: number
    estimated: number
  }) =>
    query
      .updateTable('costs')
      .set({
        micros: p.micros,
        input_tokens: p.input_tokens,
        cached_tokens: p.cached_tokens,
        output_tokens: p.output_tokens,
        reasoning_tokens: p.reasoning_tokens,
        estimated: p.estimated,
        state: 'spent',
      })
      .where('id', '=', p.id)
      .where('state', '=', 'reserved'),
)
const reservedById = statement((p: { id: string }) =>
  query.selectFrom('costs').select('purpose').where('id', '=', p.id).where('state', '=', 'reserved'),
)
const drop = statement((p: { id: string }) =>
  query.deleteFrom('costs').where('id', '=', p.id).where('state', '=', 'reserved'),
)
const give = statement((p: { taskId: string; workflowId: string }) =>
  query
    .updateTable('costs')
    .set({ workflow_id: p.workflowId })
    .where('task_id', '=', p.taskId)
    .where('workflow_id', 'is', null),
)
const total = query.selectFrom('costs').select(({ fn }) => fn.sum<number | null>('micros').as('micros'))
const ofTask = statement((p: { id: string }) => total.where('task_id', '=', p.id))
const ofChat = statement((p: { chatId: string }) =>
  total.where('task_id', 'in', query.selectFrom('tasks').select('id').where('chat_id', '=', p.chatId)),
)
const ofRun = statement((p: { id: string }) => total.where('run_id', '=', p.id))
const ofWorkflow = statement((p: { id: string; since: number }) =>
  total.where('workflow_id', '=', p.id).where('purpose', '=', 'run').where('at', '>=', p.since),
)
const ofAll = statement((p: { since: number }) => total.where('at', '>=', p.since))

export interface Reservation {
  of: CostOf
  connection: string
  model: string
  /** The most the call can cost. */
  micros: number
  at: number
}

/** Committed before the first byte of the call leaves. */
export function reserveCost(
  store: Store,
  tx: Tx,
  { of, connection, model, micros, at }: Reservation,
): string {
  const id = store.ids.next('cst')
  tx.run(insert, {
    id,
    workflow_id: of.workflowId,
    run_id: of.runId,
    step_id: of.stepId,
    task_id: of.taskId,
    purpose: of.purpose,
    tool: of.tool,
    connection,
    model,
    micros,
    estimated: 1,
    state: 'reserved',
    at,
  })
  return id
}

/** Once for each reservation: what is settled stays as it is. */
export function settleCost(tx: Tx, entry: CostEntry): void {
  const { id, micros, tokens, estimated } = entry
  const reserved = tx.get(reservedById, { id })
  if (reserved === undefined) return
  tallyCost(tx, reserved.purpose, entry)
  tx.run(settle, {
    id,
    micros,
    input_tokens: tokens.input,
    cached_tokens: tokens.cached,
    output_tokens: tokens.output,
    reasoning_tokens: tokens.reasoning,
    estimated: estimated ? 1 : 0,
  })
}

/** The call was never sent, or answered with an error that costs nothing. */
export function dropCost(tx: Tx, id: string): void {
  tx.run(drop, { id })
}

/** What a task cost before there was an automation is that automation's. */
export function giveCosts(tx: Tx, taskId: string, workflowId: string): void {
  tx.run(give, { taskId, workflowId })
}

/** What was spent or is reserved, in micro-dollars. */
export function spentOver(reader: Reader, over: CostCap['over']): number {
  if ('taskId' in over) return microsOf(reader.get(ofTask, { id: over.taskId }))
  if ('runId' in over) return microsOf(reader.get(ofRun, { id: over.runId }))
  if (!('workflowId' in over)) return microsOf(reader.get(ofAll, over))
  const { workflowId: id, since, rehearsal } = over
  const ofRuns = microsOf(reader.get(ofWorkflow, { id, since }))
  return rehearsal === undefined ? ofRuns : ofRuns + spentOver(reader, { runId: rehearsal })
}

/** What all plans of a chat have cost, one after the other. */
export function spentInChat(reader: Reader, chatId: string): number {
  return microsOf(reader.get(ofChat, { chatId }))
}

function microsOf(sum: { micros: number | null } | undefined): number {
  return sum?.micros ?? 0
}
