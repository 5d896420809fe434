import fs from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../../test/support/manual-clock.ts'
import { createWorld, tempFolder, until } from '../../../test/support/world.ts'
import type { World } from '../../../test/support/world.ts'
import { eventById, waitingFor } from './inbox.ts'
import { itemsOfRun } from './items.ts'
import { listActions } from './actions.ts'
import { stepsOfRun } from './journal.ts'
import { listRuns, runOfEvent } from './lists.ts'
import { chatEventsOf } from './chats.ts'
import { collect, RETENTION } from './retention.ts'
import type { Collected, RetentionOptions } from './retention.ts'
import { countHeld } from './notifications.ts'
import { runById } from './runs.ts'
import type { RunRow } from './runs.ts'
import { ledgerOf, schedulesOf } from './schedules.ts'
import { preferencesOf, preferencesWith, putPreferences } from './settings.ts'
import { undoById, undoSteps } from './undos.ts'
import { waitsOfRun } from './waits.ts'
import { workflowById } from './workflows.ts'

const DAY = 86_400_000
const PATIENTLY = { timeout: 15_000 }
/** Without the last successes that a repair is proven against, so that each case shows its own reason. */
const BARE: RetentionOptions = { ...RETENTION, successesKept: 0 }

let world: World
let clock: ManualClock
let folder: string

beforeEach(async () => {
  clock = new ManualClock()
  folder = tempFolder()
  world = await createWorld({ folder, clock })
})
afterEach(async () => {
  await world.stop()
  fs.rmSync(folder, { recursive: true, force: true })
})

async function after(days: number, options: RetentionOptions = BARE): Promise<Collected> {
  clock.jump(days * DAY)
  await turn()
  return collect(world.store, clock.now(), options)
}

const recorded = (run: RunRow) => stepsOfRun(world.store, run.id).length
const runNow = (run: RunRow) => runById(world.store, run.id)
const WRITES =
  "import { set, get } from 'tools/state'\nexport default async event => { await set('k', event); return get('k') }"

describe('what was undone', () => {
  it('J12 stays as long as its run, and goes with it', async () => {
    await world.install('plain', WRITES)
    const run = await world.run('plain', 1)
    const undoId = await world.engine.undoing.begin(run)
    await until(() => undoById(world.store, undoId)?.state === 'ended', 'it never ended')
    expect(await after(29)).toMatchObject({ runs: 0 })
    expect(undoSteps(world.store, undoId, 10)).toHaveLength(1)
    expect(await after(2)).toMatchObject({ runs: 1 })
    expect(undoById(world.store, undoId)).toBeUndefined()
    expect(undoSteps(world.store, undoId, 10)).toEqual([])
  })
})

describe('what goes', () => {
  it('J12 an ended run goes after its time, with its journal, payload and blobs; state and audit log stay', async () => {
    await world.install('plain', WRITES)
    const run = await world.run('plain', 'x'.repeat(40_000))
    const blobs = () =>
      world.store.all<object, { n: number }>({ sql: 'SELECT count(*) AS n FROM blobs', bind: () => [] }, {})
    expect(blobs()).not.toEqual([{ n: 0 }])
    expect(await after(29)).toMatchObject({ runs: 0, blobs: 0 })
    expect(recorded(run)).toBe(2)
    expect(await after(2)).toEqual({
      runs: 1,
      emptied: 0,
      events: 1,
      instants: 0,
      schedules: 0,
      actions: 0,
      notifications: 1,
      answers: 0,
      pictures: 0,
      blobs: 2,
    })
    expect(runNow(run)).toBeUndefined()
    expect(recorded(run)).toBe(0)
    expect(blobs()).toEqual([{ n: 0 }])
    expect(eventById(world.store, run.inbox_id)).toBeUndefined()
    expect(world.store.audit.verify()).toMatchObject({ ok: true })
    await world.install('reader', "import { get } from 'tools/state'\nexport default () => get('k')")
    expect(world.result(await world.run('plain', 'next'))).toBe('next')
    expect(await after(0)).toMatchObject({ runs: 0, events: 0 })
  })

  it('J12 the last successes stay for proving a repair against, whatever their age', async () => {
    await world.install('kept', WRITES)
    const runs: RunRow[] = []
    for (let place = 0; place < 5; place++) runs.push(await world.run('kept', place))
    expect(await after(40, { ...RETENTION, successesKept: 3 })).toMatchObject({ runs: 2 })
    expect(runs.map(run => runNow(run) !== undefined)).toEqual([false, false, true, true, true])
    expect(runs.slice(2).map(recorded)).toEqual([2, 2, 2])
  })

  it('J12 what a run said in its chat goes with its journal, also where items keep its line', async () => {
    const id = await world.install(
      'says',
      `
      import { each } from 'tools/flow'
      import { send } from 'tools/notify'
      export default async list => {
        for (let i = 0; i < 3; i++) await send('Said ' + i)
        await each('thing', list, t => t, async t => { await send('Did ' + t) })
      }`,
      { items: { thing: 'its text' } },
    )
    await world.run('says', ['a'])
    clock.jump(10 * DAY)
    const later = await world.run('says', [])
    const chat = workflowById(world.store, id)?.chat_id ?? ''
    const said = () => chatEventsOf(world.store, chat, 50).map(event => event.runId)
    expect(said()).toHaveLength(7)
    expect(await after(21)).toMatchObject({ emptied: 1, runs: 0 })
    expect(said()).toEqual([later.id, later.id, later.id])
    expect(await after(10)).toMatchObject({ emptied: 0, runs: 1 })
    expect(said()).toEqual([])
  })

  it('J12 signals that a failed run never took go with it, and not before', async () => {
    await world.install(
      'signalled',
      "import { sleep } from 'tools/flow'\nexport default async () => { await sleep('1h'); throw new Error('broken') }",
    )
    const run = await world.run('signalled')
    await world.engine.signal(run.id, 'go', 'secret')
    clock.advance(3_600_000)
    await expect.poll(() => runNow(run)?.state, PATIENTLY).toBe('failed')
    for (const action of listActions(world.store, 'open', 5))
      await world.engine.resolve({ actionId: action.id, choice: 'dismiss', payload: null })
    expect(await after(29)).toMatchObject({ runs: 0 })
    expect(waitingFor(world.store, 'run', run.id, 5)).toBe(1)
    expect(await after(2)).toMatchObject({ runs: 1 })
    expect(waitingFor(world.store, 'run', run.id, 5)).toBe(0)
  })

  it('a journal longer than one piece goes whole', async () => {
    await world.install(
      'long',
      "import { set } from 'tools/state'\nexport default async () => { for (let i = 0; i < 900; i++) await set('k', i) }",
    )
    const run = await world.run('long')
    expect(recorded(run)).toBe(900)
    expect(await after(31)).toMatchObject({ runs: 1 })
    expect(recorded(run)).toBe(0)
  })

  it('J12 notifications go after their time, but for those that quiet hours still hold', async () => {
    await world.install('tells', "import { send } from 'tools/notify'\nexport default () => send('News')")
    await world.run('tells')
    const quietHours = { from: '00:01', to: '00:00', zone: 'UTC', days: null }
    await world.store.write(tx => {
      putPreferences(tx, preferencesWith(preferencesOf(tx), { quietHours }))
    })
    clock.jump(DAY / 2)
    await world.run('tells')
    expect(await after(31)).toMatchObject({ notifications: 2 })
    expect(countHeld(world.store)).toBe(1)
  })
})

describe('what stays', () => {
  it('J12 retention passing over a suspended run takes nothing from it, and it goes on', async () => {
    await world.install(
      'sleeper',
      `
      import { sleep, waitFor } from 'tools/flow'
      import { set } from 'tools/state'
      export default async event => {
        await set('big', event)
        await sleep({ days: 45 })
        await waitFor('go')
        return event.length
      }`,
    )
    const run = await world.run('sleeper', 'y'.repeat(50_000))
    expect(run.state).toBe('waiting')
    expect(await after(40)).toEqual({
      runs: 0,
      emptied: 0,
      events: 0,
      instants: 0,
      schedules: 0,
      actions: 0,
      notifications: 0,
      answers: 0,
      pictures: 0,
      blobs: 0,
    })
    expect(recorded(run)).toBeGreaterThan(0)
    clock.jump(6 * DAY)
    await world.rested(run.id)
    await expect
      .poll(() => waitsOfRun(world.store, run.id).map(wait => wait.kind), PATIENTLY)
      .toEqual(['signal'])
    expect(await after(60)).toMatchObject({ runs: 0, blobs: 0 })
    await world.engine.signal(run.id, 'go', null)
    await expect.poll(() => runNow(run)?.state, PATIENTLY).toBe('succeeded')
    expect(world.result(runNow(run) ?? run)).toBe(50_000)
  })

  it('J12 item keys outlive their journal: a finished item never runs again', async () => {
    await world.install(
      'each',
      `
      import { each } from 'tools/flow'
      import { set } from 'tools/state'
      export default async list => (await each('thing', list, t => t, async t => { await set('did', t) })).done.length`,
      { items: { thing: 'its text' } },
    )
    const run = await world.run('each', ['a', 'b'])
    expect(await after(31)).toMatchObject({ runs: 0, emptied: 1 })
    expect(recorded(run)).toBe(0)
    expect(itemsOfRun(world.store, run.id).map(item => item.state)).toEqual(['done', 'done'])
    const again = await world.run('each', ['a', 'b', 'c'])
    const tools = stepsOfRun(world.store, again.id).map(step => step.tool)
    expect(tools.filter(tool => tool === 'state.set')).toHaveLength(1)
    expect(await after(0)).toMatchObject({ runs: 0, emptied: 0 })
  })

  it('J12 a dedupe key outlives its run: the same delivery changes nothing, years later', async () => {
    await world.install('hooked', WRITES)
    const deliver = () =>
      world.emit({
        workflow: 'hooked',
        type: 'manual',
        payload: 'secret payload',
        dedupeKey: 'key:7',
        sourceType: 'api',
        sourceId: 'local',
      })
    const first = await deliver()
    if (first.is !== 'accepted') throw new Error('the first delivery was not taken')
    const run = runOfEvent(world.store, first.row.id)
    expect(await world.rested(run?.id ?? '')).toMatchObject({ state: 'succeeded' })
    expect(await after(800)).toMatchObject({ runs: 1, events: 1 })
    const event = eventById(world.store, first.row.id)
    expect(event).toMatchObject({ dedupe_key: 'key:7', state: 'done' })
    expect(event?.sealed_payload.length).toBeLessThan(first.row.sealed_payload.length)
    expect(await deliver()).toMatchObject({ is: 'duplicate' })
    expect(listRuns(world.store, { limit: 5 })).toEqual([])
  })

  it('J12 an item set aside keeps every journal it stands in, and goes on from there', async () => {
    await world.install(
      'aside',
      `
      import { each } from 'tools/flow'
      import { get, set } from 'tools/state'
      import { send } from 'tools/notify'
      export default () => each('thing', ['bad'], t => t, async t => {
        await send('Looked at ' + t)
        if ((await get('fixed')) === null) throw new Error('it was bad')
      })`,
      { items: { thing: 'its text' } },
    )
    const run = await world.run('aside')
    const [item] = itemsOfRun(world.store, run.id)
    expect(item?.state).toBe('aside')
    const before = recorded(run)
    expect(await after(400)).toMatchObject({ runs: 0, emptied: 0, events: 0 })
    expect(recorded(run)).toBe(before)
  })

  it('J12 what an open question asks about stays until it is answered', async () => {
    await world.install(
      'failing',
      "import { set } from 'tools/state'\nexport default async () => { await set('k', 1); throw new Error('broken') }",
    )
    const run = await world.run('failing')
    expect(run.state).toBe('failed')
    const [action] = listActions(world.store, 'open', 5)
    expect(await after(400)).toMatchObject({ runs: 0 })
    expect(recorded(run)).toBe(1)
    await world.engine.resolve({ actionId: action?.id ?? '', choice: 'dismiss', payload: null })
    expect(await after(1)).toMatchObject({ runs: 1 })
    expect(await after(31)).toMatchObject({ actions: 1 })
  })

  it('J12 a retry that waits for its turn keeps its run', async () => {
    const id = await world.install(
      'queued',
      "import { set } from 'tools/state'\nexport default async () => { await set('k', 1); throw new Error('broken') }",
    )
    const run = await world.run('queued')
    await world.engine.control.pause(id)
    await world.engine.control.retryRun(run.id)
    expect(await after(400)).toMatchObject({ runs: 0 })
    expect(recorded(run)).toBeGreaterThan(0)
  })

  it('J12 a failed run whose journal is gone is not gone on with', async () => {
    await world.install(
      'gone',
      `
      import { each } from 'tools/flow'
      import { set } from 'tools/state'
      export default async () => {
        await each('thing', ['a'], t => t, async t => { await set('did', t) })
        throw new Error('broken after the item')
      }`,
      { items: { thing: 'its text' } },
    )
    const run = await world.run('gone')
    for (const action of listActions(world.store, 'open', 5))
      await world.engine.resolve({ actionId: action.id, choice: 'dismiss', payload: null })
    expect(await after(31)).toMatchObject({ emptied: 1 })
    await expect(world.engine.control.retryRun(run.id)).rejects.toThrow(
      /no longer recorded.*Nothing was changed/,
    )
  })

  it('J12 what a later run took over stays while a run that was replayed from it can be retried', async () => {
    await world.install(
      'handed',
      `import { each } from 'tools/flow'
       import { set } from 'tools/state'
       export default list => each('thing', list, t => t, async t => { await set('did', t) })`,
      { items: { thing: 'its text' } },
    )
    const first = await world.run('handed', ['a'])
    clock.jump(20 * DAY)
    const second = await world.run('handed', null)
    expect(second.state).toBe('failed')
    await world.store.write(tx =>
      tx.run(
        { sql: 'UPDATE items SET run_id = ?', bind: ({ run }: { run: string }) => [run] },
        { run: second.id },
      ),
    )
    for (const action of listActions(world.store, 'open', 5))
      await world.engine.resolve({ actionId: action.id, choice: 'dismiss', payload: null })
    expect(await after(11)).toMatchObject({ runs: 0, emptied: 0 })
    expect(recorded(first)).toBeGreaterThan(0)
    expect(await after(20)).toMatchObject({ runs: 0, emptied: 1 })
    expect(await after(0)).toMatchObject({ runs: 1, emptied: 0 })
    expect(recorded(first)).toBe(0)
  })

  it('J12 R4 the ledger keeps 30 days, what an open run came from, and the last row of every schedule', async () => {
    const id = await world.install(
      'daily',
      "import { sleep } from 'tools/flow'\nexport default () => sleep({ days: 300 })",
      { when: [{ kind: 'interval', everyMs: DAY }] },
    )
    const scheduleId = schedulesOf(world.store, id)[0]?.id ?? ''
    const start = clock.now()
    const ledger = () => ledgerOf(world.store, scheduleId, 500).toReversed()
    const days = () => ledger().map(row => (row.due_at - start) / DAY)
    for (let day = 1; day <= 40; day++) {
      clock.advance(DAY)
      await expect.poll(() => ledger().length, { ...PATIENTLY, interval: 2 }).toBe(day)
      if (day === 1)
        await expect.poll(() => listRuns(world.store, { limit: 1 })[0]?.state, PATIENTLY).toBe('waiting')
    }
    expect(ledger().map(row => row.inbox_id === null)).toEqual([
      false,
      false,
      ...Array<boolean>(38).fill(true),
    ])
    expect(await after(0)).toMatchObject({ instants: 7 })
    expect(days()).toEqual([1, 2, ...Array.from({ length: 31 }, (_, place) => place + 10)])
    await world.engine.control.archive(id)
    expect(await after(29)).toMatchObject({ schedules: 0 })
    expect(days().at(-1)).toBe(40)
    expect(await after(71)).toMatchObject({ schedules: 1 })
    expect(days()).toEqual([])
    expect(await after(0)).toMatchObject({ instants: 0, schedules: 0 })
  })

  it('stops when told to, and the next pass goes on', async () => {
    await world.install('many', WRITES)
    for (let place = 0; place < 3; place++) await world.run('many', place)
    clock.jump(31 * DAY)
    expect(await collect(world.store, clock.now(), BARE, AbortSignal.abort())).toMatchObject({ runs: 0 })
    expect(await after(0)).toMatchObject({ runs: 3, events: 3 })
  })
})
