/** What is broken in one place keeps nothing else from running, and a full queue keeps nothing (R1–R4). */
import fs from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ledgerOf, schedulesOf } from '../../src/main/store/schedules.ts'
import { DATABASE_FILE } from '../../src/main/store/store.ts'
import { inState, openKinds, send } from '../support/engine-tests.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld, until } from '../support/world.ts'
import type { World, WorldOptions } from '../support/world.ts'

const HOUR = 3_600_000
const RETURNS = 'export default async function run() { return 1 }'
const ASKS = `import { ask } from 'tools/flow'
  export default async function run() { return await ask({ question: 'Go?', choices: ['yes'] }) }`

let world: World

beforeEach(async () => {
  world = await createWorld()
})
afterEach(async () => {
  await world.stop()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

/** The core ends, its database is changed from outside, and it starts again. */
async function restart(damage: string, options: WorldOptions = {}): Promise<void> {
  await world.stop()
  const db = new Database(path.join(world.folder, DATABASE_FILE))
  db.exec(damage)
  db.close()
  world = await createWorld({ ...options, folder: world.folder })
}
const event = (key: string) => ({
  workflow: 'one',
  type: 'manual',
  payload: {},
  dedupeKey: key,
  sourceType: 'test',
  sourceId: 'test',
})

describe('a damaged record', () => {
  it('R2 ends its own run with an action; the core starts, and every other run goes on', async () => {
    await world.install(
      'damaged',
      `import { now } from 'tools/flow'\n${ASKS.replace('return', 'await now(); return')}`,
    )
    await world.install('sound', ASKS)
    await world.install('other', RETURNS)
    const damaged = await world.run('damaged')
    const sound = await world.run('sound')
    await restart(`
      UPDATE script_run_steps SET sealed_body = x'00' WHERE run_id = '${damaged.id}' AND kind = 'call';
      UPDATE script_runs SET state = 'running';`)
    const ended = await inState(world, damaged.id, 'failed')
    expect(ended.slot).toBeNull()
    await inState(world, sound.id, 'waiting')
    expect((await world.run('other')).state).toBe('succeeded')
    expect(openKinds(world)).toContain('run-failed')
  })

  it('R3 of one automation keeps no other from being served', async () => {
    const broken = await world.install('broken', RETURNS)
    const sound = await world.install('sound', RETURNS)
    for (const id of [broken, sound]) await world.engine.control.pause(id)
    const stuck = await send(world, 'broken')
    const waiting = await send(world, 'sound')
    await restart(`UPDATE workflows SET intent_id = NULL WHERE id = '${broken}'`)
    await world.engine.control.resume(broken)
    await world.engine.control.resume(sound)
    await until(() => world.engine.event(waiting).state === 'done', 'it was never served')
    expect(world.engine.event(stuck).state).toBe('new')
  })
})

describe('a full queue', () => {
  it('R1 R3 keeps nothing of an event it has no room for: the same delivery is taken later', async () => {
    const id = await world.install('one', RETURNS, { queue: { capacity: 1 } })
    await world.engine.control.pause(id)
    const first = await world.engine.emit(event('k1'))
    expect([first.is, (await world.engine.emit(event('k2'))).is]).toEqual(['accepted', 'full'])
    expect((await world.engine.emit(event('k1'))).is).toBe('duplicate')
    expect(openKinds(world)).toEqual(['queue-full'])
    await world.engine.control.resume(id)
    await until(() => first.is !== 'full' && world.engine.event(first.row.id).state === 'done', 'never ran')
    const again = await world.emit(event('k2'))
    expect(again.is).toBe('accepted')
    await until(() => world.engine.event(again.row.id).state === 'done', 'the second never ran')
  })

  it('R4 R3 leaves an instant that was due in the ledger, skipped with the reason', async () => {
    await world.stop()
    const clock = new ManualClock()
    world = await createWorld({ folder: world.folder, clock })
    const when = [{ kind: 'manual' as const }, { kind: 'interval' as const, everyMs: HOUR }]
    const id = await world.install('one', ASKS, { queue: { capacity: 1 }, when })
    expect((await world.run('one')).state).toBe('waiting')
    await world.emit(event('k1'))
    clock.advance(HOUR)
    const scheduleId = schedulesOf(world.store, id)[0]?.id ?? ''
    const [instant] = await until(() => {
      const ledger = ledgerOf(world.store, scheduleId, 10)
      return ledger.length > 0 && ledger
    }, 'the instant has no row')
    expect(instant).toMatchObject({ fate: 'skipped', inbox_id: null })
    expect(instant?.reason).toContain('queue was full')
  })
})
