import diagnostics from 'node:diagnostics_channel'
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCore } from '../../src/main/core.ts'
import { backupFolder, examineFolder, restoreFolder, verifyFolder } from '../../src/main/idle-folder.ts'
import { install, removeHome, startCore, temporaryHome } from './api.ts'
import type { TestCore } from './api.ts'

let home: string

beforeEach(() => {
  home = temporaryHome()
})
afterEach(() => {
  removeHome(home)
})

const database = () => path.join(home, 'steward.db')

/** A folder in which one automation ran once. */
async function usedFolder(): Promise<void> {
  const steward = await startCore({ home })
  await install(steward, 'used', 'export default event => event')
  await steward.call({
    method: 'POST',
    path: '/api/v1/automations/used/events?wait=20000',
    json: { payload: 1 },
  })
  await steward.end()
}

async function automation(
  { call }: Pick<TestCore, 'call'>,
  name: string,
): Promise<Record<string, unknown> | null> {
  return (await call({ path: `/api/v1/automations/${name}` })).json
}

describe('starting', () => {
  it('goes on with what the last core left', async () => {
    await usedFolder()
    const again = await startCore({ home })
    expect(again.core.folder).toBe('known')
    expect(await automation(again, 'used')).toMatchObject({
      state: 'active',
      lastRun: { state: 'succeeded' },
    })
    await again.end()
  })

  it('S1 holds no worker until somebody connects; the first run finds one begun', async () => {
    let begun = 0
    const count = () => begun++
    diagnostics.subscribe('worker_threads', count)
    const steward = await startCore({ home, workers: 1 })
    expect(begun).toBe(0)
    await steward.call({ path: '/health' })
    expect(begun).toBe(1)
    await install(steward, 'first', 'export default () => 1')
    const run = await steward.call({
      method: 'POST',
      path: '/api/v1/automations/first/events?wait=20000',
      json: { payload: 1 },
    })
    expect(run.json).toMatchObject({ run: { state: 'succeeded' } })
    expect(begun).toBe(1)
    await steward.end()
    diagnostics.unsubscribe('worker_threads', count)
  })

  it('J11 a second core on the same folder refuses and names the first, which goes on', async () => {
    const first = await startCore({ home })
    await expect(createCore({ home, port: 0 })).rejects.toThrow(
      `Another Steward (process ${String(process.pid)}, ${first.core.url}) already runs the data folder ${home}. Nothing was started.`,
    )
    expect(await first.call({ path: '/health' })).toMatchObject({ status: 200 })
    await first.end()
  })

  it('lets go of the folder when it fails half way', async () => {
    const taken = http.createServer()
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as AddressInfo
    await expect(createCore({ home, port })).rejects.toThrow(`Port ${String(port)} of this machine is taken.`)
    expect(fs.existsSync(path.join(home, 'core.json'))).toBe(false)
    taken.close()
    const steward = await startCore({ home })
    await steward.end()
  })

  it('finds a port of its own where none is chosen and the usual one may be taken', async () => {
    const first = await createCore({ home })
    const other = temporaryHome()
    const second = await createCore({ home: other })
    expect(second.server.port).not.toBe(first.server.port)
    await second.close()
    await first.close()
    removeHome(other)
  })

  it('says where it answers only while it does', async () => {
    const steward = await startCore({ home })
    const note = JSON.parse(fs.readFileSync(path.join(home, 'core.json'), 'utf8')) as unknown
    expect(note).toMatchObject({ pid: process.pid, url: steward.core.url })
    await steward.end()
    expect(fs.existsSync(path.join(home, 'core.json'))).toBe(false)
    await expect(steward.call({ path: '/health' })).rejects.toThrow('ECONNREFUSED')
  })

  it('closes although a client still waits for a run', async () => {
    const steward = await startCore({ home })
    await install(
      steward,
      'waiting',
      "import { waitFor } from 'tools/flow'\nexport default () => waitFor('go', { timeout: '1m' })",
    )
    const waiting = steward.call({
      method: 'POST',
      path: '/api/v1/automations/waiting/events?wait=60000',
      json: {},
    })
    await expect.poll(async () => (await automation(steward, 'waiting'))?.['lastRun']).not.toBeNull()
    await steward.end()
    const answered = await waiting.catch((error: unknown) => error)
    expect(answered).toBeDefined()
  })

  it('no tool reaches the core itself, though the contract names its host', async () => {
    const steward = await startCore({ home })
    const host = `127.0.0.1:${String(steward.core.server.port)}`
    await install(
      steward,
      'inward',
      `import { get } from 'tools/http'\nexport default () => get('http://${host}/health')`,
      { reads: { hosts: [host] } },
    )
    const { json } = await steward.call({
      method: 'POST',
      path: '/api/v1/automations/inward/events?wait=20000',
      json: {},
    })
    expect(json?.['run']).toMatchObject({
      state: 'failed',
      failure: {
        kind: 'not-permitted',
        message: expect.stringContaining('where Steward itself listens') as string,
      },
    })
    await steward.end()
  })
})

describe('a database that cannot be used', () => {
  it('that is damaged is refused with the way back, and left as it is', async () => {
    await usedFolder()
    const damage = Buffer.alloc(8_192, 'not a database')
    const bytes = fs.readFileSync(database())
    damage.copy(bytes, 0)
    fs.writeFileSync(database(), bytes)
    await expect(createCore({ home, port: 0 })).rejects.toThrow(/damaged.*steward restore FILE/)
    expect(fs.readFileSync(database())).toEqual(bytes)
    const health = await examineFolder(home)
    expect(health.ok).toBe(false)
    expect(health.checks.find(check => check.name === 'database')).toMatchObject({ ok: false })
  })

  it('from a newer Steward is refused and left as it is', async () => {
    await usedFolder()
    const db = new Database(database())
    db.pragma('user_version = 999')
    db.close()
    const before = fs.readFileSync(database())
    await expect(createCore({ home, port: 0 })).rejects.toThrow(
      /written by a newer Steward \(schema 999.*Nothing was changed\. Install the newer version/,
    )
    expect(fs.readFileSync(database())).toEqual(before)
  })

  it('that another program holds delays the answer, and is written when it lets go', async () => {
    const steward = await startCore({ home })
    await install(steward, 'patient', 'export default event => event')
    const other = new Database(database())
    other.exec('BEGIN IMMEDIATE')
    const answer = steward.call({ method: 'POST', path: '/api/v1/automations/patient/events', json: {} })
    for (let place = 0; place < 3; place++)
      expect(await steward.call({ path: '/health' })).toMatchObject({ status: 200 })
    other.exec('ROLLBACK')
    other.close()
    expect(await answer).toMatchObject({ status: 202 })
    await steward.end()
  })

  it('that is full takes nothing more, says so, and goes on once there is room', async () => {
    const steward = await startCore({ home })
    await install(steward, 'full', 'export default event => event')
    const pages = (most: number) =>
      steward.core.store.all({ sql: `PRAGMA max_page_count = ${String(most)}`, bind: () => [] }, {})
    pages(1)
    const event = {
      method: 'POST',
      path: '/api/v1/automations/full/events?wait=20000',
      json: { payload: 'x'.repeat(500_000) },
    }
    expect(await steward.call(event)).toMatchObject({
      status: 507,
      json: { detail: 'The disk is full. The last change was not saved. Free some space, then resume.' },
    })
    expect(await automation(steward, 'full')).toMatchObject({ lastRun: null, waitingEvents: 0 })
    pages(1_000_000)
    expect(await steward.call(event)).toMatchObject({ status: 200, json: { run: { state: 'succeeded' } } })
    await steward.end()
  })
})

describe('backup and restore', () => {
  it('J11 a restored backup starts paused, says so, and goes on when told', async () => {
    await usedFolder()
    const file = path.join(home, '..', 'backup.db')
    const backed = await backupFolder(home, file)
    expect(backed.bytes).toBeGreaterThan(0)
    const later = await startCore({ home })
    await install(later, 'later', 'export default () => 1')
    await later.end()

    const { keptAt } = restoreFolder(home, file)
    expect(fs.existsSync(keptAt ?? '')).toBe(true)
    const restored = await startCore({ home })
    expect(restored.core.folder).toBe('copy')
    expect(await automation(restored, 'later')).toMatchObject({ status: 404 })
    expect(await automation(restored, 'used')).toMatchObject({
      state: 'paused',
      pauseReason: 'This data folder is a copy.',
    })
    const actions = (await restored.call({ path: '/api/v1/actions' })).json?.['items'] as {
      id: string
      kind: string
    }[]
    expect(actions).toMatchObject([{ kind: 'copied-folder' }])
    const [action] = actions
    await restored.call({
      method: 'POST',
      path: `/api/v1/actions/${action?.id ?? ''}`,
      json: { choice: 'resume' },
    })
    expect(await automation(restored, 'used')).toMatchObject({ state: 'active' })
    await restored.end()
    expect(await verifyFolder(home)).toMatchObject({ ok: true })
  })

  it('J11 restoring the same backup again is recognised again', async () => {
    await usedFolder()
    const file = path.join(home, '..', 'backup.db')
    await backupFolder(home, file)
    for (let place = 0; place < 3; place++) {
      restoreFolder(home, file)
      const steward = await startCore({ home })
      expect(steward.core.folder).toBe('copy')
      await steward.end()
    }
  })

  it('J11 a copied data folder starts paused, while the original goes on', async () => {
    await usedFolder()
    const copy = path.join(home, '..', 'copy')
    fs.cpSync(home, copy, { recursive: true })
    const copied = await startCore({ home: copy })
    expect(await automation(copied, 'used')).toMatchObject({ state: 'paused' })
    await copied.end()
    const original = await startCore({ home })
    expect(await automation(original, 'used')).toMatchObject({ state: 'active' })
    await original.end()
  })

  it('refuses while a core runs', async () => {
    const steward = await startCore({ home })
    const file = path.join(home, '..', 'backup.db')
    await steward.call({ method: 'POST', path: '/api/v1/backup', json: { file } })
    expect(() => restoreFolder(home, file)).toThrow(steward.core.url)
    await steward.end()
  })

  it('refuses what is no whole backup of this folder, and leaves what is there', async () => {
    await usedFolder()
    const before = fs.readFileSync(database())
    const make = (name: string, write: (file: string) => void) => {
      const file = path.join(home, '..', name)
      write(file)
      return file
    }
    const copyWith = (change: (db: Database.Database) => void) => (file: string) => {
      fs.copyFileSync(database(), file)
      const db = new Database(file)
      change(db)
      db.close()
    }
    const foreign = temporaryHome()
    const other = await startCore({ home: foreign })
    await install(other, 'theirs', 'export default () => 1')
    await other.call({ method: 'POST', path: '/api/v1/automations/theirs/events?wait=20000', json: {} })
    await other.call({
      method: 'POST',
      path: '/api/v1/backup',
      json: { file: path.join(home, '..', 'foreign.db') },
    })
    await other.end()
    removeHome(foreign)

    const refused: [string, RegExp][] = [
      [path.join(home, 'none'), /does not exist/],
      [home, /is not a file/],
      [database(), /is the database in use/],
      [
        make('text.db', file => {
          fs.writeFileSync(file, 'hello')
        }),
        /not a backup of Steward/,
      ],
      [
        make('empty.db', file => {
          fs.writeFileSync(file, '')
        }),
        /is not a backup of Steward/,
      ],
      [
        make('other.db', file => {
          new Database(file).exec('CREATE TABLE t (a)').close()
        }),
        /is not a backup of Steward/,
      ],
      [
        make('cut.db', file => {
          fs.writeFileSync(file, before.subarray(0, before.length - 8_192))
        }),
        /damaged/,
      ],
      [
        make(
          'newer.db',
          copyWith(db => {
            db.pragma('user_version = 999')
          }),
        ),
        /newer Steward/,
      ],
      [path.join(home, '..', 'foreign.db'), /sealed with other keys.*Put the key file/],
    ]
    for (const [file, message] of refused) expect(() => restoreFolder(home, file), file).toThrow(message)
    expect(fs.readFileSync(database())).toEqual(before)
    expect(fs.readdirSync(home).filter(name => name.includes('restoring'))).toEqual([])
    const steward = await startCore({ home })
    expect(steward.core.folder).toBe('known')
    await steward.end()
  })

  it('takes the place of a damaged database, which is kept', async () => {
    await usedFolder()
    const file = path.join(home, '..', 'backup.db')
    await backupFolder(home, file)
    fs.writeFileSync(database(), 'damaged beyond reading')
    const { keptAt } = restoreFolder(home, file)
    expect(fs.readFileSync(keptAt ?? '', 'utf8')).toBe('damaged beyond reading')
    const steward = await startCore({ home })
    expect(await automation(steward, 'used')).toMatchObject({ state: 'paused' })
    await steward.end()
  })
})
