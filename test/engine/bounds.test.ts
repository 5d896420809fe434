/** What one run may have under way at once, and what becomes of it when the run ends (S2). */
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { itemError, itemResult, itemsInState, itemsOfRun } from '../../src/main/store/items.ts'
import type { StartRun } from '../../src/sandbox/protocol.ts'
import { stepsOfRun } from '../../src/main/store/journal.ts'
import { restRun } from '../../src/main/store/runs.ts'
import type { RunRow } from '../../src/main/store/runs.ts'
import { forSite, inState, openKinds, untilAsked } from '../support/engine-tests.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { losable } from '../support/losable-pool.ts'
import type { Losable } from '../support/losable-pool.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld, tempFolder, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

const MOST = 16
const MANY = 40

let site: HeldSite
let sandbox: Losable
let world: World
let clock: ManualClock
let folder: string

beforeEach(async () => {
  site = await serveHeld()
  folder = tempFolder()
  sandbox = losable()
  clock = new ManualClock()
  world = await createWorld({ clock, wrapPool: pool => sandbox.wrap(pool) })
})
afterEach(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
  fs.rmSync(folder, { recursive: true, force: true })
})

const all = Array.from({ length: MANY }, (_none, n) => `/${String(n)}`)

/** Asks for everything at once. */
const atOnce = (verb: 'get' | 'post') => `
  import { ${verb} } from 'tools/http'
  export default async function run() {
    const paths = Array.from({ length: ${String(MANY)} }, (_none, n) => '${site.url('/')}' + n)
    const all = await Promise.all(paths.map(path => ${verb}(path${verb === 'post' ? ', {}' : ''})))
    return all.map(answer => answer.status)
  }`

/** Starts the automation and waits until as many as may have asked. */
async function untilFull(name: string): Promise<string> {
  for (const path of all) site.hold(path)
  const runId = await untilAsked(world, site, name, '/0')
  await until(() => site.paths().length === MOST, 'too few asked')
  await world.run('bystander')
  expect(site.paths().toSorted()).toEqual(all.slice(0, MOST).toSorted())
  return runId
}

function releaseAll(): void {
  for (const path of all) site.release(path)
}

describe('calls that a run makes at once', () => {
  beforeEach(async () => {
    await world.install('bystander', 'export default async function run() { return 1 }')
  })

  it.each(['get', 'post'] as const)(
    'S2 %s: at most 16 leave, the others in order as these end',
    async verb => {
      await world.install('many', atOnce(verb), forSite(site))
      const runId = await untilFull('many')
      site.release('/7')
      await until(() => site.paths().length === MOST + 1, 'nothing followed')
      expect(site.paths().at(-1)).toBe(all[MOST])
      releaseAll()
      const run = await inState(world, runId, 'succeeded')
      expect(world.result(run)).toEqual(all.map(() => 200))
      expect(site.paths().toSorted()).toEqual(all.toSorted())
    },
  )

  it('S2 J3 S1 those that had not left are asked for again by the next instance, those that had are not', async () => {
    await world.install('many', atOnce('post'), forSite(site))
    const runId = await untilFull('many')
    sandbox.lose()
    releaseAll()
    const run = await inState(world, runId, 'succeeded')
    expect(world.result(run)).toEqual(all.map(() => 200))
    expect(site.paths().toSorted()).toEqual(all.toSorted())
  })

  it('S2 R7 those that had not left when their automation was paused leave when it goes on, once', async () => {
    const id = await world.install('many', atOnce('post'), forSite(site))
    const runId = await untilFull('many')
    await world.engine.control.pause(id)
    releaseAll()
    await inState(world, runId, 'waiting')
    expect(site.paths()).toHaveLength(MOST)
    await world.engine.control.resume(id)
    await inState(world, runId, 'succeeded')
    expect(site.paths().toSorted()).toEqual(all.toSorted())
  })

  it('S2 J7 an item is done when all it asked for has left and ended, also what it did not wait for', async () => {
    await world.install(
      'items',
      `import { post } from 'tools/http'
       import { each } from 'tools/flow'
       export default async function run() {
         await each('mail', ['a'], id => id, async () => {
           for (let n = 0; n < ${String(MANY)}; n++) void post('${site.url('/')}' + n, {})
         })
       }`,
      forSite(site),
    )
    const runId = await untilFull('items')
    expect(itemsOfRun(world.store, runId)[0]?.state).toBe('open')
    releaseAll()
    await inState(world, runId, 'succeeded')
    expect(site.paths().toSorted()).toEqual(all.toSorted())
    expect(itemsOfRun(world.store, runId)[0]?.state).toBe('done')
  })
})

describe('a read that brings more than a call may', () => {
  const limits = { limits: { bytesPerCall: 2_000 } }
  const reader = () => `
    import { read } from 'tools/files'
    export default async function run() { return (await read({ path: '${path.join(folder, 'f.txt')}' })).text.length }`

  it('S2 fails by the name of the limit, is not kept, and is made anew by a retry', async () => {
    fs.writeFileSync(path.join(folder, 'f.txt'), 'secret '.repeat(1_000))
    await world.install('reader', reader(), { reads: { paths: [folder] }, ...limits })
    const run = await world.run('reader')
    expect(world.failure(run)).toMatchObject({ kind: 'script-limit', limit: 'bytes-in', allowed: 2_000 })
    expect(JSON.stringify(stepsOfRun(world.store, run.id))).not.toContain('secret')

    fs.writeFileSync(path.join(folder, 'f.txt'), 'short')
    await world.engine.control.retryRun(run.id)
    expect(world.result(await inState(world, run.id, 'succeeded'))).toBe(5)
  })
})

describe('a run that has recorded much', () => {
  const BYTES = 300_000
  const READS = 30
  const names = () => Array.from({ length: READS }, (_none, n) => path.join(folder, `${String(n)}.txt`))
  const reads = (after: string) => `
    import { read } from 'tools/files'
    import { each, waitFor } from 'tools/flow'
    export default async function run() {
      const all = async () => {
        let bytes = 0
        for (const path of ${JSON.stringify(names())}) bytes += (await read({ path })).text.length
        await waitFor({ name: 'go' })
        return bytes
      }
      ${after}
    }`
  let launched: StartRun[]

  beforeEach(async () => {
    for (const name of names()) fs.writeFileSync(name, 'a'.repeat(BYTES))
    await world.stop()
    launched = []
    world = await createWorld({
      folder: world.folder,
      wrapPool: pool => ({
        engineVersion: pool.engineVersion,
        start: (run, listener) => {
          launched.push(run)
          return pool.start(run, listener)
        },
        warm: () => pool.warm(),
        stats: () => pool.stats(),
        close: () => pool.close(),
      }),
    })
  })

  it.each([
    ['of its own', 'return all()'],
    ['of an item', `return (await each('mail', ['a'], id => id, all)).done`],
  ])('S1 J3 J6 hands a replay no more %s than fits, and the rest as it is wanted', async (_whose, body) => {
    await world.install('large', reads(body), { ...forSite(site), reads: { paths: [folder] } })
    const run = await world.run('large')
    // Gone: a replay is answered from the journal alone.
    for (const name of names()) fs.rmSync(name)
    await world.engine.signal(run.id, 'go', null)
    const steps = () => stepsOfRun(world.store, run.id).filter(step => step.tool === 'files.read')
    await until(() => launched.length === 2 && world.engine.isAtRest(run.id), 'it never went on')
    const [, again] = launched
    expect(JSON.stringify(again?.recorded).length).toBeLessThan(5_000_000)
    expect(steps()).toHaveLength(READS)
    const [item] = itemsOfRun(world.store, run.id)
    const result = item === undefined ? world.result(world.engine.run(run.id)) : itemResult(world.store, item)
    expect(result).toBe(BYTES * READS)
  })
})

describe('the time of a run over all its lives', () => {
  const resting = (work: string) => `
    import { sleep } from 'tools/flow'
    import { get } from 'tools/http'
    export default async function run() {
      for (let n = 0; n < 60; n++) { ${work} await sleep({ hours: 1 }) }
    }`

  /** Lets its hour pass and waits until it rests again, or has ended. */
  async function nextLife(run: RunRow): Promise<RunRow> {
    clock.advance(3_600_000)
    return until(() => {
      const now = world.engine.run(run.id)
      return now.attempt > run.attempt && world.engine.isAtRest(run.id) ? now : null
    }, 'it never woke')
  }

  it('S2 J6 resting is no way around the limit of what it may compute', async () => {
    const work = 'let sum = 0; for (let i = 0; i < 4e5; i++) sum += i;'
    await world.install('computes', resting(work), { limits: { cpuMs: 200 } })
    let run = await world.run('computes')
    while (run.state === 'waiting') {
      const next = await nextLife(run)
      expect(next.cpu_ms).toBeGreaterThanOrEqual(run.cpu_ms)
      run = next
    }
    expect(world.failure(run)).toMatchObject({ kind: 'script-limit', limit: 'cpu', allowed: 200 })
    await world.engine.control.retryRun(run.id)
    await inState(world, run.id, 'waiting')
  })

  it('S2 J6 nor around the limit of how long it may be at work', async () => {
    await world.install('reads', resting(`await get('${site.url('/slow')}');`), {
      ...forSite(site),
      limits: { wallMs: 100_000 },
    })
    const run = await world.run('reads')
    expect(run.wall_ms).toBeGreaterThan(0)
    const next = await nextLife(run)
    expect(next.wall_ms).toBeGreaterThan(run.wall_ms)
    await world.store.write(tx => {
      restRun(tx, run.id, 'waiting', { cpuMs: next.cpu_ms, wallMs: 100_000 })
    })
    site.hold('/slow')
    expect(world.failure(await nextLife(next))).toMatchObject({ kind: 'script-limit', limit: 'wall' })
  })

  it('S2 J7 an item that is gone on with computes on the account of its run', async () => {
    await world.install(
      'items',
      `import { each, sleep } from 'tools/flow'
       export default async function run() {
         await each('mail', ['a'], id => id, async () => {
           for (let n = 0; n < 60; n++) {
             let sum = 0; for (let i = 0; i < 4e5; i++) sum += i
             await sleep({ hours: 1 })
           }
         })
       }`,
      { ...forSite(site), limits: { cpuMs: 200 } },
    )
    const run = await world.run('items')
    expect(run.state).toBe('succeeded')
    const item = () => itemsOfRun(world.store, run.id)[0]
    await until(() => {
      clock.advance(3_600_000)
      return item()?.state === 'aside'
    }, 'the item was never stopped')
    const stopped = itemsInState(world.store, run.workflow_id, 'aside').map(row =>
      itemError(world.store, row),
    )
    expect(stopped).toMatchObject([{ failure: { limit: 'cpu', allowed: 200 } }])
  })
})

describe('a run that has failed', () => {
  const failing = (body: string) => `
    import { get, post } from 'tools/http'
    import { each } from 'tools/flow'
    export default async function run() { ${body} }`
  const slow = () => `get('${site.url('/slow')}')`

  it('S2 lets go of what it was still reading, and nothing of that is kept', async () => {
    site.hold('/slow')
    await world.install('reads', failing(`await Promise.all([${slow()}, Promise.reject(new Error('no'))])`), {
      reads: { hosts: [site.host] },
    })
    const run = await world.run('reads')
    expect(world.failure(run)).toMatchObject({ kind: 'script-error', message: 'no' })
    expect(stepsOfRun(world.store, run.id)).toEqual([])
    expect(openKinds(world)).toEqual(['run-failed'])
  })

  it('S2 J2 waits for what it was changing, and records it', async () => {
    site.hold('/write')
    await world.install(
      'writes',
      failing(`
        const write = post('${site.url('/write')}', {})
        await get('${site.url('/read')}')
        throw new Error('no')`),
      forSite(site),
    )
    const runId = await untilAsked(world, site, 'writes', '/read')
    await until(() => site.paths().includes('/write'), 'never written')
    site.release('/write')
    await inState(world, runId, 'failed')
    const states = stepsOfRun(world.store, runId).map(step => [step.tool, step.state])
    expect(states.toSorted()).toEqual([
      ['http.get', 'done'],
      ['http.post', 'done'],
    ])
  })

  it('S2 J7 leaves the item that was still reading as it was', async () => {
    site.hold('/slow')
    await world.install(
      'items',
      failing(`
        const items = each('mail', ['a'], id => id, async () => (await ${slow()}).status)
        await post('${site.url('/write')}', {})
        await Promise.race([items, Promise.reject(new Error('no'))])`),
      forSite(site),
    )
    site.hold('/write')
    const runId = await untilAsked(world, site, 'items', '/slow')
    site.release('/write')
    const run = await inState(world, runId, 'failed')
    expect(world.failure(run)?.message).toBe('no')
    expect(itemsOfRun(world.store, runId).map(item => item.state)).toEqual(['open'])
    expect(openKinds(world)).toEqual(['run-failed'])
  })
})
