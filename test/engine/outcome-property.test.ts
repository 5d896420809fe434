/** In whatever order items end, before the end of their run or after: what counts as done is judged the same. */
import fs from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { openActionsOfRun } from '../../src/main/store/actions.ts'
import { itemsOfRun } from '../../src/main/store/items.ts'
import type { ItemState } from '../../src/main/store/items.ts'
import { stateList } from '../../src/main/store/local-state.ts'
import { listNotifications } from '../../src/main/store/notifications.ts'
import { openKinds } from '../support/engine-tests.ts'
import { createWorld, tempFolder, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

/** How an item goes: at once or after a wait for a person or a signal, and to which end. */
const WAYS = ['done', 'bad', 'yes-done', 'yes-bad', 'no', 'signal-done', 'signal-bad'] as const
type Way = (typeof WAYS)[number]

const SOURCE = (folder: string) => `
  import { read, write } from 'tools/files'
  import { each, waitFor } from 'tools/flow'
  import { send } from 'tools/notify'
  import { set } from 'tools/state'
  export default async function run({ keys }) {
    await each('file', keys, key => key, async key => {
      if (key.includes('yes') || key.includes('no')) await write('${folder}/' + key, 'x')
      if (key.includes('signal')) await waitFor({ name: key })
      if (key.includes('bad')) await read('${folder}/fixed')
    })
    await set('ran', true)
    await send('ran', '')
  }`

interface Case {
  ways: Way[]
  order: number[]
  maxSetAside: number
  least: number
}

const cases: fc.Arbitrary<Case> = fc
  .array(fc.constantFrom(...WAYS), { minLength: 1, maxLength: 6 })
  .chain(ways =>
    fc.record({
      ways: fc.constant(ways),
      order: fc.shuffledSubarray([...ways.keys()], { minLength: ways.length }),
      maxSetAside: fc.integer({ min: 0, max: 2 }),
      least: fc.integer({ min: 0, max: 2 }),
    }),
  )

const isWaiting = (way: Way) => /^(yes|no|signal)/.test(way)

/** What is to be said of a run of which these have ended. */
function expected({ ways, maxSetAside, least }: Case, ended: ReadonlySet<number>): 'succeeded' | 'failed' {
  const over = ways.filter((_way, place) => ended.has(place))
  if (over.filter(way => way.endsWith('bad')).length > maxSetAside) return 'failed'
  const written = over.filter(way => way.startsWith('yes')).length
  const excused = over.length < ways.length || over.includes('no')
  return written >= least || excused ? 'succeeded' : 'failed'
}

class Play {
  readonly #world: World
  readonly #runId: string
  readonly #keys: readonly string[]

  constructor(world: World, runId: string, keys: readonly string[]) {
    this.#world = world
    this.#runId = runId
    this.#keys = keys
  }

  stateOf(place: number): ItemState | undefined {
    return itemsOfRun(this.#world.store, this.#runId).find(item => item.key === this.#keys[place])?.state
  }

  async end(place: number, way: Way): Promise<void> {
    const { engine, store } = this.#world
    const key = this.#keys[place] ?? ''
    const item = itemsOfRun(store, this.#runId).find(found => found.key === key)
    const question = openActionsOfRun(store, this.#runId).find(
      ({ kind, item_id: of }) => kind === 'approval' && of === item?.id,
    )
    if (way.startsWith('signal')) await engine.signal(this.#runId, key, null)
    else
      await engine.resolve({
        actionId: question?.id ?? '',
        choice: way === 'no' ? 'deny' : 'approve',
        payload: null,
      })
    await until(() => {
      const state = this.stateOf(place)
      return state !== 'waiting' && state !== 'open' && this.isLeft()
    }, `${key} never ended`)
  }

  isLeft(): boolean {
    return this.#world.engine.run(this.#runId).slot === null && this.#world.engine.isAtRest(this.#runId)
  }

  /** Tries again what was set aside, now that what they ask for is there. */
  async mend(): Promise<void> {
    for (const item of itemsOfRun(this.#world.store, this.#runId))
      if (item.state === 'aside') await this.#world.engine.control.rerunItem(item.id)
    await until(
      () =>
        this.isLeft() &&
        itemsOfRun(this.#world.store, this.#runId).every(({ state }) => /^(done|declined)$/.test(state)),
      'what was set aside was never done',
    )
  }
}

it('O1 J6 J7 P4 R5 the verdict on a run is that on its items, whatever waits, and whenever each ends', async () => {
  const folder = tempFolder()
  const world = await createWorld({ folder })
  let count = 0
  try {
    await fc.assert(
      fc.asyncProperty(cases, async one => {
        const place = path.join(folder, `case-${String(++count)}`)
        fs.mkdirSync(place)
        await judgedThroughout(world, { ...one, place, name: `case-${String(count)}` })
      }),
      { numRuns: 25, examples: [[{ ways: ['bad'], order: [0], maxSetAside: 0, least: 1 }]] },
    )
  } finally {
    await world.stop()
    fs.rmSync(folder, { recursive: true, force: true })
  }
})

async function judgedThroughout(world: World, one: Case & { place: string; name: string }): Promise<void> {
  const keys = one.ways.map((way, place) => `${way}-${String(place)}`)
  const workflow = await world.install(one.name, SOURCE(one.place), {
    uses: ['tools/files', 'tools/flow', 'tools/notify', 'tools/state'],
    reads: { paths: [one.place] },
    changes: [{ tool: 'files.write', paths: [one.place], approval: 'always' }],
    items: { file: 'its name' },
    notifies: true,
    done: [
      { kind: 'items-settled', each: 'file', maxSetAside: one.maxSetAside },
      { kind: 'effects-at-least', tool: 'files.write', count: one.least },
    ],
  })
  const { id } = await world.run(one.name, { keys })
  const play = new Play(world, id, keys)
  const ended = new Set(one.order.filter(place => !isWaiting(one.ways[place] ?? 'done')))
  const first = expected(one, ended)
  const shows = (state: string) => {
    const own = openKinds(world).filter(kind => kind === 'run-failed').length
    expect([world.engine.run(id).state, own]).toEqual([state, state === 'failed' ? 1 : 0])
    const told = listNotifications(world.store, 500).filter(
      row => row.kind === 'told' && row.workflow_id === workflow,
    )
    const visible = first === 'succeeded' ? 1 : 0
    expect([told.length, stateList(world.store, workflow, '').length]).toEqual([visible, visible])
  }
  shows(first)
  for (const place of one.order.filter(each => !ended.has(each))) {
    await play.end(place, one.ways[place] ?? 'done')
    ended.add(place)
    // One that failed at its own end has left nothing to be seen, and stays so until it is tried again (J2).
    shows(first === 'failed' ? 'failed' : expected(one, ended))
    expect(world.engine.run(id).waiting_items).toBe(one.ways.length - ended.size)
  }
  fs.writeFileSync(path.join(one.place, 'fixed'), '')
  await play.mend()
  await settle(world, id, one, { first, ended })
}

/** Nothing is set aside any more: only changes may be missing. */
async function settle(
  world: World,
  id: string,
  one: Case,
  { first, ended }: { first: string; ended: ReadonlySet<number> },
): Promise<void> {
  const mended = expected({ ...one, maxSetAside: one.ways.length }, ended)
  if (mended === 'succeeded' && first === 'succeeded') expect(world.engine.run(id).state).toBe('succeeded')
  if (mended === 'succeeded') expect(openKinds(world)).toEqual([])
  else expect(openKinds(world)).toEqual(['run-failed'])
  for (const { id: actionId } of openActionsOfRun(world.store, id))
    await world.engine.resolve({ actionId, choice: 'dismiss', payload: null })
}
