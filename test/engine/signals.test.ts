/** A signal is taken once or said not to have been: none waits for a run that is over (R1, J12). */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { waitingFor } from '../../src/main/store/inbox.ts'
import type { InboxRow } from '../../src/main/store/inbox.ts'
import { forSite, inState, resolve, send } from '../support/engine-tests.ts'
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

const signals = () =>
  world.store.all<object, Pick<InboxRow, 'state' | 'reason'>>(
    { sql: "SELECT state, reason FROM inbox WHERE target_type = 'run' ORDER BY id", bind: () => [] },
    {},
  )
const TAKEN = { state: 'done', reason: null }
const REFUSED = { state: 'refused', reason: 'Its run had ended.' }
const KEPT = { state: 'new', reason: null }

describe('signals that a run did not take', () => {
  it('R1 are settled when it has ended well', async () => {
    await world.install(
      'waits',
      `import { waitFor } from 'tools/flow'
       export default async function run() { return (await waitFor({ name: 'go' })).payload }`,
    )
    const { id } = await world.run('waits')
    await world.engine.signal(id, 'other', 1)
    await world.engine.signal(id, 'go', 2)
    await inState(world, id, 'succeeded')
    expect(signals()).toEqual([REFUSED, TAKEN])
  })

  it('R1 R7 are settled when it is cancelled', async () => {
    await world.install(
      'waits',
      `import { waitFor } from 'tools/flow'
       export default async function run() { await waitFor({ name: 'go' }) }`,
    )
    const { id } = await world.run('waits')
    await world.engine.signal(id, 'other', 1)
    await world.engine.control.cancelRun(id)
    await inState(world, id, 'cancelled')
    expect(signals()).toEqual([REFUSED])
  })

  it('R7 are kept while it can be retried, and taken then', async () => {
    site.answer('/x', 422)
    await world.install(
      'fails',
      `import { ask, waitFor } from 'tools/flow'
       import { get } from 'tools/http'
       export default async function run() {
         await ask({ question: 'Go?', choices: ['yes'] })
         await get('${site.url('/x')}')
         return (await waitFor({ name: 'go' })).payload
       }`,
      forSite(site),
    )
    const { id } = await world.run('fails')
    await world.engine.signal(id, 'go', 'kept')
    await resolve(world, 'input-needed', 'yes')
    await inState(world, id, 'failed')
    expect(signals()).toEqual([KEPT])
    site.answer('/x', 200)
    await world.engine.control.retryRun(id)
    expect(world.result(await inState(world, id, 'succeeded'))).toBe('kept')
    expect(signals()).toEqual([TAKEN])
  })

  it('R1 J7 are kept for an item that goes on without it, and settled when that has ended', async () => {
    await world.install(
      'items',
      `import { each, waitFor } from 'tools/flow'
       export default () => each('mail', ['a'], m => m, async () => (await waitFor({ name: 'go' })).payload)`,
      { items: { mail: 'id' } },
    )
    const run = await world.run('items')
    expect(run).toMatchObject({ state: 'succeeded', waiting_items: 1 })
    await world.engine.signal(run.id, 'other', 1)
    expect(signals()).toEqual([KEPT])
    await world.engine.signal(run.id, 'go', 2)
    await until(() => world.engine.run(run.id).waiting_items === 0, 'the item never ended')
    expect(signals()).toEqual([REFUSED, TAKEN])
  })
})

describe('events of an automation that is put away', () => {
  it.each(['archive', 'delete'] as const)('R1 R7 are settled: %s', async verb => {
    const id = await world.install('old', 'export default async function run() { return 1 }')
    await world.engine.control.pause(id)
    const eventId = await send(world, 'old')
    await world.engine.control[verb](id)
    expect(world.engine.event(eventId)).toMatchObject({
      state: 'refused',
      reason: `The automation was ${verb}d.`,
    })
    expect(waitingFor(world.store, 'workflow', id, 5)).toBe(0)
  })
})
