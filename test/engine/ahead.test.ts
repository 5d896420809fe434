/** A read's result reaches the script while it is being recorded; whatever comes after it stands on that record (J1, J3). */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/main/store/store.ts'
import { stepsOfRun } from '../../src/main/store/journal.ts'
import { inState } from '../support/engine-tests.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { losable } from '../support/losable-pool.ts'
import type { Losable } from '../support/losable-pool.ts'
import { createWorld } from '../support/world.ts'
import type { World } from '../support/world.ts'

let site: HeldSite
let world: World
let sandbox: Losable
/** Stands between the record of the next read and the disk. */
let atRecord: ((write: Store['write'], work: Parameters<Store['write']>[0]) => Promise<unknown>) | null = null

beforeEach(async () => {
  site = await serveHeld()
  sandbox = losable()
  let armed = false
  world = await createWorld({
    wrapPool: pool => sandbox.wrap(pool),
    fault: point => {
      if (point === 'read.after-call') armed = true
    },
  })
  const write = world.store.write.bind(world.store)
  const interceptor: Store['write'] = (work, options) => {
    const step = armed ? atRecord : null
    armed = false
    if (step === null) return write(work, options)
    atRecord = null
    return step(write, work) as Promise<never>
  }
  Object.defineProperty(world.store, 'write', { value: interceptor })
})
afterEach(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const install = () =>
  world.install(
    'one',
    `import { get, post } from 'tools/http'
     export default async function run() {
       const read = await get('${site.url('/read')}')
       return [read.status, (await post('${site.url('/write')}', {})).status]
     }`,
    {
      reads: { hosts: [site.host], paths: [] },
      changes: [{ tool: 'http.post', hosts: [site.host], approval: 'never' }],
    },
  )

describe('a result that the script has while it is being recorded', () => {
  it('J1 J3 J5 lets nothing leave when its record fails, and a retry does it all, once', async () => {
    await install()
    atRecord = (write, work) =>
      write(tx => {
        work(tx)
        throw new Error('the disk said no')
      })
    const run = await world.run('one')
    expect(run.state).toBe('failed')
    expect(site.paths()).toEqual(['/read'])
    expect(stepsOfRun(world.store, run.id)).toEqual([])

    await world.engine.control.retryRun(run.id)
    const again = await inState(world, run.id, 'succeeded')
    expect(world.result(again)).toEqual([200, 200])
    expect(site.paths()).toEqual(['/read', '/read', '/write'])
  })

  it('J3 S1 is heard again, not asked for again, by an instance that takes over before the record is made', async () => {
    await install()
    atRecord = (write, work) => {
      queueMicrotask(() => {
        sandbox.lose()
      })
      return write(work)
    }
    const run = await world.run('one')
    expect(world.result(run)).toEqual([200, 200])
    expect(site.paths()).toEqual(['/read', '/write'])
    expect(sandbox.starts()).toBe(2)
  })
})
