import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { serveHttp, type Answer, type LoopbackServer } from '../../../../test/support/loopback-server.ts'
import { WebScope, type WebRun } from '../../../../test/support/web-scope.ts'
import type { Failure } from '../../../domain/failure.ts'
import { createCompute } from '../compute/pool.ts'
import { webTools } from '../web.ts'
import type { SearchProvider } from './search.ts'

const compute = createCompute()
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})
afterAll(() => compute.close())

async function serve(answer: Answer): Promise<LoopbackServer> {
  const server = await serveHttp(answer)
  closing.push(() => server.close())
  return server
}

function open(provider: SearchProvider | null): WebRun {
  const scope = new WebScope({
    compute,
    tools: reader => webTools({ reader, searchProvider: () => Promise.resolve(provider) }),
  })
  closing.unshift(() => scope.close())
  return scope.run({ accounts: ['search'] })
}

const json =
  (value: unknown, status = 200): Answer =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))

const SEARXNG = {
  results: [
    {
      url: 'https://a.example/1',
      title: 'One',
      content: 'First  of all',
      publishedDate: '2024-05-06T00:00:00',
    },
    { url: 'javascript:alert(1)', title: 'Bad', content: '' },
    { url: 'https://a.example/2', title: 'Two', content: null, engine: 'x' },
  ],
}

describe('web.search', () => {
  it('names what is missing where nothing is set up', async () => {
    expect(await open(null).failure('web.search', { query: 'tea' })).toMatchObject({
      kind: 'not-connected',
      setting: 'search',
      detail: { sent: 'no' },
    })
  })

  it('asks a SearXNG instance, also one of the user’s own network', async () => {
    const server = await serve(json(SEARXNG))
    const run = open({ kind: 'searxng', url: server.url('/sx/') })
    const found = await run.call('web.search', {
      query: 'tea & cake',
      since: 'week',
      language: 'de',
      page: 2,
    })
    expect(found).toEqual({
      provider: 'searxng',
      results: [
        {
          url: 'https://a.example/1',
          title: 'One',
          snippet: 'First of all',
          published: Date.UTC(2024, 4, 6),
        },
        { url: 'https://a.example/2', title: 'Two', snippet: '', published: null },
      ],
    })
    const asked = new URL(server.seen[0]?.path ?? '', server.url())
    expect(asked.pathname).toBe('/sx/search')
    expect(Object.fromEntries(asked.searchParams)).toEqual({
      q: 'tea & cake',
      format: 'json',
      pageno: '2',
      time_range: 'week',
      language: 'de',
    })
  })

  it('asks Brave with the key in a header, and gives its marked-up texts as plain ones', async () => {
    const results = [
      {
        url: 'https://a.example/1',
        title: 'Tea &amp; cake',
        description: 'All about <strong>tea</strong>',
        page_age: '2024-05-06T07:08:09',
      },
    ]
    const server = await serve(json({ web: { results } }))
    const credential = { name: 'x-subscription-token', value: 'canary' }
    const run = open({ kind: 'brave', url: server.url().slice(0, -1), credential })
    expect(await run.call('web.search', { query: 'tea', count: 3, since: 'day' })).toMatchObject({
      results: [{ title: 'Tea & cake', snippet: 'All about tea', published: Date.UTC(2024, 4, 6, 7, 8, 9) }],
    })
    expect(server.seen[0]?.headers['x-subscription-token']).toBe('canary')
    expect(server.seen[0]?.path).toMatch(/^\/res\/v1\/web\/search\?q=tea&count=3&offset=0.*freshness=pd/)
  })

  it('asks Tavily with a body', async () => {
    const server = await serve(
      json({ results: [{ url: 'https://a.example/', title: 'T', content: 'C', score: 1 }] }),
    )
    const credential = { name: 'authorization', value: 'Bearer canary' }
    const run = open({ kind: 'tavily', url: server.url().slice(0, -1), credential })
    expect(await run.call('web.search', { query: 'tea', since: 'month' })).toMatchObject({
      provider: 'tavily',
      results: [{ title: 'T', snippet: 'C' }],
    })
    expect(server.seen[0]).toMatchObject({ method: 'POST', path: '/search' })
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({
      query: 'tea',
      max_results: 10,
      time_range: 'month',
    })
    expect(server.seen[0]?.headers.authorization).toBe('Bearer canary')
    expect(await run.failure('web.search', { query: 'tea', page: 2 })).toMatchObject({
      kind: 'invalid-input',
    })
  })

  it('never sends the key on to another host, nor shows it', async () => {
    const second = await serve(json(SEARXNG))
    const first = await serve((_, response) => response.writeHead(302, { location: second.url() }).end())
    const run = open({
      kind: 'brave',
      url: first.url().slice(0, -1),
      credential: { name: 'x-subscription-token', value: 'canary' },
    })
    const failure = await run.failure('web.search', { query: 'tea' })
    expect(failure.kind).toBe('not-permitted')
    expect(second.seen).toEqual([])
    expect(JSON.stringify(failure)).not.toContain('canary')
  })

  it.each<[string, Partial<SearchProvider>, Answer, Partial<Failure>]>([
    ['a key that is not accepted', {}, json({}, 401), { kind: 'auth-expired', connection: 'search' }],
    ['too many searches', {}, json({}, 429), { kind: 'rate-limited' }],
    ['a provider that is down', {}, json({}, 503), { kind: 'unavailable' }],
    ['SearXNG without JSON', { kind: 'searxng' }, json({}, 403), { kind: 'rejected' }],
    ['a page', { kind: 'searxng' }, (_, response) => response.end('<html>'), { kind: 'bad-response' }],
    ['another shape', { kind: 'searxng' }, json({ results: 'none' }), { kind: 'bad-response' }],
  ])('says what went wrong: %s', async (_, provider, answer, expected) => {
    const server = await serve(answer)
    const run = open({ kind: 'brave', url: server.url().slice(0, -1), ...provider })
    expect(await run.failure('web.search', { query: 'tea' })).toMatchObject(expected)
  })

  it('is egress under an account, and hides what looks like a secret', () => {
    const scope = new WebScope({
      compute,
      tools: reader => webTools({ reader, searchProvider: () => Promise.resolve(null) }),
    })
    closing.unshift(() => scope.close())
    const tool = scope.tool('web.search')
    const input = tool.input.parse({ query: 'who uses sk0123456789abcdef0123456789' })
    expect(tool.touches(input)).toEqual({ accounts: ['search'], egress: true })
    expect(JSON.stringify([tool.redact?.(input), tool.describe(input, undefined)])).not.toContain(
      '0123456789abcdef',
    )
  })
})
