/**
 * The secrets of connections, each sealed under the vault key and bound to its connection, purpose and version, and to
 * where it may be sent: a record that is moved, swapped or pointed elsewhere does not open. Never in a list, a log or
 * an answer.
 */
import type { Connection } from '../../domain/connection.ts'
import { isFailureError } from '../../domain/failure.ts'
import { canonicalJson } from '../../domain/json.ts'
import type { Codec } from '../../domain/seal.ts'
import { generationOf } from '../../domain/seal.ts'
import { insertion, query, statement } from './statement.ts'
import type { Reader, Tx } from './tx.ts'

const insert = insertion('secrets', [
  'connection_id',
  'purpose',
  'version',
  'generation',
  'sealed_value',
  'created_at',
])
const removeAll = statement((p: { connectionId: string }) =>
  query.deleteFrom('secrets').where('connection_id', '=', p.connectionId),
)
const sealedValue = statement((p: { connectionId: string; purpose: string }) =>
  query
    .selectFrom('secrets')
    .select('sealed_value')
    .where('connection_id', '=', p.connectionId)
    .where('purpose', '=', p.purpose),
)
const older = statement((p: { generation: number }) =>
  query
    .selectFrom('secrets')
    .select(['connection_id', 'purpose', 'sealed_value'])
    .where('generation', '<', p.generation),
)
const replace = statement(
  (p: { connectionId: string; purpose: string; generation: number; sealed: Uint8Array }) =>
    query
      .updateTable('secrets')
      .set({ generation: p.generation, sealed_value: p.sealed })
      .where('connection_id', '=', p.connectionId)
      .where('purpose', '=', p.purpose),
)

/** Replaces every secret of the connection. */
export function putSecrets(
  tx: Tx,
  codec: Codec,
  connection: Connection,
  secrets: Readonly<Record<string, string>>,
  at: number,
): void {
  tx.run(removeAll, { connectionId: connection.id })
  for (const [purpose, value] of Object.entries(secrets)) {
    const sealed = codec.seal(value, placeOf(connection, purpose))
    tx.run(insert, {
      connection_id: connection.id,
      purpose,
      version: connection.version,
      generation: generationOf(sealed) ?? 0,
      sealed_value: sealed,
      created_at: at,
    })
  }
}

export function removeSecrets(tx: Tx, connectionId: string): void {
  tx.run(removeAll, { connectionId })
}

export function openSecret(
  reader: Reader,
  codec: Codec,
  connection: Connection,
  purpose: string,
): string | undefined {
  const row = reader.get(sealedValue, { connectionId: connection.id, purpose })
  return row === undefined ? undefined : codec.open(row.sealed_value, placeOf(connection, purpose))
}

/** Whether any secret was sealed under an older key than this. */
export function hasOlderSecrets(reader: Reader, generation: number): boolean {
  return reader.get(older, { generation }) !== undefined
}

/** Seals under the newest key what an older one sealed; how many. What does not open is left as it is. */
export function resealSecrets(
  tx: Tx,
  codec: Codec,
  generation: number,
  connectionOf: (id: string) => Connection | undefined,
): number {
  let count = 0
  for (const row of tx.all(older, { generation })) {
    const connection = connectionOf(row.connection_id)
    if (connection === undefined) continue
    const place = placeOf(connection, row.purpose)
    const value = openOrNull(codec, row.sealed_value, place)
    if (value === null) continue
    const sealed = codec.seal(value, place)
    count += tx.run(replace, {
      connectionId: row.connection_id,
      purpose: row.purpose,
      generation,
      sealed,
    })
  }
  return count
}

/** A damaged record is found when it is used; it keeps none of the others from their new key. */
function openOrNull(codec: Codec, sealed: Uint8Array, place: string): string | null {
  try {
    return codec.open(sealed, place)
  } catch (error) {
    if (isFailureError(error) && error.failure.kind === 'internal') return null
    throw error
  }
}

function placeOf({ id, kind, auth, origins, settings, version }: Connection, purpose: string): string {
  return canonicalJson({
    secret: purpose,
    id,
    kind,
    auth,
    origins: [...origins],
    settings: { ...settings },
    version,
  })
}
