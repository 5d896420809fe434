import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { serveHttp, type Answer, type LoopbackServer } from '../../../../test/support/loopback-server.ts'
import { WebScope } from '../../../../test/support/web-scope.ts'
import type { Json } from '../../../domain/json.ts'
import { createCompute, type Compute } from '../compute/pool.ts'
import { parseTarget } from '../network/target.ts'
import { Pace, type PaceOptions } from './pace.ts'
import { webTools } from '../web.ts'

const compute = createCompute()
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})
afterAll(() => compute.close())

/** A site without a robots.txt, unless the answer says otherwise. */
async function serve(answer: Answer): Promise<LoopbackServer> {
  const server = await serveHttp((request, response, incoming) => {
    if (request.path === '/robots.txt') response.writeHead(404).end()
    else answer(request, response, incoming)
  })
  closing.push(() => server.close())
  return server
}

async function serveAll(answer: Answer): Promise<LoopbackServer> {
  const server = await serveHttp(answer)
  closing.push(() => server.close())
  return server
}

function open(pace: PaceOptions = {}, computing: Compute = compute): WebScope {
  const tools = (reader: WebScope['reader']) =>
    webTools({ reader, searchProvider: () => Promise.resolve(null) })
  const scope = new WebScope({ ...pace, tools, compute: computing })
  closing.unshift(() => scope.close())
  return scope
}

const send =
  (type: string, body: string | Buffer): Answer =>
  (_, response) =>
    response.writeHead(200, type === '' ? {} : { 'content-type': type }).end(body)

const visited = (server: LoopbackServer): string[] =>
  server.seen.map(({ path }) => path).filter(path => path !== '/robots.txt')

describe('robots.txt', () => {
  const site = (robots: Answer): Promise<LoopbackServer> =>
    serveAll((request, response, incoming) => {
      if (request.path === '/robots.txt') robots(request, response, incoming)
      else send('application/json', '1')(request, response, incoming)
    })

  it('is obeyed, asked for once, and names the line that forbids', async () => {
    const server = await site(send('text/plain', 'User-agent: *\nDisallow: /private\nAllow: /private/open\n'))
    const run = open().run({ hosts: [server.host] })
    expect(await run.failure('web.json', { url: server.url('/private/a') })).toMatchObject({
      kind: 'not-permitted',
      clause: 'robots.txt',
      message: expect.stringContaining('line 2') as string,
    })
    for (const path of ['/private/open/a', '/other']) await run.call('web.json', { url: server.url(path) })
    expect(visited(server)).toEqual(['/private/open/a', '/other'])
    expect(server.seen.filter(({ path }) => path === '/robots.txt')).toHaveLength(1)
  })

  it('speaks to Steward by name before it speaks to all', async () => {
    const server = await site(
      send('text/plain', 'User-agent: *\nDisallow:\n\nUser-agent: steward\nDisallow: /\n'),
    )
    const failure = await open()
      .run({ hosts: [server.host] })
      .failure('web.json', { url: server.url('/a') })
    expect(failure.kind).toBe('not-permitted')
  })

  it('is obeyed where a redirect leads', async () => {
    const second = await site(send('text/plain', 'User-agent: *\nDisallow: /\n'))
    const first = await serve((_, response) => response.writeHead(302, { location: second.url('/b') }).end())
    const run = open().run({ hosts: [first.host, second.host] })
    expect((await run.failure('web.json', { url: first.url('/a') })).kind).toBe('not-permitted')
    expect(visited(second)).toEqual([])
  })

  it('can be left aside only where the contract names the very host', async () => {
    const server = await site(send('text/plain', 'User-agent: *\nDisallow: /\n'))
    const named = open().run({ hosts: [server.host] })
    expect(await named.call('web.json', { url: server.url('/a'), robots: 'ignore' })).toMatchObject({
      value: 1,
    })
    const wide = open().run({ hosts: ['*.example.com'] })
    expect(await wide.failure('web.json', { url: 'http://a.example.com/', robots: 'ignore' })).toMatchObject({
      kind: 'not-permitted',
      clause: 'reads.hosts',
    })
  })

  it.each<[string, Answer]>([
    ['none', (_, response) => response.writeHead(404).end()],
    ['forbidden', (_, response) => response.writeHead(403).end()],
    ['a page', send('text/html', '<html><p>Not found</p></html>')],
    ['in circles', (_, response) => response.writeHead(302, { location: '/robots.txt?a' }).end()],
    [
      'endless',
      (_, response) => {
        const more = (): unknown =>
          response.write('# x\n'.repeat(50_000), () => !response.destroyed && more())
        more()
      },
    ],
  ])('that is %s forbids nothing', async (_, robots) => {
    const server = await site(robots)
    expect(
      await open()
        .run({ hosts: [server.host] })
        .call('web.json', { url: server.url('/a') }),
    ).toMatchObject({
      value: 1,
    })
  })

  it('that cannot be had for now keeps everything back, and is asked for again later', async () => {
    let status = 503
    const server = await site((_, response) => response.writeHead(status).end())
    const run = open().run({ hosts: [server.host] })
    expect(await run.failure('web.json', { url: server.url('/a') })).toMatchObject({ kind: 'unavailable' })
    expect(visited(server)).toEqual([])
    status = 404
    expect(await run.call('web.json', { url: server.url('/a') })).toMatchObject({ value: 1 })
  })

  it('S1 cannot stall the core, whatever its rules', async () => {
    const rules = `User-agent: *\n${`Disallow: /${'*a'.repeat(40)}b\n`.repeat(4_000)}`
    const server = await site(send('text/plain', rules))
    const impatient = createCompute({ limitMs: 1_500 })
    closing.push(() => impatient.close())
    const run = open({}, impatient).run({ hosts: [server.host] })
    let beats = 0
    const heart = setInterval(() => (beats += 1), 5)
    const failure = await run.failure('web.json', { url: server.url(`/${'a'.repeat(4_000)}`) })
    clearInterval(heart)
    expect(beats).toBeGreaterThan(50)
    expect(failure).toMatchObject({ kind: 'script-limit', limit: 'cpu' })
    expect(visited(server)).toEqual([])
  })
})

describe('the pace', () => {
  it('keeps a distance between requests to one host, and hands long waits back to the engine', async () => {
    const server = await serve(send('application/json', '1'))
    const scope = open({ ownGapMs: 30_000 })
    await scope.run({ hosts: [server.host] }).call('web.json', { url: server.url('/a') })
    const failure = await scope.run({ hosts: [server.host] }).failure('web.json', { url: server.url('/b') })
    expect(failure).toMatchObject({ kind: 'rate-limited', host: server.host, detail: { sent: 'no' } })
    expect(visited(server)).toEqual(['/a'])
  })

  it('is as slow as the site asks for', async () => {
    const server = await serveAll((request, response, incoming) => {
      const robots = request.path === '/robots.txt'
      const answer = robots ? 'User-agent: *\nCrawl-delay: 40\n' : '1'
      send(robots ? 'text/plain' : 'application/json', answer)(request, response, incoming)
    })
    const run = open().run({ hosts: [server.host] })
    await run.call('web.json', { url: server.url('/a') })
    const failure = await run.failure('web.json', { url: server.url('/b') })
    expect(failure).toMatchObject({ kind: 'rate-limited' })
    expect(failure.kind === 'rate-limited' ? failure.retryAfterMs : 0).toBeGreaterThan(30_000)
  })

  it('lets a short wait pass, each in turn, and ends it with its run', async () => {
    const pace = new Pace({ gapMs: 4_000 })
    const target = parseTarget('https://a.example/')
    const leaving = new AbortController()
    const { signal } = new AbortController()
    await pace.turn(target, 0, signal)
    let waited = false
    const second = pace.turn(target, 0, leaving.signal).finally(() => (waited = true))
    await pace.turn(parseTarget('https://b.example/'), 0, signal)
    expect(waited).toBe(false)
    await expect(pace.turn(target, 0, signal)).rejects.toMatchObject({ failure: { kind: 'rate-limited' } })
    leaving.abort()
    await expect(second).rejects.toThrow('aborted')
  })
})

describe('conditional requests', () => {
  const conditional = (state: { etag: string; value: number }): Answer => {
    return (request, response) => {
      const headers = { etag: state.etag, 'content-type': 'application/json' }
      if (request.headers['if-none-match'] === state.etag) response.writeHead(304, headers).end()
      else response.writeHead(200, headers).end(String(state.value))
    }
  }

  it('give the same value as a full answer, and a new one when it changed', async () => {
    const state = { etag: '"1"', value: 1 }
    const statuses: number[] = []
    const server = await serve((request, response, incoming) => {
      response.on('finish', () => statuses.push(response.statusCode))
      conditional(state)(request, response, incoming)
    })
    const run = open().run({ hosts: [server.host] })
    const read = (): Promise<Json> => run.call('web.json', { url: server.url() })
    expect([await read(), await read()]).toEqual([
      { url: server.url(), value: 1 },
      { url: server.url(), value: 1 },
    ])
    state.etag = '"2"'
    state.value = 2
    expect(await read()).toMatchObject({ value: 2 })
    expect(statuses).toEqual([200, 304, 200])
  })

  it('are not made for what is too large for this contract, or must not be stored', async () => {
    const server = await serve((request, response) =>
      response
        .writeHead(200, {
          etag: '"1"',
          'content-type': 'application/json',
          ...(request.path === '/secret' ? { 'cache-control': 'no-store' } : {}),
        })
        .end(JSON.stringify('x'.repeat(2_000))),
    )
    const scope = open()
    for (const path of ['/secret', '/secret', '/large'])
      await scope.run({ hosts: [server.host] }).call('web.json', { url: server.url(path) })
    const small = scope.run({ hosts: [server.host], bytesPerCall: 1_024 })
    expect((await small.failure('web.json', { url: server.url('/large') })).kind).toBe('script-limit')
    expect(server.seen.filter(({ headers }) => headers['if-none-match'] !== undefined)).toEqual([])
  })

  it('never take an answer of 304 that nobody asked for', async () => {
    const server = await serve((_, response) => response.writeHead(304, { etag: '"1"' }).end())
    const failure = await open()
      .run({ hosts: [server.host] })
      .failure('web.json', { url: server.url() })
    expect(failure).toMatchObject({ kind: 'rejected', status: 304 })
  })
})
