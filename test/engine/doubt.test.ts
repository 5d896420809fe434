/** A write whose end nobody saw goes out again only where twice is once, as policy and person stand now (J4, P1, R7). */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { fail } from '../../src/domain/failure.ts'
import type { Failure } from '../../src/domain/failure.ts'
import { defineTool } from '../../src/domain/tool.ts'
import { stepsOfRun } from '../../src/main/store/journal.ts'
import { requestCancel } from '../../src/main/store/runs.ts'
import { waitsOfRun } from '../../src/main/store/waits.ts'
import { actionOf, inState, openKinds, resolve, send, settled } from '../support/engine-tests.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

const HOUR = 3_600_000
const LOST: Failure = { kind: 'network', host: 'h', message: 'The connection broke.' }
const REFUSED: Failure = { ...LOST, message: 'Nobody listened.', detail: { sent: 'no' } }
const OFFLINE: Failure = { kind: 'offline', message: 'There was no network.' }
const BUSY: Failure = { kind: 'unavailable', host: 'h', status: 503, retryAfterMs: 90_000, message: 'Busy.' }
const EXPIRED: Failure = { kind: 'auth-expired', connection: 'mail', message: 'It had expired.' }
const GONE: Failure = { kind: 'rejected', host: 'h', status: 409, message: 'It was answered with 409.' }

let world: World
let clock: ManualClock
/** What becomes of each try, in order; after them all is well. */
let ends: (Failure | Promise<Failure>)[]
let sentAt: number[]

const sender = (verb: 'keyed' | 'plain') =>
  defineTool({
    name: `test.${verb}`,
    version: 1,
    title: 'Send',
    doc: 'A write whose end is what the test says.',
    effect: 'write',
    input: z.strictObject({}),
    output: z.string(),
    touches: () => ({ hosts: ['h'], method: 'POST' }),
    risk: 'low',
    idempotency: verb === 'keyed' ? 'key' : 'none',
    keyWindowMs: () => HOUR,
    run: async () => {
      sentAt.push(clock.now())
      const end = ends.shift()
      return end === undefined ? 'sent' : fail(await end)
    },
    describe: () => 'Sent it',
  })

const start = (folder?: string) =>
  createWorld({
    clock,
    tools: [sender('keyed'), sender('plain')],
    ...(folder === undefined ? {} : { folder }),
  })
beforeEach(async () => {
  ends = []
  sentAt = []
  clock = new ManualClock()
  world = await start()
})
afterEach(async () => {
  await world.stop()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

async function installed(verb: 'keyed' | 'plain', approval: 'never' | 'always' = 'never'): Promise<string> {
  const source = `import { ${verb} } from 'tools/test'
    export default async function run() {
      try { return await ${verb}({}) } catch (error) { return error.code }
    }`
  const changes = [{ tool: `test.${verb}`, hosts: ['h'], approval }]
  return world.install(verb, source, { uses: ['tools/test'], changes })
}
async function begun(verb: 'keyed' | 'plain'): Promise<string> {
  const eventId = await send(world, verb)
  return until(() => world.engine.event(eventId).run_id, 'never claimed')
}
const waitOf = (runId: string) => waitsOfRun(world.store, runId)[0]
const waiting = (runId: string, kind: string) =>
  until(() => waitOf(runId)?.kind === kind, `never waited for ${kind}`)
const stateOf = (runId: string) => stepsOfRun(world.store, runId).map(step => step.state)
/** Lets time pass to each next try, until what is looked for is there. */
async function passing(runId: string, look: () => boolean, problem: string): Promise<void> {
  await until(() => {
    clock.advance(Math.max(0, (waitOf(runId)?.wake_at ?? 0) - clock.now()))
    return look()
  }, problem)
}
const hasEnded = (runId: string) => () => world.engine.run(runId).ended_at !== null
const deny = () =>
  world.engine.policies.import(
    JSON.stringify({ version: '1.0', rules: [{ name: 'no', action: 'send_request', approval: 'deny' }] }),
  )
async function restart(): Promise<void> {
  await world.stop()
  world = await start(world.folder)
}

describe('towards a host that honours the key', () => {
  it('R5 J4 passing faults are waited out, as long as the host asks, and nobody is asked', async () => {
    ends = [BUSY, LOST, OFFLINE, REFUSED, BUSY, LOST, LOST, LOST]
    await installed('keyed')
    const runId = await begun('keyed')
    await waiting(runId, 'retry')
    expect(stateOf(runId)).toEqual(['unknown'])
    expect(waitOf(runId)?.wake_at).toBeGreaterThanOrEqual(clock.now() + 90_000)
    await passing(runId, hasEnded(runId), 'it never ended')
    expect(world.result(await inState(world, runId, 'succeeded'))).toBe('sent')
    expect(sentAt).toHaveLength(9)
    expect((sentAt[1] ?? 0) - (sentAt[0] ?? 0)).toBeGreaterThanOrEqual(90_000)
    expect(openKinds(world)).toEqual([])
  })

  it('R5 J4 what is waited for outlives the core', async () => {
    ends = [BUSY]
    await installed('keyed')
    const runId = await begun('keyed')
    await waiting(runId, 'retry')
    await restart()
    await settled(world)
    expect(sentAt).toHaveLength(1)
    await passing(runId, hasEnded(runId), 'it never ended')
    expect(sentAt).toHaveLength(2)
    expect(openKinds(world)).toEqual([])
  })

  it('J4 a person is asked once the key is honoured no longer, and nothing is sent after that', async () => {
    ends = Array.from({ length: 200 }, () => LOST)
    await installed('keyed')
    const runId = await begun('keyed')
    const startedAt = clock.now()
    await passing(runId, () => openKinds(world).length > 0, 'nobody was asked')
    expect(openKinds(world)).toEqual(['outcome-unknown'])
    expect(clock.now() - startedAt).toBe(HOUR)
    expect(Math.max(...sentAt)).toBeLessThan(startedAt + HOUR)
    expect(sentAt.length).toBeGreaterThan(6)
  })

  it('J4 a repeat that is refused does not tell of the first try: a person is asked', async () => {
    ends = [LOST, GONE]
    await installed('keyed')
    const runId = await begun('keyed')
    await passing(runId, () => openKinds(world).length > 0, 'nobody was asked')
    expect(openKinds(world)).toEqual(['outcome-unknown'])
    expect(stateOf(runId)).toEqual(['unknown'])
  })

  it('J4 a repeat that lacks a credential waits for it, and stays unknown meanwhile', async () => {
    ends = [LOST, EXPIRED]
    await installed('keyed')
    const runId = await begun('keyed')
    await passing(runId, () => openKinds(world).length > 0, 'nobody was asked')
    expect(openKinds(world)).toEqual(['auth-expired'])
    expect(stateOf(runId)).toEqual(['unknown'])
    await resolve(world, 'auth-expired', 'reconnect')
    expect(world.result(await inState(world, runId, 'succeeded'))).toBe('sent')
  })

  it('P4 to repeat it under its key is the one time that was approved', async () => {
    ends = [LOST, LOST]
    await installed('keyed', 'always')
    const runId = await begun('keyed')
    await resolve(world, 'approval', 'approve')
    await waiting(runId, 'retry')
    await passing(runId, hasEnded(runId), 'it never ended')
    expect(sentAt).toHaveLength(3)
    const next = await world.run('keyed')
    expect([next.state, openKinds(world)]).toEqual(['waiting', ['approval']])
  })

  it('P1 it is not repeated once policy says no: then a person is asked, and the script hears of the no', async () => {
    ends = [LOST]
    await installed('keyed')
    const runId = await begun('keyed')
    await waiting(runId, 'retry')
    await deny()
    await passing(runId, () => openKinds(world).length > 0, 'nobody was asked')
    expect([openKinds(world), stateOf(runId)]).toEqual([['outcome-unknown'], ['unknown']])
    await resolve(world, 'outcome-unknown', 'it-did-not')
    expect(world.result(await inState(world, runId, 'succeeded'))).toBe('not-permitted')
    expect(sentAt).toHaveLength(1)
  })
})

describe('a write that a person says did not go out', () => {
  it('P1 J4 is judged again before it does: what policy denies by now stays here', async () => {
    ends = [LOST]
    await installed('plain')
    const runId = await begun('plain')
    await actionOf(world, 'outcome-unknown')
    await deny()
    await resolve(world, 'outcome-unknown', 'it-did-not')
    expect(world.result(await inState(world, runId, 'succeeded'))).toBe('not-permitted')
    expect(sentAt).toHaveLength(1)
  })

  it('P1 P4 is approved first where policy asks by now, and its answer is not asked for twice', async () => {
    ends = [LOST]
    await installed('plain')
    const runId = await begun('plain')
    await actionOf(world, 'outcome-unknown')
    await world.engine.policies.import(
      JSON.stringify({ version: '1.0', rules: [{ name: 'ask', action: 'send_request', approval: 'ask' }] }),
    )
    await resolve(world, 'outcome-unknown', 'it-did-not')
    await actionOf(world, 'approval')
    expect([sentAt.length, openKinds(world)]).toEqual([1, ['approval']])
    await resolve(world, 'approval', 'approve')
    expect(world.result(await inState(world, runId, 'succeeded'))).toBe('sent')
    expect(sentAt).toHaveLength(2)
  })
})

describe('a write in doubt, while its run may send nothing', () => {
  it.each(['pause', 'stop'])(
    'R7 J4 is not repeated after a %s, and settles itself when that is over',
    async how => {
      let lose = (_failure: Failure): void => undefined
      ends = [new Promise<Failure>(done => (lose = done)), LOST]
      const id = await installed('keyed')
      const runId = await begun('keyed')
      await until(() => sentAt.length === 1, 'never sent')
      if (how === 'pause') await world.engine.control.pause(id)
      else await world.engine.control.stopEverything()
      lose(LOST)
      await inState(world, runId, 'waiting')
      clock.advance(60_000)
      await world.store.flushed()
      expect([sentAt.length, stateOf(runId), openKinds(world)]).toEqual([1, ['unknown'], []])
      if (how === 'pause') await world.engine.control.resume(id)
      else await world.engine.control.resumeEverything()
      await passing(runId, hasEnded(runId), 'it never ended')
      expect(world.result(world.engine.run(runId))).toBe('sent')
    },
  )

  it('R7 J4 that a cancel ends while it waits for its next try is asked about', async () => {
    ends = [BUSY]
    await installed('keyed')
    const runId = await begun('keyed')
    await waiting(runId, 'retry')
    await world.rested(runId)
    await world.engine.control.cancelRun(runId)
    await inState(world, runId, 'cancelled')
    clock.advance(2 * HOUR)
    await settled(world)
    expect([sentAt.length, openKinds(world)]).toEqual([1, ['outcome-unknown']])
  })

  it('R7 J4 that is cancelled while its end is lost is asked about, and not sent again', async () => {
    let lose = (_failure: Failure): void => undefined
    ends = [new Promise<Failure>(done => (lose = done))]
    await installed('keyed')
    const runId = await begun('keyed')
    await until(() => sentAt.length === 1, 'never sent')
    await world.engine.control.cancelRun(runId)
    lose(LOST)
    await inState(world, runId, 'cancelled')
    expect([sentAt.length, openKinds(world)]).toEqual([1, ['outcome-unknown']])
  })

  it('R7 R2 J4 that a crash and a cancel caught after its write-ahead is asked about, and never sent', async () => {
    ends = [new Promise<Failure>(() => undefined)]
    await installed('keyed')
    const runId = await begun('keyed')
    await until(() => sentAt.length === 1, 'never sent')
    await world.store.write(
      tx => {
        requestCancel(tx, runId)
      },
      { durable: true },
    )
    await restart()
    await inState(world, runId, 'cancelled')
    expect([sentAt.length, openKinds(world)]).toEqual([1, ['outcome-unknown']])
    await resolve(world, 'outcome-unknown', 'it-did-not')
    await settled(world)
    expect([sentAt.length, openKinds(world)]).toEqual([1, []])
  })
})
