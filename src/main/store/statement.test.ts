import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { insertion, query, statement } from './statement.ts'

const named = statement((p: { id: string; most: number }) =>
  query
    .selectFrom('workflows')
    .select('name')
    .where('id', '=', p.id)
    .where('state', '!=', "it's gone" as 'deleted')
    .where('script_id', 'is', null)
    .limit(p.most),
)

describe('a statement', () => {
  it('carries its constants in its text and binds only its holes', () => {
    expect(named.sql).toBe(
      'select "name" from "workflows" where "id" = +? and "state" != \'it\'\'s gone\' and "script_id" is null limit +?',
    )
    expect(named.bind({ id: 'wf_1', most: 3 })).toEqual(['wf_1', 3])
  })

  it('stores every kind of value as it is', () => {
    const put = insertion('blobs', ['hash', 'size', 'sealed_body', 'last_used_at'])
    const db = new Database(':memory:')
    db.exec('CREATE TABLE blobs (hash, size, sealed_body, last_used_at)')
    const row = { hash: '007', size: 7, sealed_body: new Uint8Array([0, 255]), last_used_at: 1.5 }
    db.prepare(put.sql).run(...put.bind(row))
    expect(db.prepare('SELECT * FROM blobs').get()).toEqual({
      ...row,
      sealed_body: Buffer.from(row.sealed_body),
    })
    db.close()
  })
})
