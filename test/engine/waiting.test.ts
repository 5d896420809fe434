import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openActionsOfRun } from '../../src/main/store/actions.ts'
import { itemsInState, itemResult } from '../../src/main/store/items.ts'
import { DATABASE_FILE } from '../../src/main/store/store.ts'
import { answerOf, waitsOfRun } from '../../src/main/store/waits.ts'
import { serveHttp } from '../support/loopback-server.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let world: World

beforeEach(async () => {
  world = await createWorld()
})
afterEach(async () => {
  await world.stop()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

describe('time', () => {
  it('J6 a sleep of days holds nothing in memory and goes on when it is over', async () => {
    await world.stop()
    const clock = new ManualClock()
    world = await createWorld({ folder: world.folder, clock })
    await world.install(
      'sleeper',
      `import { sleep, now } from 'tools/flow'
       export default async function run() { const a = await now(); await sleep('3d'); const b = await now(); return (b.ms - a.ms) / 3600000 }`,
    )
    const run = await world.run('sleeper')
    expect(run.state).toBe('waiting')
    expect(world.pool.stats()).toMatchObject({ instances: 0 })
    clock.advance(71 * 3_600_000)
    expect(world.engine.run(run.id).state).toBe('waiting')
    clock.advance(3_600_000)
    const ended = await until(
      () => (world.engine.run(run.id).ended_at !== null ? world.engine.run(run.id) : null),
      'never woke',
    )
    expect(world.result(ended)).toBe(72)
  })

  it('J6 a signal by name is waited for, and kept when it comes first', async () => {
    await world.install(
      'signalled',
      `import { waitFor } from 'tools/flow'
       export default async function run() { const a = await waitFor({ name: 'go' }); const b = await waitFor({ name: 'go' }); return [a.payload, b.payload] }`,
    )
    const run = await world.run('signalled')
    expect(run.state).toBe('waiting')
    await world.engine.signal(run.id, 'go', 1)
    await world.engine.signal(run.id, 'go', 2)
    const ended = await until(
      () => (world.engine.run(run.id).ended_at !== null ? world.engine.run(run.id) : null),
      'never ended',
    )
    expect(world.result(ended)).toEqual([1, 2])
  })

  it('J6 a question waits for its answer', async () => {
    await world.install(
      'asking',
      `import { ask } from 'tools/flow'
       export default async function run() { return (await ask({ question: 'Which?', choices: ['red', 'blue'] })).answer }`,
    )
    const run = await world.run('asking')
    const [question] = openActionsOfRun(world.store, run.id)
    await world.engine.resolve({ actionId: question?.id ?? '', choice: 'blue', payload: null })
    const ended = await until(
      () => (world.engine.run(run.id).ended_at !== null ? world.engine.run(run.id) : null),
      'never ended',
    )
    expect(world.result(ended)).toBe('blue')
  })

  it('J6 a question and a signal inside an item time out also after their run has ended', async () => {
    await world.stop()
    const clock = new ManualClock()
    world = await createWorld({ folder: world.folder, clock })
    const workflowId = await world.install(
      'patient',
      `import { ask, each, waitFor } from 'tools/flow'
       export default async function run() {
         await each('mail', ['a'], mail => mail, async () => {
           const asked = await ask('Which?', ['red'], { timeout: '1h' })
           const waited = await waitFor({ name: 'go', timeout: '1h' })
           return [asked, waited]
         })
       }`,
      { items: { mail: 'id' } },
    )
    const run = await world.run('patient')
    expect(run.state).toBe('succeeded')
    clock.advance(3_600_000)
    await until(() => waitsOfRun(world.store, run.id)[0]?.kind === 'signal', 'the question stayed')
    await world.rested(run.id)
    expect(openActionsOfRun(world.store, run.id)).toEqual([])
    clock.advance(3_600_000)
    const [item] = await until(() => {
      const done = itemsInState(world.store, workflowId, 'done')
      return done.length === 1 ? done : null
    }, 'the item was never done')
    const result = item === undefined ? undefined : itemResult(world.store, item)
    expect(result).toEqual([{ timedOut: true }, { timedOut: true }])
  })

  it('J12 an answer is sealed for as long as it waits to be taken', async () => {
    const canary = 'canary-4711-of-an-answer'
    const workflowId = await world.install(
      'asking',
      `import { ask } from 'tools/flow'
       export default async function run() { return (await ask({ question: 'Which?', freeText: true })).answer }`,
    )
    const run = await world.run('asking')
    const [question] = openActionsOfRun(world.store, run.id)
    await world.engine.control.pause(workflowId)
    await world.engine.resolve({ actionId: question?.id ?? '', choice: 'answer', payload: canary })
    const [wait] = waitsOfRun(world.store, run.id)
    expect(wait === undefined ? null : answerOf(world.store, wait)).toBe(canary)
    await world.store.flushed()
    for (const file of fs.readdirSync(world.folder).filter(name => name.startsWith(DATABASE_FILE)))
      expect(fs.readFileSync(path.join(world.folder, file)).includes(canary)).toBe(false)
    await world.engine.control.resume(workflowId)
    const ended = await until(
      () => (world.engine.run(run.id).ended_at !== null ? world.engine.run(run.id) : null),
      'never ended',
    )
    expect(world.result(ended)).toBe(canary)
  })

  it('S2 a run that is at work for too long ends with the limit named; a call that hangs does not hold it', async () => {
    const site = await serveHttp(() => undefined)
    await world.install(
      'slow',
      `import { get } from 'tools/http'
       export default async function run() { return get('${site.url('/')}') }`,
      { reads: { hosts: [site.host], paths: [] }, limits: { wallMs: 150 } },
    )
    const run = await world.run('slow')
    expect(run.state).toBe('failed')
    expect(world.failure(run)).toMatchObject({ kind: 'script-limit', limit: 'wall' })
    await site.close()
  })
})
