/**
 * Erasure by the user (P5): what rows of the audit log said goes, and each leaves a tombstone that keeps the chain
 * whole. A piece at a time, each with a row of its own that vouches for its tombstones, in one transaction: a kill in
 * between leaves a log that holds, and less to erase.
 */
import { sql } from 'kysely'
import { ERASURE_KIND, erasureBody, TOMBSTONE_KIND } from '../../domain/audit.ts'
import { contentOf } from './audit.ts'
import { query, statement } from './statement.ts'
import type { Statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Tx } from './tx.ts'

/** Rows of one automation, and rows from before a time (UTC ms): of both where both are given. */
export interface Erasing {
  workflowId: string | null
  before: number
}

const ROWS_AT_ONCE = 1_000

const next = statement((p: { workflowId: string | null; before: number; limit: number }) =>
  query
    .selectFrom('audit_log')
    .selectAll()
    .where('kind', 'not in', [ERASURE_KIND, TOMBSTONE_KIND])
    .where(sql<boolean>`(${p.workflowId} IS NULL OR workflow_id = ${p.workflowId})`)
    .where('at', '<', p.before)
    .orderBy('seq')
    .limit(p.limit),
)
const bury = statement((p: { seq: number; at: number; kind: string; body: string }) =>
  query
    .updateTable('audit_log')
    .set({ at: p.at, kind: p.kind, workflow_id: null, run_id: null, body: p.body })
    .where('seq', '=', p.seq),
)

/** Overwrites what it deletes, whole pages too; else only what is cheap to overwrite (see the store's pragmas). */
const THOROUGH: Statement<object, unknown> = { sql: 'PRAGMA secure_delete = ON', bind: () => [] }
const USUAL: Statement<object, unknown> = { sql: 'PRAGMA secure_delete = FAST', bind: () => [] }

/** Answers with how many rows were erased. */
export async function eraseAudit(store: Store, erasing: Erasing): Promise<number> {
  for (let erased = 0; ;) {
    const piece = await store.write(tx => erasePiece(store, tx, erasing), { durable: true })
    erased += piece
    if (piece < ROWS_AT_ONCE) return erased
  }
}

function erasePiece(store: Store, tx: Tx, erasing: Erasing): number {
  const rows = tx.all(next, { ...erasing, limit: ROWS_AT_ONCE })
  if (rows.length === 0) return 0
  store.audit.append(tx, store.now(), {
    kind: ERASURE_KIND,
    workflowId: null,
    runId: null,
    body: erasureBody(rangesOf(rows.map(({ seq }) => seq))),
  })
  tx.get(THOROUGH, {})
  try {
    for (const row of rows) {
      const { at, kind, body } = store.audit.tombstone(contentOf(row))
      tx.run(bury, { seq: row.seq, at, kind, body: JSON.stringify(body) })
    }
  } finally {
    tx.get(USUAL, {})
  }
  return rows.length
}

/** Numbers in rising order as the ranges they make. */
function rangesOf(seqs: readonly number[]): [number, number][] {
  const ranges: [number, number][] = []
  for (const seq of seqs) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === seq - 1) last[1] = seq
    else ranges.push([seq, seq])
  }
  return ranges
}
