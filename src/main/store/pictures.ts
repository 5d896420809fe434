/**
 * Pictures that models drew: sealed, once per content, held by the automations that had them drawn (or were given what
 * others had). Owns who holds which. A picture goes when nobody holds it; when that is, retention says (J12).
 */
import { sql } from 'kysely'
import { query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

/** Of all that one automation holds. */
export const MOST_PICTURE_BYTES = 1_073_741_824

const putPicture = statement((p: { hash: string; size: number; body: Uint8Array }) =>
  query
    .insertInto('pictures')
    .values({ hash: p.hash, size: p.size, sealed_body: p.body })
    .onConflict(conflict => conflict.column('hash').doNothing()),
)
const hold = statement((p: { workflowId: string; hash: string; at: number }) =>
  query
    .insertInto('picture_holders')
    .values({ workflow_id: p.workflowId, hash: p.hash, last_used_at: p.at })
    .onConflict(conflict =>
      conflict.columns(['workflow_id', 'hash']).doUpdateSet(({ eb, fn }) => ({
        // A clock that went back does not make a picture older than its newest use.
        last_used_at: fn<number>('max', ['picture_holders.last_used_at', eb.val(p.at)]),
      })),
    ),
)
const use = statement((p: { workflowId: string; hash: string; at: number }) =>
  query
    .updateTable('picture_holders')
    .set(({ eb, fn }) => ({ last_used_at: fn<number>('max', ['last_used_at', eb.val(p.at)]) }))
    .where('workflow_id', '=', p.workflowId)
    .where('hash', '=', p.hash),
)
const held = statement((p: { workflowId: string; hash: string }) =>
  query
    .selectFrom('picture_holders')
    .innerJoin('pictures', 'pictures.hash', 'picture_holders.hash')
    .select('sealed_body')
    .where('workflow_id', '=', p.workflowId)
    .where('picture_holders.hash', '=', p.hash),
)
const holding = statement((p: { workflowId: string; hash: string }) =>
  query
    .selectFrom('picture_holders')
    .select('hash')
    .where('workflow_id', '=', p.workflowId)
    .where('hash', '=', p.hash),
)
const kept = statement((p: { hash: string }) =>
  query.selectFrom('pictures').select('size').where('hash', '=', p.hash),
)
const sizeHeld = statement((p: { workflowId: string }) =>
  query
    .selectFrom('picture_holders')
    .innerJoin('pictures', 'pictures.hash', 'picture_holders.hash')
    .select(({ fn }) => fn.sum<number | null>('size').as('size'))
    .where('workflow_id', '=', p.workflowId),
)
/** Its automation has nothing under way that may know the picture by name: no run, no item, none to try again. */
const idle = statement((p: { until: number; limit: number }) =>
  query
    .selectFrom('picture_holders')
    .select(['workflow_id', 'hash'])
    .where('last_used_at', '<', p.until)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('script_runs')
            .select('script_runs.id')
            .whereRef('script_runs.workflow_id', '=', 'picture_holders.workflow_id')
            .where(({ eb, or }) =>
              or([
                eb('script_runs.ended_at', 'is', null),
                eb('script_runs.slot', 'is not', null),
                eb.and([
                  eb('script_runs.state', '=', 'failed'),
                  eb('script_runs.sealed_failure', 'is not', null),
                ]),
              ]),
            ),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('items')
            .select('items.id')
            .whereRef('items.workflow_id', '=', 'picture_holders.workflow_id')
            // To the letter the condition of the index `items_aside`, so that it is used.
            .where(sql<boolean>`items.state IN ('aside', 'waiting', 'open')`),
        ),
      ),
    )
    .limit(p.limit),
)
const letGo = statement((p: { workflowId: string; hash: string }) =>
  query.deleteFrom('picture_holders').where('workflow_id', '=', p.workflowId).where('hash', '=', p.hash),
)
const drop = statement((p: { hash: string }) =>
  query
    .deleteFrom('pictures')
    .where('hash', '=', p.hash)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('picture_holders')
            .select('workflow_id')
            .whereRef('picture_holders.hash', '=', 'pictures.hash'),
        ),
      ),
    ),
)

/** A picture to be kept. It is sealed where it comes in: it may be long, and nothing else is written meanwhile. */
export interface SealedPicture {
  readonly hash: string
  readonly size: number
  readonly body: Uint8Array
}

export function sealPicture(store: Store, hash: string, bytes: Uint8Array): SealedPicture {
  return { hash, size: bytes.byteLength, body: store.sealBytes(bytes, contextOf(hash)) }
}

/** False where the automation has no room for it: it is not kept. */
export function keepPicture(tx: Tx, workflowId: string, picture: SealedPicture, at: number): boolean {
  if (!hasRoom(tx, workflowId, picture)) return false
  tx.run(putPicture, picture)
  tx.run(hold, { workflowId, hash: picture.hash, at })
  return true
}

/** Holds a picture that is kept already, from now on. False where it is not, or there is no room for it. */
export function holdPicture(tx: Tx, workflowId: string, hash: string, at: number): boolean {
  const row = tx.get(kept, { hash })
  if (row === undefined || !hasRoom(tx, workflowId, { hash, size: row.size })) return false
  tx.run(hold, { workflowId, hash, at })
  return true
}

function hasRoom(tx: Tx, workflowId: string, { hash, size }: Pick<SealedPicture, 'hash' | 'size'>): boolean {
  const isHeld = tx.get(holding, { workflowId, hash }) !== undefined
  return isHeld || pictureBytesHeld(tx, workflowId) + size <= MOST_PICTURE_BYTES
}

/** It stays from now on. False where the automation holds no such picture. */
export function usePicture(tx: Tx, workflowId: string, hash: string, at: number): boolean {
  return tx.run(use, { workflowId, hash, at }) > 0
}

/** Null where the automation holds no such picture. */
export function pictureHeld(store: Store, workflowId: string, hash: string): Uint8Array | null {
  const row = store.get(held, { workflowId, hash })
  return row === undefined ? null : store.openBytes(row.sealed_body, contextOf(hash))
}

export function pictureBytesHeld(reader: Reader, workflowId: string): number {
  return reader.get(sizeHeld, { workflowId })?.size ?? 0
}

/** How many of the old ones were let go of. */
export function dropPictures(tx: Tx, until: number, limit: number): number {
  const holders = tx.all(idle, { until, limit })
  for (const { workflow_id: workflowId, hash } of holders) {
    tx.run(letGo, { workflowId, hash })
    tx.run(drop, { hash })
  }
  return holders.length
}

function contextOf(hash: string): string {
  return `picture:${hash}`
}
