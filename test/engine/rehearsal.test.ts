import fs from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contractSchema } from '../../src/domain/contract.ts'
import type { ContractInput } from '../../src/domain/contract.ts'
import type { Json } from '../../src/domain/json.ts'
import type { Rehearsal, RehearsalEnd } from '../../src/main/engine/rehearse.ts'
import { chatEventsOf } from '../../src/main/store/chats.ts'
import { stateValue } from '../../src/main/store/local-state.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { losable } from '../support/losable-pool.ts'
import type { Losable } from '../support/losable-pool.ts'
import { contractFor, createWorld, tempFolder, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let world: World
let sandbox: Losable
let site: HeldSite
let root: string

beforeEach(async () => {
  root = tempFolder()
  site = await serveHeld()
  sandbox = losable()
  world = await createWorld({ wrapPool: pool => sandbox.wrap(pool) })
})
afterEach(async () => {
  await world.stop()
  await site.close()
  for (const folder of [world.folder, root]) fs.rmSync(folder, { recursive: true, force: true })
})

const HEAD = `
  import { get, post } from 'tools/http'
  import { move, write, read } from 'tools/files'
  import { set, get as recall } from 'tools/state'
  import { each, sleep, ask, waitFor, now } from 'tools/flow'
  import { send } from 'tools/notify'
  `

const rehearse = (
  source: string,
  more: Partial<ContractInput> = {},
  of: Partial<Rehearsal> = {},
): Promise<RehearsalEnd> =>
  world.engine.rehearse({
    source: wholeScript(source),
    event: {},
    phase: 'dry-run',
    contract: contractSchema.parse(contractFor(granting(more))),
    ...of,
  })

const wholeScript = (source: string): string => {
  if (source.startsWith(HEAD)) return source
  return source.includes('export default') ? `${HEAD}${source}` : scriptOf(source)
}

const scriptOf = (body: string) => `${HEAD}export default async function run(event) { ${body} }`

const granting = (more: Partial<ContractInput> = {}): Partial<ContractInput> => ({
  reads: { hosts: [site.host], paths: [root] },
  changes: [
    { tool: 'http.post', hosts: [site.host], approval: 'never' },
    { tool: 'files.move', paths: [root], approval: 'never' },
    { tool: 'files.write', paths: [root], approval: 'never' },
  ],
  items: { file: 'its name' },
  ...more,
})

const sentences = (end: RehearsalEnd): string[] => end.steps.map(step => step.sentence)
const posts = () => site.seen.filter(request => request.method !== 'GET')

describe('a rehearsal', () => {
  it('S6 reads for real, simulates writes, and changes nothing outside or in local state', async () => {
    fs.writeFileSync(path.join(root, 'a.txt'), 'text')
    const end = await rehearse(
      `const page = await get('${site.url('/page')}')
       const moved = await each('file', ['a.txt'], name => name, name => move('${root}/' + name, '${root}/b.txt'))
       const sent = await post('${site.url('/send')}', page.body)
       await set('n', page.status)
       await send('Done')
       return [await recall('n'), moved.done.length, sent.ok]`,
    )
    expect(end.failure).toBeNull()
    expect(end.result).toEqual([200, 1, true])
    expect(sentences(end)).toEqual([
      `Asked GET ${site.host}/page: 200`,
      'Would have renamed a.txt to b.txt',
      `Would have sent POST to ${site.host}/send`,
      'Would have remembered “n”',
      'Would have notified you: “Done”',
      'Recalled “n”',
    ])
    expect(site.seen.map(request => request.method)).toEqual(['GET'])
    expect(fs.readdirSync(root)).toEqual(['a.txt'])
    expect(world.engine.store.audit.verify()).toMatchObject({ ok: true, rows: 0 })
  })

  it('S6 J2 J7 of an installed automation starts from what it has, and leaves its data untouched to the byte', async () => {
    const source = scriptOf(
      `const before = await recall('n')
       await set('n', (before ?? 0) + 1)
       await send('Ran')
       const list = await each('file', event, key => key, key => post('${site.url('/')}' + key, {}).then(() => key))
       return [before, list.done.map(row => row.result)]`,
    )
    const workflowId = await world.install('one', source, granting())
    await world.run('one', ['a'])
    const database = new Database(path.join(world.folder, 'steward.db'), { readonly: true })
    const version = () => database.pragma('data_version', { simple: true })
    const before = version()
    const end = await rehearse(source, {}, { workflowId, event: ['a', 'b'] })
    expect(version()).toBe(before)
    // The first item is done for ever: only the second would have been gone through.
    expect(end.result).toEqual([1, ['a', 'b']])
    expect(sentences(end).filter(sentence => sentence.includes('POST'))).toEqual([
      `Would have sent POST to ${site.host}/b`,
    ])
    expect(end.items).toMatchObject([{ name: 'file', key: 'b', state: 'done' }])
    expect(stateValue(world.store, workflowId, 'n')).toBe(1)
    expect(posts().map(request => request.path)).toEqual(['/a'])
    const run = await world.run('one', ['a', 'b'])
    expect(version()).not.toBe(before)
    database.close()
    expect(world.result(run)).toEqual(end.result)
    expect(posts().map(request => request.path)).toEqual(['/a', '/b'])
    const chat = world.engine.workflow('one').chat_id
    expect(chatEventsOf(world.store, chat, 10)).toHaveLength(2)
  })

  it('S6 P1 refuses what the contract refuses', async () => {
    const end = await rehearse(`await post('http://elsewhere.example/', {})`)
    expect(end.failure?.kind).toBe('not-permitted')
    expect(end.steps).toMatchObject([{ tool: 'http.post', refused: { clause: 'changes[0]' } }])
  })

  it('S6 P2 applies flows and outside content as a run does', async () => {
    const elsewhere = await serveHeld()
    const body = `const { body } = await get('${site.url('/private')}')
      try { await post('${elsewhere.url('/')}', body); return 'sent' } catch (error) { return error.code }`
    const both: Partial<ContractInput> = {
      changes: [{ tool: 'http.post', hosts: [site.host, elsewhere.host], approval: 'never' }],
    }
    const cases: [Partial<ContractInput>, string | null][] = [
      [{ flows: [{ from: site.host, to: [site.host] }] }, 'flows[0]'],
      [{ flows: [{ from: site.host, to: [elsewhere.host] }] }, null],
      [{ outsideContent: 'deny' }, 'outsideContent'],
      [{ outsideContent: 'allow' }, null],
    ]
    for (const [place, [clauses, refusedBy]] of cases.entries()) {
      const contract = { ...both, ...clauses }
      const end = await rehearse(body, contract)
      expect(end.result).toBe(refusedBy === null ? 'sent' : 'not-permitted')
      expect(end.steps[1]?.refused?.clause ?? null).toBe(refusedBy)
      const name = `one-${String(place)}`
      await world.install(name, scriptOf(body), granting(contract))
      expect(world.result(await world.run(name))).toBe(end.result)
    }
    const asked = await rehearse(body, { ...both, outsideContent: 'ask' })
    expect(asked.steps[1]).toMatchObject({ refused: null, asked: { clause: 'outsideContent' } })
    // The script around an item is given what the item returns.
    const around = await rehearse(
      `await each('file', ['a'], key => key, () => get('${site.url('/x')}').then(() => null))
       return (await post('${elsewhere.url('/')}', {})).ok`,
      { ...both, outsideContent: 'deny' },
    )
    expect(around.failure?.kind).toBe('not-permitted')
    // Items side by side are given nothing of each other.
    const beside = await rehearse(
      `await each('file', ['a', 'b'], key => key, async key => {
         if (key === 'a') return (await get('${site.url('/x')}')).status
         return (await post('${elsewhere.url('/')}', {})).status
       })
       return 'all'`,
      { ...both, outsideContent: 'deny' },
    )
    expect(beside.items.map(item => item.state)).toEqual(['done', 'done'])
    await elsewhere.close()
  })

  it('S6 P4 says what a run would ask first, wait for, or be refused, and goes on as if it had been allowed', async () => {
    const body = `for (const name of ['a', 'b', 'c']) await post('${site.url('/')}' + name, { name })`
    const clause = { tool: 'http.post', hosts: [site.host] }
    const first = await rehearse(body, { changes: [{ ...clause, approval: 'first-time' }] })
    expect(first.steps.map(step => step.asked?.clause ?? null)).toEqual(['changes[0]', null, null])
    const always = await rehearse(body, { changes: [{ ...clause, approval: 'always' }] })
    expect(always.steps.map(step => step.asked !== null)).toEqual([true, true, true])
    const never = [{ ...clause, approval: 'never' as const }]
    const hourly = await rehearse(body, { changes: never, budget: { actionsPerRun: 9, actionsPerHour: 2 } })
    expect(hourly.steps.map(step => step.deferred?.clause ?? null)).toEqual([
      null,
      null,
      'budget.actionsPerHour',
    ])
    const few = await rehearse(body, { changes: never, budget: { actionsPerRun: 2 } })
    expect(few.failure).toMatchObject({ kind: 'not-permitted', clause: 'budget.actionsPerRun' })
    expect(site.seen).toEqual([])
  })

  it('S6 J6 passes waits at once, moves its clock on, and says what it took for granted', async () => {
    const end = await rehearse(
      `const before = (await now()).ms
       await sleep('2d')
       const slept = (await now()).ms - before
       return [slept >= 2 * 86_400_000, await ask('Go on?', ['yes', 'no']), await waitFor('go')]`,
    )
    expect(end.result).toEqual([true, { answer: 'yes' }, { payload: null }])
    expect(sentences(end).filter(sentence => sentence.startsWith('Would'))).toEqual([
      'Would have waited for 2d',
      'Would have asked you: “Go on?”',
      'Would have waited for the signal “go”',
    ])
    expect(end.steps.map(step => step.assumed !== null)).toEqual([false, false, false, true, true])
  })

  it('S6 J9 does not show the script what a run would try again or put before a person', async () => {
    site.answer('/down', 503)
    const failing = `try { await get('${site.url('/down')}') } catch (error) { return 'caught' }`
    const end = await rehearse(failing)
    expect(end.failure).toMatchObject({ kind: 'unavailable' })
    expect(end.failure?.message).toMatch(/A run would try again later\.$/)
    const list = await rehearse(
      `const end = await each('file', ['up', 'down'], key => key, key => get('${site.url('/')}' + key))
       return [end.done.length, end.waiting.length]`,
    )
    expect(list.result).toEqual([1, 1])
    expect(list.items.map(item => item.state)).toEqual(['done', 'waiting'])
  })

  it('S6 J7 sets a failing item aside, takes back what it had remembered, and wants names declared', async () => {
    const end = await rehearse(
      `const end = await each('file', ['a', 'b'], key => key, async key => {
         await set(key, 1)
         if (key === 'b') throw new Error('bad')
       })
       return [end.aside[0].error.message, await recall('a'), await recall('b')]`,
    )
    expect(end.result).toEqual(['bad', 1, null])
    const undeclared = await rehearse(`return each('folder', ['a'], key => key, () => 1)`)
    expect(undeclared.failure).toMatchObject({ kind: 'not-permitted', clause: 'items' })
  })
})

describe('what a rehearsal says about Done when', () => {
  const judged = async (
    body: string,
    done: ContractInput['done'],
    verify = '',
  ): Promise<Record<string, string>> => {
    const end = await rehearse(`export default async function run(event) { ${body} } ${verify}`, {
      ...(done === undefined ? {} : { done }),
    })
    return Object.fromEntries(end.checks.map(check => [check.kind, check.verdict]))
  }

  it('O1 S6 counts what would have been done, and what was gone through', async () => {
    const body = `await write('${root}/a.txt', 'x'); await each('file', ['a'], key => key, () => { throw new Error('no') }); return { n: 1 }`
    expect(
      await judged(body, [
        { kind: 'effects-at-least', tool: 'files.write', count: 1 },
        { kind: 'effects-at-most', tool: 'files.write', count: 0 },
        { kind: 'items-settled', each: 'file', maxSetAside: 0 },
        { kind: 'result-has', field: 'n' },
      ]),
    ).toEqual({
      'effects-at-least': 'holds',
      'effects-at-most': 'does-not-hold',
      'items-settled': 'does-not-hold',
      'result-has': 'holds',
    })
  })

  it('O1 S6 does not judge what hangs on changes that were only simulated', async () => {
    const file = (name: string) => ({ kind: 'file-exists' as const, path: path.join(root, name) })
    fs.writeFileSync(path.join(root, 'there.txt'), 'x')
    const sub = path.join(root, 'sub')
    fs.mkdirSync(sub)
    const writing = `await write('${sub}/new.txt', 'x'); return {}`
    expect(await judged(writing, [file('sub/new.txt')])).toEqual({ 'file-exists': 'cannot-be-judged' })
    expect(await judged(writing, [file('there.txt')])).toEqual({ 'file-exists': 'holds' })
    expect(await judged(writing, [file('never.txt')])).toEqual({ 'file-exists': 'does-not-hold' })
    const sending = `return { id: (await post('${site.url('/')}', {})).body.number }`
    expect(await judged(sending, [{ kind: 'result-has', field: 'id' }])).toEqual({
      'result-has': 'cannot-be-judged',
    })
    expect(await judged('return {}', [{ kind: 'result-has', field: 'id' }])).toEqual({
      'result-has': 'does-not-hold',
    })
  })

  it('O1 S6 asks the script’s own verify, which may only look', async () => {
    const done: ContractInput['done'] = [{ kind: 'script-verifies' }]
    const looks = `export const verify = async () => { const { text } = await read('${root}/new.txt'); return text === 'x' }`
    const byResult = 'export const verify = ({ event, result }) => result.n === 1'
    const writing = `await write('${root}/new.txt', 'x'); return { n: 1 }`
    expect(await judged(writing, done, looks)).toEqual({ 'script-verifies': 'cannot-be-judged' })
    expect(await judged(writing, done, byResult)).toEqual({ 'script-verifies': 'holds' })
    expect(await judged('return { n: 2 }', done, byResult)).toEqual({ 'script-verifies': 'does-not-hold' })
    expect(await judged('return { n: 2 }', done, looks)).toEqual({ 'script-verifies': 'does-not-hold' })
    expect(await judged('return {}', done)).toEqual({ 'script-verifies': 'does-not-hold' })
    const acts = `export const verify = async () => { await post('${site.url('/')}', {}); return true }`
    expect(await judged('return {}', done, acts)).toEqual({ 'script-verifies': 'does-not-hold' })
    expect(posts()).toEqual([])
    const keeps = `export const verify = async () => (await recall('kept')) === 1`
    expect(await judged(`await set('kept', 1); return {}`, done, keeps)).toEqual({
      'script-verifies': 'holds',
    })
  })
})

describe('a rehearsal is bounded', () => {
  const reading = () => `return (await get('${site.url('/slow')}')).status`
  const untilAsked = () => until(() => site.paths().includes('/slow'), 'nobody asked')

  it('S6 S2 ends a script that loops, with the limit named', async () => {
    const end = await rehearse('for (;;) {}', { limits: { cpuMs: 100 } })
    expect(end.failure).toMatchObject({ kind: 'script-limit', limit: 'cpu' })
  })

  it('S6 S2 ends after its time, and ends a script that waits for nothing', async () => {
    site.hold('/slow')
    const end = await rehearse(reading(), {}, { longestMs: 300 })
    expect(end.failure).toMatchObject({ kind: 'script-limit', limit: 'wall', allowed: 300 })
    const stuck = await rehearse('await new Promise(() => {})')
    expect(stuck.failure).toMatchObject({ kind: 'script-error', name: 'Deadlock' })
  })

  it('S6 is stopped at once, also before it began, and lets its instance go', async () => {
    site.hold('/slow')
    const stopping = new AbortController()
    const playing = rehearse(reading(), {}, { signal: stopping.signal })
    await untilAsked()
    stopping.abort()
    expect(await playing).toMatchObject({ isStopped: true, failure: { name: 'Stopped' } })
    expect(await rehearse(reading(), {}, { signal: stopping.signal })).toMatchObject({ isStopped: true })
    expect(site.paths()).toEqual(['/slow'])
    await until(() => world.pool.stats().instances === 0, 'an instance was left')
  })

  it('S6 S1 J3 survives the loss of its instance: nothing is read twice, and it ends the same', async () => {
    site.hold('/slow')
    const playing = rehearse(
      `const first = await get('${site.url('/first')}')
       const list = await each('file', ['a', 'b'], key => key, async key => { await set(key, 1); await post('${site.url('/')}' + key, {}); return key })
       const both = await Promise.all([get('${site.url('/slow')}'), recall('a')])
       return [first.status, list.done.length, both[0].status, both[1]]`,
    )
    await untilAsked()
    sandbox.lose()
    await until(() => sandbox.starts() === 2, 'it was not started again')
    site.release('/slow')
    const end = await playing
    expect(end.failure).toBeNull()
    expect(end.result).toEqual([200, 2, 200, 1])
    expect(site.paths()).toEqual(['/first', '/slow'])
    expect(end.steps.map(step => step.tool)).toEqual([
      'http.get',
      'state.set',
      'http.post',
      'state.set',
      'http.post',
      'http.get',
      'state.get',
    ])
  })

  it('S6 S1 looks at Done when afresh when its instance is lost meanwhile', async () => {
    site.hold('/slow')
    const playing = rehearse(
      `export default async () => ({ n: 1 })
       export const verify = async ({ result }) => result.n === 1 && (await get('${site.url('/slow')}')).status === 200`,
      { done: [{ kind: 'script-verifies' }] },
    )
    await untilAsked()
    sandbox.lose()
    await until(() => site.paths().length === 2, 'it did not look again')
    site.release('/slow')
    expect((await playing).checks).toMatchObject([{ verdict: 'holds' }])
  })
})

describe('what was rehearsed', () => {
  it('O2 is what is installed: the hash is the version’s, and another script is refused', async () => {
    const source = scriptOf('return 1')
    const end = await rehearse(source)
    const request = { name: 'one', contract: contractFor(granting()) as unknown as Json }
    const other = world.engine.install({ ...request, source: `${source}\n`, rehearsed: end.scriptHash })
    await expect(other).rejects.toMatchObject({ failure: { kind: 'invalid-input', path: 'rehearsed' } })
    await world.engine.install({ ...request, source, rehearsed: end.scriptHash })
    const report = world.engine.rehearsals.start({ workflow: world.engine.workflow('one'), event: null })
    expect(report.script).toEqual({ hash: end.scriptHash, version: '1.0' })
    await world.engine.rehearsals.wait(report.id, 10_000, new AbortController().signal)
  })
})
