import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { putBlob } from './blobs.ts'
import { openStore } from './store.ts'
import type { Store } from './store.ts'

const GROWN = 'x'.repeat(200_000)

let folder: string
let store: Store

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-checkpoint-'))
  store = openStore({ folder, now: () => 1_000 })
})
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true })
})

const databaseSize = () => fs.statSync(path.join(folder, 'steward.db')).size

describe('a grown write-ahead log', () => {
  it('is brought into the database on another thread while writing goes on', async () => {
    const before = databaseSize()
    let written = 0
    while (databaseSize() < before + 4_000_000) {
      const place = String(written++)
      await store.write(tx => {
        putBlob(store, tx, place, GROWN, 1_000)
      })
    }
    await store.close()
    const db = new Database(path.join(folder, 'steward.db'), { readonly: true })
    expect(db.prepare('SELECT count(*) AS count FROM blobs').get()).toEqual({ count: written })
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    db.close()
  })
})
