import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listActions, openActionsOfRun } from '../../src/main/store/actions.ts'
import { itemsInState } from '../../src/main/store/items.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let site: LoopbackServer
let world: World
let clock: ManualClock
let status: number
let hold: (() => void) | null

beforeEach(async () => {
  status = 200
  hold = null
  site = await serveHttp((request, response) => {
    const send = () => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end('{}')
    }
    if (request.path === '/hold') hold = send
    else send()
  })
  clock = new ManualClock()
  world = await createWorld({ clock })
})
afterEach(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const allowed = (approval: 'never' | 'always' = 'never') => ({
  reads: { hosts: [site.host], paths: [] },
  changes: [{ tool: 'http.post', hosts: [site.host], approval }],
  approvalExpiresMs: 60_000,
  items: { mail: 'its id' },
})
const ended = (runId: string) =>
  until(() => world.engine.run(runId).ended_at !== null && world.engine.run(runId), 'never ended')
const open = () => listActions(world.store, 'open', 10).map(action => action.kind)

describe('what needed a person', () => {
  it('P4 an approval nobody gives expires by itself, which is a rejection, and its row goes', async () => {
    await world.install(
      'asks',
      `import { post } from 'tools/http'
       export default async function run() { await post('${site.url('/pay')}', {}) }`,
      allowed('always'),
    )
    const run = await world.run('asks')
    expect(open()).toEqual(['approval'])
    clock.advance(60_001)
    expect((await ended(run.id)).state).toBe('declined')
    expect(open()).toEqual([])
    expect(site.seen).toEqual([])
  })

  it('P4 J7 an approval of an item that expires declines the item alone', async () => {
    await world.install(
      'asks',
      `import { post } from 'tools/http'
       import { each } from 'tools/flow'
       export default async function run() { await each('mail', ['a', 'b'], m => m, m => post('${site.url('/pay/')}' + m, {})) }`,
      allowed('always'),
    )
    const run = await world.run('asks')
    expect(run.state).toBe('succeeded')
    const [first] = openActionsOfRun(world.store, run.id)
    await world.engine.resolve({ actionId: first?.id ?? '', choice: 'approve', payload: null })
    await until(() => itemsInState(world.store, run.workflow_id, 'done').length === 1, 'never done')
    clock.advance(60_001)
    await until(() => itemsInState(world.store, run.workflow_id, 'declined').length === 1, 'never declined')
    expect(open()).toEqual([])
    expect(site.seen).toHaveLength(1)
  })

  it('R7 a failure of the world is forgotten when the automation succeeds again', async () => {
    status = 503
    await world.install(
      'reads',
      `import { get } from 'tools/http'
       export default async function run() { return (await get('${site.url('/x')}')).status }`,
      allowed(),
    )
    const { row } = await world.emit({
      workflow: 'reads',
      type: 'manual',
      payload: {},
      sourceType: 't',
      sourceId: 't',
    })
    const run = world.engine.run(await until(() => world.engine.event(row.id).run_id, 'never claimed'))
    for (let minute = 0; minute < 300 && world.engine.run(run.id).ended_at === null; minute++) {
      clock.advance(60_000)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    expect(world.engine.run(run.id).state).toBe('failed')
    expect(open()).toEqual(['run-failed'])
    status = 200
    clock.advance(3_600_000)
    expect((await world.run('reads')).state).toBe('succeeded')
    expect(open()).toEqual([])
  })

  it('R7 trying again takes every run that failed for the same cause', async () => {
    status = 422
    await world.install(
      'writes',
      `import { post } from 'tools/http'
       export default async function run(event) { return (await post('${site.url('/x')}', event)).status }`,
      allowed(),
    )
    const runs = [await world.run('writes', { n: 1 }), await world.run('writes', { n: 2 })]
    expect(open()).toEqual(['run-failed'])
    status = 200
    const [action] = listActions(world.store, 'open', 10)
    await world.engine.resolve({ actionId: action?.id ?? '', choice: 'retry', payload: null })
    for (const run of runs)
      await until(() => world.engine.run(run.id).state === 'succeeded', 'never succeeded')
    expect(site.seen).toHaveLength(4)
  })
})

describe('a pause', () => {
  it('R7 lets the call in flight end, keeps the next one back, and goes on from there, also after a restart', async () => {
    await world.install(
      'paused',
      `import { get } from 'tools/http'
       export default async function run() { await get('${site.url('/hold')}'); return (await get('${site.url('/next')}')).status }`,
      allowed(),
    )
    const accepted = await world.emit({
      workflow: 'paused',
      type: 'manual',
      payload: {},
      sourceType: 't',
      sourceId: 't',
    })
    await until(() => hold !== null, 'the read never left')
    const runId = world.engine.event(accepted.row.id).run_id ?? ''
    await world.engine.control.pause(world.engine.run(runId).workflow_id)
    hold?.()
    await until(() => world.engine.run(runId).state === 'waiting', 'never came to rest')
    expect(site.seen.map(request => request.path)).toEqual(['/hold'])
    await world.stop()
    world = await createWorld({ folder: world.folder, clock })
    await new Promise(resolve => setTimeout(resolve, 30))
    expect(world.engine.run(runId).state).toBe('waiting')
    await world.engine.control.resume(world.engine.run(runId).workflow_id)
    expect((await ended(runId)).state).toBe('succeeded')
    expect(site.seen.map(request => request.path)).toEqual(['/hold', '/next'])
  })

  it('J6 J1 a hundred sleepers that are due at once all go on, a few at a time', async () => {
    const names = Array.from({ length: 8 }, (_none, place) => `sleepers-${String(place)}`)
    for (const name of names) {
      await world.install(
        name,
        `import { sleep } from 'tools/flow'\nexport default async function run() { await sleep('1h'); return 1 }`,
        { queue: { concurrency: 16 } },
      )
    }
    const runs = await Promise.all(names.flatMap(name => Array.from({ length: 13 }, () => world.run(name))))
    expect(runs.every(run => run.state === 'waiting')).toBe(true)
    clock.advance(3_600_000)
    for (const run of runs) expect((await ended(run.id)).state).toBe('succeeded')
  })
})
