/** Items of `each` (J7): their journal outlives runs, and a completed key never runs again. */
import { itemIdOf } from '../../domain/identity.ts'
import type { Json } from '../../domain/json.ts'
import type { Outcome } from '../../domain/tool.ts'
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

export type ItemRow = Row<'items'>
export type ItemState = ItemRow['state']
export type ItemError = Extract<Outcome, { ok: false }>['error']

const insert = insertion('items', [
  'id',
  'workflow_id',
  'name',
  'key',
  'scope',
  'state',
  'run_id',
  'script_id',
  'created_at',
  'updated_at',
])
const byId = statement((p: { id: string }) => query.selectFrom('items').selectAll().where('id', '=', p.id))
const byKey = statement((p: { workflowId: string; name: string; key: string }) =>
  query
    .selectFrom('items')
    .selectAll()
    .where('workflow_id', '=', p.workflowId)
    .where('name', '=', p.name)
    .where('key', '=', p.key),
)
const ofRun = statement((p: { runId: string }) =>
  query.selectFrom('items').selectAll().where('run_id', '=', p.runId).orderBy('created_at').orderBy('id'),
)
const ofWorkflow = statement((p: { workflowId: string; state: ItemState }) =>
  query
    .selectFrom('items')
    .selectAll()
    .where('workflow_id', '=', p.workflowId)
    .where('state', '=', p.state)
    .orderBy('id')
    .limit(1_000),
)
const attach = statement((p: { id: string; run_id: string; script_id: string; scope: string; at: number }) =>
  query
    .updateTable('items')
    .set({ run_id: p.run_id, script_id: p.script_id, scope: p.scope, state: 'open', updated_at: p.at })
    .where('id', '=', p.id),
)
const move = statement(
  (p: { id: string; state: ItemState; result: Uint8Array | null; failure: Uint8Array | null; at: number }) =>
    query
      .updateTable('items')
      .set({ state: p.state, sealed_result: p.result, sealed_failure: p.failure, updated_at: p.at })
      .where('id', '=', p.id),
)
const countWaiting = statement((p: { runId: string }) =>
  query
    .selectFrom('items')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('run_id', '=', p.runId)
    .where('state', '=', 'waiting'),
)
const names = statement((p: { workflowId: string }) =>
  query.selectFrom('items').select('name').distinct().where('workflow_id', '=', p.workflowId),
)
const rename = statement((p: { workflowId: string; from: string; to: string }) =>
  query
    .updateTable('items')
    .set({ name: p.to })
    .where('workflow_id', '=', p.workflowId)
    .where('name', '=', p.from),
)

/** The item a scope names, if it exists. A scope's text is a JSON array: name, key, and so on inwards. */
export function itemOfScope(reader: Reader, workflowId: string, scope: string): ItemRow | undefined {
  const { name, key } = namedBy(scope)
  // A renamed item keeps the id its first name gave it: scripts that still use that name find it by id.
  return (
    reader.get(byKey, { workflowId, name, key }) ?? reader.get(byId, { id: itemIdOf(workflowId, name, key) })
  )
}

function namedBy(scope: string): { name: string; key: string } {
  const path = JSON.parse(scope) as string[]
  const name = path.filter((_part, place) => place % 2 === 0).join('/')
  const keys = path.filter((_part, place) => place % 2 === 1)
  const key = keys.length === 1 ? (keys[0] ?? '') : JSON.stringify(keys)
  return { name, key }
}

export function itemById(reader: Reader, id: string): ItemRow | undefined {
  return reader.get(byId, { id })
}

export function itemsOfRun(reader: Reader, runId: string): ItemRow[] {
  return reader.all(ofRun, { runId })
}

export function itemsInState(reader: Reader, workflowId: string, state: ItemState): ItemRow[] {
  return reader.all(ofWorkflow, { workflowId, state })
}

export function waitingItemsOf(reader: Reader, runId: string): number {
  return reader.get(countWaiting, { runId })?.count ?? 0
}

export function itemNames(reader: Reader, workflowId: string): string[] {
  return reader.all(names, { workflowId }).map(row => row.name)
}

export function createItem(
  tx: Tx,
  item: { workflowId: string; scope: string; runId: string; scriptId: string; at: number },
): string {
  const { name, key } = namedBy(item.scope)
  const id = itemIdOf(item.workflowId, name, key)
  tx.run(insert, {
    id,
    workflow_id: item.workflowId,
    name,
    key,
    scope: item.scope,
    state: 'open',
    run_id: item.runId,
    script_id: item.scriptId,
    created_at: item.at,
    updated_at: item.at,
  })
  return id
}

/** The run goes on with an item that an earlier one left half done. */
export function attachItem(
  tx: Tx,
  item: { id: string; runId: string; scriptId: string; scope: string; at: number },
): void {
  tx.run(attach, {
    id: item.id,
    run_id: item.runId,
    script_id: item.scriptId,
    scope: item.scope,
    at: item.at,
  })
}

export function moveItem(
  store: Store,
  tx: Tx,
  id: string,
  state: ItemState,
  end: { result?: Json; error?: ItemError; at: number },
): void {
  tx.run(move, {
    id,
    state,
    result: end.result === undefined ? null : store.seal(end.result, `item:${id}:result`),
    failure: end.error === undefined ? null : store.sealText(JSON.stringify(end.error), `item:${id}:failure`),
    at: end.at,
  })
}

/** The user mapped one `each` name to another: recorded keys go with it. Ids stay, so journals stay attached. */
export function renameItems(tx: Tx, workflowId: string, from: string, to: string): void {
  tx.run(rename, { workflowId, from, to })
}

export function itemResult(store: Store, item: ItemRow): Json {
  return item.sealed_result === null ? null : store.open(item.sealed_result, `item:${item.id}:result`)
}

export function itemError(store: Store, item: ItemRow): ItemError {
  if (item.sealed_failure === null) return { code: 'unknown', message: 'The item was set aside.' }
  return JSON.parse(store.openText(item.sealed_failure, `item:${item.id}:failure`)) as ItemError
}
