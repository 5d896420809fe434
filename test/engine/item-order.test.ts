/** What several runs recorded for one item has one order, whatever the clock said meanwhile (J7). */
import fs from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { itemsOfRun } from '../../src/main/store/items.ts'
import { DATABASE_FILE } from '../../src/main/store/store.ts'
import { forSite, inState, openKinds, resolve, untilAsked } from '../support/engine-tests.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

const HOUR_MS = 3_600_000

let site: HeldSite
let clock: ManualClock
let world: World

beforeEach(async () => {
  site = await serveHeld()
  clock = new ManualClock()
  world = await createWorld({ clock })
})
afterEach(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const install = (body: string) =>
  world.install(
    'mails',
    `import { get, post } from 'tools/http'
     import { ask, each } from 'tools/flow'
     export default async function run() { await each('mail', ['a'], key => key, async () => { ${body} }) }`,
    forSite(site),
  )
function ordering(): string {
  const folder = path.join(import.meta.dirname, '../../migrations')
  const file = fs.readdirSync(folder).find(name => name.endsWith('-order.sql')) ?? ''
  return fs.readFileSync(path.join(folder, file), 'utf8')
}

const posts = () => site.paths().filter(asked => asked.startsWith('/post'))

/** Cancels the run at the place that the site holds, and sets the clock by that much. */
async function cancelAt(asked: string, byMs: number): Promise<void> {
  site.hold(asked)
  const runId = await untilAsked(world, site, 'mails', asked)
  await world.engine.control.cancelRun(runId)
  await inState(world, runId, 'cancelled')
  site.release(asked)
  clock.jump(byMs)
}

describe('an item that several runs go on with', () => {
  it.each([-HOUR_MS, 0, HOUR_MS])(
    'J7 J3 is whole for the last of them, the clock having been set by %i ms',
    async byMs => {
      await install(`
        await post('${site.url('/post/1')}', {})
        await get('${site.url('/slow')}')
        await ask({ question: 'Go?', choices: ['yes'] })
        await post('${site.url('/post/2')}', {})`)
      await cancelAt('/slow', byMs)
      const run = await world.run('mails')
      await resolve(world, 'input-needed', 'yes')
      await until(() => itemsOfRun(world.store, run.id)[0]?.state === 'done', 'the item was never done')
      expect(posts()).toEqual(['/post/1', '/post/2'])
      expect(openKinds(world)).toEqual([])
    },
  )

  it('J7 is whole after an update that gives its entries their order', async () => {
    await install(`
      await post('${site.url('/post/1')}', {})
      await get('${site.url('/slow')}')
      await post('${site.url('/post/2')}', {})`)
    await cancelAt('/slow', 0)
    await world.stop()
    const db = new Database(path.join(world.folder, DATABASE_FILE))
    db.exec('DROP INDEX steps_by_owner; ALTER TABLE script_run_steps DROP COLUMN seq')
    db.exec('CREATE INDEX steps_by_owner ON script_run_steps (owner, at)')
    db.exec(ordering())
    db.close()
    world = await createWorld({ clock, folder: world.folder })
    const run = await world.run('mails')
    expect(itemsOfRun(world.store, run.id)[0]?.state).toBe('done')
    expect(posts()).toEqual(['/post/1', '/post/2'])
  })

  it('J7 J3 hears again what each of them heard in the order in which they did', async () => {
    await install(`
      for (const n of [1, 2, 3]) await get('${site.url('/first')}' + n)
      const order = []
      const one = async path => { await get(path); order.push(path) }
      await Promise.all([one('${site.url('/early')}'), one('${site.url('/late')}')])
      await post('${site.url('/post')}', { order })
      await get('${site.url('/slow')}')`)
    await cancelAt('/late', -HOUR_MS)
    await cancelAt('/slow', -HOUR_MS)
    const run = await world.run('mails')
    expect(openKinds(world)).toEqual([])
    expect(itemsOfRun(world.store, run.id)[0]?.state).toBe('done')
    expect(posts()).toEqual(['/post'])
  })
})
