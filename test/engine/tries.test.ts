/** A write that is tried again is still one write: for its quotas, its record and its policy (P1, P2, J4). */
import fs from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { stepsOfRun } from '../../src/main/store/journal.ts'
import type { RunRow } from '../../src/main/store/runs.ts'
import { waitsOfRun } from '../../src/main/store/waits.ts'
import { forSite, inState, openKinds, untilAsked } from '../support/engine-tests.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let site: HeldSite
let world: World
let clock: ManualClock

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

const posting = () => `import { post } from 'tools/http'
  export default async function run() {
    try { return (await post('${site.url('/p')}', {})).status } catch (error) { return error.code }
  }`

/** Its write was refused for haste, so nothing was done; answers with the run, which waits to try again. */
async function refusedOnce(name: string): Promise<string> {
  site.answer('/p', 429)
  const runId = await untilAsked(world, site, name, '/p')
  await until(() => waitsOfRun(world.store, runId).length === 1, 'never waited')
  expect(stepsOfRun(world.store, runId)).toMatchObject([{ state: 'unsent' }])
  site.answer('/p', 200)
  return runId
}
/** Lets time pass to each next try, until the run has succeeded. */
async function triedAgain(runId: string): Promise<RunRow> {
  await until(() => {
    const at = waitsOfRun(world.store, runId)[0]?.wake_at ?? clock.now()
    clock.advance(Math.max(0, at - clock.now()))
    return world.engine.run(runId).ended_at !== null
  }, 'it never ended')
  return inState(world, runId, 'succeeded')
}

it.each([
  { actionsPerRun: 1, actionsPerHour: 9, actionsPerDay: 9 },
  { actionsPerRun: 1, actionsPerHour: 1, actionsPerDay: 1 },
])('P2 J4 a write that was refused for haste is not counted against itself: %o', async budget => {
  await world.install('posts', posting(), { ...forSite(site), budget })
  const runId = await refusedOnce('posts')
  expect(world.result(await triedAgain(runId))).toBe(200)
  expect(site.paths()).toEqual(['/p', '/p'])
})

it('P1 P2 J4 of two writes at once only one takes the last place, and keeps it although it was refused for haste', async () => {
  const source = `import { post } from 'tools/http'
    export default async function run() {
      const ends = await Promise.allSettled([post('${site.url('/p')}', {}), post('${site.url('/q')}', {})])
      return ends.map(end => end.reason?.code ?? end.value.status)
    }`
  const budget = { actionsPerRun: 1, actionsPerHour: 9, actionsPerDay: 9 }
  await world.install('posts', source, { ...forSite(site), budget })
  site.answer('/p', 429)
  const runId = await untilAsked(world, site, 'posts', '/p')
  await until(() => waitsOfRun(world.store, runId).length === 1, 'never waited')
  site.answer('/p', 200)
  expect(world.result(await triedAgain(runId))).toEqual([200, 'not-permitted'])
  expect(site.paths()).toEqual(['/p', '/p'])
})

it('P1 J2 a policy that became stricter between two tries refuses the write, and the script hears of it', async () => {
  await world.install('posts', posting(), forSite(site))
  const runId = await refusedOnce('posts')
  await world.engine.policies.import(
    JSON.stringify({ version: '1.0', rules: [{ name: 'no', action: 'send_request', approval: 'deny' }] }),
  )
  expect(world.result(await triedAgain(runId))).toBe('not-permitted')
  expect(site.paths()).toEqual(['/p'])
  expect(openKinds(world)).toEqual([])
})
