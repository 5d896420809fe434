import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isFailureError } from '../../domain/failure.ts'
import { lockFolder } from './folder-lock.ts'
import { migrate, newestSchema } from './migrate.ts'
import { putSetting, setting } from './settings.ts'
import { DATABASE_FILE, openStore } from './store.ts'
import type { Store } from './store.ts'

let folder: string
let store: Store | undefined

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-store-'))
})
afterEach(async () => {
  await store?.close()
  store = undefined
  fs.rmSync(folder, { recursive: true, force: true })
})

function open(sync?: (fd: number) => Promise<void>): Store {
  store = openStore({ folder, now: () => 1_000, ...(sync === undefined ? {} : { sync }) })
  return store
}

describe('group commit', () => {
  it('J1 durable work resolves only after the log is flushed, other work does not wait for it', async () => {
    let release: () => void = () => undefined
    const opened = open(
      () =>
        new Promise<void>(resolve => {
          release = resolve
        }),
    )
    const order: string[] = []
    const durable = opened
      .write(
        tx => {
          putSetting(tx, 'epoch', 'a')
        },
        { durable: true },
      )
      .then(() => order.push('durable'))
    const plain = opened
      .write(tx => {
        putSetting(tx, 'stopped', 'b')
      })
      .then(() => order.push('plain'))
    await plain
    await turn()
    expect(order).toEqual(['plain'])
    order.push('flushed')
    release()
    await durable
    expect(order).toEqual(['plain', 'flushed', 'durable'])
    release()
  })

  it('keeps work that nothing waits for in its order, and does it when nothing else comes too', async () => {
    const opened = open()
    const order: string[] = []
    const write = (name: string, idle: boolean) => opened.write(() => order.push(name), { idle })
    await Promise.all([write('idle', true), write('next', false)])
    expect(order).toEqual(['idle', 'next'])
    await write('alone', true)
    expect(order).toEqual(['idle', 'next', 'alone'])
    void write('at the end', true)
    await opened.close()
    store = undefined
    expect(order).toEqual(['idle', 'next', 'alone', 'at the end'])
  })

  it('J1 a disk that takes 20 ms to flush does not stall the loop, and many writers share few flushes', async () => {
    let flushes = 0
    const opened = open(async () => {
      flushes++
      await sleep(20)
    })
    let turns = 0
    const writing = new AbortController()
    const loop = (async () => {
      while (!writing.signal.aborted) {
        await turn()
        turns++
      }
    })()
    const writes = Array.from({ length: 200 }, async (_each, place) => {
      await sleep(place % 10)
      await opened.write(
        tx => {
          putSetting(tx, 'epoch', String(place))
        },
        { durable: true },
      )
    })
    await Promise.all(writes)
    writing.abort()
    await loop
    expect(turns).toBeGreaterThan(flushes)
    expect(flushes).toBeLessThan(50)
  })

  it('J1 a failed flush breaks the store: nothing is confirmed after it', async () => {
    const opened = open(() => Promise.reject(new Error('EIO')))
    const first = opened.write(
      tx => {
        putSetting(tx, 'epoch', 'a')
      },
      { durable: true },
    )
    await expect(first).rejects.toThrow('The disk refused to save')
    await expect(
      opened.write(tx => {
        putSetting(tx, 'epoch', 'b')
      }),
    ).rejects.toThrow('The disk refused to save')
    store = undefined
  })

  it('J2 one failing piece of work is undone alone; the others of its commit stay', async () => {
    const opened = open()
    const undone: string[] = []
    const good = opened.write(tx => {
      putSetting(tx, 'epoch', 'kept')
    })
    const bad = opened.write(tx => {
      putSetting(tx, 'stopped', 'lost')
      tx.onRollback.push(() => undone.push('told'))
      throw new Error('no')
    })
    await good
    await expect(bad).rejects.toThrow('no')
    expect(setting(opened, 'epoch')).toBe('kept')
    expect(setting(opened, 'stopped')).toBeUndefined()
    expect(undone).toEqual(['told'])
  })

  it('waits for another program that holds the database, while the loop goes on', async () => {
    const opened = open()
    const other = new Database(path.join(folder, DATABASE_FILE))
    other.exec('BEGIN IMMEDIATE')
    let done = false
    const write = opened
      .write(tx => {
        putSetting(tx, 'epoch', 'a')
      })
      .then(() => {
        done = true
      })
    await sleep(120)
    expect(done).toBe(false)
    other.exec('COMMIT')
    other.close()
    await write
    expect(setting(opened, 'epoch')).toBe('a')
  })

  it('says that the disk is full, and keeps what was there', async () => {
    const opened = open()
    await opened.write(tx => {
      putSetting(tx, 'epoch', 'before')
    })
    const failed = opened.write(tx => {
      putSetting(tx, 'epoch', 'after')
      throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
    })
    const reason: unknown = await failed.catch((error: unknown) => error)
    expect(isFailureError(reason) && reason.failure.kind).toBe('disk-full')
    expect(setting(opened, 'epoch')).toBe('before')
  })
})

describe('a disk that fills up', () => {
  const pages = (store: Store, most: number) =>
    store.all({ sql: `PRAGMA max_page_count = ${String(most)}`, bind: () => [] }, {})

  it('takes back the whole group, in and outside the database, and goes on once there is room', async () => {
    const opened = open()
    await opened.write(tx => {
      putSetting(tx, 'epoch', 'before')
    })
    pages(opened, 1)
    let undone = 0
    const group = [
      opened.write(tx => {
        tx.onRollback.push(() => undone++)
        putSetting(tx, 'epoch', 'first')
      }),
      opened.write(tx => {
        tx.onRollback.push(() => undone++)
        putSetting(tx, 'last-seen', 'x'.repeat(1_000_000))
      }),
      opened.write(tx => {
        putSetting(tx, 'stopped', 'last')
      }),
    ]
    const ends = await Promise.allSettled(group)
    for (const end of ends) {
      expect(end).toMatchObject({ status: 'rejected', reason: { failure: { kind: 'disk-full' } } })
    }
    expect(undone).toBe(2)
    expect(setting(opened, 'epoch')).toBe('before')
    expect(setting(opened, 'stopped')).toBeUndefined()
    pages(opened, 1_000_000)
    await opened.write(tx => {
      putSetting(tx, 'epoch', 'after')
    })
    expect(setting(opened, 'epoch')).toBe('after')
  })
})

describe('opening a data folder', () => {
  it('refuses a schema from a newer Steward and changes nothing', async () => {
    await open().close()
    const db = new Database(path.join(folder, DATABASE_FILE))
    db.pragma('user_version = 999')
    db.close()
    expect(() => open()).toThrow(/newer Steward \(schema 999/)
    store = undefined
  })

  it('refuses a damaged database and says how to go on', async () => {
    await open().close()
    store = undefined
    fs.writeFileSync(path.join(folder, DATABASE_FILE), Buffer.alloc(8192, 7))
    expect(() => open()).toThrow(/damaged.*steward restore/)
  })

  it('backs up what is there before it migrates to a newer schema', async () => {
    const first = open()
    await first.write(tx => {
      putSetting(tx, 'epoch', 'old')
    })
    await first.close()
    store = undefined
    const migrations = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-migrations-'))
    const [present, next] = [newestSchema(), newestSchema() + 1]
    const file = `${String(next).padStart(4, '0')}-next.sql`
    fs.writeFileSync(path.join(migrations, file), 'CREATE TABLE next (x INTEGER)')
    const db = new Database(path.join(folder, DATABASE_FILE))
    const backups: number[] = []
    migrate(db, version => backups.push(version), migrations)
    expect(backups).toEqual([present])
    expect(db.pragma('user_version', { simple: true })).toBe(next)
    migrate(db, version => backups.push(version), migrations)
    expect(backups).toEqual([present])
    db.close()
    fs.rmSync(migrations, { recursive: true })
  })

  it('J11 two cores never run one folder; the second is told who runs it', () => {
    const first = lockFolder(folder, 1_000)
    first.announce('http://127.0.0.1:4747')
    expect(() => lockFolder(folder, 2_000)).toThrow(`process ${String(process.pid)}, http://127.0.0.1:4747`)
    first.release()
    lockFolder(folder, 3_000).release()
  })

  it('keeps keys, lock note and database for their owner only', () => {
    open()
    for (const file of ['keys', DATABASE_FILE]) {
      expect(fs.statSync(path.join(folder, file)).mode & 0o077).toBe(0)
    }
  })
})
