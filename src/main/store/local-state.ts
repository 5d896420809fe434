/** What automations remember: `state` by key. Written only by scopes that succeeded (J2). */
import type { Json } from '../../domain/json.ts'
import { query, statement } from './statement.ts'
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
