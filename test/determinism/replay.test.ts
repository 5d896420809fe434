import fs from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { openActionsOfRun } from '../../src/main/store/actions.ts'
import type { RunRow } from '../../src/main/store/runs.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'
import { Listener } from './listener.ts'
import { expectSame, recordingOf } from './recorded.ts'
import { perform, replay } from './replay.ts'

let site: LoopbackServer
let world: World
const listener = new Listener()

/** `/read/MS/…` answers after so many ms; `/refuse/…` refuses. */
beforeAll(async () => {
  site = await serveHttp((request, response) => {
    const [, kind, ms] = request.path.split('/')
    setTimeout(
      () => {
        response.writeHead(kind === 'refuse' ? 422 : 200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ path: request.path, length: request.path.length }))
      },
      Number.isNaN(Number(ms)) ? 0 : Number(ms),
    )
  })
  world = await createWorld({ wrapPool: listener.listen })
})
afterAll(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const HEAD = (): string => `
  import { get, post } from 'tools/http'
  import { each, now, uuid, random, sleep, waitFor, ask } from 'tools/flow'
  import { get as recall, set, list } from 'tools/state'
  import { hash } from 'tools/text'
  const S = '${site.url('')}'
  export default async function run(event) {`

async function recorded(name: string, body: string, payload: Json = {}): Promise<RunRow> {
  await world.install(name, `${HEAD()}${body}\n}`, {
    reads: { hosts: [site.host] },
    changes: [{ tool: 'http.post', hosts: [site.host], approval: 'never', honoursKeyForMs: 3_600_000 }],
    items: { entry: 'the entry', part: 'the part' },
  })
  return world.run(name, payload)
}

async function ended(run: RunRow): Promise<RunRow> {
  await until(() => world.engine.run(run.id).ended_at !== null, 'it never ended')
  return world.rested(run.id)
}

describe('a recorded run asks again for the same, to the letter', () => {
  it('J3 in sequence, with what it read flowing into what it writes', async () => {
    const run = await recorded(
      'sequence',
      `const a = await get(S + '/read/1/a')
       await post(S + '/write/' + a.body.length, { from: a.body.path, name: event.name })
       await set('last', a.body.path)
       return { last: await recall('last'), all: await list('') }`,
      { name: 'x' },
    )
    await expectSame(world, listener, run)
  })

  it('J3 at once, with completions in another order than they were asked for', async () => {
    const run = await recorded(
      'at-once',
      `const order = []
       const note = (name, call) => call.then(value => { order.push(name); return value })
       await Promise.all([
         note('slow', get(S + '/read/30/a')),
         note('quick', get(S + '/read/1/b')),
         note('middle', get(S + '/read/12/c').then(c => post(S + '/write/0/' + order.join('-'), { c: c.body.path }))),
         note('local', set('k', 1)),
       ])
       const first = await Promise.race([get(S + '/read/9/d'), get(S + '/read/2/e')])
       return { order, first: first.body.path }`,
    )
    const { order } = world.result(run) as { order: string[] }
    expect(order.indexOf('quick')).toBeLessThan(order.indexOf('slow'))
    await expectSame(world, listener, run)
  })

  it('J3 the same call several times over is told apart by its occurrence', async () => {
    const run = await recorded(
      'same',
      `const bodies = await Promise.all([1, 2, 3, 4].map(() => get(S + '/read/3/same')))
       for (let i = 0; i < 3; i++) await post(S + '/write/0/same', {})
       return bodies.length`,
    )
    await expectSame(world, listener, run)
  })

  it('J3 what was thrown in is thrown in again', async () => {
    const run = await recorded(
      'thrown',
      `const codes = []
       for (const path of ['/refuse/0/a', '/read/0/b', '/refuse/2/c']) {
         try { await get(S + path); codes.push('ok') } catch (error) { codes.push(error.code + ':' + error.message.length) }
       }
       await post(S + '/write/0/' + codes[0], { codes })
       await get(S + '/refuse/0/last')`,
    )
    expect(run.state).toBe('failed')
    await expectSame(world, listener, run)
  })

  it('J3 J7 items one by one and side by side, with one that is set aside', async () => {
    const run = await recorded(
      'items',
      `const one = await each('entry', event.entries, key => key, async key => {
         const page = await get(S + '/read/' + (key.length % 5) + '/' + key)
         await set('seen:' + key, page.body.length)
         return (await post(S + '/write/0/' + key, {})).status
       })
       const many = await each('part', event.entries, key => key + '!', async key => {
         await get(S + (key === 'bb' ? '/refuse' : '/read') + '/' + (9 - key.length) + '/' + key)
         return key
       }, { concurrency: 3 })
       return { one, many }`,
      { entries: ['a', 'bb', 'ccc', 'dddd', 'eeeee'] },
    )
    expect(world.result(run)).toMatchObject({ many: { aside: [{ key: 'bb!' }] } })
    await expectSame(world, listener, run)
  })

  it('S3 time, chance and ids are functions of the journal', async () => {
    const run = await recorded(
      'chance',
      `const seen = [Date.now(), new Date().toISOString(), Math.random(), crypto.randomUUID()]
       seen.push((await now()).ms, await uuid(), await random())
       await get(S + '/read/4/a')
       seen.push(Date.now(), Math.random(), crypto.randomUUID(), (await hash(String(seen[2]))))
       await post(S + '/write/0/chance', { seen })
       return [...seen, Object.keys({ b: 1, a: 2 }), [3, 1, 2].sort(), (1234.5).toLocaleString()]`,
    )
    await expectSame(world, listener, run)
  })

  it('J3 J6 over several instances: asleep, waiting for a signal, and for an answer', async () => {
    const run = await recorded(
      'waits',
      `await get(S + '/read/1/before')
       await sleep({ ms: 20 })
       const { payload } = await waitFor({ name: 'go' })
       const { answer } = await ask({ question: 'Which?', choices: ['red', 'blue'] })
       await post(S + '/write/0/' + payload + answer, {})
       return [payload, answer]`,
    )
    await world.engine.signal(run.id, 'go', 'now')
    const question = await until(() => openActionsOfRun(world.store, run.id)[0], 'it never asked')
    await world.engine.resolve({ actionId: question.id, choice: 'blue', payload: null })
    const row = await ended(run)
    expect(listener.runs.get(run.id)?.launches).toBeGreaterThan(1)
    await expectSame(world, listener, row)
  })

  it('J3 from every prefix of its journal a run asks for exactly the rest', async () => {
    const run = await recorded(
      'prefixes',
      `const [a, b] = await Promise.all([get(S + '/read/6/a'), get(S + '/read/1/b').then(() => post(S + '/write/3/b', {}))])
       const rows = await each('entry', ['p-x', 'p-y', 'p-z'], key => key, async key => {
         const [page] = await Promise.all([get(S + '/read/2/' + key), set('k' + key, 1)])
         return post(S + '/write/0/' + key, { from: page.body.path }).then(sent => sent.status)
       }, { concurrency: 2 })
       await post(S + '/write/0/end', { a: a.body.path, rows })
       return rows`,
    )
    const recording = recordingOf(world, listener, run.id)
    const all = listener.askedBy(run.id)
    const turns = recording.journal.filter(step => step.turn !== null).length
    const whole = await perform(world.pool, recording.run, recording.journal)
    for (let known = 0; known <= turns; known++) {
      const rest = await perform(world.pool, recording.run, recording.journal, known)
      expect(rest.end).toEqual(whole.end)
      const recordedKeys = new Set(rest.asked.map(call => call.callId))
      expect(rest.asked).toEqual(all.filter(call => recordedKeys.has(call.callId)))
      expect(rest.asked).toHaveLength(all.length - known)
    }
  })

  it('J5 a journal with one call more, or another argument, stops instead of being replayed', async () => {
    const run = await recorded('diverges', `await post(S + '/write/0/one', { n: 1 }); return 'end'`)
    const recording = recordingOf(world, listener, run.id)
    const source = recording.run.source.replace('{ n: 1 }', '{ n: 2 }')
    const again = await replay(world.pool, { ...recording.run, source, recorded: recording.journal })
    expect(again.asked).toEqual([])
    expect(again.end).toMatchObject({ is: 'failed', failure: { kind: 'divergence' } })
  })
})
