/** Connections in a whole core: scripts call as somebody, and never see who. */
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CONTRACT, install, startCore } from '../server/api.ts'
import type { TestCore } from '../server/api.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { Answer as Answering, LoopbackServer } from '../support/loopback-server.ts'
import { until } from '../support/world.ts'

const CANARY = 'canary-7d1f0c9a55'
const PASSWORD = 'correct horse battery'

let steward: TestCore
let site: LoopbackServer
let answering: Answering
const closers: (() => Promise<void>)[] = []

beforeEach(async () => {
  answering = (_request, response) => response.end('{"ok":true}')
  site = await serveHttp((request, response, incoming) => {
    answering(request, response, incoming)
  })
  steward = await startCore()
})
afterEach(async () => {
  await steward.end()
  await site.close()
  for (const close of closers.splice(0)) await close()
})

const api = (name = '') => `/api/v1/connections${name === '' ? '' : `/${name}`}`

function connect(more: Record<string, unknown> = {}) {
  return steward.call({
    method: 'POST',
    path: api(),
    json: { name: 'shop', kind: 'http', hosts: [`http://${site.host}`], secrets: { key: CANARY }, ...more },
  })
}

/** A script that makes this call, under a contract that lists the connection for the site. */
async function automation(name: string, call: string, more: Record<string, unknown> = {}): Promise<void> {
  const source = `
    import { get, post, request } from 'tools/http'
    export default async function run() {
      const answer = ${call}
      return { status: answer.status, body: answer.body, url: answer.url, headers: answer.headers }
    }`
  await install(steward, name, source, {
    ...CONTRACT,
    uses: ['tools/http'],
    reads: { hosts: [site.host], accounts: ['shop'] },
    changes: [
      { tool: 'http.post', hosts: [site.host], accounts: ['shop'], approval: 'never' },
      { tool: 'http.request', hosts: [site.host], accounts: ['shop'], approval: 'never' },
    ],
    ...more,
  })
}

async function run(name: string) {
  const answer = await steward.call({
    method: 'POST',
    path: `/api/v1/automations/${name}/events?wait=15000`,
    json: {},
  })
  return answer.json as unknown as {
    run: { id: string; state: string; result: unknown; failure: { kind: string; message: string } | null }
  }
}

async function inbox() {
  const { json } = await steward.call({ path: '/api/v1/actions' })
  return json?.['items'] as {
    id: string
    kind: string
    cause: string
    effect: string
    waiting: { name: string; runs: number }[]
  }[]
}

const get = (path_ = '/') => `await get('${site.url(path_)}', { connection: 'shop' })`

describe('a call that names a connection', () => {
  it.each([
    ['bearer', {}, { key: CANARY }, 'authorization', `Bearer ${CANARY}`],
    ['api-key', {}, { key: CANARY }, 'x-api-key', CANARY],
    ['api-key', { header: 'X-Shop-Key' }, { key: CANARY }, 'x-shop-key', CANARY],
    [
      'basic',
      { user: 'me' },
      { password: PASSWORD },
      'authorization',
      `Basic ${Buffer.from(`me:${PASSWORD}`).toString('base64')}`,
    ],
  ])('carries its credential as %s %o', async (auth, settings, secrets, header, value) => {
    expect(await connect({ auth, settings, secrets })).toMatchObject({ status: 201 })
    await automation('asks', get())
    expect((await run('asks')).run).toMatchObject({ state: 'succeeded' })
    expect(site.seen.at(-1)?.headers[header]).toBe(value)
    expect((await steward.call({ path: api('shop') })).json).toMatchObject({ state: 'connected' })
  })

  it('carries it in the query, and no address that is shown has it', async () => {
    await connect({ auth: 'api-key', settings: { query: 'appid' } })
    await automation('asks', get('/weather?q=Kiel'))
    const { run: done } = await run('asks')
    expect(site.seen[0]?.path).toBe(`/weather?q=Kiel&appid=${CANARY}`)
    expect(done.result).toMatchObject({ url: site.url('/weather?q=Kiel') })
  })

  it('needs the contract to list it, for this tool and place', async () => {
    await connect()
    await automation('reads', get(), { reads: { hosts: [site.host] }, changes: [] })
    await automation('writes', `await post('${site.url()}', {}, { connection: 'shop' })`, {
      changes: [{ tool: 'http.post', hosts: [site.host], approval: 'never' }],
    })
    for (const name of ['reads', 'writes'])
      expect((await run(name)).run).toMatchObject({ state: 'failed', failure: { kind: 'not-permitted' } })
    expect(site.seen).toEqual([])
  })

  it('is among what a drafted contract lists', async () => {
    const source = `
      import { get, post } from 'tools/http'
      export default async function run() {
        await get('https://api.example.com/a', { connection: 'shop' })
        await post('https://api.example.com/b', {}, { connection: 'shop' })
      }`
    const drafted = await steward.call({ method: 'POST', path: '/api/v1/draft-contract', json: { source } })
    expect(drafted.json).toMatchObject({
      contract: {
        reads: { accounts: ['shop'] },
        changes: [{ tool: 'http.post', hosts: ['api.example.com'], accounts: ['shop'] }],
      },
    })
  })

  it('goes to the connection’s own hosts only, whatever else the contract allows', async () => {
    await connect({ hosts: ['https://api.example.com'] })
    await automation('asks', get())
    const { run: done } = await run('asks')
    expect(done).toMatchObject({ state: 'failed', failure: { kind: 'not-permitted' } })
    expect(done.failure?.message).toContain('is for https://api.example.com only')
    expect(site.seen).toEqual([])
  })

  it('leaves it behind at a redirect to another host, for good', async () => {
    const other = await serveHttp((_request, response) => {
      response.writeHead(302, { location: site.url('/back') }).end()
    })
    closers.push(() => other.close())
    answering = (request, response) => {
      if (request.path === '/back') response.end('"back"')
      else response.writeHead(302, { location: other.url('/there') }).end()
    }
    await connect()
    await automation('asks', get('/start'), { reads: { hosts: [site.host, other.host], accounts: ['shop'] } })
    expect((await run('asks')).run).toMatchObject({ state: 'succeeded', result: { body: '"back"' } })
    expect(site.seen.map(seen => seen.headers.authorization)).toEqual([`Bearer ${CANARY}`, undefined])
    expect(JSON.stringify(other.seen)).not.toContain(CANARY)
  })

  it('takes it along within its own host', async () => {
    answering = (request, response) => {
      if (request.path === '/b') response.end('"there"')
      else response.writeHead(302, { location: '/b' }).end()
    }
    await connect()
    await automation('asks', get('/a'))
    expect((await run('asks')).run).toMatchObject({ state: 'succeeded' })
    expect(site.seen.map(seen => seen.headers.authorization)).toEqual([
      `Bearer ${CANARY}`,
      `Bearer ${CANARY}`,
    ])
  })
})

describe('what is missing', () => {
  it('one action says how to connect, names who waits, and is over once it is connected', async () => {
    await automation('first', get('/1'))
    await automation('second', get('/2'))
    for (const name of ['first', 'second']) expect((await run(name)).run).toMatchObject({ state: 'waiting' })
    const [action, ...others] = await inbox()
    expect(others).toEqual([])
    expect(action).toMatchObject({ kind: 'not-connected' })
    expect(action?.cause).toContain('steward connections add shop --kind http --host HOST')
    expect(action?.waiting.map(({ name, runs }) => [name, runs])).toEqual([
      ['first', 1],
      ['second', 1],
    ])
    const listed = await steward.call({ path: api() })
    expect(listed.json).toMatchObject({ items: [], wanted: [{ name: 'shop' }] })
    expect(site.seen).toEqual([])

    expect((await connect()).json).toMatchObject({ name: 'shop', waiting: [] })
    await until(() => site.seen.length === 2, 'they did not go on')
    expect(await inbox()).toEqual([])
    expect((await steward.call({ path: api() })).json).toMatchObject({
      items: [{ name: 'shop', usedBy: [{ name: 'first' }, { name: 'second' }] }],
      wanted: [],
    })
  })

  it('J4 a write whose credential is refused is sent once more when it is replaced, and nobody is asked', async () => {
    answering = (request, response) => {
      response.writeHead(request.headers.authorization === `Bearer ${CANARY}` ? 200 : 401).end('{}')
    }
    await connect({ secrets: { key: 'an-old-key' } })
    await automation('writes', `await post('${site.url('/order')}', { n: 1 }, { connection: 'shop' })`)
    const { run: waiting } = await run('writes')
    expect(waiting).toMatchObject({ state: 'waiting' })
    expect((await inbox()).map(action => action.kind)).toEqual(['auth-expired'])
    expect((await steward.call({ path: api('shop') })).json).toMatchObject({
      state: 'refused',
      waiting: [{ name: 'writes', runs: 1 }],
    })
    await connect()
    await until(() => site.seen.length === 2, 'it was not sent again')
    await until(() => steward.core.engine.run(waiting.id).state === 'succeeded', 'it did not end')
    expect(site.seen.map(seen => seen.headers['idempotency-key'])).toEqual([
      site.seen[0]?.headers['idempotency-key'],
      site.seen[0]?.headers['idempotency-key'],
    ])
    expect(await inbox()).toEqual([])
    expect(site.seen).toHaveLength(2)
  })

  it('removed, it is gone with its credential, and its automations wait', async () => {
    await connect()
    await automation('asks', get())
    const removed = await steward.call({ method: 'DELETE', path: api('shop') })
    expect(removed.json).toMatchObject({ name: 'shop', usedBy: [{ name: 'asks' }] })
    expect((await run('asks')).run).toMatchObject({ state: 'waiting' })
    expect((await steward.call({ method: 'DELETE', path: api('shop') })).status).toBe(404)
    expect((await steward.call({ method: 'POST', path: `${api('shop')}/check` })).status).toBe(404)
  })
})

describe('a check', () => {
  it('says whether the remote accepts it', async () => {
    answering = (request, response) => {
      response.writeHead(request.headers.authorization === `Bearer ${CANARY}` ? 200 : 403).end('{}')
    }
    const check = async () => (await steward.call({ method: 'POST', path: `${api('shop')}/check` })).json
    await connect({ settings: { check: '/me' } })
    expect(await check()).toMatchObject({ state: 'connected', message: `${site.host} accepted it.` })
    await connect({ settings: { check: '/me' }, secrets: { key: 'another-key' } })
    expect(await check()).toMatchObject({ state: 'refused' })
    await site.close()
    expect(await check()).toMatchObject({ state: 'failing' })
  })

  it('of a SearXNG instance is the search that will be asked of it', async () => {
    answering = (_request, response) => response.writeHead(403).end()
    await steward.call({
      method: 'POST',
      path: api(),
      json: { name: 'search', kind: 'searxng', settings: { url: site.url('/searx') } },
    })
    const checked = await steward.call({ method: 'POST', path: `${api('search')}/check` })
    expect(checked.json).toMatchObject({ state: 'refused' })
    expect(String(checked.json?.['message'])).toContain('add json to search.formats')
    expect(site.seen[0]?.path).toBe('/searx/search?q=steward&format=json')
  })
})

describe('what is refused when connecting', () => {
  it.each([
    [{ name: 'Shop' }, 'lower-case letters'],
    [{ name: '../x' }, 'lower-case letters'],
    [{ kind: 'pigeon' }, 'is not among the kinds'],
    [{ hosts: [] }, 'takes the hosts'],
    [{ hosts: ['http://example.com'] }, 'is not encrypted'],
    [{ hosts: ['*.example.com'] }, 'is a pattern'],
    [{ auth: 'hmac' }, 'takes bearer'],
    [{ auth: 'basic' }, 'takes “user” and “password”'],
    [{ secrets: {} }, 'takes “key”'],
    [{ secrets: { key: 'abc' } }, 'at least 4 characters'],
    [{ secrets: { key: `${CANARY}\n` } }, 'a line break'],
    [{ secrets: { key: `${CANARY}ü` } }, 'no letters beyond ASCII'],
    [{ secrets: { key: CANARY, [CANARY]: CANARY } }, 'does not take one of the secrets'],
    [{ settings: { unknown: 'x' } }, 'does not take “unknown”'],
    [{ auth: 'api-key', settings: { header: 'Host' } }, 'not a header that can carry'],
    [{ kind: 'webhook', hosts: [], secrets: { secret: 'short' } }, 'at least 16 characters'],
    [{ kind: 'model', hosts: [], settings: { maker: 'nobody' } }, 'is one of anthropic'],
    [{ extra: 1 }, 'does not know “extra”'],
  ])('%o', async (more, why) => {
    const answer = await connect(more)
    expect(answer.status).toBe(422)
    expect(answer.text).toContain(why)
    expect(answer.text).not.toContain(CANARY)
    expect((await steward.call({ path: api() })).json).toMatchObject({ items: [] })
  })
})

describe('a planted secret', () => {
  it('J12 is seen by nobody but its own host: not the script, the journal, a log, an answer or the folder', async () => {
    answering = (request, response) => {
      const echo = `${JSON.stringify(request.headers)} ${Buffer.from(JSON.stringify(request.headers)).toString('base64')} ${CANARY.toUpperCase()}`
      const status = request.path === '/refuses' ? 400 : 200
      if (request.path === '/moves') {
        response.writeHead(302, { location: `/moved?key=${CANARY}`, 'x-echo': CANARY }).end()
        return
      }
      response.writeHead(status, { 'content-type': 'application/json', 'x-echo': `got ${CANARY}` })
      const body = JSON.stringify({ echo, named: { [CANARY]: 1 } })
      // As JSON may write a letter; what is not taken for JSON is not read as such.
      response.end(/text|bytes/.test(request.path) ? body : body.replaceAll('canary', '\\u0063anary'))
    }
    await connect()
    const calls = [
      get('/echoes'),
      get('/refuses'),
      get('/moves'),
      `await get('${site.url('/text')}', { connection: 'shop', as: 'text' })`,
      `await get('${site.url('/bytes')}', { connection: 'shop', as: 'base64' })`,
      `await post('${site.url('/posts')}', {}, { connection: 'shop' })`,
    ]
    const seen: string[] = []
    for (const [place, call] of calls.entries()) {
      await automation(`asks-${String(place)}`, call)
      const { run: done } = await run(`asks-${String(place)}`)
      seen.push(JSON.stringify(done))
      seen.push((await steward.call({ path: `/api/v1/runs/${done.id}` })).text)
    }
    expect(site.seen.length).toBeGreaterThanOrEqual(calls.length)
    expect(site.seen.every(request => request.headers.authorization === `Bearer ${CANARY}`)).toBe(true)
    for (const path_ of [
      api(),
      api('shop'),
      `${api()}/providers`,
      '/api/v1/actions',
      '/api/v1/vault',
      '/api/v1/doctor',
      '/api/v1/runs',
    ])
      seen.push((await steward.call({ path: path_ })).text)
    await steward.call({ method: 'POST', path: '/api/v1/vault/rotate', json: {} })
    await steward.core.store.flushed()
    const forms = formsOf(CANARY)
    for (const text of seen)
      for (const form of forms) expect(text.toLowerCase()).not.toContain(form.toLowerCase())
    const opened = everythingRecorded()
    expect(opened).toContain('•••')
    for (const form of forms) expect(opened.toLowerCase()).not.toContain(form.toLowerCase())
    for (const file of filesIn(steward.home))
      for (const form of forms) expect(fs.readFileSync(file).includes(form), file).toBe(false)
  })
})

/** As it is, and as base64 shows it at any alignment. */
function formsOf(secret: string): string[] {
  const inside = [0, 1, 2].map(before =>
    Buffer.from('x'.repeat(before) + secret)
      .toString('base64')
      .slice(4, -4),
  )
  return [secret, ...inside]
}

/** Every journal entry, opened. */
function everythingRecorded(): string {
  const { store } = steward.core
  const rows = store.all<object, { run_id: string; position: number; sealed_body: Uint8Array }>(
    { sql: 'SELECT run_id, position, sealed_body FROM script_run_steps', bind: () => [] },
    {},
  )
  return rows
    .map(row => store.openText(row.sealed_body, `step:${row.run_id}:${String(row.position)}`))
    .join('\n')
}

function filesIn(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => path.join(entry.parentPath, entry.name))
}
