/** What a person decides is taken once, and means what it says wherever its run stands (P4, R7). */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { fail } from '../../src/domain/failure.ts'
import type { Failure } from '../../src/domain/failure.ts'
import type { Json } from '../../src/domain/json.ts'
import { defineTool } from '../../src/domain/tool.ts'
import { approvalOf } from '../../src/main/store/actions.ts'
import { auditRows } from '../../src/main/store/audit.ts'
import { itemsInState } from '../../src/main/store/items.ts'
import { stepsOfRun } from '../../src/main/store/journal.ts'
import { waitsOfRun } from '../../src/main/store/waits.ts'
import {
  actionOf,
  forSite,
  inState,
  openActions,
  openKinds,
  resolve,
  settled,
} from '../support/engine-tests.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { contractFor, createWorld, until } from '../support/world.ts'
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

describe('an approval', () => {
  it.each([
    ['deny', 'approve', 'rejected', 'declined'],
    ['approve', 'deny', 'used', 'succeeded'],
  ] as const)(
    'P4 answered twice at once takes the first: %s, then %s',
    async (first, second, approval, end) => {
      await world.install(
        'one',
        `import { post } from 'tools/http'
       export default async function run() { await post('${site.url('/p')}', {}) }`,
        forSite(site, 'always'),
      )
      const run = await world.run('one')
      const { id, step_id: stepId } = await actionOf(world, 'approval')
      const answers = await Promise.allSettled(
        [first, second].map(choice => world.engine.resolve({ actionId: id, choice, payload: null })),
      )
      expect(answers.map(answer => answer.status)).toEqual(['fulfilled', 'rejected'])
      await inState(world, run.id, end)
      expect(approvalOf(world.store, stepId ?? '')?.state).toBe(approval)
      expect(site.paths()).toEqual(first === 'approve' ? ['/p'] : [])
    },
  )
})

describe('a retry', () => {
  it('R7 goes for the runs that failed of the same cause, and no others', async () => {
    site.answer('/bad', 422)
    await world.install(
      'fails',
      `import { get } from 'tools/http'
       export default async function run(event) { if (event.own) throw new Error('its own'); await get('${site.url('/bad')}') }`,
      forSite(site),
    )
    const rejected = await world.run('fails')
    const own = await world.run('fails', { own: true })
    expect(openKinds(world)).toEqual(['run-failed', 'run-failed'])
    const question = openActions(world).find(action => action.run_id === rejected.id)
    site.answer('/bad', 200)
    await world.engine.resolve({ actionId: question?.id ?? '', choice: 'retry', payload: null })
    await inState(world, rejected.id, 'succeeded')
    await settled(world)
    expect(world.engine.run(own.id)).toMatchObject({ state: 'failed', attempt: 1 })
    expect(openActions(world).map(action => action.run_id)).toEqual([own.id])
  })

  it('R7 J4 J11 while an item of the run is gone on with waits for it, and loses nothing of it', async () => {
    site.answer('/z', 422)
    site.hold('/item')
    await world.install(
      'two',
      `import { get, post } from 'tools/http'
       import { ask, each } from 'tools/flow'
       export default async function run() {
         await each('mail', ['a'], m => m, async () => { await ask({ question: 'Go?', choices: ['yes'] }); await post('${site.url('/item')}', {}); return 1 })
         await get('${site.url('/z')}')
         await post('${site.url('/end')}', {})
       }`,
      { ...forSite(site), queue: { concurrency: 2 } },
    )
    const run = await world.run('two')
    expect(run.state).toBe('failed')
    site.answer('/z', 200)
    await resolve(world, 'input-needed', 'yes')
    await until(() => site.paths().includes('/item'), 'the item never went on')
    await world.engine.control.retryRun(run.id)
    await settled(world)
    expect(site.paths()).toEqual(['/z', '/item'])
    site.release('/item')
    await inState(world, run.id, 'succeeded')
    expect(site.paths()).toEqual(['/z', '/item', '/z', '/end'])
    expect(itemsInState(world.store, run.workflow_id, 'done')).toHaveLength(1)
    expect(world.engine.run(run.id)).toMatchObject({ slot: null, waiting_items: 0 })
    expect(openKinds(world)).toEqual([])
  })

  it('J7 of a set-aside item while its run is at work loses nothing of that run', async () => {
    site.answer('/a', 422)
    site.hold('/b')
    await world.install(
      'items',
      `import { post } from 'tools/http'
       import { each } from 'tools/flow'
       export default async function run() {
         return each('mail', ['a', 'b'], m => m, async m => { await post('${site.url('/')}' + m, {}); return m })
       }`,
      forSite(site),
    )
    const running = world.run('items')
    await until(() => site.paths().includes('/b'), 'never sent')
    const aside = await until(() => {
      const [workflow] = openActions(world)
      return itemsInState(world.store, workflow?.workflow_id ?? '', 'aside')[0]
    }, 'nothing was set aside')
    site.answer('/a', 200)
    await world.engine.control.rerunItem(aside.id)
    site.release('/b')
    const run = await running
    expect(world.failure(run)).toBeNull()
    await until(() => itemsInState(world.store, run.workflow_id, 'done').length === 2, 'never gone on with')
    expect(site.paths()).toEqual(['/a', '/b', '/a'])
  })

  it('J7 of a run whose item a later run has finished sends nothing of it again', async () => {
    site.answer('/z', 422)
    site.hold('/slow')
    await world.install(
      'two',
      `import { get, post } from 'tools/http'
       import { each } from 'tools/flow'
       export default async function run(event) {
         const all = each('mail', ['a'], m => m, async () => {
           await post('${site.url('/p1')}', {}); await get('${site.url('/slow')}'); await post('${site.url('/p2')}', {}); return 1 })
         if (event.bad) await get('${site.url('/z')}')
         return await all
       }`,
      forSite(site),
    )
    const started = { type: 'manual', payload: { bad: true }, sourceType: 'test', sourceId: 'test' }
    const { row } = await world.emit({ workflow: 'two', ...started })
    const id = await until(() => world.engine.event(row.id).run_id, 'it was never claimed')
    // Its item goes on beyond its end, so it may not be seen at rest before that is let through.
    const first = await until(() => {
      const run = world.engine.run(id)
      return run.state === 'failed' ? run : null
    }, 'it never failed')
    site.release('/slow')
    const second = await world.run('two')
    expect(second.state).toBe('succeeded')
    site.answer('/z', 200)
    await world.rested(first.id)
    await world.engine.control.retryRun(first.id)
    const retried = await inState(world, first.id, 'succeeded')
    expect(world.result(retried)).toMatchObject({ done: [{ key: 'a', result: 1 }] })
    const posts = site.seen.filter(request => request.method === 'POST').map(request => request.path)
    expect(posts).toEqual(['/p1', '/p2'])
  })
})

describe('a new name for the items', () => {
  it('J7 J8 reaches one that waits: its old script goes on with it', async () => {
    const source = (name: string) => `
      import { post } from 'tools/http'
      import { ask, each } from 'tools/flow'
      export default async function run() {
        return each('${name}', ['a'], m => m, async () => {
          await post('${site.url('/p1')}', {}); await ask({ question: 'Go?', choices: ['yes'] }); await post('${site.url('/p2')}', {}); return 1 })
      }`
    await world.install('two', source('mail'), forSite(site))
    const run = await world.run('two')
    await world.engine.install({
      name: 'two',
      source: source('letter'),
      contract: contractFor({ ...forSite(site), items: { letter: 'id' } }) as unknown as Json,
      mapItems: { mail: 'letter' },
    })
    await resolve(world, 'input-needed', 'yes')
    const [item] = await until(() => {
      const done = itemsInState(world.store, run.workflow_id, 'done')
      return done.length > 0 && done
    }, 'the item never ended')
    expect(item).toMatchObject({ name: 'letter', key: 'a' })
    expect(site.paths()).toEqual(['/p1', '/p2'])
    const again = await world.run('two')
    expect(world.result(again)).toMatchObject({ done: [{ key: 'a', result: 1 }] })
    expect(site.paths()).toEqual(['/p1', '/p2'])
  })
})

describe('a write whose remote is down', () => {
  let issued: number
  let clock: ManualClock
  const down = (): Promise<never> => {
    const failure: Failure = { kind: 'network', host: 'h', message: 'It was down.' }
    return Promise.resolve().then(() => fail(failure))
  }
  const putWith = (idempotency: 'reconcile' | 'natural') =>
    defineTool({
      name: 'test.put',
      version: 1,
      title: 'Put',
      doc: 'A write that fails without an answer.',
      effect: 'write',
      input: z.strictObject({}),
      output: z.json(),
      touches: () => ({}),
      risk: 'low',
      idempotency,
      ...(idempotency === 'reconcile' ? { reconcile: down } : {}),
      run: () => {
        issued++
        return down()
      },
      describe: () => 'Put',
    })
  const begin = async (idempotency: 'reconcile' | 'natural'): Promise<string> => {
    issued = 0
    clock = new ManualClock()
    await world.stop()
    world = await createWorld({ folder: world.folder, clock, tools: [putWith(idempotency)] })
    await world.install(
      'puts',
      `import { put } from 'tools/test'
       export default async function run() { return put({}) }`,
      { uses: ['tools/test'], changes: [{ tool: 'test.put', approval: 'never' }] },
    )
    const { row } = await world.emit({
      workflow: 'puts',
      type: 'manual',
      payload: {},
      sourceType: 'test',
      sourceId: 'test',
    })
    return until(() => world.engine.event(row.id).run_id, 'never claimed')
  }
  /** Lets time pass to the next try, again and again, until what is looked for is there. */
  const passing = (runId: string, look: () => boolean, problem: string) =>
    until(() => {
      const next = waitsOfRun(world.store, runId)[0]?.wake_at ?? null
      if (next !== null) clock.advance(Math.max(0, next - clock.now()))
      return look()
    }, problem)

  it('J4 and that cannot be looked up either is asked about, and was issued once', async () => {
    const runId = await begin('reconcile')
    await passing(runId, () => openActions(world).length > 0, 'nobody was asked')
    const run = await world.rested(runId)
    expect(run.state).toBe('waiting')
    expect(openKinds(world)).toEqual(['outcome-unknown'])
    expect(stepsOfRun(world.store, runId).map(step => step.state)).toEqual(['unknown'])
    expect(issued).toBe(1)
  })

  it('J4 and that may be repeated is tried again as often as a read, each time later', async () => {
    const runId = await begin('natural')
    await until(() => waitsOfRun(world.store, runId).length === 1, 'never waited')
    await settled(world)
    expect(issued).toBe(1)
    await passing(runId, () => world.engine.run(runId).state === 'failed', 'it never gave up')
    expect(issued).toBe(6)
  })
})

describe('an end of the core right after an answer is on the disk', () => {
  it.each(['reconnect', null])('J6 leaves nothing that has to be answered again: %s', async choice => {
    let connected = false
    const tool = defineTool({
      name: 'test.fetch',
      version: 1,
      title: 'Fetch',
      doc: 'A read that needs a connection.',
      effect: 'read',
      input: z.strictObject({}),
      output: z.string(),
      touches: () => ({}),
      risk: 'low',
      idempotency: 'natural',
      run: async () =>
        connected
          ? 'there'
          : fail({ kind: 'not-connected', setting: 'shop', message: 'It was not connected.' }),
      describe: () => 'Fetched',
    })
    const { folder } = world
    await world.stop()
    world = await createWorld({ folder, tools: [tool] })
    await world.install(
      'fetches',
      `import { fetch } from 'tools/test'
       export default async function run() { return fetch({}) }`,
      { uses: ['tools/test'] },
    )
    const run = await world.run('fetches')
    const action = await actionOf(world, 'not-connected')
    connected = true
    const write = world.store.write.bind(world.store)
    let writes = 0
    const ending: typeof write = (work, options) =>
      writes++ === 0 ? write(work, options) : new Promise<never>(() => undefined)
    Object.defineProperty(world.store, 'write', { value: ending })
    if (choice === null) void world.engine.cleared(action.cause_key)
    else void world.engine.resolve({ actionId: action.id, choice, payload: null })
    await until(() => openKinds(world).length === 0, 'the answer was never on the disk')
    await world.stop()
    world = await createWorld({ folder, tools: [tool] })
    expect(openKinds(world)).toEqual([])
    await inState(world, run.id, 'succeeded')
    expect(world.result(world.engine.run(run.id))).toBe('there')
  })
})

describe('an answer on the audit log', () => {
  it('P5 names the choice of a question by its place: what a script says is not kept unsealed', async () => {
    await world.install(
      'asks',
      `import { ask } from 'tools/flow'
       export default async function run() { return ask({ question: 'canary-question', choices: ['canary-no', 'canary-yes'] }) }`,
    )
    const run = await world.run('asks')
    await resolve(world, 'input-needed', 'canary-yes')
    await inState(world, run.id, 'succeeded')
    const rows = [...auditRows(world.store)]
    expect(rows.find(row => row.kind === 'answered')?.body).toMatchObject({ kind: 'input-needed', choice: 1 })
    expect(JSON.stringify(rows)).not.toContain('canary')
  })
})
