import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/main/engine/clock.ts'
import { automationsPage } from '../../src/main/engine/views/automations.ts'
import { auditRows } from '../../src/main/store/audit.ts'
import { openKinds, actionOf } from '../support/engine-tests.ts'
import { createWorld, tempFolder, until } from '../support/world.ts'
import type { World } from '../support/world.ts'
import { activate, clockAt, HOUR, lookAfter, nextLook, told, untilTold, watchOf } from './watching.ts'

let folder: string
let home: string
let world: World

beforeEach(() => {
  folder = fs.realpathSync(tempFolder())
  home = tempFolder()
})
afterEach(async () => {
  await world.stop()
  fs.rmSync(folder, { recursive: true, force: true })
  fs.rmSync(home, { recursive: true, force: true })
})

const write = (name: string, text = name) => {
  fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
  fs.writeFileSync(path.join(folder, name), text)
}
const names = (events: unknown[]) =>
  (events as { files: { name: string; change: string }[] }[]).flatMap(({ files }) =>
    files.map(({ name, change }) => `${change} ${name}`),
  )
/** Looked at rarely: the tests say when. */
const watching = (more: object = {}) => ({
  when: [{ kind: 'files' as const, folder, everyMs: HOUR, settleMs: 0, ...more }],
  reads: { hosts: [], paths: [folder] },
})

describe('an automation that watches a folder', () => {
  it('R8 takes what is there for known, tells the count, and O3 keeps account of its looks', async () => {
    for (const name of ['a', 'b', 'c']) write(name)
    const clock = clockAt()
    world = await createWorld({ folder: home, clock })
    const installed = await activate(world, 'watch', watching())
    expect(installed.watched).toMatchObject([{ existing: 'skip', count: 3, problem: null }])
    expect(watchOf(world, installed.workflowId)).toMatchObject({ baseline: 3, saw: 3, found: 0 })
    write('d')
    const row = await nextLook(world, clock, installed.workflowId)
    expect(row).toMatchObject({
      baseline: 3,
      saw: 4,
      found: 1,
      looked_at: clock.now(),
      found_at: clock.now(),
    })
    expect(names(await untilTold(world, installed.workflowId, 1))).toEqual(['created d'])
    const looked = [...auditRows(world.store)].filter(({ kind }) => kind === 'looked')
    expect(looked.map(({ body }) => body)).toMatchObject([{ watch: row.id, saw: 4, found: 1, looks: 1 }])
  })

  it('R8 processes what is there only where the contract says so, after it told the count', async () => {
    for (const name of ['a', 'b']) write(name)
    world = await createWorld({ folder: home, clock: clockAt() })
    const installed = await activate(world, 'watch', watching({ existing: 'process' }))
    expect(installed.watched).toMatchObject([{ existing: 'process', count: 2 }])
    expect(names(await untilTold(world, installed.workflowId, 1))).toEqual(['created a', 'created b'])
  })

  it('R8 keeps the line through a new version, and draws a new one after the archive', async () => {
    write('a')
    const clock = clockAt()
    world = await createWorld({ folder: home, clock })
    const { workflowId } = await activate(world, 'watch', watching())
    write('b')
    const again = await activate(world, 'watch', watching({ settleMs: 1, everyMs: HOUR / 2 }))
    expect(again.watched).toMatchObject([{ existing: 'known', count: null }])
    await nextLook(world, clock, workflowId)
    expect(names(await untilTold(world, workflowId, 1))).toEqual(['created b'])
    await world.engine.control.archive(workflowId)
    write('c')
    expect((await activate(world, 'watch', watching())).watched).toMatchObject([
      { existing: 'skip', count: 3 },
    ])
    await nextLook(world, clock, workflowId)
    expect(names(await told(world, workflowId))).toEqual(['created b'])
  })

  it('R4 finds what came and changed while Steward was off, in one look', async () => {
    write('old')
    const clock = clockAt()
    world = await createWorld({ folder: home, clock })
    const { workflowId } = await activate(world, 'watch', watching())
    await world.stop()
    write('new')
    write('old', 'changed meanwhile')
    clock.advance(100 * HOUR)
    world = await createWorld({ folder: home, clock })
    expect(names(await untilTold(world, workflowId, 1))).toEqual(['created new', 'changed old'])
    const row = watchOf(world, workflowId)
    expect(row).toMatchObject({ version: 2, found: 2 })
    expect(row.next_look).toBeGreaterThan(clock.now())
  })

  it('R7 is not looked for while it is paused, and looked for once when it goes on', async () => {
    const clock = clockAt()
    world = await createWorld({ folder: home, clock })
    const { workflowId } = await activate(world, 'watch', watching())
    const before = watchOf(world, workflowId)
    const shown = () => automationsPage(world.engine, { limit: 1 }).items[0]
    expect(shown()).toMatchObject({ nextDue: null, nextLook: before.next_look })
    await world.engine.control.pause(workflowId)
    expect(shown()).toMatchObject({ state: 'paused', nextLook: null })
    write('a')
    clock.advance(10 * HOUR)
    await world.store.flushed()
    expect(watchOf(world, workflowId)).toEqual(before)
    await world.engine.control.resume(workflowId)
    expect(names(await untilTold(world, workflowId, 1))).toEqual(['created a'])
    expect((await lookAfter(world, workflowId, before)).version).toBe(before.version + 1)
  })

  it('makes one action of a folder that vanished, and goes on where it was when it is back', async () => {
    write('a')
    const clock = clockAt()
    world = await createWorld({ folder: home, clock })
    const { workflowId } = await activate(world, 'watch', watching())
    fs.renameSync(folder, `${folder}-away`)
    await nextLook(world, clock, workflowId)
    await nextLook(world, clock, workflowId)
    expect(openKinds(world)).toEqual(['watch-failed'])
    expect((await actionOf(world, 'watch-failed')).workflow_id).toBe(workflowId)
    fs.writeFileSync(path.join(`${folder}-away`, 'b'), 'b')
    fs.renameSync(`${folder}-away`, folder)
    await nextLook(world, clock, workflowId)
    expect(openKinds(world)).toEqual([])
    expect(names(await untilTold(world, workflowId, 1))).toEqual(['created b'])
  })

  it('is installed although its folder is not there yet, and says so', async () => {
    const clock = clockAt()
    world = await createWorld({ folder: home, clock })
    const later = path.join(folder, 'later')
    const installed = await activate(world, 'watch', watching({ folder: later }))
    expect(installed.watched).toMatchObject([{ existing: 'skip', count: null }])
    expect(installed.watched[0]?.problem).toContain('did not exist')
    await until(() => openKinds(world).includes('watch-failed'), 'nobody was told')
    write('later/a')
    const row = await nextLook(world, clock, installed.workflowId)
    expect(row).toMatchObject({ baseline: 1, found: 0, failures: 0 })
  })

  it('R3 takes ten thousand files at once in bounded events, none twice, none lost', async () => {
    for (let number = 0; number < 10_000; number++) write(`f${number}`)
    const clock = clockAt()
    world = await createWorld({ folder: home, clock })
    const { workflowId } = await activate(
      world,
      'watch',
      watching({ existing: 'process' }),
      'export default ({ files }) => ({ files: files.map(({ name, change }) => ({ name, change })) })',
    )
    const all = names(await untilTold(world, workflowId, 100))
    expect(all).toHaveLength(10_000)
    expect(new Set(all).size).toBe(10_000)
    expect(watchOf(world, workflowId)).toMatchObject({ found: 10_000, version: 11 })
  }, 120_000)

  it('R3 waits while the queue has no room, and loses nothing', async () => {
    for (let number = 0; number < 450; number++) write(`f${number}`)
    const clock = clockAt()
    world = await createWorld({ folder: home, clock })
    const { workflowId } = await activate(world, 'watch', {
      ...watching({ existing: 'process' }),
      queue: { capacity: 2 },
    })
    await until(() => {
      clock.advance(60_000)
      return watchOf(world, workflowId).found === 450
    }, 'not all were found')
    const all = names(await untilTold(world, workflowId, 5))
    expect(new Set(all).size).toBe(450)
    expect(all).toHaveLength(450)
  })

  it('is looked for soon after something happened, when the system says so', async () => {
    world = await createWorld({ folder: home, clock: systemClock() })
    const { workflowId } = await activate(world, 'watch', watching({ match: '*.pdf', recursive: true }))
    // Listening begins a moment later.
    await until(() => {
      write(`deep/${Date.now()}.pdf`)
      return watchOf(world, workflowId).found > 0
    }, 'no hint came')
    expect(watchOf(world, workflowId).looked_at).toBeLessThan(
      watchOf(world, workflowId).created_at + HOUR / 2,
    )
  })
})
