/** Quiet hours over real runs: what is told is held and comes as one digest; runs, chats and the inbox go on as ever. */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ContractInput } from '../../src/domain/contract.ts'
import type { QuietHours } from '../../src/domain/quiet-hours.ts'
import { chatEventsOf } from '../../src/main/store/chats.ts'
import { countHeld, listNotifications, notificationBody } from '../../src/main/store/notifications.ts'
import { preferencesOf, preferencesWith } from '../../src/main/store/settings.ts'
import { inState, openKinds, resolve } from '../support/engine-tests.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

const HOUR = 3_600_000
const EVENING = Date.parse('2026-06-01T21:00:00Z')
const NIGHTS: QuietHours = { from: '22:00', to: '07:00', zone: 'UTC', days: null }

let clock: ManualClock
let world: World

beforeEach(async () => {
  clock = new ManualClock(EVENING)
  world = await createWorld({ clock })
})
afterEach(async () => {
  await world.stop()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const quiet = (quietHours: QuietHours | null) =>
  world.engine.edits.changePreferences(preferencesWith(preferencesOf(world.store), { quietHours }))
const TELLS = `
  import { send } from 'tools/notify'
  export default async function run(event) { await send(event.title) }`
const ASKS = `
  import { ask } from 'tools/flow'
  export default async function run() { return ask({ question: 'Go on?', choices: ['yes', 'no'] }) }`
const FIRST = 'tells: It succeeded for the first time'
const install = (name: string, source: string, contract: Partial<ContractInput> = {}) =>
  world.install(name, source, contract)

/** What the person was told so far, the oldest first. */
function allTold(): { kind: string; title: string; text: string }[] {
  return listNotifications(world.store, 100)
    .toReversed()
    .map(row => ({ kind: row.kind, ...notificationBody(world.store, row) }))
}
const told = () => allTold().filter(({ kind }) => kind !== 'first-success')
const toldOf = (count: number) =>
  until(() => told().length >= count && told(), `fewer than ${String(count)} were told`)

async function answerYes(runId: string): Promise<void> {
  await resolve(world, 'input-needed', 'yes')
  await inState(world, runId, 'succeeded')
}

async function restart(): Promise<void> {
  await world.stop()
  world = await createWorld({ clock, folder: world.folder })
}

describe('quiet hours', () => {
  it('hold what is told until they end, then tell all of it once; runs and chats go on', async () => {
    await install('tells', TELLS)
    await quiet(NIGHTS)
    await world.run('tells', { title: 'Before' })
    clock.advance(2 * HOUR)
    for (const title of ['One', 'Two'])
      expect(await world.run('tells', { title })).toMatchObject({ state: 'succeeded' })
    expect(told()).toMatchObject([{ kind: 'told', title: 'Before' }])
    expect(countHeld(world.store)).toBe(2)
    expect(chatEventsOf(world.store, world.engine.workflow('tells').chat_id, 10)).toHaveLength(3)
    clock.advance(8 * HOUR - 1)
    expect(told()).toHaveLength(1)
    clock.advance(1)
    expect((await toldOf(2))[1]).toMatchObject({
      kind: 'digest',
      title: 'While it was quiet: 2 notices',
      text: 'tells: One\ntells: Two',
    })
    expect(countHeld(world.store)).toBe(0)
    await world.run('tells', { title: 'After' })
    expect(told().map(({ kind }) => kind)).toEqual(['told', 'digest', 'told'])
  })

  it('keep what they hold across restarts, and tell it at the next start where they ended meanwhile', async () => {
    await install('tells', TELLS)
    await quiet(NIGHTS)
    clock.advance(2 * HOUR)
    await world.run('tells', { title: 'One' })
    await restart()
    clock.advance(1)
    await world.run('tells', { title: 'Two' })
    expect(told()).toEqual([])
    await world.stop()
    clock.advance(12 * HOUR)
    world = await createWorld({ clock, folder: world.folder })
    expect(await toldOf(1)).toMatchObject([{ kind: 'digest', text: `tells: One\n${FIRST}\ntells: Two` }])
    await restart()
    expect(told()).toHaveLength(1)
  })

  it('hold questions too, and do not tell of those that were answered meanwhile', async () => {
    await install('asks', ASKS)
    await install('asks-too', ASKS)
    await quiet(NIGHTS)
    clock.advance(2 * HOUR)
    const run = await world.run('asks')
    expect(openKinds(world)).toEqual(['input-needed'])
    await answerYes(run.id)
    await world.run('asks-too')
    expect(told()).toEqual([])
    clock.advance(9 * HOUR)
    expect(await toldOf(1)).toMatchObject([
      {
        kind: 'digest',
        title: 'While it was quiet: 1 thing needs you, 1 first success',
        text: 'asks: It succeeded for the first time\nasks-too: Go on?',
      },
    ])
  })

  it('say nothing where all that was held was answered', async () => {
    await install('asks', ASKS)
    await answerYes((await world.run('asks')).id)
    const before = allTold()
    await quiet(NIGHTS)
    clock.advance(2 * HOUR)
    await answerYes((await world.run('asks')).id)
    expect(countHeld(world.store)).toBe(1)
    clock.advance(9 * HOUR)
    await until(() => countHeld(world.store) === 0, 'it was held for ever')
    expect(allTold()).toEqual(before)
  })

  it('let through what a contract marks as urgent', async () => {
    await install('tells', TELLS, { urgent: true })
    await install('asks', ASKS, { urgent: true })
    await quiet(NIGHTS)
    clock.advance(2 * HOUR)
    await world.run('tells', { title: 'Fire' })
    await world.run('asks')
    expect(told()).toMatchObject([
      { kind: 'told', title: 'Fire' },
      { kind: 'needs-you', title: 'Go on?' },
    ])
  })

  it('that are switched off or moved tell at once what they held', async () => {
    await install('tells', TELLS)
    await quiet(NIGHTS)
    clock.advance(2 * HOUR)
    await world.run('tells', { title: 'One' })
    await quiet({ ...NIGHTS, from: '21:30' })
    expect(told()).toEqual([])
    await quiet(null)
    expect(await toldOf(1)).toMatchObject([{ kind: 'digest', text: `tells: One\n${FIRST}` }])
  })

  it('tell of a night with hundreds of notices in one digest of bounded length', async () => {
    await install(
      'many',
      `
      import { send } from 'tools/notify'
      export default async function run() { for (let n = 0; n < 300; n++) await send('Notice ' + n) }`,
    )
    await quiet(NIGHTS)
    clock.advance(2 * HOUR)
    await world.run('many')
    clock.advance(9 * HOUR)
    const [digest] = await toldOf(1)
    expect(digest?.title).toBe('While it was quiet: 300 notices, 1 first success')
    expect(digest?.text.split('\n')).toHaveLength(51)
    expect(digest?.text.endsWith('… and 251 more')).toBe(true)
  })

  it('tell what was held while the clock showed the night once more', async () => {
    await install('tells', TELLS)
    await quiet(NIGHTS)
    clock.advance(11 * HOUR)
    clock.jump(-2 * HOUR)
    await world.run('tells', { title: 'Again' })
    expect(told()).toEqual([])
    clock.advance(3 * HOUR)
    expect(await toldOf(1)).toMatchObject([{ kind: 'digest' }])
  })
})

describe('the first success of an automation', () => {
  it('is told once: not of a failure before it, and not of a success after it', async () => {
    const source = "export default event => { if (event.fails) throw new Error('broken') }"
    await install('new', source)
    await world.run('new', { fails: true })
    expect(allTold().map(({ kind }) => kind)).toEqual(['needs-you'])
    await world.run('new')
    await world.run('new')
    await restart()
    await install('new', `${source}\n`)
    await world.run('new')
    expect(allTold().map(({ kind }) => kind)).toEqual(['needs-you', 'first-success'])
  })
})
