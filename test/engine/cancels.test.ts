/** A cancel is confirmed once it is on the disk, and means one thing from then on (R7). */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { fail } from '../../src/domain/failure.ts'
import { defineTool } from '../../src/domain/tool.ts'
import { itemsInState } from '../../src/main/store/items.ts'
import { requestCancel } from '../../src/main/store/runs.ts'
import { waitsOfRun } from '../../src/main/store/waits.ts'
import { forSite, inState, openKinds, resolve, settled, untilAsked } from '../support/engine-tests.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { createWorld, until } from '../support/world.ts'
import type { World, WorldOptions } from '../support/world.ts'

let site: HeldSite
let world: World
let puts: string[]

const natural = defineTool({
  name: 'test.put',
  version: 1,
  title: 'Put',
  doc: 'A write that may be repeated; the first one of a test never ends.',
  effect: 'write',
  input: z.strictObject({ text: z.string() }),
  output: z.string(),
  touches: () => ({}),
  risk: 'low',
  idempotency: 'natural',
  run: input => {
    puts.push(input.text)
    return puts.length === 1 ? new Promise<string>(() => undefined) : Promise.resolve('ok')
  },
  describe: input => `Put ${input.text}`,
})
const expired = defineTool({
  name: 'account.look',
  version: 1,
  title: 'Look',
  doc: 'A read whose connection has expired.',
  effect: 'read',
  input: z.strictObject({}),
  output: z.json(),
  touches: () => ({}),
  risk: 'low',
  idempotency: 'natural',
  run: () =>
    fail({ kind: 'auth-expired', connection: 'post office', message: 'The connection had expired.' }),
  describe: () => 'Looked',
})

const start = (options: WorldOptions = {}) => createWorld({ tools: [natural, expired], ...options })
beforeEach(async () => {
  puts = []
  site = await serveHeld()
  world = await start()
})
afterEach(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

/** The cancel is on the disk, so it was confirmed; then the core dies before anyone acts on it. */
async function confirmAndDie(runId: string): Promise<void> {
  await world.store.write(
    tx => {
      requestCancel(tx, runId)
    },
    { durable: true },
  )
  await world.stop()
  site.release('/x')
  world = await start({ folder: world.folder })
}

describe('a cancel that a crash follows', () => {
  it('R7 R2 is carried out at the next start: nothing new is sent', async () => {
    site.hold('/x')
    await world.install(
      'two',
      `import { get, post } from 'tools/http'
       export default async function run() { await get('${site.url('/x')}'); await post('${site.url('/y')}', {}) }`,
      forSite(site),
    )
    const runId = await untilAsked(world, site, 'two', '/x')
    await confirmAndDie(runId)
    const run = await inState(world, runId, 'cancelled')
    expect(run).toMatchObject({ cancelling: 0, slot: null })
    expect(site.paths()).toEqual(['/x'])
  })

  it('R7 R2 is carried out in a paused automation too', async () => {
    site.hold('/x')
    const id = await world.install(
      'two',
      `import { get, post } from 'tools/http'
       export default async function run() { await get('${site.url('/x')}'); await post('${site.url('/y')}', {}) }`,
      forSite(site),
    )
    const runId = await untilAsked(world, site, 'two', '/x')
    await world.engine.control.pause(id)
    await confirmAndDie(runId)
    await inState(world, runId, 'cancelled')
    expect(site.paths()).toEqual(['/x'])
  })

  it('R7 J4 still finds out what became of the write in flight, and sends nothing', async () => {
    site.hold('/x')
    await world.install(
      'two',
      `import { post } from 'tools/http'
       export default async function run() { await post('${site.url('/x')}', {}); await post('${site.url('/y')}', {}) }`,
      forSite(site),
    )
    const runId = await untilAsked(world, site, 'two', '/x')
    await confirmAndDie(runId)
    await inState(world, runId, 'cancelled')
    expect(openKinds(world)).toEqual(['outcome-unknown'])
    await resolve(world, 'outcome-unknown', 'it-did-not')
    await settled(world)
    expect(openKinds(world)).toEqual([])
    expect(site.paths()).toEqual(['/x'])
  })

  it('R7 does not repeat a write that may be repeated', async () => {
    await world.install(
      'puts',
      `import { put } from 'tools/test'
       export default async function run() { await put({ text: 'a' }); await put({ text: 'b' }) }`,
      { uses: ['tools/test'], changes: [{ tool: 'test.put', approval: 'never' }] },
    )
    const { row } = await world.emit({
      workflow: 'puts',
      type: 'manual',
      payload: {},
      sourceType: 'test',
      sourceId: 'test',
    })
    await until(() => puts.length === 1, 'never put')
    const runId = world.engine.event(row.id).run_id ?? ''
    await confirmAndDie(runId)
    await inState(world, runId, 'cancelled')
    expect(puts).toEqual(['a'])
  })
})

describe('a run that is cancelled', () => {
  it('R7 J7 lets its waiting items go: the next run goes on with them', async () => {
    await world.install(
      'asks',
      `import { ask, each } from 'tools/flow'
       export default async function run(event) {
         const all = await each('mail', ['a'], m => m, async () => { await ask({ question: 'Go?', choices: ['yes'] }); return 1 })
         if (event.stay) await ask({ question: 'All?', choices: ['yes'] })
         return all
       }`,
      forSite(site),
    )
    const first = await world.run('asks', { stay: true })
    expect(first.state).toBe('waiting')
    await world.engine.control.cancelRun(first.id)
    expect(openKinds(world)).toEqual([])
    expect(waitsOfRun(world.store, first.id)).toEqual([])
    const second = await world.run('asks', {})
    expect(second).toMatchObject({ state: 'succeeded', waiting_items: 1 })
    await resolve(world, 'input-needed', 'yes')
    const [item] = await until(() => {
      const done = itemsInState(world.store, second.workflow_id, 'done')
      return done.length === 1 && done
    }, 'the item never ended')
    expect(item?.run_id).toBe(second.id)
  })

  it('R7 leaves a question that another run waits for too', async () => {
    const source = `import { look } from 'tools/account'
      export default async function run() { return look({}) }`
    for (const name of ['one', 'two']) await world.install(name, source, { uses: ['tools/account'] })
    const one = await world.run('one')
    const two = await world.run('two')
    expect(openKinds(world)).toHaveLength(1)
    await world.engine.control.cancelRun(one.id)
    expect(world.engine.run(one.id).state).toBe('cancelled')
    expect(world.engine.run(two.id).state).toBe('waiting')
    expect(openKinds(world)).toHaveLength(1)
    await world.engine.control.cancelRun(two.id)
    expect(openKinds(world)).toEqual([])
  })
})

describe('an automation that is put away', () => {
  it('R7 leaves no question, no wait and no turn behind when it is deleted', async () => {
    site.answer('/bad', 422)
    const id = await world.install(
      'two',
      `import { get } from 'tools/http'
       import { ask, each } from 'tools/flow'
       export default async function run(event) {
         if (event.bad) await get('${site.url('/bad')}')
         await each('mail', ['a'], m => m, async () => { await ask({ question: 'Go?', choices: ['yes'] }); return 1 })
       }`,
      forSite(site),
    )
    const run = await world.run('two')
    await world.run('two', { bad: true })
    expect(openKinds(world)).toEqual(['input-needed', 'run-failed'])
    await world.engine.control.delete(id)
    expect(openKinds(world)).toEqual([])
    expect(waitsOfRun(world.store, run.id)).toEqual([])
  })

  it('R7 stays archived: neither a pause nor a resume brings it back', async () => {
    const id = await world.install('old', 'export default async function run() { return 1 }')
    await world.engine.control.archive(id)
    await expect(world.engine.control.pause(id)).rejects.toMatchObject({ failure: { kind: 'invalid-input' } })
    await expect(world.engine.control.resume(id)).rejects.toMatchObject({
      failure: { kind: 'invalid-input' },
    })
    expect(world.engine.workflow(id).state).toBe('archived')
  })

  it('R7 that was archived runs again once it is installed anew, under its history', async () => {
    const source = 'export default async function run() { return 1 }'
    const id = await world.install('old', source)
    const before = await world.run('old')
    await world.engine.control.archive(id)
    expect(await world.install('old', source)).toBe(id)
    const after = await world.run('old')
    expect([before, after].map(run => run.workflow_id)).toEqual([id, id])
    expect(after.state).toBe('succeeded')
  })
})
