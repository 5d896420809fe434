/** A run is launched once however many reasons wake it (J11, J6). */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { waitsOfRun } from '../../src/main/store/waits.ts'
import { forSite, inState } from '../support/engine-tests.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { losable } from '../support/losable-pool.ts'
import type { Losable } from '../support/losable-pool.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

const HOUR = 3_600_000
let site: HeldSite
let world: World
let sandbox: Losable
let clock: ManualClock

beforeEach(async () => {
  site = await serveHeld()
  sandbox = losable()
  clock = new ManualClock()
  world = await createWorld({ clock, wrapPool: pool => sandbox.wrap(pool) })
})
afterEach(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const sleeper = () => `
  import { sleep } from 'tools/flow'
  import { post } from 'tools/http'
  export default async function run() {
    await Promise.all([sleep('PT1H'), sleep('PT1H')])
    for (let n = 0; n < 3; n++) await post('${site.url('/x')}', { n })
    return 'ok'
  }`

describe('two waits of one run that are over together', () => {
  it('J6 J11 launch it once, and nothing is sent twice', async () => {
    await world.install('sleeper', sleeper(), forSite(site))
    const run = await world.run('sleeper')
    expect(run.state).toBe('waiting')
    clock.advance(HOUR)
    const ended = await inState(world, run.id, 'succeeded')
    expect(world.result(ended)).toBe('ok')
    expect(ended).toMatchObject({ attempt: 2, slot: null })
    expect(sandbox.starts()).toBe(2)
    expect(site.paths()).toEqual(['/x', '/x', '/x'])
    expect(waitsOfRun(world.store, run.id)).toEqual([])
  })

  it('R7 J6 leave one run to cancel: the write in flight is recorded and no other is sent', async () => {
    await world.install('sleeper', sleeper(), forSite(site))
    const run = await world.run('sleeper')
    site.hold('/x')
    clock.advance(HOUR)
    await until(() => site.paths().length === 1, 'never woke')
    await world.engine.control.cancelRun(run.id)
    site.release('/x')
    await inState(world, run.id, 'cancelled')
    expect(site.paths()).toEqual(['/x'])
    expect(world.engine.run(run.id)).toMatchObject({ attempt: 2, slot: null })
    expect(waitsOfRun(world.store, run.id)).toEqual([])
  })

  it('J6 two answers at once wake it once', async () => {
    await world.install(
      'signalled',
      `import { waitFor } from 'tools/flow'
       import { post } from 'tools/http'
       export default async function run() {
         await Promise.all([waitFor({ name: 'a' }), waitFor({ name: 'b' })])
         await post('${site.url('/x')}', {})
       }`,
      forSite(site),
    )
    const run = await world.run('signalled')
    await Promise.all([world.engine.signal(run.id, 'a', null), world.engine.signal(run.id, 'b', null)])
    const ended = await inState(world, run.id, 'succeeded')
    expect(site.paths()).toEqual(['/x'])
    expect(sandbox.starts()).toBe(ended.attempt)
  })
})
