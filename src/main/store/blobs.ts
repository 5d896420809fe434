/** Large payloads, stored once per content, in the same database as the rows that name them: J1's order holds by itself. */
import { fail } from '../../domain/failure.ts'
import { query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Tx } from './tx.ts'

const insert = statement((p: { hash: string; size: number; sealed_body: Uint8Array; at: number }) =>
  query
    .insertInto('blobs')
    .values({ hash: p.hash, size: p.size, sealed_body: p.sealed_body, last_used_at: p.at })
    .onConflict(conflict =>
      conflict.column('hash').doUpdateSet(({ eb, fn }) => ({
        // A clock that went back does not make a payload older than its newest use.
        last_used_at: fn<number>('max', ['blobs.last_used_at', eb.val(p.at)]),
      })),
    ),
)
const byHash = statement((p: { hash: string }) =>
  query.selectFrom('blobs').select('sealed_body').where('hash', '=', p.hash),
)

/** `hash` is the SHA-256 of `text`, in hexadecimal. */
export function putBlob(store: Store, tx: Tx, hash: string, text: string, at: number): void {
  tx.run(insert, { hash, size: text.length, sealed_body: store.sealText(text, `blob:${hash}`), at })
}

export function getBlob(store: Store, hash: string): string {
  const row = store.get(byHash, { hash })
  if (row === undefined)
    fail({
      kind: 'internal',
      message: `A recorded payload (${hash.slice(0, 12)}) is missing from the database.`,
    })
  return store.openText(row.sealed_body, `blob:${hash}`)
}
