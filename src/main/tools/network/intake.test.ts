import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import {
  serveBytes,
  serveHttp,
  type Answer,
  type LoopbackServer,
} from '../../../../test/support/loopback-server.ts'
import { FailureError, failureOf, isFailureError, type Failure } from '../../../domain/failure.ts'
import { createHttpClient, type HttpAnswer, type HttpClient, type HttpRequest } from './client.ts'
import type { BodySink } from './intake.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function serve(answer: Answer): Promise<LoopbackServer> {
  const server = await serveHttp(answer)
  closing.push(() => server.close())
  return server
}

function open(): HttpClient {
  const client = createHttpClient({ now: () => 0 })
  closing.unshift(() => client.close())
  return client
}

function ask(url: string, options: Partial<HttpRequest>): Promise<HttpAnswer> {
  return open().request({ url, allowHost: () => true, mayVisit: () => true, ...options })
}

async function failure(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    () => new Error('It did not fail.'),
    (thrown: unknown) => thrown,
  )
  if (!isFailureError(error)) throw error
  return failureOf(error)
}

function collector(): { sink: BodySink; bytes: () => number; text: () => string } {
  const pieces: Uint8Array[] = []
  return {
    sink: piece => {
      pieces.push(Buffer.from(piece))
      return Promise.resolve()
    },
    bytes: () => pieces.reduce((sum, piece) => sum + piece.byteLength, 0),
    text: () => Buffer.concat(pieces).toString('utf8'),
  }
}

describe('a body that goes to a sink', () => {
  it.each([
    ['as it is', undefined, Buffer.from('hello')],
    ['gzip', 'gzip', gzipSync('hello')],
    ['br', 'br', brotliCompressSync('hello')],
  ])('arrives whole: %s', async (_, coding, body) => {
    const server = await serve((_request, response) =>
      response.writeHead(200, coding === undefined ? {} : { 'content-encoding': coding }).end(body),
    )
    const got = collector()
    const answer = await ask(server.url(), { sink: got.sink, maxBytes: 1_000 })
    expect(got.text()).toBe('hello')
    expect(answer.body.byteLength).toBe(0)
    expect(server.seen[0]?.headers['accept-encoding']).toBe('identity')
  })

  it('is never held in memory faster than it is taken', async () => {
    let sent = 0
    const piece = Buffer.alloc(256 * 1_024)
    const server = await serve((_request, response) => {
      const more = (): void => {
        while (sent < 64 * 1_048_576) {
          sent += piece.byteLength
          if (!response.write(piece)) return void response.once('drain', more)
        }
        response.end()
      }
      more()
    })
    const first = Promise.withResolvers<undefined>()
    let taken = 0
    const work = ask(server.url(), {
      maxBytes: 128 * 1_048_576,
      sink: async got => {
        if (taken === 0) await first.promise
        taken += got.byteLength
      },
    })
    await expect.poll(() => sent).toBeGreaterThan(0)
    for (let before = -1; before !== sent; await new Promise(resolve => setTimeout(resolve, 100)))
      before = sent
    expect(sent).toBeLessThan(32 * 1_048_576)
    first.resolve(undefined)
    await work
    expect(taken).toBe(sent)
  })

  it('S2 stops at its limit, announced, endless or unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000))
    const server = await serve((request, response) => {
      if (request.path === '/announced') response.writeHead(200, { 'content-length': '104857600' }).write('x')
      else if (request.path === '/bomb') response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
      else {
        const more = (): unknown => response.write('x'.repeat(65_536), () => !response.destroyed && more())
        more()
      }
    })
    for (const path of ['/announced', '/endless', '/bomb']) {
      const got = collector()
      const failed = await failure(ask(server.url(path), { sink: got.sink, maxBytes: 1_000_000 }))
      expect(failed, path).toMatchObject({ kind: 'script-limit', limit: 'bytes-in', allowed: 1_000_000 })
      expect(got.bytes(), path).toBeLessThanOrEqual(1_000_000)
    }
  })

  it('fails when it was cut off or not packed as announced', async () => {
    const cut = await serveBytes(socket => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf')
      setTimeout(() => socket.destroy(), 20)
    })
    closing.push(() => cut.close())
    const got = collector()
    expect((await failure(ask(cut.url(), { sink: got.sink }))).kind).toMatch(/^(network|bad-response)$/)
    const packed = await serve((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip at all'),
    )
    expect((await failure(ask(packed.url(), { sink: got.sink }))).kind).toBe('bad-response')
  })

  it('gives back what the sink itself says', async () => {
    const server = await serve((_, response) => response.end('x'))
    const full = Object.assign(new Error('full'), { code: 'ENOSPC' })
    await expect(ask(server.url(), { sink: () => Promise.reject(full) })).rejects.toBe(full)
  })

  it('is only that of the accepted answer', async () => {
    const server = await serve((request, response) => {
      if (request.path === '/moved') response.writeHead(302, { location: '/there' }).end('moved')
      else if (request.path === '/there') response.end('there')
      else response.writeHead(404, { 'content-type': 'text/plain' }).end('gone')
    })
    const got = collector()
    expect(await ask(server.url('/moved'), { sink: got.sink })).toMatchObject({ url: server.url('/there') })
    expect(got.text()).toBe('there')
    expect(await failure(ask(server.url('/gone'), { sink: got.sink }))).toMatchObject({ status: 404 })
    expect(got.text()).toBe('there')
  })

  it('is not read when its head is refused', async () => {
    const server = await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': '104857600' }).write('x'),
    )
    const refused = { kind: 'bad-response', message: 'It was a film.' } as const
    const failed = failure(
      ask(server.url(), {
        onHead: ({ headers }) => {
          if (headers['content-type'] === 'video/mp4') throw new FailureError(refused)
        },
      }),
    )
    expect(await failed).toMatchObject(refused)
  })
})

describe('each hop', () => {
  it('is announced before it is made, and a refusal keeps it from being made', async () => {
    const second = await serve((_, response) => response.end('there'))
    const first = await serve((_, response) => response.writeHead(302, { location: second.url('/b') }).end())
    const hops: string[] = []
    const note = (host: string): Promise<void> => {
      hops.push(host)
      return Promise.resolve()
    }
    await ask(first.url('/a'), { beforeHop: target => note(target.host) })
    expect(hops).toEqual([first.host, second.host])
    const refuse = ask(first.url('/a'), {
      beforeHop: target =>
        target.host === second.host
          ? Promise.reject(new FailureError({ kind: 'offline', message: 'no' }))
          : note(''),
    })
    expect((await failure(refuse)).kind).toBe('offline')
    expect(second.seen).toHaveLength(1)
  })

  it('carries a credential only to the origin it was given for', async () => {
    const second = await serve((_, response) => response.end('there'))
    const first = await serve((_, response) => response.writeHead(302, { location: second.url() }).end())
    await ask(first.url(), { credential: { name: 'Authorization', value: 'Bearer canary' } })
    expect(first.seen[0]?.headers.authorization).toBe('Bearer canary')
    expect(JSON.stringify(second.seen)).not.toContain('canary')
  })
})
