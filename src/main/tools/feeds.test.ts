import iconv from 'iconv-lite'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { serveHttp, type Answer, type LoopbackServer } from '../../../test/support/loopback-server.ts'
import { WebScope } from '../../../test/support/web-scope.ts'
import type { JsonObject } from '../../domain/json.ts'
import { createCompute } from './compute/pool.ts'
import { feedsTools } from './feeds.ts'

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

function open(): WebScope {
  const scope = new WebScope({ tools: feedsTools, compute })
  closing.unshift(() => scope.close())
  return scope
}

const send =
  (body: () => string | Buffer, type = 'application/xml'): Answer =>
  (_, response) =>
    response.writeHead(200, { 'content-type': type }).end(body())

async function read(body: string | Buffer, type?: string): Promise<JsonObject> {
  const server = await serve(send(() => body, type))
  return open()
    .run({ hosts: [server.host] })
    .call('feeds.read', { url: server.url('/feed') })
}

async function refused(body: string | Buffer, type?: string) {
  const server = await serve(send(() => body, type))
  return open()
    .run({ hosts: [server.host] })
    .failure('feeds.read', { url: server.url('/feed') })
}

const items = (found: JsonObject): JsonObject[] => found['items'] as JsonObject[]
const ids = (found: JsonObject): unknown[] => items(found).map(({ id }) => id)

const entry = (id: number | string): string =>
  `<item><title>T${id} &amp; more</title><link>/i/${id}</link><guid isPermaLink="false">g${id}</guid><pubDate>Mon, 02 Jan 2023 10:00:00 EST</pubDate><description><![CDATA[<p>Hello <b>you</b></p>]]></description></item>`
const rss = (...entries: (number | string)[]): string =>
  `<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><link>https://a.example/</link>${entries.map(entry).join('')}</channel></rss>`

describe('feeds.read', () => {
  it('reads RSS', async () => {
    const server = await serve(send(() => rss(2, 1)))
    const found = await open()
      .run({ hosts: [server.host] })
      .call('feeds.read', { url: server.url('/feed') })
    expect(found).toMatchObject({
      format: 'rss',
      title: 'News',
      link: 'https://a.example/',
      truncated: false,
      problems: [],
    })
    expect(items(found)[0]).toEqual({
      id: 'g2',
      title: 'T2 & more',
      link: server.url('/i/2'),
      published: Date.UTC(2023, 0, 2, 15),
      updated: null,
      author: null,
      text: 'Hello you',
      categories: [],
      enclosures: [],
    })
  })

  it('reads RSS with a guid that is an address, and a podcast’s file', async () => {
    const body = `<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>P</title><item><guid>https://a.example/1</guid><title>&lt;b&gt;Bold&lt;/b&gt; &amp;eacute;</title><dc:creator>Ann</dc:creator><dc:date>2023-01-02</dc:date><category>x</category><enclosure url="/a.mp3" type="audio/mpeg" length="12"/></item></channel></rss>`
    const [item] = items(await read(body))
    expect(item).toMatchObject({
      link: 'https://a.example/1',
      title: 'Bold é',
      author: 'Ann',
      published: Date.UTC(2023, 0, 2),
      categories: ['x'],
      enclosures: [
        { url: expect.stringMatching(/^http:.*\/a\.mp3$/) as string, type: 'audio/mpeg', bytes: 12 },
      ],
    })
  })

  it('reads Atom, RDF and JSON Feed', async () => {
    const atom = `<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><entry><id>urn:1</id><title type="html">x &amp;lt; y</title><link rel="self" href="/self"/><link href="/rel"/><updated>2023-01-02T10:00:00+01:00</updated><author><name>Bob</name></author><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Hi</p><p>there</p></div></content></entry></feed>`
    const found = await read(atom, 'application/atom+xml')
    expect(found).toMatchObject({ format: 'atom', title: 'A' })
    expect(items(found)[0]).toMatchObject({
      id: 'urn:1',
      title: 'x < y',
      link: expect.stringMatching(/\/rel$/) as string,
      author: 'Bob',
      published: Date.UTC(2023, 0, 2, 9),
      text: 'Hi\n\nthere',
    })
    const rdf = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>R</title></channel><item rdf:about="http://a.example/1"><title>One</title><link>http://a.example/1</link><dc:date>2023-01-01</dc:date></item></rdf:RDF>`
    expect(items(await read(rdf))[0]).toMatchObject({
      id: 'http://a.example/1',
      published: Date.UTC(2023, 0, 1),
    })
    const json = JSON.stringify({
      version: 'https://jsonfeed.org/version/1.1',
      title: 'J',
      items: [
        { id: 7, content_text: '1 < 2', url: 'https://a.example/7', date_published: '2023-01-01T00:00:00Z' },
      ],
    })
    const feed = await read(json, 'application/feed+json')
    expect(feed).toMatchObject({ format: 'json', title: 'J' })
    expect(items(feed)[0]).toMatchObject({ id: '7', text: '1 < 2', title: null })
  })

  it.each<[string, string | Buffer, string, string[]]>([
    [
      'cut off in the middle of an entry',
      rss(1, 2).slice(0, rss(1, 2).indexOf('g2')),
      'application/xml',
      ['g1'],
    ],
    [
      'cut off within a tag',
      `${rss(1).replace('</channel></rss>', '')}<item><descr`,
      'application/xml',
      ['g1'],
    ],
    ['never closed', rss(1, 2).replace('</channel></rss>', ''), 'application/xml', ['g1', 'g2']],
    [
      'markup left open',
      rss(1, 2).replace('T1 &amp; more', 'a <b>bold & odd'),
      'application/xml',
      ['g1', 'g2'],
    ],
    ['words before it', `<br/>Warning: x\n${rss(1)}`, 'text/html', ['g1']],
    ['control characters', rss(1).replace('T1', 'T\u0000\u0008\u001b1'), 'text/xml', ['g1']],
    [
      'an entry without anything',
      rss(1).replace('</channel>', '<item></item></channel>'),
      'text/xml',
      ['g1'],
    ],
    ['a type that is a lie', rss(1), 'text/plain', ['g1']],
    ['entities that are not defined', rss(1).replace('T1', '&nbsp;&eacute;&bogus;'), 'text/xml', ['g1']],
    [
      'entities that would grow without end',
      rss(1)
        .replace('<rss', '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><rss')
        .replace('T1', '&b;'),
      'text/xml',
      ['g1'],
    ],
  ])('makes out what it can: %s', async (_, body, type, expected) => {
    expect(ids(await read(body, type)).filter(id => /^g\d$/.test(String(id)))).toEqual(expected)
  })

  it('says what was wrong with what it made out', async () => {
    expect(await read(rss(1, 2).slice(0, -60))).toMatchObject({
      problems: [expect.stringContaining('cut off') as string],
    })
  })

  it('reads every character set', async () => {
    const body = iconv.encode(
      rss(1)
        .replace('<?xml version="1.0"?>', '<?xml version="1.0" encoding="windows-1251"?>')
        .replace('News', 'Новости'),
      'cp1251',
    )
    expect(await read(body)).toMatchObject({ title: 'Новости' })
  })

  it.each<[string, string | Buffer, string | undefined]>([
    ['nothing', '', undefined],
    ['words', 'no feed', 'text/plain'],
    ['other XML', '<a><b/></a>', undefined],
    [
      'half of a JSON Feed',
      '{"version":"https://jsonfeed.org/version/1","items":[{"id":"1"},',
      'application/json',
    ],
    ['a picture', Buffer.from([0x89, 0x50]), 'image/png'],
    ['nothing but the beginning', '<rss version="2.0"><channel><title>x', undefined],
    ['nesting without end', `<rss version="2.0"><channel>${'<a>'.repeat(20_000)}`, undefined],
  ])('refuses what is no feed: %s', async (_, body, type) => {
    expect(await refused(body, type)).toMatchObject({ kind: 'bad-response' })
  })

  it('names the feed of a page that was given instead', async () => {
    const page =
      '<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="/real.xml"></head></html>'
    const failure = await refused(page, 'text/html')
    expect(failure).toMatchObject({
      kind: 'bad-response',
      message: expect.stringMatching(/\/real\.xml$/) as string,
    })
  })

  it('S2 stops at the limit of bytes, also unpacked', async () => {
    const server = await serve((request, response) => {
      if (request.path === '/bomb')
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50_000_000, 32)))
      else {
        response.writeHead(200)
        const more = (): unknown => response.write(rss(1).repeat(100), () => !response.destroyed && more())
        more()
      }
    })
    const run = open().run({ hosts: [server.host], bytesPerCall: 100_000 })
    for (const path of ['/bomb', '/endless'])
      expect(await run.failure('feeds.read', { url: server.url(path) })).toMatchObject({
        kind: 'script-limit',
      })
  })
})

describe('feeds.newItems', () => {
  it('R8 takes what is there the first time for old, and gives what comes later once', async () => {
    let feed = rss(2, 1)
    const server = await serve(send(() => feed))
    const scope = open()
    const look = async (): Promise<JsonObject> => {
      const run = scope.run({ hosts: [server.host] })
      const found = await run.call('feeds.newItems', { url: server.url() })
      run.succeed()
      return found
    }
    expect(await look()).toMatchObject({ first: true, known: 2, items: [], more: 0, title: 'News' })
    feed = rss(4, 3, 2, 1)
    const found = await look()
    expect(found).toMatchObject({ first: false, known: 2, more: 0 })
    expect(ids(found)).toEqual(['g3', 'g4'])
    expect(ids(await look())).toEqual([])
  })

  it('J2 loses nothing when a run fails after it looked', async () => {
    let feed = rss(1)
    const server = await serve(send(() => feed))
    const scope = open()
    const first = scope.run({ hosts: [server.host] })
    await first.call('feeds.newItems', { url: server.url() })
    first.succeed()
    feed = rss(2, 1)
    const failing = scope.run({ hosts: [server.host] })
    expect(ids(await failing.call('feeds.newItems', { url: server.url() }))).toEqual(['g2'])
    expect(ids(await failing.call('feeds.newItems', { url: server.url() })), 'within the same run').toEqual(
      [],
    )
    const again = scope.run({ hosts: [server.host] })
    expect(ids(await again.call('feeds.newItems', { url: server.url() }))).toEqual(['g2'])
  })

  it('gives what is there as new where it is told to, a part at a time', async () => {
    const server = await serve((request, response) => {
      if (request.headers['if-none-match'] !== undefined) response.writeHead(304).end()
      else response.writeHead(200, { etag: '"1"' }).end(rss(3, 2, 1))
    })
    const scope = open()
    const look = async (): Promise<JsonObject> => {
      const run = scope.run({ hosts: [server.host] })
      const found = await run.call('feeds.newItems', { url: server.url(), existing: 'include', limit: 2 })
      run.succeed()
      return found
    }
    expect(ids(await look())).toEqual(['g1', 'g2'])
    const second = await look()
    expect(second).toMatchObject({ more: 0, unchanged: false })
    expect(ids(second)).toEqual(['g3'])
    expect(await look()).toMatchObject({ unchanged: true, items: [] })
  })

  it('asks conditionally with what the last successful run saw', async () => {
    const state = { etag: '"1"', feed: rss(1) }
    const server = await serve((request, response) => {
      if (request.headers['if-none-match'] === state.etag) response.writeHead(304).end()
      else response.writeHead(200, { etag: state.etag }).end(state.feed)
    })
    const scope = open()
    const look = (): Promise<JsonObject> =>
      scope.run({ hosts: [server.host] }).call('feeds.newItems', { url: server.url() })
    await look()
    expect((await look())['first'], 'the first run did not succeed').toBe(true)
    const run = scope.run({ hosts: [server.host] })
    await run.call('feeds.newItems', { url: server.url() })
    run.succeed()
    expect(await look()).toMatchObject({ unchanged: true, first: false })
    Object.assign(state, { etag: '"2"', feed: rss(2, 1) })
    expect(ids(await look())).toEqual(['g2'])
  })

  it('keeps what was seen when the feed breaks, and looks again at what was cut off', async () => {
    let body = rss(1)
    const server = await serve((_, response) => response.writeHead(200, { etag: '"1"' }).end(body))
    const scope = open()
    const run = scope.run({ hosts: [server.host] })
    const look = (): Promise<JsonObject> => run.call('feeds.newItems', { url: server.url() })
    await look()
    body = '<html>down for repair</html>'
    expect(await run.failure('feeds.newItems', { url: server.url() })).toMatchObject({ kind: 'bad-response' })
    const whole = rss(3, 2, 1)
    body = whole.slice(0, whole.indexOf('g2'))
    expect(ids(await look())).toEqual(['g3'])
    body = whole
    expect(ids(await look())).toEqual(['g2'])
    expect(server.seen.at(-1)?.headers['if-none-match']).toBeUndefined()
  })

  it('remembers under the name it is given, and refuses what is not its own', async () => {
    const server = await serve(send(() => rss(1)))
    const scope = open()
    const run = scope.run({ hosts: [server.host] })
    await run.call('feeds.newItems', { url: server.url(), as: 'mine' })
    expect(await run.call('feeds.newItems', { url: server.url('/moved'), as: 'mine' })).toMatchObject({
      first: false,
      known: 1,
    })
    expect(await run.call('feeds.newItems', { url: server.url() })).toMatchObject({ first: true })
    scope.state.set('feeds.newItems other', { mine: true })
    expect(await run.failure('feeds.newItems', { url: server.url(), as: 'other' })).toMatchObject({
      kind: 'invalid-input',
      path: 'as',
    })
  })
})
