/** In a copy, whatever the original may have done since is asked about first, once for each automation (J11). */
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bodyOfAction } from '../../src/main/store/actions.ts'
import { itemsInState, itemsOfRun } from '../../src/main/store/items.ts'
import { DATABASE_FILE } from '../../src/main/store/store.ts'
import {
  actionOf,
  forSite,
  inState,
  openActions,
  openKinds,
  resolve,
  send,
  settled,
  untilAsked,
} from '../support/engine-tests.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { createWorld, tempFolder, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let site: HeldSite
let world: World
let folders: string[]

beforeEach(async () => {
  site = await serveHeld()
  world = await createWorld()
  folders = [world.folder]
})
afterEach(async () => {
  await world.stop()
  await site.close()
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true })
})

/** What a backup holds now, as a folder of its own. */
async function backup(): Promise<string> {
  const folder = tempFolder()
  folders.push(folder)
  await world.store.flushed()
  await world.store.backup(path.join(folder, DATABASE_FILE))
  for (const file of fs.readdirSync(world.folder)) {
    if (!file.startsWith(DATABASE_FILE))
      fs.cpSync(path.join(world.folder, file), path.join(folder, file), { recursive: true })
  }
  return folder
}

/** The original ends; the copy starts and is told to go on. */
async function goOnIn(folder: string): Promise<void> {
  await world.stop()
  world = await createWorld({ folder })
  await resolve(world, 'copied-folder', 'resume')
}

describe('a copy', () => {
  it('J11 asks before it writes for an event that waited when the copy was made', async () => {
    const id = await world.install(
      'two',
      `import { post } from 'tools/http'
       export default async function run() { await post('${site.url('/p')}', {}) }`,
      forSite(site),
    )
    await world.engine.control.pause(id)
    const eventId = await send(world, 'two')
    const copy = await backup()
    await world.engine.control.resume(id)
    const original = await until(() => world.engine.event(eventId).run_id, 'never claimed')
    await inState(world, original, 'succeeded')
    await goOnIn(copy)
    await world.engine.control.resume(id)
    const question = await actionOf(world, 'copied-writes')
    await settled(world)
    expect(site.paths()).toEqual(['/p'])
    await resolve(world, 'copied-writes', 'done')
    await inState(world, question.run_id ?? '', 'succeeded')
    expect(site.paths()).toEqual(['/p'])
  })

  it('J11 asks before it writes for an item whose run had ended', async () => {
    await world.install(
      'asks',
      `import { post } from 'tools/http'
       import { ask, each } from 'tools/flow'
       export default async function run() {
         await each('mail', ['a'], m => m, async () => { await ask({ question: 'Go?', choices: ['yes'] }); await post('${site.url('/p')}', {}); return 1 })
       }`,
      forSite(site),
    )
    const run = await world.run('asks')
    const copy = await backup()
    await resolve(world, 'input-needed', 'yes')
    await until(() => itemsOfRun(world.store, run.id)[0]?.state === 'done', 'the original never went on')
    await goOnIn(copy)
    await resolve(world, 'input-needed', 'yes')
    await actionOf(world, 'copied-writes')
    expect(site.paths()).toEqual(['/p'])
    await resolve(world, 'copied-writes', 'done')
    await until(() => itemsOfRun(world.store, run.id)[0]?.state === 'done', 'the copy never went on')
    expect(site.paths()).toEqual(['/p'])
  })

  it('J11 J4 asks before it sends what had not left when the copy was made', async () => {
    site.answer('/p', 429)
    const id = await world.install(
      'posts',
      `import { post } from 'tools/http'
       export default async function run() { await post('${site.url('/p')}', {}) }`,
      forSite(site),
    )
    const runId = await untilAsked(world, site, 'posts', '/p')
    await world.engine.control.pause(id)
    await inState(world, runId, 'waiting')
    const copy = await backup()
    site.answer('/p', 200)
    await world.engine.control.resume(id)
    await inState(world, runId, 'succeeded')
    const sent = site.paths().length
    await goOnIn(copy)
    await world.engine.control.resume(id)
    await resolve(world, 'copied-writes', 'done')
    await inState(world, runId, 'succeeded')
    expect(site.paths()).toHaveLength(sent)
  })

  it('J11 P4 an answer is no approval: what is to be done is approved before it leaves', async () => {
    await world.install(
      'approved',
      `import { post } from 'tools/http'
       import { ask } from 'tools/flow'
       export default async function run() { await ask({ question: 'Go?', choices: ['yes'] }); await post('${site.url('/p')}', {}) }`,
      forSite(site, 'always'),
    )
    const run = await world.run('approved')
    await goOnIn(await backup())
    await resolve(world, 'input-needed', 'yes')
    await actionOf(world, 'copied-writes')
    await world.rested(run.id)
    expect(openKinds(world)).toEqual(['copied-writes'])
    await resolve(world, 'copied-writes', 'do')
    await actionOf(world, 'approval')
    await world.rested(run.id)
    expect(site.paths()).toEqual([])
    await resolve(world, 'approval', 'approve')
    await inState(world, run.id, 'succeeded')
    expect(site.paths()).toEqual(['/p'])
    expect(openKinds(world)).toEqual([])
  })
})

/** Sends each key it is given, once. */
const mailer = () => `
  import { post } from 'tools/http'
  import { each } from 'tools/flow'
  export default async function run(event) {
    const all = await each('mail', event.keys, key => key, async key => {
      await post('${site.url()}' + key, {})
      return key
    })
    return all.done.map(item => item.key)
  }`
/** Counts up, and sends what comes next: where it is stands in its state alone. */
const counter = () => `
  import { post } from 'tools/http'
  import { get, set } from 'tools/state'
  export default async function run(event) {
    const last = await get('last') ?? 0
    for (let n = last + 1; n <= event.upTo; n++) await post('${site.url()}' + n, {})
    await set('last', event.upTo)
    return last
  }`
const question = async () => bodyOfAction(world.store, await actionOf(world, 'copied-writes'))
const doneItems = (workflowId: string) => itemsInState(world.store, workflowId, 'done').map(item => item.key)

describe('what the original did after the copy was taken', () => {
  /** a before the copy; b and c after it, by the original. */
  async function mailed(more: { honoursKeyForMs?: number } = {}): Promise<string> {
    const [change] = forSite(site).changes
    const contract = {
      ...forSite(site),
      changes: [{ tool: 'http.post', approval: 'never' as const, ...change, ...more }],
    }
    const id = await world.install('mailer', mailer(), contract)
    await world.run('mailer', { keys: ['a'] })
    const copy = await backup()
    await world.run('mailer', { keys: ['a', 'b', 'c'] })
    await goOnIn(copy)
    expect(site.paths()).toEqual(['/a', '/b', '/c'])
    return id
  }

  it.each([{}, { honoursKeyForMs: 3_600_000 }])(
    'J11 J7 is not sent again when its items come up as new: one question for all of them (%o)',
    async more => {
      const id = await mailed(more)
      const run = await world.run('mailer', { keys: ['a', 'b', 'c'] })
      expect(run).toMatchObject({ state: 'succeeded', waiting_items: 2 })
      expect(openKinds(world)).toEqual(['copied-writes'])
      const { cause, detail } = await question()
      expect(cause).toContain('2 changes')
      expect(detail?.split('\n')).toHaveLength(2)
      await resolve(world, 'copied-writes', 'done')
      await until(() => doneItems(id).length === 3, 'they were never counted as done')
      expect(site.paths()).toEqual(['/a', '/b', '/c'])
      // It has caught up: what comes now is its own.
      await world.run('mailer', { keys: ['a', 'b', 'c', 'd'] })
      expect(site.paths()).toEqual(['/a', '/b', '/c', '/d'])
      expect(openKinds(world)).toEqual([])
    },
  )

  it('J11 is done where a person says that it was not', async () => {
    const id = await mailed()
    await world.run('mailer', { keys: ['a', 'd', 'e'] })
    await resolve(world, 'copied-writes', 'do')
    await until(() => doneItems(id).length === 3, 'they were never done')
    expect(site.paths().slice(3).toSorted()).toEqual(['/d', '/e'])
    expect(openKinds(world)).toEqual([])
  })

  it('J11 is asked about one by one where a person wants that', async () => {
    const id = await mailed()
    await world.run('mailer', { keys: ['a', 'b', 'd'] })
    await resolve(world, 'copied-writes', 'each')
    await until(() => openKinds(world).length === 2, 'not asked about each')
    expect(openKinds(world)).toEqual(['outcome-unknown', 'outcome-unknown'])
    for (const action of openActions(world)) {
      const detail = bodyOfAction(world.store, action).detail ?? ''
      const choice = detail.includes('/b') ? 'it-went-out' : 'it-did-not'
      await world.engine.resolve({ actionId: action.id, choice, payload: null })
    }
    await until(() => doneItems(id).length === 3, 'they never ended')
    expect(site.paths()).toEqual(['/a', '/b', '/c', '/d'])
  })

  it('J11 keeps being asked about after a restart, and until a run is complete', async () => {
    const id = await mailed()
    await world.run('mailer', { keys: ['a', 'b'] })
    const { folder } = world
    await world.stop()
    world = await createWorld({ folder })
    await world.run('mailer', { keys: ['a', 'b'] })
    expect([site.paths().length, openKinds(world)]).toEqual([3, ['copied-writes']])
    await resolve(world, 'copied-writes', 'done')
    await until(() => doneItems(id).length === 2, 'it was never counted as done')
    expect(site.paths()).toHaveLength(3)
  })

  it('J11 J2 is not sent again by a script that remembers where it was', async () => {
    await world.install('counter', counter(), forSite(site))
    await world.run('counter', { upTo: 1 })
    const copy = await backup()
    await world.run('counter', { upTo: 3 })
    await goOnIn(copy)
    const run = await world.run('counter', { upTo: 3 })
    expect([run.state, openKinds(world)]).toEqual(['waiting', ['copied-writes']])
    await resolve(world, 'copied-writes', 'done')
    expect(world.result(await inState(world, run.id, 'succeeded'))).toBe(1)
    expect(site.paths()).toEqual(['/1', '/2', '/3'])
    await world.run('counter', { upTo: 4 })
    expect(site.paths()).toEqual(['/1', '/2', '/3', '/4'])
  })

  it('J11 R3 is asked about once for all events that wait, and anew for those that came after the question', async () => {
    const source = `import { post } from 'tools/http'
      export default async function run(event) { return (await post('${site.url()}' + event.n, {})).status }`
    const id = await world.install('poster', source, forSite(site))
    await goOnIn(await backup())
    await world.engine.control.pause(id)
    for (const n of [1, 2, 3]) await send(world, 'poster', { n })
    await world.engine.control.resume(id)
    expect((await question()).cause).toContain('wait 2 events')
    const late = await send(world, 'poster', { n: 4 })
    await resolve(world, 'copied-writes', 'done')
    await actionOf(world, 'copied-writes')
    expect((await question()).cause).not.toContain('wait')
    expect([world.engine.event(late).state, site.paths()]).toEqual(['claimed', []])
    await resolve(world, 'copied-writes', 'do')
    await until(() => world.engine.event(late).state === 'done', 'it was never done')
    expect(site.paths()).toEqual(['/4'])
  })

  it('J11 P2 is not asked about where policy lets nothing out, nor in an automation that is new here', async () => {
    await mailed()
    await world.install('fresh', counter(), forSite(site))
    expect((await world.run('fresh', { upTo: 1 })).state).toBe('succeeded')
    await world.engine.policies.import(
      JSON.stringify({ version: '1.0', rules: [{ name: 'no', action: 'send_request', approval: 'deny' }] }),
    )
    expect(await world.run('mailer', { keys: ['b'] })).toMatchObject({ waiting_items: 0 })
    expect(openKinds(world)).toEqual(['items-aside'])
  })
})
