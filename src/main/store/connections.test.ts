import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Connection, ConnectionRecords, NewConnection } from '../../domain/connection.ts'
import { failureOf } from '../../domain/failure.ts'
import { newKey } from '../../domain/key-ring.ts'
import { connectionRecords } from './connections.ts'
import { DATABASE_FILE, openStore } from './store.ts'
import type { Store } from './store.ts'

const CANARY = 'canary-7d1f0c'

let folder: string
let store: Store
let keys: Uint8Array[]
let isLocked: boolean
let records: ConnectionRecords
let now: number

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-connections-'))
  now = 1_000
  store = openStore({ folder, now: () => now })
  keys = [newKey()]
  isLocked = false
  records = connectionRecords(store, {
    dataKey: (generation = keys.length) => (isLocked ? null : (keys[generation - 1] ?? null)),
    generation: () => keys.length,
  })
})
afterEach(async () => {
  await store.close()
  fs.rmSync(folder, { recursive: true, force: true })
})

const given = (name: string, more: Partial<NewConnection> = {}): NewConnection => ({
  name,
  kind: 'http',
  auth: 'bearer',
  origins: ['https://api.example.com'],
  settings: { note: 'mine' },
  secrets: { key: `${CANARY}-${name}` },
  ...more,
})

function kindOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return failureOf(error).kind
  }
  return 'no failure'
}

/** As somebody who can write the file, and has no key. */
function meddle(sql: string): void {
  const db = new Database(path.join(folder, DATABASE_FILE))
  db.exec(sql)
  db.close()
}

const known = (name: string): Connection => {
  const connection = records.byName(name)
  if (connection === undefined) throw new Error(`${name} is missing`)
  return connection
}

describe('connections', () => {
  it('are kept without their secrets, which only the vault key opens', async () => {
    const added = await records.put(given('mail'))
    expect(added).toMatchObject({
      name: 'mail',
      state: 'unchecked',
      version: 1,
      checkedAt: null,
      createdAt: 1_000,
    })
    expect(records.all()).toEqual([added])
    expect(JSON.stringify(added)).not.toContain(CANARY)
    expect(records.secret(added, 'key')).toBe(`${CANARY}-mail`)
    expect(records.secret(added, 'password')).toBeUndefined()
    isLocked = true
    expect(kindOf(() => records.secret(added, 'key'))).toBe('vault-locked')
    expect(records.byName('mail')).toEqual(added)
  })

  it('replaced, have a new version and none of their old secrets', async () => {
    const first = await records.put(given('mail', { secrets: { key: 'one', extra: 'two' } }))
    await records.note(first, { state: 'refused', message: 'It was not accepted.' })
    expect(known('mail')).toMatchObject({
      state: 'refused',
      message: 'It was not accepted.',
      checkedAt: 1_000,
    })
    now = 2_000
    const second = await records.put(given('mail', { secrets: { key: 'three' } }))
    expect(second).toMatchObject({
      id: first.id,
      version: 2,
      state: 'unchecked',
      checkedAt: null,
      updatedAt: 2_000,
    })
    expect(records.secret(second, 'key')).toBe('three')
    expect(records.secret(second, 'extra')).toBeUndefined()
    expect(kindOf(() => records.secret(first, 'key'))).toBe('internal')
    await records.note(first, { state: 'connected', message: null })
    expect(known('mail').state).toBe('unchecked')
  })

  it('removed, leave no secret behind', async () => {
    await records.put(given('mail'))
    expect(await records.remove('mail')).toBe(true)
    expect(await records.remove('mail')).toBe(false)
    expect(records.all()).toEqual([])
    const db = new Database(path.join(folder, DATABASE_FILE), { readonly: true })
    expect(db.prepare('SELECT COUNT(*) AS count FROM secrets').get()).toEqual({ count: 0 })
    db.close()
  })

  it('J12 a secret that is moved, swapped or pointed elsewhere does not open', async () => {
    await records.put(given('a', { secrets: { key: 'of a', password: 'of a too' } }))
    await records.put(given('b', { secrets: { key: 'of b' } }))
    const open = (name: string) => kindOf(() => records.secret(known(name), 'key'))
    meddle(
      `UPDATE secrets SET sealed_value = (SELECT sealed_value FROM secrets WHERE purpose = 'password') WHERE purpose = 'key' AND connection_id = '${known('a').id}'`,
    )
    expect([open('a'), open('b')]).toEqual(['internal', 'no failure'])
    for (const edit of [
      `origins = '["https://evil.example"]'`,
      `settings = '{"header":"x-other"}'`,
      `kind = 'webhook'`,
      `auth = 'basic'`,
      'version = 7',
    ]) {
      await records.put(given('b'))
      expect(open('b')).toBe('no failure')
      meddle(`UPDATE connections SET ${edit} WHERE name = 'b'`)
      expect(open('b')).toBe('internal')
    }
  })

  it('J12 after a rotation every secret is sealed anew, and nothing is lost if that comes later', async () => {
    for (const name of ['a', 'b', 'c']) await records.put(given(name))
    keys.push(newKey())
    await records.put(given('d'))
    const all = () => ['a', 'b', 'c', 'd'].map(name => records.secret(known(name), 'key'))
    const expected = ['a', 'b', 'c', 'd'].map(name => `${CANARY}-${name}`)
    expect(all()).toEqual(expected)
    await records.put(given('damaged'))
    meddle(
      "UPDATE secrets SET generation = 1, sealed_value = x'01' WHERE connection_id = (SELECT id FROM connections WHERE name = 'damaged')",
    )
    expect(await records.reseal()).toBe(3)
    expect(await records.reseal()).toBe(0)
    keys[0] = newKey()
    expect(all()).toEqual(expected)
  })

  it('P5 each change of them is in the audit log, without secrets', async () => {
    await records.put(given('mail'))
    await records.put(given('mail'))
    await records.remove('mail')
    const db = new Database(path.join(folder, DATABASE_FILE), { readonly: true })
    const rows = db.prepare('SELECT kind, body FROM audit_log ORDER BY seq').all() as {
      kind: string
      body: string
    }[]
    db.close()
    expect(rows.map(row => row.kind)).toEqual([
      'connection-added',
      'connection-replaced',
      'connection-removed',
    ])
    expect(rows[0]?.body).toContain('https://api.example.com')
    expect(JSON.stringify(rows)).not.toContain(CANARY)
    expect(store.audit.verify()).toMatchObject({ ok: true })
  })

  it('J12 a planted secret is nowhere in the folder in clear', async () => {
    await records.put(given('mail'))
    await store.flushed()
    for (const file of fs.readdirSync(folder))
      expect(fs.readFileSync(path.join(folder, file)).includes(CANARY), file).toBe(false)
  })
})
