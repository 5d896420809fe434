/** What came from outside stays known for it, whatever way it takes to where it would go out (P2, P6). */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ContractInput } from '../../src/domain/contract.ts'
import type { Json } from '../../src/domain/json.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { createWorld, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let world: World
let site: LoopbackServer
let target: LoopbackServer

beforeEach(async () => {
  world = await createWorld()
  site = await serveHttp((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end('{"secret":"canary"}')
  })
  target = await serveHttp((_request, response) => response.end())
})
afterEach(async () => {
  await world.stop()
  await Promise.all([site.close(), target.close()])
  fs.rmSync(world.folder, { recursive: true, force: true })
})

const IMPORTS = `
  import { get, post } from 'tools/http'
  import { each } from 'tools/flow'
  import * as state from 'tools/state'
  import * as notes from 'tools/notes'
  const send = async content => {
    try { await post('TARGET', { content }); return 'sent' } catch (error) { return error.code }
  }`

/** Each closes the one way out; the last leaves it open. */
const CLAUSES: [string, () => Partial<ContractInput>, string][] = [
  ['flows', () => ({ flows: [{ from: site.host, to: [site.host] }] }), 'not-permitted'],
  ['outsideContent', () => ({ outsideContent: 'deny' }), 'not-permitted'],
  ['nothing', () => ({}), 'sent'],
]

function install(name: string, body: string, clause: Partial<ContractInput>): Promise<string> {
  const source = `${IMPORTS.replace('TARGET', target.url('/'))}
    export default async event => { ${body.replaceAll('SITE', site.url('/'))} }`
  return world.install(name, source, {
    uses: ['tools/http', 'tools/flow', 'tools/state', 'tools/notes'],
    reads: { hosts: [site.host] },
    changes: [{ tool: 'http.post', hosts: [target.host], approval: 'never' }],
    items: { part: 'its name' },
    ...clause,
  })
}

async function ends(name: string, payload: Json = {}): Promise<Json> {
  const run = await world.run(name, payload)
  expect(world.failure(run)).toBeNull()
  return world.result(run)
}

describe.each(CLAUSES)('P6 under %s, content from outside', (_name, clause, end) => {
  it('goes no further by what an item returns', async () => {
    const body = `const all = await each('part', ['a'], key => key, async () => (await get('SITE')).body)
      return send(all.done[0].result)`
    await install('items', body, clause())
    expect(await ends('items')).toBe(end)
  })

  it('goes no further by what an item returns that an earlier run finished', async () => {
    const body = `const all = await each('part', ['a'], key => key, async () => (await get('SITE')).body)
      return event.first ? 'done' : send(all.done[0].result)`
    await install('finished', body, clause())
    expect(await ends('finished', { first: true })).toBe('done')
    expect(await ends('finished')).toBe(end)
  })

  it('goes no further by what a later run recalls', async () => {
    const body = `if (event.first) { await state.set('kept', (await get('SITE')).body); return 'kept' }
      return send(await state.get('kept'))`
    await install('recalls', body, clause())
    expect(await ends('recalls', { first: true })).toBe('kept')
    expect(await ends('recalls')).toBe(end)
  })

  it('goes no further by state that is copied from run to run', async () => {
    const body = `if (event.take) { await state.set('one', (await get('SITE')).body); return 'kept' }
      if (event.copy) { await state.set('two', await state.get('one')); await state.delete('one'); return 'copied' }
      return send(await state.list())`
    await install('copies', body, clause())
    expect(await ends('copies', { take: true })).toBe('kept')
    expect(await ends('copies', { copy: true })).toBe('copied')
    expect(await ends('copies')).toBe(end)
  })

  it('goes no further by a note', async () => {
    const body = `if (event.first) { await notes.create('Kept', (await get('SITE')).body.secret); return 'kept' }
      return send(await notes.search('canary'))`
    await install('noted', body, clause())
    expect(await ends('noted', { first: true })).toBe('kept')
    expect(await ends('noted')).toBe(end)
  })

  it('goes no further by the event that brought it', async () => {
    await install('told', 'return send(event)', clause())
    const { row } = await world.emit({
      workflow: 'told',
      type: 'webhook',
      payload: { secret: 'canary' },
      sourceType: 'webhook',
      sourceId: 'hook',
    })
    await until(() => world.engine.event(row.id).state === 'done', 'it never ran')
    const runId = world.engine.event(row.id).run_id
    expect(world.result(world.engine.run(runId ?? ''))).toBe(end)
  })
})

it('P6 what a person said, and what came from nowhere outside, goes on', async () => {
  const body = `if (event.first) { await state.set('own', 'mine'); return 'kept' }
    return send([await state.get('own'), event])`
  await install('own', body, { outsideContent: 'deny', flows: [{ from: site.host, to: [] }] })
  expect(await ends('own', { first: true })).toBe('kept')
  expect(await ends('own', { said: 'this' })).toBe('sent')
})

it('P6 S6 a script cannot name its scope anew, however it spells that', async () => {
  for (const name of ['_$n', String.raw`_\u0024n`, String.raw`_\u{24}n`, String.raw`_\u{000024}0_n`]) {
    await install('forges', `return ${name}('["part","other"]')`, {})
    const run = await world.run('forges')
    expect(world.failure(run)).toMatchObject({ message: expect.stringContaining('is not defined') as string })
  }
})
