/** A pause loses nothing and lets nothing out, wherever it meets a run (R7). */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { itemsOfRun } from '../../src/main/store/items.ts'
import { waitsOfRun } from '../../src/main/store/waits.ts'
import {
  actionOf,
  forSite,
  inState,
  openKinds,
  resolve,
  send,
  settled,
  untilAsked,
} from '../support/engine-tests.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let site: HeldSite
let world: World

beforeEach(async () => {
  site = await serveHeld()
  world = await createWorld()
})
afterEach(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

/** The end of the core, and its next start. */
async function restart(): Promise<void> {
  await world.stop()
  world = await createWorld({ folder: world.folder })
}

/** An item asks, then reads slowly, then writes; the run ends while it asks. */
const asking = () => `
  import { get, post } from 'tools/http'
  import { ask, each } from 'tools/flow'
  export default async function run() {
    await each('mail', ['a'], m => m, async () => {
      await ask({ question: 'Go?', choices: ['yes'] })
      await get('${site.url('/slow')}')
      await post('${site.url('/p')}', {})
      return 1
    })
    return 'ended'
  }`

/** An item of a run that has ended is being gone on with, and its read is in flight. */
async function reentered(): Promise<{ workflowId: string; runId: string }> {
  site.hold('/slow')
  const workflowId = await world.install('asks', asking(), forSite(site))
  const run = await world.run('asks')
  expect(run.state).toBe('succeeded')
  await resolve(world, 'input-needed', 'yes')
  await until(() => site.paths().includes('/slow'), 'never went on')
  return { workflowId, runId: run.id }
}
const itemState = (runId: string) => itemsOfRun(world.store, runId)[0]?.state

describe('a pause', () => {
  it('R7 that is over before the call in flight ends leaves the run to go on once', async () => {
    site.hold('/x')
    const id = await world.install(
      'two',
      `import { get } from 'tools/http'
       export default async function run() { await get('${site.url('/x')}'); await get('${site.url('/y')}'); return 1 }`,
      forSite(site),
    )
    const runId = await untilAsked(world, site, 'two', '/x')
    await world.engine.control.pause(id)
    await world.engine.control.resume(id)
    site.release('/x')
    const run = await inState(world, runId, 'succeeded')
    expect(world.result(run)).toBe(1)
    expect(site.paths()).toEqual(['/x', '/y'])
    expect(waitsOfRun(world.store, runId)).toEqual([])
  })

  it('R7 O1 while a run verifies lets it rest, and it looks again afterwards', async () => {
    site.hold('/x')
    const id = await world.install(
      'looks',
      `import { get } from 'tools/http'
       export default async function run() { return 1 }
       export async function verify() { await get('${site.url('/x')}'); await get('${site.url('/y')}'); return true }`,
      { ...forSite(site), done: [{ kind: 'script-verifies' }] },
    )
    const runId = await untilAsked(world, site, 'looks', '/x')
    await world.engine.control.pause(id)
    site.release('/x')
    const resting = await inState(world, runId, 'waiting')
    expect(world.failure(resting)).toBeNull()
    expect(site.paths()).toEqual(['/x'])
    await world.engine.control.resume(id)
    await inState(world, runId, 'succeeded')
    expect(site.paths()).toEqual(['/x', '/x', '/y'])
  })

  it('R7 P4 keeps a write back that is approved meanwhile, although its run is still in memory', async () => {
    site.hold('/slow')
    const id = await world.install(
      'approved',
      `import { get, post } from 'tools/http'
       export default async function run() { await Promise.all([get('${site.url('/slow')}'), post('${site.url('/p')}', {})]) }`,
      forSite(site, 'always'),
    )
    const runId = await untilAsked(world, site, 'approved', '/slow')
    await actionOf(world, 'approval')
    await world.engine.control.pause(id)
    await resolve(world, 'approval', 'approve')
    site.release('/slow')
    await inState(world, runId, 'waiting')
    await settled(world)
    expect(site.paths()).toEqual(['/slow'])
    await world.engine.control.resume(id)
    await inState(world, runId, 'succeeded')
    expect(site.paths()).toEqual(['/slow', '/p'])
    expect(openKinds(world)).toEqual([])
  })
})

describe('a pause while an item of an ended run is gone on with', () => {
  it('R7 J7 keeps the item, and it goes on when the pause is over', async () => {
    const { workflowId, runId } = await reentered()
    await world.engine.control.pause(workflowId)
    site.release('/slow')
    await until(() => world.engine.isAtRest(runId), 'never rested')
    await settled(world)
    expect(site.paths()).toEqual(['/slow'])
    await world.engine.control.resume(workflowId)
    await until(() => itemState(runId) === 'done', 'the item never went on')
    await until(() => world.engine.run(runId).slot === null, 'its turn was kept')
    expect(site.paths()).toEqual(['/slow', '/p'])
    expect(waitsOfRun(world.store, runId)).toEqual([])
    expect(world.engine.run(runId)).toMatchObject({ state: 'succeeded', waiting_items: 0 })
  })

  it('R7 R2 holds at the next start too, and the item goes on when it is over', async () => {
    const { workflowId, runId } = await reentered()
    await world.engine.control.pause(workflowId)
    await restart()
    site.release('/slow')
    await settled(world)
    expect(site.paths()).toEqual(['/slow'])
    expect(itemState(runId)).not.toBe('done')
    await world.engine.control.resume(workflowId)
    await until(() => itemState(runId) === 'done', 'the item never went on')
    await until(() => world.engine.run(runId).slot === null, 'its turn was kept')
    expect(site.paths()).toEqual(['/slow', '/slow', '/p'])
  })
})

describe('stopping everything', () => {
  it('R7 holds for what is installed later, until everything goes on', async () => {
    const id = await world.install('known', 'export default async function run() { return 1 }')
    expect(await world.engine.control.stopEverything()).toBe(1)
    const later = await world.install('later', 'export default async function run() { return 2 }')
    await world.install('known', 'export default async function run() { return 3 }')
    const states = () => [id, later].map(one => world.engine.workflow(one).state)
    expect(states()).toEqual(['paused', 'paused'])
    const eventId = await send(world, 'later')
    await restart()
    expect(world.engine.event(eventId).run_id).toBeNull()
    expect(await world.engine.control.resumeEverything()).toBe(2)
    expect(states()).toEqual(['active', 'active'])
    const runId = await until(() => world.engine.event(eventId).run_id, 'never claimed')
    expect(world.result(await inState(world, runId, 'succeeded'))).toBe(2)
    expect(await world.install('last', 'export default async function run() { return 4 }')).toBeTruthy()
    expect(world.engine.workflow('last').state).toBe('active')
  })
})
