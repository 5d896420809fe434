/** An instance can be taken away at any moment: what is in flight is attached to the next one (J3, S1). */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stepsOfRun } from '../../src/main/store/journal.ts'
import { inState } from '../support/engine-tests.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { losable } from '../support/losable-pool.ts'
import type { Losable } from '../support/losable-pool.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let site: HeldSite
let world: World
let sandbox: Losable

beforeEach(async () => {
  site = await serveHeld()
  sandbox = losable()
  world = await createWorld({ wrapPool: pool => sandbox.wrap(pool) })
})
afterEach(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const contract = () => ({
  reads: { hosts: [site.host], paths: [] },
  changes: [{ tool: 'http.post', hosts: [site.host], approval: 'never' as const }],
})
const event = (workflow: string) => ({
  workflow,
  type: 'manual',
  payload: {},
  sourceType: 'test',
  sourceId: 'test',
})

/** Starts the automation and waits until the site was asked for the path; answers with the run's id. */
async function untilAsked(name: string, path: string): Promise<string> {
  const { row } = await world.emit(event(name))
  await until(() => site.paths().includes(path), `nobody asked for ${path}`)
  return until(() => world.engine.event(row.id).run_id, 'never claimed')
}

describe('an instance that is lost while a call is in flight', () => {
  it.each(['post', 'get'])(
    'J3 J4 S1 a %s that ends before the next instance starts is not sent again',
    async verb => {
      site.hold('/x')
      await world.install(
        'one',
        `import { get, post } from 'tools/http'
       export default async function run() { return (await ${verb === 'post' ? `post('${site.url('/x')}', {})` : `get('${site.url('/x')}')`}).status }`,
        contract(),
      )
      const runId = await untilAsked('one', '/x')
      sandbox.fill()
      sandbox.lose()
      site.release('/x')
      await until(() => stepsOfRun(world.store, runId)[0]?.state === 'done', 'its end was not recorded')
      sandbox.makeRoom()
      const run = await world.rested(runId)
      expect(run.state).toBe('succeeded')
      expect(world.result(run)).toBe(200)
      expect(site.paths()).toEqual(['/x'])
      expect(sandbox.starts()).toBe(2)
    },
  )

  it('J3 J4 a write that is asked for again while it is in flight is attached, not sent again', async () => {
    site.hold('/x')
    await world.install(
      'one',
      `import { get, post } from 'tools/http'
       export default async function run() {
         const sent = post('${site.url('/x')}', {})
         await get('${site.url('/y')}')
         return (await sent).status
       }`,
      contract(),
    )
    const runId = await untilAsked('one', '/y')
    await until(() => site.paths().includes('/x'), 'never sent')
    await until(() => stepsOfRun(world.store, runId).some(step => step.state === 'done'), 'never read')
    sandbox.lose()
    await until(() => world.pool.stats().instances === 1, 'never started again')
    site.release('/x')
    const run = await world.rested(runId)
    expect(run.state).toBe('succeeded')
    expect(site.paths().toSorted()).toEqual(['/x', '/y'])
  })

  it('S1 J3 when a worker is killed for one run, the writes its neighbours have in flight are sent once', async () => {
    const paths = Array.from({ length: 8 }, (_none, n) => `/w/${String(n)}`)
    const runs: string[] = []
    for (const path of paths) {
      site.hold(path)
      await world.install(
        path.replaceAll('/', ''),
        `import { post } from 'tools/http'
         export default async function run() { return (await post('${site.url(path)}', {})).status }`,
        contract(),
      )
      runs.push(await untilAsked(path.replaceAll('/', ''), path))
    }
    await world.install(
      'loop',
      'export default async function run() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1) }',
      { limits: { cpuMs: 50 } },
    )
    await world.emit(event('loop'))
    await until(() => world.pool.stats().killed === 1, 'never killed')
    // The remote answers one after the other, from the moment of the kill on.
    for (const path of paths) {
      site.release(path)
      await new Promise(resolve => setTimeout(resolve, 2))
    }
    for (const runId of runs) expect((await world.rested(runId)).state).toBe('succeeded')
    expect(site.paths().toSorted()).toEqual(paths)
  })
})

describe('an instance that is lost again and again', () => {
  it('S1 before it ever comes to rest ends its run after a while, and a retry goes on', async () => {
    await world.install('one', 'export default async function run() { return 1 }')
    sandbox.loseAll(true)
    const run = await world.run('one')
    expect(world.failure(run)).toMatchObject({ kind: 'internal' })
    expect(sandbox.starts()).toBe(8)
    sandbox.loseAll(false)
    await world.engine.control.retryRun(run.id)
    expect(world.result(await inState(world, run.id, 'succeeded'))).toBe(1)
  })
})

describe('an instance that is lost while it verifies', () => {
  it('O1 J3 looks afresh, and the run succeeds', async () => {
    site.hold('/y')
    await world.install(
      'looks',
      `import { get } from 'tools/http'
       export default async function run() { return 1 }
       export async function verify() { await get('${site.url('/x')}'); await get('${site.url('/y')}'); return true }`,
      { ...contract(), done: [{ kind: 'script-verifies' }] },
    )
    const runId = await untilAsked('looks', '/y')
    sandbox.lose()
    site.release('/y')
    const run = await world.rested(runId)
    expect(world.failure(run)).toBeNull()
    expect(run.state).toBe('succeeded')
    expect(site.paths()).toEqual(['/x', '/y', '/x', '/y'])
  })
})
