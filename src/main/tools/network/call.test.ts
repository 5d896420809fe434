import { afterEach, describe, expect, it } from 'vitest'
import { openHttpScope, type HttpScope, type HttpScopeOptions } from '../../../../test/support/http-scope.ts'
import {
  closedPort,
  serveBytes,
  serveHttp,
  type Answer,
  type LoopbackServer,
} from '../../../../test/support/loopback-server.ts'
import type { Json } from '../../../domain/json.ts'
import { sentOf } from './failures.ts'

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

describe('a write that did not end well', () => {
  const post = (server: LoopbackServer, more: { [key: string]: Json } = {}) => ({
    method: 'POST',
    url: server.url('/orders?k=1'),
    json: {},
    ...more,
  })

  it.each([500, 502, 503, 504, 408])('J4 is unknown after an answer of %i', async status => {
    const server = await serve((_, response) => response.writeHead(status).end())
    const failure = await open(server).failure('http.request', post(server))
    expect(failure).toMatchObject({ kind: 'outcome-unknown', tool: 'http.request' })
    expect(failure.message).toContain(
      `POST http://${server.host}/orders was sent at 1970-01-01T00:00:00.000Z; the answer was ${status}`,
    )
  })

  it('keeps secrets in an address out of the evidence', async () => {
    const server = await serve((_, response) => response.writeHead(500).end())
    const url = server.url('/services/T0/9fQ2canaryKx81LmZ0vB7tYw?token=canary')
    const failure = await open(server).failure('http.request', { method: 'POST', url })
    expect(failure.message).toContain('/services/T0/•••')
    expect(JSON.stringify(failure)).not.toContain('canary')
  })

  it('J4 is unknown after a reset, silence or garbage', async () => {
    const servers = [
      await serveRaw(socket => socket.resetAndDestroy()),
      await serveRaw(() => undefined),
      await serveRaw(socket => socket.end('%%%%')),
    ]
    for (const server of servers) {
      const failure = await open(server).failure('http.request', post(server, { timeoutMs: 400 }))
      expect(failure.kind).toBe('outcome-unknown')
      expect(failure.message).toContain('no answer was seen')
    }
  })

  it.each([400, 401, 403, 404, 409, 422, 501, 307])('J4 is refused for certain after %i', async status => {
    const server = await serve((_, response) => response.writeHead(status).end())
    expect(await open(server).failure('http.request', post(server))).toMatchObject({
      kind: 'rejected',
      status,
    })
  })

  it('J4 R5 may be sent again when the host said when to come back', async () => {
    const busy = await serve((_, response) => response.writeHead(503, { 'retry-after': '4' }).end())
    const hasty = await serve((_, response) => response.writeHead(429).end())
    expect(await open(busy).failure('http.request', post(busy))).toMatchObject({
      kind: 'unavailable',
      retryAfterMs: 4_000,
    })
    expect(await open(hasty).failure('http.request', post(hasty))).toMatchObject({
      kind: 'rate-limited',
      retryAfterMs: null,
    })
  })

  it('J4 was not sent when no connection was made: network, never timeout', async () => {
    const port = await closedPort()
    const closed = { host: `127.0.0.1:${port}` }
    const refused = await open(closed).failure('http.request', {
      method: 'POST',
      url: `http://127.0.0.1:${port}/`,
    })
    expect([refused.kind, sentOf(refused)]).toEqual(['network', 'no'])
    const silent = await serveRaw(() => undefined)
    const late = await open(silent).failure('http.request', {
      method: 'POST',
      url: `https://${silent.host}/`,
      timeoutMs: 40,
    })
    expect([late.kind, sentOf(late)]).toEqual(['network', 'no'])
  })

  it('J4 is done once the head of its answer was seen, whatever became of the body', async () => {
    const head = 'HTTP/1.1 201 Created\r\ncontent-type: application/json\r\n'
    const answers: [string, string][] = [
      [`${head}content-length: 9\r\n\r\n{"a"`, 'cut-off'],
      [`${head}content-length: 3\r\n\r\n{"a`, 'not-json'],
      [`${head}content-length: 99999\r\n\r\n`, 'too-large'],
      [`${head}content-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc`, 'unreadable'],
    ]
    for (const [text, problem] of answers) {
      const server = await serveRaw(socket => socket.end(text))
      const answer = await open(server, { bytesPerCall: 2_048 }).call('http.request', post(server))
      expect(answer).toMatchObject({ status: 201, ok: true, problem })
    }
  })

  it('J4 is never hidden from the journal by accept', async () => {
    const server = await serve((request, response) =>
      response.writeHead(Number(request.headers['x-want'])).end(),
    )
    const scope = open(server)
    const want = (status: number) =>
      post(server, { headers: { 'x-want': String(status) }, accept: [408, 409, 500] })
    expect(await scope.call('http.request', want(409))).toMatchObject({ status: 409, ok: false })
    for (const status of [408, 500])
      expect((await scope.failure('http.request', want(status))).kind).toBe('outcome-unknown')
  })
})

describe('settling an unknown write', () => {
  const input = { method: 'POST', url: '', json: { a: 1 } }
  const settle = async (server: LoopbackServer, honoured: boolean, now: number) => {
    const clause = { tool: 'http.request', hosts: [server.host], approval: never }
    const changes = [honoured ? { ...clause, honoursKeyForMs: 60_000 } : clause]
    const scope = open(server, {
      changes,
      context: { begunAt: 1_000, now: () => now, idempotencyKey: 'key_9' },
    })
    const read = scope.read('http.request', { ...input, url: server.url('/pay') })
    const given = 'input' in read ? read.input : null
    const { idempotency, reconcile } = scope.tool('http.request')
    const declared =
      typeof idempotency === 'function' ? idempotency(given, scope.context.contract) : idempotency
    return { declared, settled: await reconcile?.(given, scope.context) }
  }

  it('J4 asks again with the same key where the host honours it, and takes its answer', async () => {
    const server = await serve((_, response) => response.writeHead(201).end('{}'))
    const { declared, settled } = await settle(server, true, 60_999)
    expect([declared, settled]).toMatchObject(['key', { is: 'applied', result: { status: 201 } }])
    expect(server.seen.map(seen => seen.headers['idempotency-key'])).toEqual(['key_9'])
  })

  it('J4 asks nobody but the user elsewhere, and after the window', async () => {
    const server = await serve((_, response) => response.end())
    const evidence = `POST http://${server.host}/pay was sent at 1970-01-01T00:00:01.000Z; no answer was seen.`
    expect(await settle(server, false, 2_000)).toEqual({
      declared: 'none',
      settled: { is: 'unknown', evidence },
    })
    expect(await settle(server, true, 61_000)).toEqual({
      declared: 'key',
      settled: { is: 'unknown', evidence },
    })
    expect(server.seen).toEqual([])
  })

  it('J4 stays unknown when asking again brings no clear answer', async () => {
    const failing = await serve((_, response) => response.writeHead(500).end())
    const refusing = await serve((_, response) => response.writeHead(409).end())
    for (const server of [failing, refusing]) {
      const { settled } = await settle(server, true, 2_000)
      expect(settled).toMatchObject({ is: 'unknown' })
      expect(JSON.stringify(settled)).toContain('Asked again with the same key')
    }
  })
})
