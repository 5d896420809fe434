/** *Done when* where items wait at the end of the script: judged by what has ended, and again as the others end. */
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ContractInput } from '../../src/domain/contract.ts'
import type { FaultPoint } from '../../src/main/engine/context.ts'
import { openActionsOfRun } from '../../src/main/store/actions.ts'
import { itemsOfRun } from '../../src/main/store/items.ts'
import { listRuns } from '../../src/main/store/lists.ts'
import { listNotifications } from '../../src/main/store/notifications.ts'
import type { RunRow } from '../../src/main/store/runs.ts'
import { openKinds, resolve } from '../support/engine-tests.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld, tempFolder, until } from '../support/world.ts'
import type { World, WorldOptions } from '../support/world.ts'

const HOUR = 3_600_000

let folder: string
let files: string
let world: World

const open = async (options: WorldOptions = {}) => {
  world = await createWorld({ folder, ...options })
}

beforeEach(() => {
  folder = tempFolder()
  files = path.join(folder, 'granted')
  fs.mkdirSync(files)
})
afterEach(async () => {
  await world.stop()
  fs.rmSync(folder, { recursive: true, force: true })
})

/** Each key is a file that is written; one of that name with `bad` in it is set aside until `fixed` is there. */
const writes = (verify = '') => `
  import { read, stat, write } from 'tools/files'
  import { each } from 'tools/flow'
  import { send } from 'tools/notify'
  export default async function run({ keys }) {
    const items = await each('file', keys, key => key, async key => {
      await write('${files}/' + key, 'x')
      if (key.includes('bad')) await read('${files}/fixed')
    })
    await send('told', String(items.done.length))
    return { done: items.done.length, waiting: items.waiting.length }
  }
  ${verify}`
const terms = (more: Partial<ContractInput>): Partial<ContractInput> => ({
  uses: ['tools/files', 'tools/flow', 'tools/notify'],
  reads: { paths: [files] },
  changes: [{ tool: 'files.write', paths: [files], approval: 'always' }],
  items: { file: 'its name' },
  notifies: true,
  done: [{ kind: 'items-settled', each: 'file', maxSetAside: 0 }],
  ...more,
})

/** Answers the question about this file, and waits until its item has ended and the run is left. */
async function answer(run: RunRow, key: string, choice: 'approve' | 'deny'): Promise<RunRow> {
  const item = itemsOfRun(world.store, run.id).find(found => found.key === key)
  const action = openActionsOfRun(world.store, run.id).find(
    found => found.kind === 'approval' && found.item_id === item?.id,
  )
  await world.engine.resolve({ actionId: action?.id ?? '', choice, payload: null })
  return until(() => {
    const now = itemsOfRun(world.store, run.id).find(found => found.key === key)?.state
    const row = world.engine.run(run.id)
    return now !== 'waiting' && now !== 'open' && row.slot === null ? row : null
  }, `${key} never ended`)
}

const settled = (run: RunRow, state: RunRow['state']) =>
  until(() => {
    const row = world.engine.run(run.id)
    return row.state === state && row.slot === null && row.waiting_items === 0 ? row : null
  }, `the run was never ${state}`)
const told = () => listNotifications(world.store, 50).filter(({ kind }) => kind === 'told').length

describe('a run whose items wait', () => {
  it('O1 R5 is not failed by a quota: the rest is deferred, said so, and done in the next window', async () => {
    const clock = new ManualClock()
    await open({ clock })
    const changes = [{ tool: 'files.write', paths: [files], approval: 'never' as const }]
    await world.install('w', writes(), terms({ changes, budget: { actionsPerHour: 2 } }))
    const run = await world.run('w', { keys: ['a', 'b', 'c', 'd'] })
    expect(run).toMatchObject({ state: 'succeeded', waiting_items: 2 })
    expect(await world.run('w', { keys: ['e'] })).toMatchObject({ state: 'succeeded', waiting_items: 1 })
    expect(openKinds(world)).toEqual([])
    clock.advance(HOUR)
    await settled(run, 'succeeded')
    clock.advance(HOUR)
    await until(() => fs.existsSync(path.join(files, 'e')), 'the last was never done')
    expect(openKinds(world)).toEqual([])
  })

  it('O1 P4 is not failed by questions, nor by what was answered no', async () => {
    await open()
    await world.install('w', writes(), terms({}))
    const run = await world.run('w', { keys: ['a', 'b'] })
    expect(run).toMatchObject({ state: 'succeeded', waiting_items: 2 })
    expect(openKinds(world)).toEqual(['approval', 'approval'])
    await answer(run, 'a', 'approve')
    expect(await answer(run, 'b', 'deny')).toMatchObject({ state: 'succeeded', waiting_items: 0 })
    expect(openKinds(world)).toEqual([])
    expect(fs.readdirSync(files)).toEqual(['a'])
  })

  it('O1 fails when too many are set aside in the end, and succeeds when that was put right', async () => {
    await open()
    await world.install('w', writes(), terms({}))
    const run = await world.run('w', { keys: ['bad', 'good'] })
    expect(told()).toBe(1)
    const failed = await answer(run, 'bad', 'approve')
    expect(failed).toMatchObject({ state: 'failed', waiting_items: 1 })
    expect(world.failure(failed)?.message).toContain('1 of 2 items of “file” were set aside')
    expect(await answer(run, 'good', 'approve')).toMatchObject({ state: 'failed', waiting_items: 0 })
    expect(openKinds(world)).toEqual(['items-aside', 'run-failed'])
    fs.writeFileSync(path.join(files, 'fixed'), '')
    await resolve(world, 'items-aside', 'retry')
    await settled(run, 'succeeded')
    expect(openKinds(world)).toEqual([])
    expect(told()).toBe(1)
  })

  it('O1 J2 that failed at its own end stays failed; its action closes when what failed it was put right', async () => {
    await open()
    const changes = [{ tool: 'files.write', paths: [files], approval: 'never' as const }]
    await world.install('w', writes(), terms({ changes }))
    const run = await world.run('w', { keys: ['bad', 'good'] })
    expect(run.state).toBe('failed')
    expect(openKinds(world)).toEqual(['items-aside', 'run-failed'])
    fs.writeFileSync(path.join(files, 'fixed'), '')
    await resolve(world, 'items-aside', 'retry')
    await until(() => openKinds(world).length === 0, 'the actions stayed open')
    expect(world.engine.run(run.id).state).toBe('failed')
    await world.engine.control.retryRun(run.id)
    await settled(run, 'succeeded')
    expect(told()).toBe(1)
  })

  it('O1 is asked for changes, files and its own check when its last item has ended, and not before', async () => {
    await open()
    const done: ContractInput['done'] = [
      { kind: 'effects-at-least', tool: 'files.write', count: 2 },
      { kind: 'file-exists', path: path.join(files, 'b'), notEmpty: true },
      { kind: 'script-verifies' },
    ]
    const verify = `export const verify = async () => ({ ok: (await stat('${files}/b')).exists, evidence: 'no b' })`
    const source = writes(verify)
    await world.install('w', source, terms({ done }))
    const run = await world.run('w', { keys: ['a', 'b'] })
    expect(run).toMatchObject({ state: 'succeeded', waiting_items: 2 })
    await answer(run, 'a', 'approve')
    await answer(run, 'b', 'approve')
    await until(() => world.engine.run(run.id).open_checks === '[0]', 'nobody looked')
    expect(world.engine.run(run.id).state).toBe('succeeded')
    expect(openKinds(world)).toEqual([])
    expect(told()).toBe(1)
  })

  it('O1 fails where its own check still says no when its last item has ended, and may be judged again', async () => {
    await open()
    const done: ContractInput['done'] = [{ kind: 'script-verifies' }]
    const verify = `export const verify = async () => ({ ok: (await stat('${files}/c')).exists, evidence: 'no c' })`
    await world.install('w', writes(verify), terms({ done }))
    const run = await world.run('w', { keys: ['a'] })
    expect(run.state).toBe('succeeded')
    await answer(run, 'a', 'approve')
    expect(world.failure(await settled(run, 'failed'))?.message).toContain('no c')
    expect(openKinds(world)).toEqual(['run-failed'])
    fs.writeFileSync(path.join(files, 'c'), '')
    await resolve(world, 'run-failed', 'retry')
    await settled(run, 'succeeded')
    expect(openKinds(world)).toEqual([])
    expect(told()).toBe(1)
  })

  it.each<[FaultPoint, string]>([
    ['approval.after-answer', 'what was answered is taken up'],
    ['item.before-close', 'the end of its last item'],
    ['item.after-close', 'the verdict'],
    ['run.before-launch', 'the look at the outside'],
  ])('O1 R2 is judged although the core ended at %s, before %s', async (point, before) => {
    let isArmed = false
    const isDone = () =>
      listRuns(world.store, { limit: 1 }).some(({ id }) =>
        itemsOfRun(world.store, id).every(({ state }) => state === 'done'),
      )
    await open({
      fault: at => {
        if (!isArmed || at !== point || (before === 'the look at the outside' && !isDone())) return
        isArmed = false
        world.engine.stop()
      },
    })
    const done: ContractInput['done'] = [{ kind: 'script-verifies' }]
    await world.install(
      'w',
      writes(`export const verify = () => ({ ok: false, evidence: 'never' })`),
      terms({ done }),
    )
    const run = await world.run('w', { keys: ['a'] })
    const [action] = openActionsOfRun(world.store, run.id)
    isArmed = true
    await world.engine.resolve({ actionId: action?.id ?? '', choice: 'approve', payload: null })
    await until(() => !isArmed, 'the core never came to its end')
    await world.stop()
    await open()
    await settled(run, 'failed')
    expect(openKinds(world)).toEqual(['run-failed'])
    expect(told()).toBe(1)
    expect(fs.readdirSync(files)).toEqual(['a'])
  })
})
