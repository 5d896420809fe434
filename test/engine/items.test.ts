import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { bodyOfAction, listActions, openActionsOfRun } from '../../src/main/store/actions.ts'
import { itemsInState, itemsOfRun } from '../../src/main/store/items.ts'
import { stateValue } from '../../src/main/store/local-state.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { actionOf, openKinds, resolve } from '../support/engine-tests.ts'
import { contractFor, createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let site: LoopbackServer
let world: World
let status: (path: string) => number

beforeEach(async () => {
  status = () => 200
  site = await serveHttp((request, response) => {
    response.writeHead(status(request.path), { 'content-type': 'application/json' })
    response.end('{}')
  })
  world = await createWorld()
})
afterEach(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const contract = (approval: 'never' | 'always' = 'never', more: object = {}) => ({
  reads: { hosts: [site.host], paths: [] },
  changes: [{ tool: 'http.post', hosts: [site.host], approval, ...more }],
  items: { mail: 'the id of the mail' },
})
const script = (body: string) => `
  import { get, post } from 'tools/http'
  import { each, ask, waitFor } from 'tools/flow'
  import { set } from 'tools/state'
  export default async function run(event) {
    const items = await each('mail', event.mails, mail => mail, async mail => { ${body} })
    return { done: items.done.map(i => i.key), aside: items.aside.map(i => i.key + ':' + i.error.code), waiting: items.waiting.map(i => i.key), declined: items.declined.map(i => i.key) }
  }`
const send = (suffix = '') => `return (await post('${site.url('/send/')}' + mail + '${suffix}', {})).status`
const paths = () => site.seen.map(request => request.path)
const ends = (done: string[], more: object = {}): Json => ({
  done,
  aside: [],
  waiting: [],
  declined: [],
  ...more,
})

describe('items', () => {
  it('J7 a completed key never runs again, in this run or any other', async () => {
    await world.install('mails', script(send()), contract())
    const first = await world.run('mails', { mails: ['a', 'b'] })
    expect(world.failure(first)).toBeNull()
    expect(world.result(first)).toEqual(ends(['a', 'b']))
    const second = await world.run('mails', { mails: ['a', 'b', 'c'] })
    expect(world.result(second)).toEqual(ends(['a', 'b', 'c']))
    expect(paths()).toEqual(['/send/a', '/send/b', '/send/c'])
  })

  it('J7 a poison item is set aside while the others proceed, and can be tried again from its failed step', async () => {
    let poisoned = true
    status = path => (path === '/send/b2' && poisoned ? 422 : 200)
    await world.install(
      'mails',
      script(
        `await post('${site.url('/send/')}' + mail + '1', {}); await post('${site.url('/send/')}' + mail + '2', {})`,
      ),
      contract(),
    )
    const run = await world.run('mails', { mails: ['a', 'b', 'c'] })
    expect(world.result(run)).toEqual(ends(['a', 'c'], { aside: ['b:rejected'] }))
    expect(run.state).toBe('succeeded')
    const [action] = listActions(world.store, 'open', 10)
    expect(action?.kind).toBe('items-aside')
    poisoned = false
    await world.engine.resolve({ actionId: action?.id ?? '', choice: 'retry', payload: null })
    await until(
      () => itemsInState(world.store, run.workflow_id, 'done').length === 3,
      'the item was never done',
    )
    expect(paths().filter(path => path.startsWith('/send/b'))).toEqual(['/send/b1', '/send/b2', '/send/b2'])
    const next = await world.run('mails', { mails: ['b'] })
    expect(world.result(next)).toEqual(ends(['b']))
    expect(paths()).toHaveLength(7)
  })

  it('J7 an item whose script looked again after the failure is tried again from the failure on', async () => {
    let poisoned = true
    status = path => (path === '/send/b' && poisoned ? 422 : 200)
    const body = `
      await post('${site.url('/first/')}' + mail, {})
      try { return (await post('${site.url('/send/')}' + mail, {})).status }
      catch (error) { await get('${site.url('/look/')}' + mail); await get('${site.url('/look/')}' + mail); throw error }`
    await world.install('mails', script(body), contract())
    const run = await world.run('mails', { mails: ['a', 'b'] })
    expect(world.result(run)).toEqual(ends(['a'], { aside: ['b:rejected'] }))
    const retry = () => resolve(world, 'items-aside', 'retry')
    await retry()
    await until(() => openKinds(world).includes('items-aside'), 'it was never set aside again')
    poisoned = false
    await retry()
    await until(
      () => itemsInState(world.store, run.workflow_id, 'done').length === 2,
      'the item was never done',
    )
    const looks = ['/look/b', '/look/b']
    expect(paths().filter(path => path.endsWith('/b'))).toEqual([
      ...['/first/b', '/send/b', ...looks],
      ...['/send/b', ...looks],
      '/send/b',
    ])
  })

  it('J5 J7 an item whose script changed something after the failure is set aside again, and says why', async () => {
    status = path => (path === '/send/b' ? 422 : 200)
    const body = `
      try { return (await post('${site.url('/send/')}' + mail, {})).status }
      catch (error) { await post('${site.url('/alarm/')}' + mail, {}); throw error }`
    await world.install('mails', script(body), contract())
    const run = await world.run('mails', { mails: ['b'] })
    status = () => 200
    await resolve(world, 'items-aside', 'retry')
    const action = await actionOf(world, 'items-aside')
    expect(bodyOfAction(world.store, action).cause).toContain('The script did not repeat')
    expect(itemsInState(world.store, run.workflow_id, 'aside')).toHaveLength(1)
    expect(paths()).toEqual(['/send/b', '/alarm/b'])
  })

  it('J7 a half-done item is found by the next run and continued, not begun anew', async () => {
    let broken = true
    status = path => (path === '/second/a' && broken ? 500 : 200)
    await world.install(
      'mails',
      script(
        `await post('${site.url('/first/')}' + mail, {}); await post('${site.url('/second/')}' + mail, {})`,
      ),
      contract(),
    )
    const accepted = await world.emit({
      workflow: 'mails',
      type: 'manual',
      payload: { mails: ['a'] },
      sourceType: 't',
      sourceId: 't',
    })
    const runId = await until(() => world.engine.event(accepted.row.id).run_id, 'never claimed')
    await until(() => openActionsOfRun(world.store, runId).length === 1, 'never asked')
    await world.rested(runId)
    const [question] = openActionsOfRun(world.store, runId)
    expect(question?.kind).toBe('outcome-unknown')
    expect(itemsOfRun(world.store, runId).map(item => item.state)).toEqual(['waiting'])
    broken = false
    await world.engine.resolve({ actionId: question?.id ?? '', choice: 'it-did-not', payload: null })
    await until(
      () => itemsInState(world.store, world.engine.run(runId).workflow_id, 'done').length === 1,
      'never done',
    )
    expect(paths()).toEqual(['/first/a', '/second/a', '/second/a'])
    const next = await world.run('mails', { mails: ['a', 'b'] })
    expect(world.result(next)).toEqual(ends(['a', 'b']))
    expect(paths().filter(path => path.endsWith('/a'))).toHaveLength(3)
  })

  it('J7 an item half done by a cancelled run is attached to by the next run', async () => {
    await world.install(
      'mails',
      script(
        `await post('${site.url('/first/')}' + mail, {}); await waitFor({ name: 'go-' + mail }); await post('${site.url('/second/')}' + mail, {})`,
      ),
      contract(),
    )
    const first = await world.run('mails', { mails: ['a'] })
    expect(itemsOfRun(world.store, first.id).map(item => item.state)).toEqual(['waiting'])
    expect(first.state).toBe('succeeded')
    expect(world.result(first)).toEqual(ends([], { waiting: ['a'] }))
    await world.engine.signal(first.id, 'go-a', null)
    await until(() => itemsInState(world.store, first.workflow_id, 'done').length === 1, 'never done')
    expect(paths()).toEqual(['/first/a', '/second/a'])
  })

  it('J6 an item that waits for an approval lets the others go on and is continued when it is given', async () => {
    await world.install('mails', script(send()), contract('always'))
    const run = await world.run('mails', { mails: ['a', 'b', 'c'] })
    expect(world.result(run)).toEqual(ends([], { waiting: ['a', 'b', 'c'] }))
    expect(run.waiting_items).toBe(3)
    const approvals = openActionsOfRun(world.store, run.id)
    expect(approvals).toHaveLength(3)
    await world.engine.resolve({ actionId: approvals[1]?.id ?? '', choice: 'approve', payload: null })
    await world.engine.resolve({ actionId: approvals[2]?.id ?? '', choice: 'deny', payload: null })
    await until(() => itemsInState(world.store, run.workflow_id, 'done').length === 1, 'never done')
    await until(() => itemsInState(world.store, run.workflow_id, 'declined').length === 1, 'never declined')
    expect(paths()).toHaveLength(1)
    const next = await world.run('mails', { mails: ['a', 'b', 'c'] })
    expect(world.result(next)).toMatchObject({ waiting: ['a'] })
    expect(paths()).toHaveLength(1)
  })

  it('J2 local state of an item is visible when the item is done, whatever becomes of its run', async () => {
    await world.install(
      'mails',
      script(`await set('seen-' + mail, true); if (mail === 'b') throw new Error('bad'); return 1`).replace(
        'return { done',
        "throw new Error('the run'); return { done",
      ),
      contract(),
    )
    const run = await world.run('mails', { mails: ['a', 'b'] })
    expect(run.state).toBe('failed')
    expect(stateValue(world.store, run.workflow_id, 'seen-a')).toBe(true)
    expect(stateValue(world.store, run.workflow_id, 'seen-b')).toBeUndefined()
  })

  it('J7 empty, duplicate and positional keys are refused', async () => {
    await world.install('mails', script(send()), contract())
    for (const mails of [['a', 'a'], [''], ['0', '1', '2']]) {
      const run = await world.run('mails', { mails })
      expect(run.state).toBe('failed')
      expect(world.failure(run)?.kind).toBe('invalid-input')
    }
    expect(paths()).toEqual([])
  })

  it('J7 a new script that renames an each is not installed without a mapping, and with one its keys stay done', async () => {
    await world.install('mails', script(send()), contract())
    await world.run('mails', { mails: ['a'] })
    const renamed = script(send()).replace("each('mail'", "each('letter'")
    const wider = { ...contract(), items: { letter: 'the id of the letter' } }
    await expect(world.install('mails', renamed, wider)).rejects.toThrow('no longer goes through “mail”')
    await world.engine.install({
      name: 'mails',
      source: renamed,
      contract: {
        schema: 1,
        title: 'T',
        promise: 'P.',
        zone: 'UTC',
        when: [],
        uses: ['tools/http', 'tools/flow', 'tools/state'],
        ...wider,
      },
      mapItems: { mail: 'letter' },
    })
    const run = await world.run('mails', { mails: ['a', 'b'] })
    expect(world.result(run)).toEqual(ends(['a', 'b']))
    expect(paths()).toEqual(['/send/a', '/send/b'])
  })

  it('J7 an each that takes another key for the same name is not installed without a mapping', async () => {
    await world.install('mails', script(send()), contract())
    await world.run('mails', { mails: ['a'] })
    const rekeyed = script(send()).replace('mail => mail,', "mail => mail + '!',")
    await expect(world.install('mails', rekeyed, contract())).rejects.toThrow('takes another key for “mail”')
  })

  it('J7 an each within another is held to its name and key as well', async () => {
    const nested = (name: string, key = 'part => part') => `
      import { post } from 'tools/http'
      import { each } from 'tools/flow'
      export default () => each('mail', ['a'], mail => mail, () =>
        each('${name}', ['x', 'y'], ${key}, part => post('${site.url('/send/')}' + part, {})))`
    const granted = { ...contract(), items: { mail: 'its id', part: 'its name', piece: 'its name' } }
    await world.install('mails', nested('part'), granted)
    await world.run('mails')
    expect(paths()).toEqual(['/send/x', '/send/y'])
    await expect(world.install('mails', nested('piece'), granted)).rejects.toThrow(
      'no longer goes through “mail/part”',
    )
    await expect(world.install('mails', nested('part', "part => part + '!'"), granted)).rejects.toThrow(
      'takes another key for “mail/part”',
    )
    const strayed = world.engine.install({
      name: 'mails',
      source: nested('piece'),
      contract: contractFor(granted) as unknown as Json,
      mapItems: { 'mail/part': 'mail/bit' },
    })
    await expect(strayed).rejects.toThrow('does not go through “mail/bit” in place of “mail/part”')
  })

  it('J7 an each the contract does not name is refused before anything is run', async () => {
    await expect(world.install('mails', script(send()), { ...contract(), items: {} })).rejects.toThrow(
      'does not name among its items',
    )
  })

  it('J3 items side by side and calls side by side are each journaled with the item that made them', async () => {
    const source = script(
      `const [x] = await Promise.all([get('${site.url('/r/')}' + mail), get('${site.url('/s/')}' + mail)]); await post('${site.url('/send/')}' + mail, {}); return x.status`,
    ).replace('})\n    return', '}, { concurrency: 4 })\n    return')
    await world.install('mails', source, contract())
    const mails = Array.from({ length: 12 }, (_none, place) => `m${String(place)}x`)
    const run = await world.run('mails', { mails })
    expect(world.result(run)).toEqual(ends(mails))
    for (const item of itemsOfRun(world.store, run.id)) expect(item.state).toBe('done')
    expect(paths().filter(path => path.startsWith('/send/'))).toHaveLength(12)
    expect(new Set(paths()).size).toBe(36)
  })
})
