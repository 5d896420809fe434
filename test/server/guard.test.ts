import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { install, startCore } from './api.ts'
import type { Answer, Call, TestCore } from './api.ts'

let steward: TestCore

beforeAll(async () => {
  steward = await startCore()
  await install(steward, 'echo', 'export default async event => event')
})
afterAll(() => steward.end())

const LIST = '/api/v1/automations'
const EVENT: Call = { method: 'POST', path: '/api/v1/automations/echo/events' }

const call = (request: Call): Promise<Answer> => steward.call(request)

async function eventsTaken(): Promise<unknown> {
  return (await call({ path: '/api/v1/runs' })).json?.['items']
}

describe('who may ask', () => {
  it('answers /health without a token, and nothing else', async () => {
    expect(await call({ path: '/health', withoutToken: true })).toMatchObject({
      status: 200,
      json: { ok: true },
    })
    for (const path of [
      '/',
      LIST,
      '/api/v1/doctor',
      '/api/v1/none',
      '/health/',
      '/health/..',
      '/api/v1/../..//etc',
    ]) {
      expect(await call({ path, withoutToken: true }), path).toMatchObject({ status: 401 })
    }
  })

  it.each([
    ['none', {}],
    ['an empty one', { authorization: 'Bearer ' }],
    ['a wrong one', { authorization: `Bearer ${'A'.repeat(43)}` }],
    ['one without its scheme', { authorization: 'TOKEN' }],
    ['a longer one', { authorization: 'TOKEN-LONGER' }],
    ['one in the query', {}],
  ])('refuses a token that is %s', async (_, headers: Record<string, string>) => {
    const { token } = steward.core
    const given = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        value.replace('TOKEN-LONGER', `Bearer ${token}x`).replace('TOKEN', token),
      ]),
    )
    const answer = await call({ path: `${LIST}?token=${token}`, withoutToken: true, headers: given })
    expect(answer).toMatchObject({ status: 401, json: { status: 401 } })
    expect(answer.text).not.toContain(token)
  })

  it('keeps its token in a file of its owner alone, the same for every start', async () => {
    const file = path.join(steward.home, 'token')
    expect(fs.readFileSync(file, 'utf8').trim()).toBe(steward.core.token)
    expect(fs.statSync(file).mode & 0o777).toBe(0o600)
    expect(fs.statSync(steward.home).mode & 0o777).toBe(0o700)
    expect(Buffer.from(steward.core.token, 'base64url')).toHaveLength(32)
  })

  it.each([
    'evil.example',
    'localhost',
    '127.0.0.1',
    '127.0.0.1:1',
    'localhost.evil.example:PORT',
    '127.0.0.1:PORT.evil.example',
    '0.0.0.0:PORT',
    '2130706433:PORT',
    'user@127.0.0.1:PORT',
    '127.1:PORT',
  ])('refuses the host %s, whose name may have been re-bound to this machine', async host => {
    const answer = await call({
      path: LIST,
      headers: { host: host.replace('PORT', String(steward.core.server.port)) },
    })
    expect([400, 403]).toContain(answer.status)
    expect(answer.text).not.toContain('echo')
  })

  it.each(['127.0.0.1:PORT', 'localhost:PORT', '[::1]:PORT', 'LOCALHOST:PORT'])(
    'takes the host %s',
    async host => {
      const own = host.replace('PORT', String(steward.core.server.port))
      expect(await call({ path: LIST, headers: { host: own } })).toMatchObject({ status: 200 })
    },
  )

  it.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1' },
    { origin: 'http://localhost' },
    { origin: 'https://127.0.0.1:PORT' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'anything' },
  ])('refuses a page of another site: %o', async headers => {
    const given = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        value.replace('PORT', String(steward.core.server.port)),
      ]),
    )
    const before = await eventsTaken()
    expect(await call({ ...EVENT, json: {}, headers: given })).toMatchObject({ status: 403 })
    expect(await call({ path: '/health', headers: given })).toMatchObject({ status: 403 })
    expect(await eventsTaken()).toEqual(before)
  })

  it('answers a preflight without a word of CORS', async () => {
    const answer = await call({
      method: 'OPTIONS',
      path: LIST,
      withoutToken: true,
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    })
    expect(answer.status).toBe(403)
    for (const asked of [answer, await call({ path: LIST })]) {
      expect(Object.keys(asked.headers).filter(name => name.startsWith('access-control'))).toEqual([])
    }
  })
})

describe('what may be sent', () => {
  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/json; charset=utf-16',
    '',
  ])('refuses a body of type “%s”, as a form of another site would send it', async type => {
    const before = await eventsTaken()
    const answer = await call({ ...EVENT, body: '{"payload":1}', headers: { 'content-type': type } })
    expect(answer).toMatchObject({ status: 415, json: { status: 415 } })
    expect(await eventsTaken()).toEqual(before)
  })

  it('refuses a body over one megabyte, whether it says its length or not', async () => {
    const body = JSON.stringify({ payload: 'x'.repeat(1_048_577) })
    const type = { 'content-type': 'application/json' }
    const before = await eventsTaken()
    expect(await call({ ...EVENT, body, headers: type })).toMatchObject({ status: 413 })
    expect(await call({ ...EVENT, body, headers: type, chunked: true })).toMatchObject({ status: 413 })
    expect(await eventsTaken()).toEqual(before)
  })

  it('takes a body just under it, and one without a length', async () => {
    const body = JSON.stringify({ payload: 'x'.repeat(1_000_000) })
    const type = { 'content-type': 'application/json; charset=UTF-8' }
    expect(await call({ ...EVENT, body, headers: type })).toMatchObject({ status: 202 })
    expect(await call({ ...EVENT, body, headers: type, chunked: true })).toMatchObject({ status: 202 })
  })

  it.each(['{', 'undefined', '{"payload":}', '\u0000', '{"payload":1}}'])(
    'refuses %j, which is not JSON',
    async body => {
      const answer = await call({ ...EVENT, body, headers: { 'content-type': 'application/json' } })
      expect(answer).toMatchObject({ status: 400, json: { status: 400 } })
    },
  )

  it.each([
    [[]],
    ['text'],
    [{ payloads: 1 }],
    [{ type: 'run.retry' }],
    [{ type: 'schedule' }],
    [{ type: 'topic:x' }],
    [{ dedupeKey: '' }],
    [{ dedupeKey: 'x'.repeat(201) }],
    [{ dedupeKey: 7 }],
  ])('refuses the event %j', async json => {
    expect(await call({ ...EVENT, json })).toMatchObject({ status: 422 })
  })

  it.each([
    '/api/v1/automations/..%2f..%2ftoken',
    '/api/v1/automations/%2e%2e',
    '/api/v1/runs/%00',
    '/api/v1/gallery/..%2f..%2fpackage.json',
    '/api/v1/gallery/%2e%2e%2fsrc',
    '/api/v1/tools/..%2f..%2fhome/declaration',
    '//api/v1/automations',
    '/api/v1/automations/',
    '/token',
    '/api/v1/runs/%ff',
    '/api/v1/%',
  ])('finds nothing at %s', async path => {
    const answer = await call({ path })
    expect([400, 404]).toContain(answer.status)
    expect(answer.text).not.toContain(steward.core.token)
  })

  it.each([
    'limit=0',
    'limit=201',
    'limit=x',
    'limit=1e2',
    'limit=-1',
    'cursor=%00',
    "cursor=';--",
    'cursor=run_1',
    'before=run_1',
    'limit=5&limit=6',
    'state=every',
  ])('refuses the query %s', async query => {
    expect(await call({ path: `/api/v1/runs?${query}` })).toMatchObject({ status: 400 })
  })
})

describe('every route there is', () => {
  it('is behind every one of the rules', async () => {
    const paths = (await call({ path: '/api/v1/openapi.json' })).json?.['paths'] as Record<string, object>
    const routes = Object.entries(paths).flatMap(([place, methods]) =>
      Object.keys(methods).map(method => ({
        method: method.toUpperCase(),
        path: place.replaceAll(/\{\w+\}/g, 'echo'),
      })),
    )
    expect(routes.length).toBeGreaterThan(80)
    const rows = async () => (await call({ path: '/api/v1/audit/verify' })).json?.['rows']
    const before = await rows()
    const rules: [status: number, breaks: Partial<Call>][] = [
      [401, { withoutToken: true }],
      [403, { headers: { host: 'evil.example' } }],
      [403, { headers: { origin: 'https://evil.example' } }],
      [403, { headers: { 'sec-fetch-site': 'cross-site' } }],
      [415, { body: 'x', headers: { 'content-type': 'text/plain' } }],
      [413, { body: `"${'x'.repeat(1_048_576)}"`, headers: { 'content-type': 'application/json' } }],
    ]
    for (const [status, breaks] of rules)
      for (const route of routes) {
        if (route.path === '/health' && status === 401) continue
        const answer = await call({ ...route, ...breaks })
        expect(`${route.method} ${route.path} ${String(answer.status)}`).toBe(
          `${route.method} ${route.path} ${String(status)}`,
        )
        expect(answer.headers['cache-control']).toBe('no-store')
        expect(Object.keys(answer.headers).join(' ')).not.toContain('access-control')
      }
    expect(await rows()).toBe(before)
  })
})

describe('what it answers', () => {
  it('forbids storing, framing, sniffing and running, on errors too', async () => {
    for (const path of ['/health', LIST, '/api/v1/none', '/api/v1/runs?limit=x']) {
      expect((await call({ path })).headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      })
    }
  })

  it.each([
    ['GET', '/api/v1/automations/none'],
    ['POST', '/api/v1/automations/none/pause'],
    ['DELETE', '/api/v1/automations/none'],
    ['POST', '/api/v1/automations/none/events'],
    ['GET', '/api/v1/automations/none/ledger'],
    ['GET', '/api/v1/runs?automation=none'],
    ['GET', '/api/v1/runs/none'],
    ['GET', '/api/v1/runs/none/steps'],
    ['POST', '/api/v1/runs/none/cancel'],
    ['POST', '/api/v1/runs/none/retry'],
    ['POST', '/api/v1/runs/none/signals/go'],
    ['GET', '/api/v1/events/none'],
    ['GET', '/api/v1/actions/none'],
    ['POST', '/api/v1/actions/none', { choice: 'ok' }],
    ['POST', '/api/v1/items/none/rerun'],
    ['GET', '/api/v1/tools/none/declaration'],
    ['GET', '/api/v1/gallery/none'],
    ['POST', '/api/v1/gallery/none'],
  ])('says of %s %s that there is no such thing, and what to do', async (method, path, json?: object) => {
    const answer = await call({ method, path, ...(json === undefined ? {} : { json }) })
    expect(answer).toMatchObject({ status: 404, json: { status: 404, title: 'Not found' } })
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(String(answer.json?.['detail'])).toMatch(
      /^There is no .*Nothing was changed\. List them with: steward /,
    )
  })

  it('answers HEAD as GET without a body, and changes nothing by it', async () => {
    const answer = await call({ method: 'HEAD', path: LIST })
    expect(answer).toMatchObject({ status: 200, text: '' })
    expect(await call({ method: 'HEAD', path: '/api/v1/stop-everything' })).toMatchObject({ status: 404 })
  })

  it('goes on after requests that are no HTTP', async () => {
    for (const bytes of [
      '\u0000\u0001\u0002\r\n\r\n',
      'GET / HTTP/1.1\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: x\r\n${'a: b\r\n'.repeat(5_000)}\r\n`,
    ])
      await poke(bytes)
    expect(await call({ path: '/health' })).toMatchObject({ status: 200 })
  })
})

function poke(bytes: string): Promise<void> {
  return new Promise(resolve => {
    const socket = net.connect(steward.core.server.port, '127.0.0.1', () => socket.end(bytes))
    socket.on('error', () => {
      resolve()
    })
    socket.on('close', () => {
      resolve()
    })
    socket.resume()
  })
}
