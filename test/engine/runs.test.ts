import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { listActions, openActionsOfRun } from '../../src/main/store/actions.ts'
import { chatEventsOf } from '../../src/main/store/chats.ts'
import { stateList, stateValue } from '../../src/main/store/local-state.ts'
import { stepsOfRun } from '../../src/main/store/journal.ts'
import { workflowById } from '../../src/main/store/workflows.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let site: LoopbackServer
let world: World
let answer: (path: string) => {
  status: number
  body?: Json
  hold?: boolean
  headers?: Record<string, string>
}

beforeEach(async () => {
  answer = path => ({ status: 200, body: { path } })
  site = await serveHttp((request, response) => {
    const { status, body, hold, headers } = answer(request.path)
    if (hold === true) return
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body ?? {}))
  })
  world = await createWorld()
})
afterEach(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const read = () => ({ reads: { hosts: [site.host], paths: [] } })
const post = (approval: 'never' | 'always' | 'first-time' = 'never', more: object = {}) => ({
  reads: { hosts: [site.host], paths: [] },
  changes: [{ tool: 'http.post', hosts: [site.host], approval, ...more }],
})
const posts = () => site.seen.filter(request => request.method === 'POST')

describe('a run', () => {
  it('J1 J2 reads, writes and remembers, and its result is on record', async () => {
    await world.install(
      'first',
      `import { get, post } from 'tools/http'
       import { set, get as recall } from 'tools/state'
       import { send } from 'tools/notify'
       export default async function run(event) {
         const page = await get('${site.url('/a')}')
         const sent = await post('${site.url('/b')}', { from: page.body.path, name: event.name })
         await set('last', sent.status)
         await send('Sent', 'one thing')
         return { summary: 'sent', last: await recall('last') }
       }`,
      post(),
    )
    const run = await world.run('first', { name: 'x' })
    expect(world.failure(run)).toBeNull()
    expect(run.state).toBe('succeeded')
    expect(world.result(run)).toEqual({ summary: 'sent', last: 200 })
    expect(site.seen.map(request => request.method)).toEqual(['GET', 'POST'])
    expect(JSON.parse(posts()[0]?.body ?? '')).toEqual({ from: '/a', name: 'x' })
    expect(stateValue(world.store, run.workflow_id, 'last')).toBe(200)
    const chat = workflowById(world.store, run.workflow_id)?.chat_id ?? ''
    expect(chatEventsOf(world.store, chat, 10).map(event => event.kind)).toEqual(['notice'])
  })

  it('J2 a cursor set before a failure leaves no trace', async () => {
    await world.install(
      'cursor',
      `import { set } from 'tools/state'
       import { send } from 'tools/notify'
       export default async function run() { await set('cursor', 7); await send('Told'); throw new Error('later') }`,
    )
    const run = await world.run('cursor')
    expect(run.state).toBe('failed')
    expect(world.failure(run)?.kind).toBe('script-error')
    expect(stateValue(world.store, run.workflow_id, 'cursor')).toBeUndefined()
    const chat = workflowById(world.store, run.workflow_id)?.chat_id ?? ''
    expect(chatEventsOf(world.store, chat, 10)).toEqual([])
    expect(openActionsOfRun(world.store, run.id).map(action => action.kind)).toEqual(['run-failed'])
  })

  it('P1 a call outside the contract is refused, logged and catchable', async () => {
    await world.install(
      'outside',
      `import { get } from 'tools/http'
       export default async function run() { try { await get('http://elsewhere.example/') } catch (error) { return error.code } }`,
      read(),
    )
    const run = await world.run('outside')
    expect(world.result(run)).toBe('not-permitted')
    expect(world.engine.store.audit.verify().ok).toBe(true)
  })

  it('P2 quotas count writes of the run, and the next one is refused', async () => {
    await world.install(
      'quota',
      `import { post } from 'tools/http'
       export default async function run() {
         const codes = []
         for (let i = 0; i < 4; i++) { try { await post('${site.url('/p')}', { i }); codes.push('sent') } catch (error) { codes.push(error.code) } }
         return codes
       }`,
      { ...post(), budget: { actionsPerRun: 2, actionsPerHour: 10, actionsPerDay: 10 } },
    )
    const run = await world.run('quota')
    expect(world.result(run)).toEqual(['sent', 'sent', 'not-permitted', 'not-permitted'])
    expect(posts()).toHaveLength(2)
  })

  it('J4 a write whose answer was lost is asked about, never repeated, and its catch never sees it', async () => {
    answer = () => ({ status: 500 })
    await world.install(
      'lost',
      `import { post } from 'tools/http'
       export default async function run() {
         try { await post('${site.url('/mail')}', { n: 1 }) } catch { await post('${site.url('/mail')}', { n: 2 }) }
         return 'done'
       }`,
      post(),
    )
    const run = await world.run('lost')
    expect(run.state).toBe('waiting')
    expect(posts()).toHaveLength(1)
    const [question] = openActionsOfRun(world.store, run.id)
    expect(question?.kind).toBe('outcome-unknown')
    await world.engine.resolve({ actionId: question?.id ?? '', choice: 'it-went-out', payload: null })
    const ended = await until(
      () => (world.engine.run(run.id).state === 'succeeded' ? world.engine.run(run.id) : null),
      'never ended',
    )
    expect(world.result(ended)).toBe('done')
    expect(posts()).toHaveLength(1)
  })

  it('J4 told that it did not go out, it is sent once more under the same key', async () => {
    let broken = true
    answer = () => ({ status: broken ? 500 : 200 })
    await world.install(
      'again',
      `import { post } from 'tools/http'
       export default async function run() { return (await post('${site.url('/mail')}', { n: 1 })).status }`,
      post(),
    )
    const run = await world.run('again')
    const [question] = openActionsOfRun(world.store, run.id)
    broken = false
    await world.engine.resolve({ actionId: question?.id ?? '', choice: 'it-did-not', payload: null })
    const ended = await until(
      () => (world.engine.run(run.id).ended_at !== null ? world.engine.run(run.id) : null),
      'never ended',
    )
    expect(world.result(ended)).toBe(200)
    const keys = posts().map(request => request.headers['idempotency-key'])
    expect(keys).toHaveLength(2)
    expect(new Set(keys).size).toBe(1)
  })

  it('J4 towards a host that honours the key, an unknown write settles itself', async () => {
    let broken = 1
    answer = () => ({ status: broken-- > 0 ? 500 : 200 })
    await world.install(
      'keyed',
      `import { post } from 'tools/http'
       export default async function run() { return (await post('${site.url('/mail')}', { n: 1 })).status }`,
      post('never', { honoursKeyForMs: 3_600_000 }),
    )
    const run = await world.run('keyed')
    expect(world.result(run)).toBe(200)
    expect(new Set(posts().map(request => request.headers['idempotency-key'])).size).toBe(1)
  })

  it('J9 a transient failure of a read is retried below the script', async () => {
    let failures = 2
    answer = () => ({ status: failures-- > 0 ? 503 : 200 })
    await world.install(
      'flaky',
      `import { get } from 'tools/http'
       export default async function run() { try { return (await get('${site.url('/x')}')).status } catch (error) { return error.code } }`,
      read(),
    )
    const run = await world.run('flaky')
    const ended = await until(
      () => (world.engine.run(run.id).ended_at !== null ? world.engine.run(run.id) : null),
      'never ended',
      25_000,
    )
    expect(world.result(ended)).toBe(200)
    expect(site.seen).toHaveLength(3)
  })

  it('P4 an approval is asked before, bound to the payload, and allows exactly this once', async () => {
    await world.install(
      'careful',
      `import { post } from 'tools/http'
       export default async function run(event) { return (await post('${site.url('/pay')}', event)).status }`,
      post('always'),
    )
    const run = await world.run('careful', { amount: 5 })
    expect(run.state).toBe('waiting')
    expect(posts()).toHaveLength(0)
    const [question] = openActionsOfRun(world.store, run.id)
    await world.engine.resolve({ actionId: question?.id ?? '', choice: 'approve', payload: null })
    const ended = await until(
      () => (world.engine.run(run.id).ended_at !== null ? world.engine.run(run.id) : null),
      'never ended',
    )
    expect(world.result(ended)).toBe(200)
    expect(posts()).toHaveLength(1)
    const second = await world.run('careful', { amount: 5 })
    expect(second.state).toBe('waiting')
  })

  it('P4 a rejection ends the run as declined: no failure, no further question', async () => {
    await world.install(
      'denied',
      `import { post } from 'tools/http'
       export default async function run() { try { await post('${site.url('/pay')}', {}) } catch { await post('${site.url('/other')}', {}) } }`,
      post('always'),
    )
    const run = await world.run('denied')
    const [question] = openActionsOfRun(world.store, run.id)
    await world.engine.resolve({ actionId: question?.id ?? '', choice: 'deny', payload: null })
    const ended = await until(
      () => (world.engine.run(run.id).ended_at !== null ? world.engine.run(run.id) : null),
      'never ended',
    )
    expect(ended.state).toBe('declined')
    expect(posts()).toHaveLength(0)
    expect(listActions(world.store, 'open', 10)).toEqual([])
  })

  it('O1 a run is succeeded only when what counts as done is there', async () => {
    const source = `export default async function run(event) { return event }
      export function verify({ result }) { return { ok: result.good === true, evidence: 'good was ' + result.good } }`
    await world.install('checked', source, {
      done: [{ kind: 'script-verifies' }, { kind: 'result-has', field: 'good' }],
    })
    expect((await world.run('checked', { good: true })).state).toBe('succeeded')
    const missing = await world.run('checked', { good: false })
    expect(missing.state).toBe('failed')
    expect(world.failure(missing)).toMatchObject({ kind: 'outcome-missing' })
    expect(world.failure(missing)?.message).toContain('good was false')
  })

  it('O1 J2 what verify looks at is what will be there when the run succeeds', async () => {
    const source = `import { create, get as note } from 'tools/notes'
      import { get, list, set } from 'tools/state'
      export default async function run({ keep }) {
        const { id } = await create('Report', 'text')
        await set('last', id)
        return { id: keep ? id : 'another' }
      }
      export async function verify({ result }) {
        const found = await note(result.id)
        const [entry] = await list('la')
        return { ok: found?.text === 'text' && (await get('last')) === result.id && entry.value === result.id }
      }`
    const uses = ['tools/notes', 'tools/state']
    await world.install('looking', source, { uses, done: [{ kind: 'script-verifies' }] })
    const missing = await world.run('looking', { keep: false })
    expect(world.failure(missing)).toMatchObject({ kind: 'outcome-missing' })
    expect(stateList(world.store, missing.workflow_id, '')).toEqual([])
    expect((await world.run('looking', { keep: true })).state).toBe('succeeded')
    expect(stateList(world.store, missing.workflow_id, '')).toHaveLength(1)
  })

  it('R7 a failed run is retried from the failed step; what was done is not done again', async () => {
    let broken = true
    answer = path => ({ status: path === '/second' && broken ? 422 : 200 })
    await world.install(
      'retry',
      `import { post } from 'tools/http'
       export default async function run() {
         await post('${site.url('/first')}', {})
         return (await post('${site.url('/second')}', {})).status
       }`,
      post(),
    )
    const run = await world.run('retry')
    expect(run.state).toBe('failed')
    expect(world.failure(run)?.kind).toBe('rejected')
    broken = false
    await world.engine.control.retryRun(run.id)
    const ended = await until(
      () => (world.engine.run(run.id).state === 'succeeded' ? world.engine.run(run.id) : null),
      'never succeeded',
    )
    expect(world.result(ended)).toBe(200)
    expect(posts().map(request => request.path)).toEqual(['/first', '/second', '/second'])
    expect(listActions(world.store, 'open', 10)).toEqual([])
  })

  it('R1 a duplicate delivery changes nothing', async () => {
    await world.install('once', 'export default async function run() { return 1 }')
    const event = {
      workflow: 'once',
      type: 'manual',
      payload: {},
      dedupeKey: 'same',
      sourceType: 'test',
      sourceId: 'test',
    }
    const [first, second] = await Promise.all([world.emit(event), world.emit(event)])
    expect([first.is, second.is].sort()).toEqual(['accepted', 'duplicate'])
    expect(first.row.id).toBe(second.row.id)
  })

  it('R3 events of one automation run one after the other, in order', async () => {
    await world.install(
      'serial',
      `import { get } from 'tools/http'
       export default async function run(event) { await get('${site.url('/')}' + event.n + 'a'); await get('${site.url('/')}' + event.n + 'b') }`,
      read(),
    )
    const runs = await Promise.all([1, 2, 3].map(n => world.run('serial', { n })))
    expect(runs.every(run => run.state === 'succeeded')).toBe(true)
    expect(site.seen.map(request => request.path)).toEqual(['/1a', '/1b', '/2a', '/2b', '/3a', '/3b'])
  })

  it('R7 pausing holds new events and the next step; resuming goes on; nothing fails', async () => {
    await world.install(
      'pausable',
      `import { get } from 'tools/http'
       export default async function run() { await get('${site.url('/one')}'); await get('${site.url('/two')}'); return 'end' }`,
      read(),
    )
    const workflow = world.engine.workflow('pausable')
    await world.engine.control.pause(workflow.id)
    const accepted = await world.emit({
      workflow: 'pausable',
      type: 'manual',
      payload: {},
      sourceType: 'test',
      sourceId: 'test',
    })
    expect(world.engine.event(accepted.row.id).run_id).toBeNull()
    await world.engine.control.resume(workflow.id)
    const runId = await until(() => world.engine.event(accepted.row.id).run_id, 'never claimed')
    const run = await world.rested(runId)
    expect(run.state).toBe('succeeded')
  })

  it('R7 cancelling during a write waits for it and records its outcome', async () => {
    let finish: () => void = () => undefined
    const slow = await serveHttp((_request, response) => {
      finish = () => {
        response.end('{}')
      }
    })
    await world.install(
      'cancelled',
      `import { post } from 'tools/http'
       export default async function run() { await post('${slow.url('/write')}', {}); await post('${slow.url('/never')}', {}) }`,
      { changes: [{ tool: 'http.post', hosts: [slow.host], approval: 'never' }] },
    )
    const accepted = await world.emit({
      workflow: 'cancelled',
      type: 'manual',
      payload: {},
      sourceType: 'test',
      sourceId: 'test',
    })
    await until(() => slow.seen.length === 1, 'the write never left')
    const runId = world.engine.event(accepted.row.id).run_id ?? ''
    await world.engine.control.cancelRun(runId)
    expect(world.engine.run(runId).state).toBe('running')
    finish()
    const run = await world.rested(runId)
    expect(run.state).toBe('cancelled')
    const steps = stepsOfRun(world.store, runId)
    expect(steps.map(step => step.state)).toEqual(['done'])
    expect(slow.seen.map(request => request.path)).toEqual(['/write'])
    await slow.close()
  })
})
