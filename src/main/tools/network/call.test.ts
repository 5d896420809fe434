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

describe('a write that nobody saw the end of', () => {
  const at = (server: LoopbackServer) => ({ method: 'POST', url: server.url('/pay'), json: { a: 1 } })
  const honouring = (server: LoopbackServer, honoured: boolean) => {
    const clause = { tool: 'http.request', hosts: [server.host], approval: never }
    return { changes: [honoured ? { ...clause, honoursKeyForMs: 60_000 } : clause] }
  }
  const declared = (server: LoopbackServer, honoured: boolean) => {
    const scope = open(server, honouring(server, honoured))
    const read = scope.read('http.request', at(server))
    const given = 'input' in read ? read.input : null
    const { idempotency, keyWindowMs, reconcile } = scope.tool('http.request')
    const { contract } = scope.context
    const is = typeof idempotency === 'function' ? idempotency(given, contract) : idempotency
    return { is, windowMs: keyWindowMs?.(given, contract), looks: reconcile !== undefined }
  }

  it('J4 may be repeated where the host is declared to honour its key, and only so long', async () => {
    const server = await serve((_, response) => response.end())
    expect(declared(server, true)).toEqual({ is: 'key', windowMs: 60_000, looks: false })
    expect(declared(server, false)).toEqual({ is: 'none', windowMs: 0, looks: false })
    expect(server.seen).toEqual([])
  })

  it('R5 J4 says what failed it where it may be repeated, and only that it is unknown elsewhere', async () => {
    const busy = await serve((_, response) => response.writeHead(500).end())
    const gone = await serve((_request, response) => response.destroy())
    const hasty = await serve((_, response) => response.writeHead(503, { 'retry-after': '7' }).end())
    const kinds = async (server: LoopbackServer, honoured: boolean) =>
      open(server, honouring(server, honoured)).failure('http.request', at(server))
    expect(await kinds(busy, true)).toMatchObject({ kind: 'unavailable', status: 500 })
    expect(await kinds(gone, true)).toMatchObject({ kind: 'network' })
    expect(await kinds(hasty, true)).toMatchObject({ kind: 'unavailable', retryAfterMs: 7_000 })
    for (const server of [busy, gone])
      expect(await kinds(server, false)).toMatchObject({ kind: 'outcome-unknown' })
  })
})
