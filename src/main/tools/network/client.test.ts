import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ask, failureFrom, open, serve, serveRaw } from '../../../../test/support/guarded-client.ts'
import { closedPort } from '../../../../test/support/loopback-server.ts'
import type { Answer } from '../../../../test/support/loopback-server.ts'
import type { Address } from './address.ts'
import type { HttpRequest } from './client.ts'
import { reasonOf, sentOf, statusOf } from './failures.ts'

/** Long enough for a connection that was answered on to be free again. */
const idle = () => new Promise<void>(resolve => setTimeout(resolve, 20))

const at =
  (...addresses: string[]) =>
  async (): Promise<Address[]> =>
    addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }))

describe('a request', () => {
  it('carries method, headers and body, and brings back status, headers and body', async () => {
    const server = await serve((request, response) => {
      response.writeHead(201, { ETag: '"1"', 'set-cookie': ['a=1', 'b=2'] })
      response.end(`got ${request.body}`)
    })
    const answer = await open().request(
      ask(server.url('/a?b=c'), { method: 'PUT', headers: { 'X-Own': '1' }, body: 'Grüße' }),
    )
    expect(answer).toMatchObject({ status: 201, url: server.url('/a?b=c'), redirects: [] })
    expect(Buffer.from(answer.body).toString()).toBe('got Grüße')
    expect(answer.headers).toMatchObject({ etag: '"1"', 'set-cookie': 'a=1, b=2' })
    const [seen] = server.seen
    expect(seen).toMatchObject({ method: 'PUT', path: '/a?b=c', body: 'Grüße' })
    expect(seen?.headers).toMatchObject({
      host: server.host,
      'x-own': '1',
      'user-agent': 'Steward',
      'content-length': '7',
    })
  })

  it('uses its connections again and again', async () => {
    const server = await serve((_, response) => response.end('x'))
    const client = open()
    for (let i = 0; i < 20; i++) await client.request(ask(server.url()))
    expect(server.seen).toHaveLength(20)
    expect(server.connections()).toBeLessThanOrEqual(2)
  })

  it('reads gzip, and a HEAD that announces a body it does not send', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/plain' })
      response.end(gzipSync('hello'))
    })
    const client = open()
    expect(Buffer.from((await client.request(ask(server.url()))).body).toString()).toBe('hello')
    expect(server.seen[0]?.headers['accept-encoding']).toBe('gzip, deflate, br')
    expect((await client.request(ask(server.url(), { method: 'HEAD' }))).body.byteLength).toBe(0)
  })

  it('fails for statuses from 400 on unless they are accepted, with an excerpt for the maintainer', async () => {
    const server = await serve((_, response) => {
      response.writeHead(422, { 'content-type': 'application/problem+json' })
      response.end('{"field":"total","key":"sk_live_51H8abcDEF0123456789"}')
    })
    const client = open()
    const failure = await failureFrom(client.request(ask(server.url('/x?token=s'))))
    expect(failure).toMatchObject({
      kind: 'rejected',
      status: 422,
      detail: { answer: '{"field":"total","key":"•••"}' },
    })
    expect(JSON.stringify(failure)).not.toContain('token=s')
    expect((await client.request(ask(server.url(), { accept: status => status === 422 }))).status).toBe(422)
  })

  it('connects where it resolved and nowhere else, keeping Host and the name for the certificate', async () => {
    let hello = ''
    const secure = await serveRaw((socket, first) => {
      hello = first.toString('latin1')
      socket.end('not tls')
    })
    const plain = await serve((_, response) => response.end('x'))
    const client = open({ resolve: at('127.0.0.1') })
    await client.request(ask(`http://shop.test:${plain.port}/`))
    expect(plain.seen[0]?.headers.host).toBe(`shop.test:${plain.port}`)
    const failure = await failureFrom(client.request(ask(`https://shop.test:${secure.port}/`)))
    expect(hello).toContain('shop.test')
    expect([failure.kind, reasonOf(failure), sentOf(failure)]).toEqual(['network', 'tls', 'no'])
  })

  it('tries the next checked address when one does not answer', async () => {
    const server = await serve((_, response) => response.end('x'))
    const client = open({ resolve: at('::1', '127.0.0.1') })
    expect((await client.request(ask(`http://shop.test:${server.port}/`))).status).toBe(200)
  })

  it('asks again by itself when a kept connection had been closed, for reads only', async () => {
    let answers = 0
    const server = await serveRaw((socket, first) => {
      const reply = (): void => {
        answers += 1
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      }
      if (first.length > 0) reply()
      socket.on('data', () => socket.destroy())
    })
    const client = open()
    await client.request(ask(server.url()))
    await idle()
    expect((await client.request(ask(server.url()))).status).toBe(200)
    expect(answers).toBe(2)
    await idle()
    const failure = await failureFrom(client.request(ask(server.url(), { method: 'POST', body: 'x' })))
    expect([failure.kind, sentOf(failure), answers]).toEqual(['network', 'maybe', 2])
  })

  it('lets go of what it holds when it is closed', async () => {
    const server = await serve(() => undefined)
    const client = open()
    const pending = failureFrom(client.request(ask(server.url())))
    await expect.poll(() => server.seen.length).toBe(1)
    await client.close()
    expect((await pending).kind).toBe('network')
  })
})

describe('whether it can have arrived', () => {
  it('J4 says no when nobody listens, the name is unknown, or policy refused', async () => {
    const port = await closedPort()
    const unknown = Object.assign(new Error('x'), { code: 'ENOTFOUND' })
    const missing = open({ resolve: () => Promise.reject(unknown), interfaces: online })
    const empty = open({ resolve: at(), interfaces: online })
    const failures = [
      await failureFrom(open().request(ask(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'x' }))),
      await failureFrom(missing.request(ask('http://shop.test/', { method: 'POST' }))),
      await failureFrom(empty.request(ask('http://shop.test/', { method: 'POST' }))),
      await failureFrom(open().request(ask('http://127.0.0.1/', { method: 'POST', allowHost: () => false }))),
    ]
    expect(failures.map(failure => [failure.kind, sentOf(failure)])).toEqual([
      ['network', 'no'],
      ['network', 'no'],
      ['network', 'no'],
      ['not-permitted', 'no'],
    ])
    expect(failures.slice(0, 3).map(reasonOf)).toEqual(['refused', 'dns', 'dns'])
  })

  it('J4 says maybe when the connection broke or fell silent after the request was written', async () => {
    const breaking = await serveRaw(socket => socket.resetAndDestroy())
    const silent = await serveRaw(() => undefined)
    const garbage = await serveRaw(socket => socket.end('%%%%\r\n\r\n'))
    const client = open()
    const post = { method: 'POST', body: 'x' } as const
    const failures = [
      await failureFrom(client.request(ask(breaking.url(), post))),
      await failureFrom(client.request(ask(silent.url(), { ...post, timeoutMs: 400 }))),
      await failureFrom(client.request(ask(garbage.url(), post))),
    ]
    expect(failures.map(failure => [failure.kind, sentOf(failure), statusOf(failure)])).toEqual([
      ['network', 'maybe', null],
      ['timeout', 'maybe', null],
      ['bad-response', 'maybe', null],
    ])
  })

  it('J4 never writes a byte of a request that was given up while it waited to be sent', async () => {
    const server = await serveRaw((socket, first) => {
      received += first.toString('latin1')
      socket.write('\x16')
    })
    let received = ''
    const client = open()
    const failure = await failureFrom(
      client.request(
        ask(`https://127.0.0.1:${server.port}/`, { method: 'POST', body: 'canary', timeoutMs: 60 }),
      ),
    )
    expect([failure.kind, sentOf(failure)]).toEqual(['timeout', 'no'])
    expect(received).not.toContain('canary')
  })

  it('J4 remembers the status that was seen before the rest was lost', async () => {
    const server = await serveRaw(socket => {
      socket.write('HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\nhalf', () => socket.resetAndDestroy())
    })
    const failure = await failureFrom(open().request(ask(server.url(), { method: 'POST', body: 'x' })))
    expect([failure.kind, statusOf(failure), sentOf(failure)]).toEqual(['network', 201, 'maybe'])
  })

  it('J4 tells a cancelled request that had left from one that had not', async () => {
    const server = await serve(() => undefined)
    const client = open()
    const control = new AbortController()
    const pending = failureFrom(client.request(ask(server.url(), { signal: control.signal })))
    await expect.poll(() => server.seen.length).toBe(1)
    control.abort()
    const [left, stayed] = [
      await pending,
      await failureFrom(client.request(ask(server.url(), { signal: control.signal }))),
    ]
    expect([reasonOf(left), sentOf(left)]).toEqual(['cancelled', 'maybe'])
    expect([reasonOf(stayed), sentOf(stayed)]).toEqual(['cancelled', 'no'])
    expect(server.seen).toHaveLength(1)
  })
})

describe('redirects', () => {
  const redirecting: Answer = (request, response) => {
    const to = new URL(request.path, 'http://x').searchParams.get('to')
    if (to === null) response.end('end')
    else response.writeHead(Number(request.headers['x-status'] ?? 302), { location: to }).end()
  }

  it('are followed for reads, without what could be a secret of the first origin', async () => {
    const second = await serve((_, response) => response.end('end'))
    const first = await serve(redirecting)
    const headers = { 'x-api-key': 'canary', accept: 'text/plain' }
    const answer = await open().request(ask(first.url(`/?to=${second.url('/b')}`), { headers }))
    expect([answer.url, answer.redirects]).toEqual([
      second.url('/b'),
      [first.url(`/?to=${second.url('/b')}`)],
    ])
    expect(second.seen[0]?.headers).toMatchObject({ accept: 'text/plain', 'user-agent': 'Steward' })
    expect(second.seen[0]?.headers['x-api-key']).toBeUndefined()
  })

  it('keep the headers on the same origin', async () => {
    const server = await serve(redirecting)
    await open().request(ask(server.url('/?to=/b'), { headers: { 'x-own': '1' } }))
    expect(server.seen.map(seen => [seen.path, seen.headers['x-own']])).toEqual([
      ['/?to=/b', '1'],
      ['/b', '1'],
    ])
  })

  it('are never followed for writes: moved is rejected, other redirects are returned', async () => {
    const server = await serve(redirecting)
    const client = open()
    const post = (status: string): Partial<HttpRequest> => ({
      method: 'POST',
      body: 'x',
      headers: { 'x-status': status },
    })
    for (const status of ['301', '307', '308']) {
      const failure = await failureFrom(client.request(ask(server.url('/?to=/b'), post(status))))
      expect(failure).toMatchObject({ kind: 'rejected', status: Number(status) })
    }
    expect((await client.request(ask(server.url('/?to=/b'), post('303')))).status).toBe(303)
    expect(server.seen.map(seen => seen.path)).toEqual(Array.from({ length: 4 }, () => '/?to=/b'))
  })

  it('are returned when they are not to be followed', async () => {
    const server = await serve(redirecting)
    const answer = await open().request(ask(server.url('/?to=/b'), { followRedirects: false }))
    expect([answer.status, answer.headers['location']]).toEqual([302, '/b'])
  })
})

const online = () => ({
  eth0: [{ address: '10.0.0.2', internal: false, mac: '', netmask: '', cidr: null, family: 'IPv4' as const }],
})

describe('the health of hosts', () => {
  it('R5 asks a host that answered 429 no earlier than it said', async () => {
    let now = Date.UTC(2026, 0, 1)
    const server = await serve((_, response) => response.writeHead(429, { 'retry-after': '30' }).end())
    const client = open({ now: () => now })
    expect(await failureFrom(client.request(ask(server.url())))).toMatchObject({
      kind: 'rate-limited',
      retryAfterMs: 30_000,
    })
    now += 10_000
    const held = await failureFrom(client.request(ask(server.url())))
    expect([held.kind, sentOf(held), server.seen.length]).toEqual(['rate-limited', 'no', 1])
    expect(held).toMatchObject({ retryAfterMs: 20_000 })
    now += 20_000
    await failureFrom(client.request(ask(server.url())))
    expect(server.seen).toHaveLength(2)
  })

  it('R5 leaves a host alone that failed five times, without touching the network', async () => {
    let now = Date.UTC(2026, 0, 1)
    let status = 503
    const server = await serve((_, response) => response.writeHead(status).end())
    const client = open({ now: () => now })
    for (let i = 0; i < 5; i++) await failureFrom(client.request(ask(server.url())))
    const held = await failureFrom(client.request(ask(server.url())))
    expect(held).toMatchObject({
      kind: 'unavailable',
      status: null,
      retryAfterMs: 30_000,
      detail: { sent: 'no' },
    })
    expect([server.seen.length, client.hosts.snapshot().length]).toEqual([5, 1])
    status = 200
    expect((await client.request(ask(server.url(), { despiteHealth: true }))).status).toBe(200)
    now += 1
    expect((await client.request(ask(server.url()))).status).toBe(200)
    expect(client.hosts.snapshot()).toEqual([])
  })

  it('R5 does not let the impatience of one caller close a host to the others', async () => {
    const server = await serve(() => undefined)
    const client = open()
    for (let i = 0; i < 6; i++) {
      expect((await failureFrom(client.request(ask(server.url(), { timeoutMs: 10 })))).kind).toBe('timeout')
    }
    expect(client.hosts.snapshot()).toEqual([])
  })

  it('R5 takes a failure without any network for being offline, and says when it is back', async () => {
    let interfaces: ReturnType<typeof online> | Record<string, never> = {}
    const back = Promise.withResolvers<boolean>()
    let looked = 0
    const client = open({
      resolve: () => {
        looked += 1
        return Promise.reject(Object.assign(new Error('x'), { code: 'EAI_AGAIN' }))
      },
      interfaces: () => interfaces,
      lookEveryMs: 5,
      onChange: isOnline => {
        if (isOnline) back.resolve(true)
      },
    })
    for (let i = 0; i < 7; i++) {
      const failure = await failureFrom(client.request(ask('https://example.com/')))
      expect([failure.kind, sentOf(failure)]).toEqual(['offline', 'no'])
    }
    expect([looked, client.hosts.snapshot()]).toEqual([1, []])
    interfaces = online()
    expect(await back.promise).toBe(true)
    expect((await failureFrom(client.request(ask('https://example.com/')))).kind).toBe('network')
  })

  it('does not need a network to reach this machine', async () => {
    const server = await serve((_, response) => response.end('x'))
    const client = open({ interfaces: () => ({}) })
    client.connectivity.look()
    expect((await client.request(ask(server.url()))).status).toBe(200)
  })
})
