/** What a disk that takes nothing more costs: the runs that could not be recorded, for as long as it takes nothing. */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FaultPoint } from '../../src/main/engine/context.ts'
import { actionsPage } from '../../src/main/engine/views/actions.ts'
import type { WriteOptions } from '../../src/main/store/commit-queue.ts'
import { itemsOfRun } from '../../src/main/store/items.ts'
import type { Store } from '../../src/main/store/store.ts'
import type { Reader } from '../../src/main/store/tx.ts'
import { inState, resolve, send, untilAsked } from '../support/engine-tests.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let site: HeldSite
let clock: ManualClock
let world: World
/** Which writes find no room on the disk; how many did not. */
let isRefused: (options: WriteOptions) => boolean
let refused: number
/** How often something was tried in vain, as the log tells. */
let inVain: number
let atFault: (point: FaultPoint) => void

beforeEach(async () => {
  site = await serveHeld()
  clock = new ManualClock()
  isRefused = () => false
  refused = 0
  inVain = 0
  atFault = () => undefined
  world = await createWorld({
    clock,
    log: (_level, message) => {
      if (/could not be (taken up|served|woken)/.test(message)) inVain++
    },
    fault: point => {
      atFault(point)
    },
  })
  const write = world.store.write.bind(world.store)
  const onFullDisk: Store['write'] = (work, options = {}) => {
    const lacksRoom = isRefused(options)
    return write(tx => {
      limitPages(lacksRoom ? 1 : 1_000_000)
      if (lacksRoom) fill(tx)
      return work(tx)
    }, options)
  }
  Object.defineProperty(world.store, 'write', { value: onFullDisk })
})
afterEach(async () => {
  isRefused = () => false
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const raw = (reader: Reader, sql: string) => reader.get({ sql, bind: () => [] }, {})

/** The database may have this many pages, or as many as it has. */
function limitPages(most: number): void {
  raw(world.store, `PRAGMA max_page_count = ${String(most)}`)
}

/** Until SQLite itself says that the disk is full. */
function fill(tx: Reader): void {
  refused++
  const row = 'INSERT INTO settings VALUES (hex(randomblob(8)), hex(randomblob(2000))) RETURNING key'
  for (let rows = 0; rows < 3_000; rows++) raw(tx, row)
  throw new Error('the disk was never full')
}

const reader = (path: string) => `
  import { get } from 'tools/http'
  export default async function run() { return (await get('${site.url(path)}')).status }`
const reading = () => ({ reads: { hosts: [site.host], paths: [] } })

/** Time passes until the engine has tried in vain once more. */
async function afterVainTry(): Promise<void> {
  const before = inVain
  await until(() => {
    clock.advance(1_000)
    return inVain > before
  }, 'nothing was tried again')
}

async function afterTime<T>(look: () => T | null | undefined | false, problem: string): Promise<T> {
  return until(() => {
    clock.advance(1_000)
    return look()
  }, problem)
}

describe('a disk that is full while a slow read is at work', () => {
  it('P5 ends the run whose decision it did not take, and no more than that', async () => {
    const unheard: unknown[] = []
    const hear = (reason: unknown) => unheard.push(reason)
    process.on('unhandledRejection', hear)
    site.hold('/slow')
    await world.install('slow', reader('/slow'), reading())
    isRefused = options => options.idle === true
    const runId = await untilAsked(world, site, 'slow', '/slow')
    await until(() => refused > 0, 'the decision was never written')
    isRefused = () => false
    site.release('/slow')
    const run = await inState(world, runId, 'failed')
    expect(world.failure(run)?.kind).toBe('disk-full')
    process.off('unhandledRejection', hear)
    expect(unheard).toEqual([])

    expect((await world.run('slow')).state).toBe('succeeded')
  })
})

describe('a disk that is full for longer', () => {
  it('is what the inbox says, and closes by itself once there is room', async () => {
    await world.install('one', 'export default () => 1')
    const inbox = (limit = 50, cursor?: string) => actionsPage(world.engine, { limit, cursor, state: 'open' })
    expect(inbox().items).toEqual([])
    isRefused = () => true
    const since = clock.now()
    await expect(send(world, 'one')).rejects.toThrow(/disk is full/)
    clock.advance(1_000)
    await expect(send(world, 'one')).rejects.toThrow(/disk is full/)
    expect(inbox()).toMatchObject({
      items: [{ id: 'disk-full', kind: 'disk-full', state: 'open', choices: [], createdAt: since }],
      next: null,
    })
    expect(actionsPage(world.engine, { limit: 50, state: 'resolved' }).items).toEqual([])
    isRefused = () => false
    await send(world, 'one')
    expect(inbox().items).toEqual([])
  })

  it('comes first in the inbox, and takes no place away from what else is there', async () => {
    const question =
      "import { ask } from 'tools/flow'\nexport default () => ask({ question: 'Q?', choices: ['a'] })"
    for (const name of ['asks', 'wants']) {
      await world.install(name, question)
      await world.run(name)
    }
    isRefused = () => true
    await expect(send(world, 'asks')).rejects.toThrow(/disk is full/)
    for (const limit of [1, 2, 3]) {
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = actionsPage(world.engine, { limit, cursor, state: 'open' })
        expect(page.items.length).toBeLessThanOrEqual(limit)
        seen.push(...page.items.map(({ kind }) => kind))
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      expect(seen).toEqual(['disk-full', 'input-needed', 'input-needed'])
    }
  })

  it('R3 J3 a run whose end it does not take is taken up again until it does, and gives its turn back', async () => {
    site.hold('/slow')
    await world.install('slow', reader('/slow'), reading())
    const runId = await untilAsked(world, site, 'slow', '/slow')
    isRefused = () => true
    site.release('/slow')
    await until(() => refused > 0, 'its end was never written')
    for (let tries = 0; tries < 3; tries++) await afterVainTry()
    isRefused = () => false
    await afterTime(() => world.engine.run(runId).state === 'succeeded', 'it was never taken up again')
    expect((await world.run('slow')).state).toBe('succeeded')
  })

  it('R3 J7 an item that was gone on with gives its turn back, and is gone on with once there is room', async () => {
    await world.install(
      'twice',
      `import { ask, each } from 'tools/flow'
       export default async function run(event) {
         await each('mail', [event.id], id => id, async () => {
           await ask({ question: 'First?', choices: ['yes'] })
           return ask({ question: 'Second?', choices: ['yes'] })
         })
       }`,
      { items: { mail: 'id' } },
    )
    const run = await world.run('twice', { id: 'a' })
    atFault = point => {
      if (point === 'wait.after-record') isRefused = () => true
    }
    await resolve(world, 'input-needed', 'yes')
    await until(() => world.engine.run(run.id).slot !== null, 'it was never gone on with')
    await until(() => refused > 0 && world.engine.isAtRest(run.id), 'it never gave up')
    expect(world.engine.run(run.id).slot).toBe(0)
    for (let tries = 0; tries < 2; tries++) await afterVainTry()
    atFault = () => undefined
    isRefused = () => false
    await afterTime(() => world.engine.run(run.id).slot === null, 'its turn was never given back')
    await resolve(world, 'input-needed', 'yes')
    await until(() => itemsOfRun(world.store, run.id)[0]?.state === 'done', 'the item was never done')
    expect((await world.run('twice', { id: 'b' })).state).toBe('succeeded')
  })

  it('R3 an event that could not be given its turn is given it once there is room', async () => {
    site.hold('/slow')
    await world.install('slow', reader('/slow'), reading())
    const first = await untilAsked(world, site, 'slow', '/slow')
    const next = await send(world, 'slow')
    site.release('/slow')
    atFault = point => {
      if (point === 'run.after-finish') isRefused = () => true
    }
    await until(() => refused > 0, 'nobody tried to serve it')
    expect(world.engine.run(first).state).toBe('succeeded')
    await afterVainTry()
    isRefused = () => false
    atFault = () => undefined
    await afterTime(() => world.engine.event(next).state === 'done', 'it was never served')
  })

  it('J6 a run whose wait is over wakes once there is room', async () => {
    await world.install(
      'sleeper',
      `import { sleep } from 'tools/flow'
       export default async function run() { await sleep({ hours: 1 }) }`,
    )
    const run = await world.run('sleeper')
    isRefused = () => true
    clock.advance(3_600_000)
    await until(() => refused > 0, 'nobody tried to wake it')
    await afterVainTry()
    isRefused = () => false
    await afterTime(() => world.engine.run(run.id).state === 'succeeded', 'it never woke')
  })
})
