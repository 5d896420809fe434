import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listActions, openActionsOfRun } from '../../src/main/store/actions.ts'
import { eventById } from '../../src/main/store/inbox.ts'
import { DATABASE_FILE, openStore } from '../../src/main/store/store.ts'
import { listWorkflows } from '../../src/main/store/workflows.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { createWorld, tempFolder, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let site: LoopbackServer
let worlds: World[]
let folders: string[]

beforeEach(async () => {
  worlds = []
  folders = []
  site = await serveHttp((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end('{}')
  })
})
afterEach(async () => {
  for (const world of worlds) await world.stop()
  await site.close()
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true })
})

async function start(options: Parameters<typeof createWorld>[0] = {}): Promise<World> {
  const world = await createWorld(options)
  worlds.push(world)
  if (!folders.includes(world.folder)) folders.push(world.folder)
  return world
}

async function stop(world: World): Promise<void> {
  worlds = worlds.filter(other => other !== world)
  await world.stop()
}

const waiter = () => `
  import { post } from 'tools/http'
  import { waitFor } from 'tools/flow'
  export default async function run() { await post('${site.url('/before')}', {}); await waitFor({ name: 'go' }); await post('${site.url('/after')}', {}); return 'end' }`
const posting = (more: object = {}) => ({
  changes: [{ tool: 'http.post', hosts: [site.host], approval: 'never' as const, ...more }],
})
const paths = () => site.seen.map(request => request.path)

function copyFolder(from: string): string {
  const to = tempFolder()
  folders.push(to)
  fs.cpSync(from, to, { recursive: true })
  return to
}

describe('a copied data folder', () => {
  it('J11 starts paused under a new epoch and asks before an open run writes anything', async () => {
    const original = await start()
    await original.install('waiter', waiter(), posting())
    const run = await original.run('waiter')
    await original.engine.signal(run.id, 'go', null)
    await until(() => original.engine.run(run.id).ended_at !== null, 'never ended')
    await stop(original)
    const later = await start({ folder: original.folder })
    const second = await later.run('waiter')
    const copyTo = tempFolder()
    folders.push(copyTo)
    await stop(later)
    fs.cpSync(original.folder, copyTo, { recursive: true })
    const copy = await start({ folder: copyTo })
    expect(listWorkflows(copy.store).map(workflow => workflow.state)).toEqual(['paused'])
    const [action] = listActions(copy.store, 'open', 10)
    expect(action?.kind).toBe('copied-folder')
    await copy.engine.signal(second.id, 'go', null)
    await sleep(50)
    expect(paths()).toEqual(['/before', '/after', '/before'])
    await copy.engine.resolve({ actionId: action?.id ?? '', choice: 'resume', payload: null })
    await until(() => openActionsOfRun(copy.store, second.id).length === 1, 'never asked')
    await copy.rested(second.id)
    const [question] = openActionsOfRun(copy.store, second.id)
    expect(question?.kind).toBe('copied-writes')
    expect(paths()).toEqual(['/before', '/after', '/before'])
    await copy.engine.resolve({ actionId: question?.id ?? '', choice: 'done', payload: null })
    await until(() => copy.engine.run(second.id).state === 'succeeded', 'never ended')
    expect(paths()).toEqual(['/before', '/after', '/before'])
  })

  it('J11 a restored backup is recognised although the file is in its old place', async () => {
    const world = await start()
    await world.install('waiter', waiter(), posting())
    const run = await world.run('waiter')
    const backup = path.join(world.folder, 'backup.db')
    await world.store.backup(backup)
    await world.engine.signal(run.id, 'go', null)
    await until(() => world.engine.run(run.id).ended_at !== null, 'never ended')
    await stop(world)
    // Overwritten in place: same inode, older content.
    fs.writeFileSync(path.join(world.folder, DATABASE_FILE), fs.readFileSync(backup))
    fs.rmSync(path.join(world.folder, `${DATABASE_FILE}-wal`), { force: true })
    const restored = await start({ folder: world.folder })
    expect(listActions(restored.store, 'open', 10).map(action => action.kind)).toEqual(['copied-folder'])
    expect(listWorkflows(restored.store)[0]?.state).toBe('paused')
  })

  it('J11 an unknown write of the copy towards a host that honours keys carries the same key as the original', async () => {
    const original = await start()
    await original.install('waiter', waiter(), posting({ honoursKeyForMs: 86_400_000 }))
    const run = await original.run('waiter')
    await stop(original)
    const copyTo = copyFolder(original.folder)
    const again = await start({ folder: original.folder })
    await again.engine.signal(run.id, 'go', null)
    await until(() => again.engine.run(run.id).ended_at !== null, 'never ended')
    const copy = await start({ folder: copyTo })
    const [action] = listActions(copy.store, 'open', 10)
    await copy.engine.resolve({ actionId: action?.id ?? '', choice: 'resume', payload: null })
    await copy.engine.signal(run.id, 'go', null)
    await until(() => copy.engine.run(run.id).state === 'succeeded', 'the copy never ended')
    const keys = site.seen
      .filter(request => request.path === '/after')
      .map(request => request.headers['idempotency-key'])
    expect(keys).toHaveLength(2)
    expect(new Set(keys).size).toBe(1)
  })
})

describe('another engine', () => {
  it('J10 a sleeping run goes on under a new engine whose replay makes identical calls', async () => {
    const before = await start()
    await before.install('waiter', waiter(), posting())
    const run = await before.run('waiter')
    await stop(before)
    const after = await start({ folder: before.folder, engineVersion: 'another-engine' })
    await after.engine.signal(run.id, 'go', null)
    await until(() => after.engine.run(run.id).state === 'succeeded', 'never ended')
    expect(paths()).toEqual(['/before', '/after'])
  })

  it('J10 J5 a replay that does not make identical calls stops before any effect, with one action', async () => {
    const before = await start()
    await before.install('waiter', waiter(), posting())
    const run = await before.run('waiter')
    await stop(before)
    // What an engine that computes differently would do: the same script asks for something else.
    const store = openStore({ folder: before.folder, now: () => Date.now() })
    await store.close()
    const { default: Database } = await import('better-sqlite3')
    const db = new Database(path.join(before.folder, DATABASE_FILE))
    db.prepare("UPDATE scripts SET source = replace(source, '/before', '/other')").run()
    db.close()
    const after = await start({ folder: before.folder, engineVersion: 'another-engine' })
    await after.engine.signal(run.id, 'go', null)
    await until(() => after.engine.run(run.id).state === 'failed', 'never stopped')
    expect(after.failure(after.engine.run(run.id))?.kind).toBe('divergence')
    expect(paths()).toEqual(['/before'])
    expect(openActionsOfRun(after.store, run.id)).toHaveLength(1)
  })
})

describe('events', () => {
  it('J1 an event that was acknowledged is there after a power loss', async () => {
    let durable = 0
    const fdatasync = promisify(fs.fdatasync)
    const world = await start({
      sync: async fd => {
        const { size } = fs.fstatSync(fd)
        await fdatasync(fd)
        durable = size
      },
    })
    await world.install('once', 'export default async function run() { return 1 }')
    const accepted = await world.emit({
      workflow: 'once',
      type: 'manual',
      payload: { n: 1 },
      sourceType: 't',
      sourceId: 't',
    })
    // What a disk holds when the power fails now: the database, and of its log what was flushed.
    const image = tempFolder()
    folders.push(image)
    for (const file of ['keys', DATABASE_FILE])
      fs.copyFileSync(path.join(world.folder, file), path.join(image, file))
    const log = fs.readFileSync(path.join(world.folder, `${DATABASE_FILE}-wal`)).subarray(0, durable)
    fs.writeFileSync(path.join(image, `${DATABASE_FILE}-wal`), log)
    const store = openStore({ folder: image, now: () => Date.now() })
    expect(eventById(store, accepted.row.id)?.id).toBe(accepted.row.id)
    await store.close()
  })

  it('R1 two automations that trigger each other stop with one action', async () => {
    const world = await start()
    const talk = (topic: string) => `
      import { publish } from 'tools/flow'
      export default async function run() { await publish('${topic}', { n: 1 }) }`
    await world.install('ping', talk('pong'), {
      when: [{ kind: 'event', topic: 'ping' }],
      publishes: ['pong'],
      maxCauseDepth: 4,
    })
    await world.install('pong', talk('ping'), {
      when: [{ kind: 'event', topic: 'pong' }],
      publishes: ['ping'],
      maxCauseDepth: 4,
    })
    await world.run('ping')
    await until(
      () => listActions(world.store, 'open', 10).some(action => action.kind === 'loop'),
      'the loop never stopped',
    )
    await sleep(100)
    expect(listActions(world.store, 'open', 10)).toHaveLength(1)
  })

  it('J1 with a disk that takes 20 ms to flush, many writes go on side by side and the loop answers', async () => {
    const world = await start({ sync: () => sleep(20) })
    await world.install(
      'writer',
      `import { post } from 'tools/http'
       export default async function run(event) { await post('${site.url('/w')}', event); await post('${site.url('/w')}', event) }`,
      { ...posting(), queue: { concurrency: 16 } },
    )
    let turns = 0
    const ticking = setInterval(() => turns++, 1)
    const runs = await Promise.all(Array.from({ length: 16 }, (_none, n) => world.run('writer', { n })))
    clearInterval(ticking)
    expect(runs.every(run => run.state === 'succeeded')).toBe(true)
    expect(site.seen).toHaveLength(32)
    expect(turns).toBeGreaterThan(20)
  })
})
