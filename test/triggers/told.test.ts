/** Triggers that nothing is looked at for: another automation's event, a person, and a single instant. */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ContractInput } from '../../src/domain/contract.ts'
import { causesOf } from '../../src/main/store/inbox.ts'
import { listRuns } from '../../src/main/store/lists.ts'
import { ledgerOf, schedulesOf } from '../../src/main/store/schedules.ts'
import { inState, openKinds, resolve, send, settled } from '../support/engine-tests.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { ManualClock } from '../support/manual-clock.ts'
import { createWorld, tempFolder, until } from '../support/world.ts'
import type { World } from '../support/world.ts'
import { activate, clockAt, ECHO, HOUR, told, untilTold } from './watching.ts'

let home: string
let world: World
let clock: ManualClock

beforeEach(async () => {
  home = tempFolder()
  clock = clockAt(Date.parse('2026-03-28T12:00Z'))
  world = await createWorld({ folder: home, clock })
})
afterEach(async () => {
  await world.stop()
  fs.rmSync(home, { recursive: true, force: true })
})

async function restart(): Promise<void> {
  await world.stop()
  world = await createWorld({ folder: home, clock })
}

const SAYS = `
  import { publish } from 'tools/flow'
  export default async event => {
    for (const payload of event.say) await publish('filed', payload)
  }`
const says = { publishes: ['filed'] } satisfies Partial<ContractInput>
const listens = (topic = 'filed', more: Partial<ContractInput> = {}): Partial<ContractInput> => ({
  when: [{ kind: 'event', topic }],
  ...more,
})
const payloads = (events: unknown[]) => (events as { payload: unknown }[]).map(({ payload }) => payload)

describe('when another automation announces something', () => {
  it('R1 tells each that listens to the topic, each thing once, in the order it was said, and its causes', async () => {
    await activate(world, 'says', says, SAYS)
    const one = await activate(world, 'one', listens())
    const two = await activate(world, 'two', listens())
    const deaf = await activate(world, 'deaf', listens('other'))
    const eventId = await send(world, 'says', { say: ['a', 'a', { b: 1 }] })
    for (const { workflowId } of [one, two]) {
      const events = await untilTold(world, workflowId, 3)
      expect(events).toMatchObject([{ topic: 'filed' }, { topic: 'filed' }, { topic: 'filed' }])
      expect(payloads(events)).toEqual(['a', 'a', { b: 1 }])
    }
    await settled(world)
    expect(await told(world, deaf.workflowId)).toEqual([])
    const [heard] = listRuns(world.store, { workflowId: one.workflowId, limit: 1 })
    expect(causesOf(world.engine.event(heard?.inbox_id ?? ''))).toEqual([eventId])
  })

  it('J2 is not told by a run that fails, and told once when that is retried and succeeds', async () => {
    let status = 404
    const site = await serveHttp((_request, response) => response.writeHead(status).end())
    try {
      const source = `
        import { get } from 'tools/http'
        import { publish } from 'tools/flow'
        export default async () => { await publish('filed', 1); await get('${site.url()}') }`
      await activate(world, 'says', { ...says, reads: { hosts: [site.host], paths: [] } }, source)
      const { workflowId } = await activate(world, 'hears', listens())
      const failed = await world.run('says')
      expect(failed.state).toBe('failed')
      await settled(world)
      expect(await told(world, workflowId)).toEqual([])
      await restart()
      status = 200
      await resolve(world, 'run-failed', 'retry')
      await inState(world, failed.id, 'succeeded')
      await settled(world)
      expect(payloads(await told(world, workflowId))).toEqual([1])
    } finally {
      await site.close()
    }
  })

  it('R7 waits for one that is paused, also through a restart, and does not come to one that is archived', async () => {
    await activate(world, 'says', says, SAYS)
    const { workflowId } = await activate(world, 'hears', listens())
    await world.engine.control.pause(workflowId)
    await world.run('says', { say: ['a', 'b'] })
    await restart()
    expect(await told(world, workflowId)).toEqual([])
    await world.engine.control.resume(workflowId)
    expect(payloads(await untilTold(world, workflowId, 2))).toEqual(['a', 'b'])
    await world.engine.control.archive(workflowId)
    await world.run('says', { say: ['c'] })
    await activate(world, 'hears', listens())
    await settled(world)
    expect(payloads(await told(world, workflowId))).toEqual(['a', 'b'])
  })

  it('R8 does not tell a new listener what was said before it was there', async () => {
    await activate(world, 'says', says, SAYS)
    await world.run('says', { say: ['before'] })
    const { workflowId } = await activate(world, 'hears', listens())
    await world.run('says', { say: ['after'] })
    expect(payloads(await untilTold(world, workflowId, 1))).toEqual(['after'])
  })

  it('R1 ends with one action where two automations start each other', async () => {
    const answer = (topic: string) => `
      import { publish } from 'tools/flow'
      export default async () => { await publish('${topic}', null) }`
    const ping = await activate(world, 'ping', { ...listens('pong'), publishes: ['ping'] }, answer('ping'))
    const pong = await activate(world, 'pong', { ...listens('ping'), publishes: ['pong'] }, answer('pong'))
    await send(world, 'ping')
    await until(() => openKinds(world).includes('loop'), 'the chain never stopped')
    await settled(world)
    expect(openKinds(world)).toEqual(['loop'])
    const runs = [ping, pong].map(({ workflowId }) => listRuns(world.store, { workflowId, limit: 50 }).length)
    expect(runs.reduce((a, b) => a + b)).toBe(9)
  })

  it('P1 is refused where the contract does not say that the topic is published', async () => {
    await activate(world, 'says', {}, SAYS)
    const { workflowId } = await activate(world, 'hears', listens())
    const run = await world.run('says', { say: ['a'] })
    expect(run.state).not.toBe('succeeded')
    await settled(world)
    expect(await told(world, workflowId)).toEqual([])
  })
})

describe('when a person starts it', () => {
  it('R7 runs with what was given along, also where the contract names no manual trigger', async () => {
    const { workflowId } = await activate(world, 'by-hand', { when: [] })
    await world.run('by-hand', { note: 'now' })
    expect(await told(world, workflowId)).toEqual([{ note: 'now' }])
  })

  it('R1 runs once for one key, also after a restart', async () => {
    const { workflowId } = await activate(world, 'by-hand', {})
    const request = { workflow: 'by-hand', type: 'manual', payload: 1, sourceType: 'api', sourceId: 'local' }
    const first = await world.emit({ ...request, dedupeKey: 'k' })
    await untilTold(world, workflowId, 1)
    await restart()
    const second = await world.emit({ ...request, payload: 2, dedupeKey: 'k' })
    expect(second).toMatchObject({ is: 'duplicate', row: { id: first.row.id } })
    await settled(world)
    expect(await told(world, workflowId)).toEqual([1])
  })
})

describe('once, at a time', () => {
  const at = (local: string, more: Partial<ContractInput> = {}): Partial<ContractInput> => ({
    when: [{ kind: 'once', local, zone: 'Europe/Berlin' }],
    ...more,
  })
  const ledger = (workflowId: string) =>
    schedulesOf(world.store, workflowId).flatMap(({ id }) =>
      ledgerOf(world.store, id, 10).map(({ due_at: due, fate }) => `${new Date(due).toISOString()} ${fate}`),
    )

  it('R4 runs once, at the first instant behind the gap in which its time would have been, and never again', async () => {
    const { workflowId } = await activate(world, 'once', at('2026-03-29T02:30'))
    clock.advance(11 * HOUR)
    await world.store.flushed()
    expect(ledger(workflowId)).toEqual([])
    clock.advance(2 * HOUR)
    const dueAt = Date.parse('2026-03-29T01:00Z')
    expect(await untilTold(world, workflowId, 1)).toEqual([{ dueAt, kind: 'ran', merged: 0 }])
    await restart()
    clock.advance(1_000 * HOUR)
    await settled(world)
    expect(await told(world, workflowId)).toHaveLength(1)
    expect(ledger(workflowId)).toEqual(['2026-03-29T01:00:00.000Z ran'])
  })

  it('R4 that fell due while Steward was off is caught up, or skipped, as the contract says', async () => {
    const once = await activate(world, 'once', at('2026-03-28T18:00'))
    const skip = await activate(world, 'skip', at('2026-03-28T18:00', { catchUp: 'skip' }))
    await world.stop()
    clock.advance(48 * HOUR)
    world = await createWorld({ folder: home, clock })
    expect(await untilTold(world, once.workflowId, 1)).toMatchObject([{ kind: 'caught-up' }])
    await settled(world)
    expect(await told(world, skip.workflowId)).toEqual([])
    expect(ledger(once.workflowId)).toEqual(['2026-03-28T17:00:00.000Z caught-up'])
    expect(ledger(skip.workflowId)).toEqual(['2026-03-28T17:00:00.000Z skipped'])
  })

  it('R4 that has passed already is refused, and kept by a new version of what had it before', async () => {
    const passed = at('2026-03-28T12:00')
    await expect(activate(world, 'once', passed, ECHO)).rejects.toThrow(
      'when[0]: 2026-03-28T12:00 (Europe/Berlin) has passed, so it would never come',
    )
    const { workflowId } = await activate(world, 'once', at('2026-03-28T18:00'))
    clock.advance(10 * HOUR)
    await untilTold(world, workflowId, 1)
    await activate(world, 'once', at('2026-03-28T18:00', { promise: 'Another.' }), ECHO)
    const two: ContractInput['when'] = [...(at('2026-03-28T18:00').when ?? []), ...(passed.when ?? [])]
    await expect(activate(world, 'once', { when: two }, ECHO)).rejects.toThrow('when[1]: 2026-03-28T12:00')
    clock.advance(48 * HOUR)
    await settled(world)
    expect(ledger(workflowId)).toEqual([])
    expect(await told(world, workflowId)).toHaveLength(1)
  })

  it('R7 that falls due while its automation is paused is skipped, and said so', async () => {
    const { workflowId } = await activate(world, 'once', at('2026-03-28T18:00'))
    await world.engine.control.pause(workflowId)
    clock.advance(10 * HOUR)
    await until(() => ledger(workflowId).length > 0, 'it was not accounted for')
    await world.engine.control.resume(workflowId)
    await settled(world)
    expect(ledger(workflowId)).toEqual(['2026-03-28T17:00:00.000Z skipped'])
    expect(await told(world, workflowId)).toEqual([])
  })
})
