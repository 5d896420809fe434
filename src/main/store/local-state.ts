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
const put = statement(
  (p: { workflow_id: string; key: string; value: Uint8Array; sources: Uint8Array | null; at: number }) => {
    const kept = { sealed_value: p.value, sealed_sources: p.sources, updated_at: p.at }
    return query
      .insertInto('state')
      .values({ workflow_id: p.workflow_id, key: p.key, ...kept })
      .onConflict(conflict => conflict.columns(['workflow_id', 'key']).doUpdateSet(kept))
  },
)
const sourced = statement((p: { workflowId: string }) =>
  query
    .selectFrom('state')
    .select(['key', 'sealed_sources'])
    .where('workflow_id', '=', p.workflowId)
    .where('sealed_sources', 'is not', null),
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

export interface StateChange {
  workflowId: string
  key: string
  value: Json
  /** From where the value may have come; empty for nowhere outside (P6). */
  sources: readonly string[]
  at: number
}

export function setState(store: Store, tx: Tx, { workflowId, key, value, sources, at }: StateChange): void {
  tx.run(put, {
    workflow_id: workflowId,
    key,
    value: store.seal(value, `state:${workflowId}:${key}`),
    sources: sources.length === 0 ? null : store.seal([...sources], `state:${workflowId}:${key}:sources`),
    at,
  })
}

/** From where the values may have come that an automation remembers (P6). */
export function stateSources(store: Store, workflowId: string): string[] {
  const sources = store.all(sourced, { workflowId }).flatMap(row => {
    if (row.sealed_sources === null) return []
    return store.open(row.sealed_sources, `state:${workflowId}:${row.key}:sources`) as string[]
  })
  return [...new Set(sources)]
}

export function deleteState(tx: Tx, workflowId: string, key: string): void {
  tx.run(remove, { workflowId, key })
}
