/** The policy file in all its versions: the last one is in force, and versions are only ever added. */
import { createHash } from 'node:crypto'
import type { Json } from '../../domain/json.ts'
import { policySchema } from '../../domain/policy-file.ts'
import type { Policy } from '../../domain/policy-file.ts'
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import type { Reader, Tx } from './tx.ts'

export type PolicyRow = Row<'policies'>

const insert = insertion('policies', ['version', 'source', 'document', 'hash', 'created_at'])
const lastKey = statement((_p: object) =>
  query.selectFrom('policies').select(['version', 'hash']).orderBy('version', 'desc').limit(1),
)
const byVersion = statement((p: { version: number }) =>
  query.selectFrom('policies').selectAll().where('version', '=', p.version),
)
const before = statement((p: { before: number; limit: number }) =>
  query
    .selectFrom('policies')
    .selectAll()
    .where('version', '<', p.before)
    .orderBy('version', 'desc')
    .limit(p.limit),
)

/** The rules in force; null where there is no policy file. Asked before every decision. */
export function policyInForce(reader: Reader): Policy | null {
  const last = reader.get(lastKey, {})
  if (last === undefined) return null
  return reader.once(`policy ${String(last.version)} ${last.hash}`, () => {
    const { document = null } = policyVersion(reader, last.version) ?? {}
    return document === null ? null : policySchema.parse(JSON.parse(document))
  })
}

export function lastPolicy(reader: Reader): PolicyRow | undefined {
  const last = reader.get(lastKey, {})
  return last === undefined ? undefined : policyVersion(reader, last.version)
}

export function policyVersion(reader: Reader, version: number): PolicyRow | undefined {
  return reader.get(byVersion, { version })
}

/** Newest first, from below `below`. */
export function listPolicies(reader: Reader, limit: number, below = Number.MAX_SAFE_INTEGER): PolicyRow[] {
  return reader.all(before, { before: below, limit })
}

/** In force from here on; null takes the file away. */
export function addPolicy(tx: Tx, file: { source: string; document: Json } | null, at: number): PolicyRow {
  const row = {
    version: (tx.get(lastKey, {})?.version ?? 0) + 1,
    source: file?.source ?? null,
    document: file === null ? null : JSON.stringify(file.document),
    hash: file === null ? '' : hashOf(file.source),
    created_at: at,
  }
  tx.run(insert, row)
  return row
}

export function hashOf(source: string): string {
  return createHash('sha256').update(source).digest('hex')
}
