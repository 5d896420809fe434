/** Answers kept under an Idempotency-Key. What was asked and answered is sealed: it may hold what only people may read (J12). */
import { z } from 'zod'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Tx } from './tx.ts'

const recordSchema = z.object({
  /** Hash of what was asked. */
  asked: z.string(),
  /** Null until it was given. */
  answer: z
    .object({ status: z.int(), headers: z.array(z.tuple([z.string(), z.string()])), body: z.string() })
    .nullable(),
})
export type KeptRequest = z.output<typeof recordSchema>

const insert = insertion('requests', ['id', 'sealed_record', 'created_at'])
const byId = statement((p: { id: string; since: number }) =>
  query
    .selectFrom('requests')
    .select('sealed_record')
    .where('id', '=', p.id)
    .where('created_at', '>=', p.since),
)
const update = statement((p: { id: string; record: Uint8Array }) =>
  query.updateTable('requests').set({ sealed_record: p.record }).where('id', '=', p.id),
)
const remove = statement((p: { id: string }) => query.deleteFrom('requests').where('id', '=', p.id))
const expired = statement((p: { until: number; limit: number }) =>
  query.selectFrom('requests').select('id').where('created_at', '<', p.until).limit(p.limit),
)

/** More than one, so that the table shrinks while it grows. */
const TAKEN_ALONG = 8

/** What is kept under this id since then. */
export function keptRequest(store: Store, id: string, since: number): KeptRequest | undefined {
  const row = store.get(byId, { id, since })
  if (row === undefined) return undefined
  return recordSchema.parse(store.open(row.sealed_record, `request:${id}`))
}

/** Takes the place of one that had expired; a few others that have go with it. */
export function keepRequest(
  store: Store,
  tx: Tx,
  kept: { id: string; record: KeptRequest; at: number; expiredUntil: number },
): void {
  const { id, record, at } = kept
  for (const old of tx.all(expired, { until: kept.expiredUntil, limit: TAKEN_ALONG })) tx.run(remove, old)
  tx.run(remove, { id })
  tx.run(insert, { id, sealed_record: sealed(store, id, record), created_at: at })
}

export function answerRequest(store: Store, tx: Tx, id: string, record: KeptRequest): void {
  tx.run(update, { id, record: sealed(store, id, record) })
}

function sealed(store: Store, id: string, record: KeptRequest): Uint8Array {
  return store.seal(record, `request:${id}`)
}
