/**
 * Answers that do not want to end, of the abuse corpus, through the tools a script has. Each ends at a cap or with the
 * time, as a typed failure; after each the same client still serves an honest request.
 */
import { createServer } from 'node:http'
import { brotliCompressSync, createGzip, gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Failure } from '../../src/domain/failure.ts'
import type { Json } from '../../src/domain/json.ts'
import { openHttpScope, type HttpScope, type HttpScopeOptions } from '../support/http-scope.ts'
import { serveBytes, serveHttp, type Answer, type LoopbackServer } from '../support/loopback-server.ts'

const closing: (() => Promise<void>)[] = []
let honest: LoopbackServer

beforeAll(async () => {
  honest = await serveHttp((_, response) => response.end('honest'))
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})
afterAll(() => honest.close())

/** A script that may read from `hosts`, and from the honest server. */
function open(hosts: string[], options: HttpScopeOptions = {}): HttpScope {
  const changes = [{ tool: 'http.request', hosts, approval: 'never' as const }]
  const scope = openHttpScope({ hosts: [...hosts, honest.host], changes, bytesPerCall: 65_536, ...options })
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

/** How the request failed; the client must serve others as before. */
async function refused(scope: HttpScope, input: { [key: string]: Json }): Promise<Failure> {
  const failure = await scope.failure('http.request', input)
  expect(await scope.call('http.request', { url: honest.url() })).toMatchObject({
    status: 200,
    body: 'honest',
  })
  return failure
}

describe('bodies that do not want to end', () => {
  const bombs: [string, Buffer][] = [
    ['gzip', gzipSync(Buffer.alloc(100_000_000))],
    ['br', brotliCompressSync(Buffer.alloc(20_000_000))],
  ]
  it.each(bombs)('corpus 72 a bomb in %s stops at the cap', async (coding, bomb) => {
    const server = await serve((_, response) =>
      response.writeHead(200, { 'content-encoding': coding }).end(bomb),
    )
    const failure = await refused(open([server.host]), { url: server.url() })
    expect(failure).toMatchObject({ kind: 'script-limit', limit: 'bytes-in', allowed: 65_536 })
  })

  it('corpus 72 a bomb without end stops at the cap of what is received', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      const gzip = createGzip({ level: 0 })
      gzip.pipe(response)
      const feed = (): void => {
        while (!response.destroyed && gzip.write(Buffer.alloc(16_384)));
        if (!response.destroyed) gzip.once('drain', feed)
      }
      response.on('close', () => gzip.destroy())
      feed()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    closing.push(async () => server.closeAllConnections())
    closing.push(() => new Promise(resolve => server.close(() => resolve())))
    const { port } = server.address() as { port: number }
    const failure = await refused(open([`127.0.0.1:${port}`]), { url: `http://127.0.0.1:${port}/` })
    expect(failure).toMatchObject({ kind: 'script-limit', limit: 'bytes-in' })
  })

  it('corpus 72 an endless body stops at the cap, and its connection is dropped', async () => {
    const dropped = Promise.withResolvers<boolean>()
    const server = await serveRaw(socket => {
      socket.on('close', () => dropped.resolve(true))
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      const more = (): void => {
        if (!socket.destroyed) socket.write(Buffer.alloc(16_384), more)
      }
      more()
    })
    const failure = await refused(open([server.host]), { url: server.url() })
    expect(failure).toMatchObject({ kind: 'script-limit', limit: 'bytes-in', allowed: 65_536 })
    expect(await dropped.promise).toBe(true)
  })

  it('corpus 72 an announced size above the cap is not even waited for', async () => {
    const server = await serveRaw(socket =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n'),
    )
    expect((await refused(open([server.host]), { url: server.url() })).kind).toBe('script-limit')
  })

  it('corpus 72 a trickling head or body ends with the time, while the core goes on answering', async () => {
    const dripping = (text: string) =>
      serveRaw(socket => {
        socket.write(text)
        const drip = setInterval(() => socket.write('a'), 5)
        socket.on('close', () => clearInterval(drip))
      })
    const servers = [
      await dripping('HTTP/1.1 200 OK\r\n\r\n'),
      await dripping('HTTP/1.1 200 OK\r\nx: '),
      await dripping(''),
    ]
    for (const server of servers) {
      const scope = open([server.host])
      const stalled = scope.failure('http.request', { url: server.url(), timeoutMs: 120 })
      for (let i = 0; i < 5; i++) await scope.call('http.request', { url: honest.url() })
      const failure = await stalled
      expect(['timeout', 'bad-response']).toContain(failure.kind)
    }
  })

  it('corpus 72 heads without end, with too many headers, and answers to nothing are refused', async () => {
    const many = Array.from({ length: 300 }, (_, i) => `x-${i}: 1\r\n`).join('')
    const answers = [
      `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`,
      `HTTP/1.1 200 OK\r\n${many}content-length: 0\r\n\r\n`,
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
      'HTTP/1.1 999999 OK\r\n\r\n',
      'SSH-2.0-OpenSSH\r\n',
    ]
    for (const answer of answers) {
      const server = await serveRaw(socket => socket.write(answer))
      const failure = await refused(open([server.host]), { url: server.url(), timeoutMs: 2_000 })
      expect(failure.kind, answer.slice(0, 40)).toBe('bad-response')
    }
  })

  it('corpus 72 the core goes on answering while a bomb is defused', async () => {
    const bomb = gzipSync(Buffer.alloc(30_000_000))
    const server = await serve((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    )
    const scope = open([server.host], { bytesPerCall: 33_554_432 })
    const reading = scope.call('http.request', { url: server.url(), as: 'base64', maxBytes: 20_000_000 })
    const answers: Json[] = []
    for (let i = 0; i < 10; i++)
      answers.push((await scope.call('http.request', { url: honest.url() }))['body'] ?? null)
    await expect(reading).rejects.toThrow(/larger than 20000000 bytes/)
    expect(answers).toEqual(Array.from({ length: 10 }, () => 'honest'))
  })

  it('corpus 72 an answer planted behind another is never taken for the next one', async () => {
    const planted = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\ncanary'
    const server = await serveRaw(socket =>
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na${planted}`),
    )
    const scope = open([server.host])
    for (let i = 0; i < 4; i++)
      expect(await scope.call('http.request', { url: server.url() })).toMatchObject({ body: 'a' })
  })
})
