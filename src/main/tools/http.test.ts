import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { openHttpScope, type HttpScope, type HttpScopeOptions } from '../../../test/support/http-scope.ts'
import {
  closedPort,
  serveBytes,
  serveHttp,
  type Answer,
  type LoopbackServer,
} from '../../../test/support/loopback-server.ts'
import type { Json } from '../../domain/json.ts'

const never = 'never' as const
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function open(server: Pick<LoopbackServer, 'host'>, options: HttpScopeOptions = {}): HttpScope {
  const change = { tool: 'http.request', hosts: [server.host], approval: never }
  const scope = openHttpScope({ hosts: [server.host], changes: [change], ...options })
  closing.unshift(() => scope.close())
  return scope
}

async function serve(answer: Answer): Promise<LoopbackServer> {
  const server = await serveHttp(answer)
  closing.push(() => server.close())
  return server
}

async function serveRaw(...given: Parameters<typeof serveBytes>): Promise<LoopbackServer> {
  const server = await serveBytes(...given)
  closing.push(() => server.close())
  return server
}

const typed = (type: string, body: string | Buffer): Answer => {
  return (_, response) => response.writeHead(200, type === '' ? {} : { 'content-type': type }).end(body)
}

describe('http.request and http.get', () => {
  it('return status, headers without cookies, and a body by its content type', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', etag: '"1"', 'set-cookie': 'secret=1' })
      response.end('{"a":[1,2]}')
    })
    const answer = await open(server).call('http.get', {
      url: server.url('/x'),
      query: { q: 'a b', n: [1, 2] },
    })
    expect(answer).toMatchObject({ status: 200, ok: true, body: { a: [1, 2] }, problem: null })
    expect(answer['url']).toBe(server.url('/x?q=a+b&n=1&n=2'))
    expect(answer['headers']).toMatchObject({ etag: '"1"' })
    expect(JSON.stringify(answer)).not.toContain('secret')
    expect(server.seen[0]?.headers['idempotency-key']).toBeUndefined()
  })

  it.each<[string, string | Buffer, Json, Json]>([
    ['text/html; charset=iso-8859-1', Buffer.from([0xe9]), 'auto', 'é'],
    ['application/atom+xml', '<a/>', 'auto', '<a/>'],
    ['application/ld+json', '[1]', 'auto', [1]],
    ['application/json', '', 'auto', null],
    ['image/png', Buffer.from([1, 2, 3]), 'auto', 'AQID'],
    ['', 'plain', 'auto', 'plain'],
    ['', Buffer.from([0xff, 0xfe]), 'auto', '//4='],
    ['text/plain', '{"a":1}', 'json', { a: 1 }],
    ['application/json', '{"a":1}', 'text', '{"a":1}'],
    ['text/plain', 'abc', 'base64', 'YWJj'],
  ])('read a body of type %j', async (type, body, as, expected) => {
    const server = await serve(typed(type, body))
    expect((await open(server).call('http.get', { url: server.url(), as }))['body']).toEqual(expected)
  })

  it('make JSON that is none a bad response of a read', async () => {
    const server = await serve(typed('application/json', '<html>'))
    const failure = await open(server).failure('http.get', { url: server.url() })
    expect(failure).toMatchObject({ kind: 'bad-response', host: server.host, detail: { status: 200 } })
  })

  it('fail for a status that was not accepted, and return one that was', async () => {
    const server = await serve((_, response) =>
      response.writeHead(404, { 'content-type': 'text/plain' }).end('gone'),
    )
    const scope = open(server)
    expect(await scope.failure('http.get', { url: server.url() })).toMatchObject({
      kind: 'rejected',
      status: 404,
    })
    const answer = await scope.call('http.get', { url: server.url(), accept: [404] })
    expect(answer).toMatchObject({ status: 404, ok: false, body: 'gone' })
  })

  it.each<[Json, string, string | undefined]>([
    [{ json: { a: 'ü' } }, '{"a":"ü"}', 'application/json'],
    [{ json: null }, 'null', 'application/json'],
    [{ text: 'hi' }, 'hi', 'text/plain; charset=utf-8'],
    [{ form: { a: '1 2', b: true } }, 'a=1+2&b=true', 'application/x-www-form-urlencoded'],
    [{ text: '<a/>', headers: { 'Content-Type': 'application/xml' } }, '<a/>', 'application/xml'],
    [{}, '', undefined],
  ])('send %j', async (given, body, type) => {
    const server = await serve((_, response) => response.writeHead(204).end())
    const input = { method: 'PUT', url: server.url(), ...(given as { [key: string]: Json }) }
    expect(await open(server).call('http.request', input)).toMatchObject({ status: 204, body: null })
    expect(server.seen[0]).toMatchObject({ method: 'PUT', body })
    expect(server.seen[0]?.headers['content-type']).toBe(type)
    expect(server.seen[0]?.headers['idempotency-key']).toBe('key_1')
  })

  it.each<[Json]>([
    [{ url: 'http://127.0.0.1/', json: 1 }],
    [{ url: 'http://127.0.0.1/', method: 'POST', json: 1, text: 'x' }],
    [{ url: 'http://127.0.0.1/', method: 'TRACE' }],
    [{ url: 'http://127.0.0.1/', method: 'POST', headers: { 'Idempotency-Key': 'mine' } }],
    [{ url: 'http://127.0.0.1/', unknown: 1 }],
    [{ url: 'x' }],
  ])('refuse %j before anything happens', input => {
    expect(open({ host: '127.0.0.1' }).read('http.request', input)).toMatchObject({
      failure: { kind: 'invalid-input' },
    })
  })

  it('follow a redirect only to hosts the contract names', async () => {
    const second = await serve((_, response) => response.end('there'))
    const first = await serve((_, response) => response.writeHead(302, { location: second.url() }).end())
    const strict = open(first)
    expect(await strict.failure('http.get', { url: first.url() })).toMatchObject({
      kind: 'not-permitted',
      clause: 'reads.hosts',
    })
    expect(second.seen).toEqual([])
    const hosts = [first.host, second.host]
    expect(await open(first, { hosts }).call('http.get', { url: first.url() })).toMatchObject({
      body: 'there',
    })
    const barred = open(first, { hosts, never: { hosts: [second.host] } })
    expect((await barred.failure('http.get', { url: first.url() })).kind).toBe('not-permitted')
  })
})

describe('what a call says about itself', () => {
  const scope = open({ host: '127.0.0.1' })
  const about = (name: string, input: Json) => {
    const tool = scope.tool(name)
    const read = scope.read(name, input)
    const given = 'input' in read ? read.input : null
    return {
      effect: typeof tool.effect === 'function' ? tool.effect(given) : tool.effect,
      touches: tool.touches(given),
      sentence: tool.describe(given, undefined),
      redacted: tool.redact?.(given),
    }
  }

  it('is a read with egress where it carries something out, and a write by its method', () => {
    expect(about('http.get', { url: 'https://A.example.com:443/a' })).toMatchObject({
      effect: 'read',
      touches: { hosts: ['a.example.com'], method: 'GET', egress: false },
    })
    const carrying = [
      { url: 'http://0x7f.1:81/?a=1' },
      { url: 'http://127.1:81/', query: { a: 1 } },
      { url: 'http://2130706433:81/', headers: { a: 'b' } },
    ]
    for (const input of carrying) {
      expect(about('http.get', input as Json).touches).toEqual({
        hosts: ['127.0.0.1:81'],
        method: 'GET',
        egress: true,
      })
    }
    expect(about('http.request', { url: 'http://a.test/', method: 'DELETE' })).toMatchObject({
      effect: 'write',
      touches: { hosts: ['a.test'], method: 'DELETE', actions: 1 },
    })
  })

  it('is one sentence without query, and an input without secrets', () => {
    const post = about('http.post', {
      url: 'https://a.test/orders?key=canary',
      json: { token: 'canary', n: 1 },
      headers: { 'x-api-key': 'canary' },
    })
    expect(post.sentence).toBe('Sent POST to a.test/orders')
    expect(JSON.stringify(post.redacted)).not.toContain('canary')
    expect(post.redacted).toMatchObject({ method: 'POST', json: { n: 1 } })
  })

  it('simulates a write without sending it', async () => {
    const server = await serve((_, response) => response.end())
    const simulate = scope.tool('http.post').simulate
    const read = scope.read('http.post', { url: server.url(), json: 1 })
    expect(await simulate?.('input' in read ? read.input : null, scope.context)).toMatchObject({
      status: 202,
      simulated: true,
    })
    expect(server.seen).toEqual([])
  })
})

describe('http.probe', () => {
  it('reports what it saw, with a hash that changes with the content', async () => {
    let body = 'one'
    const server = await serve((_, response) => response.end(body))
    const scope = open(server)
    const first = await scope.call('http.probe', { url: server.url(), contains: 'on' })
    const hash = createHash('sha256').update('one').digest('hex')
    expect(first).toMatchObject({ reachable: true, ok: true, status: 200, reason: null, hash, bytes: 3 })
    body = 'two'
    expect(await scope.call('http.probe', { url: server.url(), contains: 'on' })).toMatchObject({
      ok: false,
      reason: 'content',
    })
    const wrong = { url: server.url(), expectStatus: 201, method: 'HEAD' }
    expect(await scope.call('http.probe', wrong)).toMatchObject({
      reachable: true,
      ok: false,
      reason: 'status',
      hash: null,
    })
  })

  it('makes every failure of the network its result, also of a host that is left alone', async () => {
    const port = await closedPort()
    const breaking = await serveRaw(socket => socket.resetAndDestroy())
    const silent = await serveRaw(() => undefined)
    const garbage = await serveRaw(socket => socket.end('%%%%'))
    const plain = await serveRaw(socket => socket.end('no handshake'))
    const cases: [string, string][] = [
      [`http://127.0.0.1:${port}/`, 'refused'],
      [breaking.url(), 'reset'],
      [silent.url(), 'timeout'],
      [garbage.url(), 'content'],
      [`https://${plain.host}/`, 'tls'],
    ]
    for (const [url, reason] of cases) {
      const scope = open({ host: new URL(url).host })
      const answer = await scope.call('http.probe', { url, timeoutMs: reason === 'timeout' ? 100 : 5_000 })
      expect(answer, url).toMatchObject({
        reachable: reason === 'content',
        ok: false,
        reason,
        status: null,
        hash: null,
      })
    }
    const scope = open({ host: `127.0.0.1:${port}` })
    for (let i = 0; i < 7; i++) {
      expect(await scope.call('http.probe', { url: `http://127.0.0.1:${port}/` })).toMatchObject({
        reason: 'refused',
      })
    }
  })

  it('R5 waits for a network rather than reporting a host down, and never hides a refusal', async () => {
    const resolve = () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))
    const offline = open({ host: 'a.example' }, { resolve, interfaces: () => ({}) })
    expect((await offline.failure('http.probe', { url: 'https://a.example/' })).kind).toBe('offline')
    const stranger = open({ host: 'a.example' })
    expect((await stranger.failure('http.probe', { url: 'http://127.0.0.1/' })).kind).toBe('not-permitted')
  })
})
