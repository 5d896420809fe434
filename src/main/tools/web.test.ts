import { gzipSync } from 'node:zlib'
import iconv from 'iconv-lite'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { serveHttp, type Answer, type LoopbackServer } from '../../../test/support/loopback-server.ts'
import { WebScope } from '../../../test/support/web-scope.ts'
import type { Json } from '../../domain/json.ts'
import { createCompute } from './compute/pool.ts'
import { webTools } from './web.ts'

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

function open(): WebScope {
  const tools = (reader: WebScope['reader']) =>
    webTools({ reader, searchProvider: () => Promise.resolve(null) })
  const scope = new WebScope({ tools, compute })
  closing.unshift(() => scope.close())
  return scope
}

const html = (body: string, head = ''): string =>
  `<!doctype html><html lang="en"><head><title>A page</title>${head}</head><body>${body}</body></html>`
const send =
  (type: string, body: string | Buffer): Answer =>
  (_, response) =>
    response.writeHead(200, type === '' ? {} : { 'content-type': type }).end(body)

const paragraph =
  '<p>This paragraph is long enough, with commas, to be taken for a part of an article that people read. It says little else.</p>'
describe('web.page', () => {
  it('gives the article as text and Markdown, metadata, links and tables', async () => {
    const head =
      '<meta name="description" content="About it"><link rel="canonical" href="/canon">' +
      '<link rel="alternate" type="application/atom+xml" href="feed.xml">' +
      '<meta property="article:published_time" content="2024-05-06T07:08:09+02:00">'
    const table =
      '<table><caption>Prices</caption><tr><th>What</th><th>Price</th></tr><tr><td rowspan="2">Tea</td><td>1 €</td></tr><tr><td>2 €</td></tr></table>'
    const article = `<article><h2>Inside</h2>${paragraph.repeat(6)}<p>See <a href="../b?x=1">the other page</a>, which has more, and is long enough too.</p>${table}</article>`
    const server = await serve(
      send(
        'text/html; charset=utf-8',
        html(`<nav><a href="/home">Home</a></nav>${article}<script>bad()</script>`, head),
      ),
    )
    const page = await open()
      .run({ hosts: [server.host] })
      .call('web.page', { url: server.url('/x/y') })
    expect(page).toMatchObject({
      url: server.url('/x/y'),
      title: 'A page',
      description: 'About it',
      language: 'en',
      published: Date.UTC(2024, 4, 6, 5, 8, 9),
      canonical: server.url('/canon'),
      feeds: [server.url('/x/feed.xml')],
      charset: 'utf-8',
      article: true,
      truncated: false,
      tables: [
        {
          caption: 'Prices',
          columns: ['What', 'Price'],
          rows: [
            ['Tea', '1 €'],
            ['Tea', '2 €'],
          ],
        },
      ],
    })
    expect(page['text']).toContain('Tea | 1 €')
    expect(page['text']).not.toMatch(/Home|bad\(\)/)
    expect(page['markdown']).toContain(`[the other page](${server.url('/b?x=1')})`)
    expect(page['markdown']).toContain('## Inside')
    expect(page['markdown']).toContain('| What | Price |')
    expect(page['links']).toEqual([
      { url: server.url('/home'), text: 'Home' },
      { url: server.url('/b?x=1'), text: 'the other page' },
    ])
  })

  it('gives null for what a page does not say of itself', async () => {
    const server = await serve(send('text/html', `<html><body>${paragraph.repeat(8)}</body></html>`))
    const page = await open()
      .run({ hosts: [server.host] })
      .call('web.page', { url: server.url() })
    expect(page).toMatchObject({ article: true, title: null, author: null, description: null, site: null })
  })

  it('takes only what a selector matches, each part once', async () => {
    const body = '<ul><li class="a">One <b class="a">1</b></li><li>Two</li><li class="a">Three</li></ul>'
    const server = await serve(send('text/html', html(body)))
    const run = open().run({ hosts: [server.host] })
    expect(await run.call('web.page', { url: server.url(), selector: '.a' })).toMatchObject({
      article: false,
      text: expect.stringMatching(/^\W*One 1\s+\W*Three$/) as string,
    })
    expect(await run.failure('web.page', { url: server.url(), selector: '.gone' })).toMatchObject({
      kind: 'bad-response',
      message: expect.stringContaining('“.gone”') as string,
    })
    for (const selector of ['li[', ':nonsense(2)', 'a >> > b']) {
      expect(await run.failure('web.page', { url: server.url(), selector })).toMatchObject({
        kind: 'invalid-input',
        path: 'selector',
      })
    }
  })

  it.each<[string, string, Buffer, string]>([
    [
      'what the header says',
      'text/html; charset=windows-1251',
      iconv.encode(html('<p>Привет'), 'cp1251'),
      'Привет',
    ],
    [
      'what the page says',
      'text/html',
      iconv.encode(html('<p>日本語', '<meta charset="euc-jp">'), 'euc-jp'),
      '日本語',
    ],
    ['UTF-8 labelled otherwise', 'text/html; charset=iso-8859-1', Buffer.from(html('<p>Größe')), 'Größe'],
    ['a byte order mark', 'text/html', iconv.encode(html('<p>Größe'), 'utf-16le', { addBOM: true }), 'Größe'],
  ])('reads the character set: %s', async (_, type, body, expected) => {
    const server = await serve(send(type, body))
    const page = await open()
      .run({ hosts: [server.host] })
      .call('web.page', { url: server.url() })
    expect(page['text']).toBe(expected)
  })

  it('refuses what is no page, before reading it where it says so', async () => {
    const server = await serve((request, response) => {
      if (request.path === '/film')
        response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': '104857600' }).write('x')
      else
        send(request.path === '/binary' ? '' : 'application/pdf', Buffer.from([0x25, 0, 0, 1]))(
          request,
          response,
          undefined as never,
        )
    })
    const run = open().run({ hosts: [server.host] })
    for (const path of ['/film', '/pdf', '/binary']) {
      const failure = await run.failure('web.page', { url: server.url(path) })
      expect(failure, path).toMatchObject({ kind: 'bad-response', host: server.host })
    }
  })

  it('S2 stops at the limit of bytes: announced, endless, unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, '<p>'))
    const server = await serve((request, response) => {
      if (request.path === '/long')
        response.writeHead(200, { 'content-type': 'text/html', 'content-length': '104857600' }).write('x')
      else if (request.path === '/bomb')
        response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end(bomb)
      else {
        response.writeHead(200, { 'content-type': 'text/html' })
        const more = (): unknown => response.write('<p>x'.repeat(10_000), () => !response.destroyed && more())
        more()
      }
    })
    const run = open().run({ hosts: [server.host], bytesPerCall: 200_000 })
    for (const path of ['/long', '/endless', '/bomb']) {
      expect(await run.failure('web.page', { url: server.url(path) }), path).toMatchObject({
        kind: 'script-limit',
        limit: 'bytes-in',
        allowed: 200_000,
      })
    }
  })

  it('ends a body that never ends at its time, and redirects that go in circles', async () => {
    const server = await serve((request, response) => {
      if (request.path === '/slow') response.writeHead(200, { 'content-type': 'text/html' }).write('<p>')
      else response.writeHead(302, { location: request.path === '/a' ? '/b' : '/a' }).end()
    })
    const run = open().run({ hosts: [server.host] })
    expect(await run.failure('web.page', { url: server.url('/slow'), timeoutMs: 1_000 })).toMatchObject({
      kind: 'timeout',
    })
    expect(await run.failure('web.page', { url: server.url('/a') })).toMatchObject({
      kind: 'bad-response',
      message: expect.stringContaining('loop') as string,
    })
  })

  it('S1 keeps the core answering while a page of the worst shape is read', async () => {
    const server = await serve(send('text/html', `<p>${'<b><i>'.repeat(150_000)}x`))
    const run = open().run({ hosts: [server.host] })
    let beats = 0
    const heart = setInterval(() => (beats += 1), 5)
    const ended = await run.failure('web.page', { url: server.url() }).catch(() => null)
    clearInterval(heart)
    expect(beats).toBeGreaterThan(10)
    if (ended !== null) expect(ended.kind).toBe('script-limit')
    expect(
      await compute.run(
        'hash',
        { text: '', algorithm: 'md5' },
        { owner: 'x', signal: new AbortController().signal },
      ),
    ).toHaveLength(32)
  })

  it('cuts what is longer than asked for, and says so', async () => {
    const server = await serve(send('text/html', html(`<p>${'word '.repeat(1_000)}</p>`)))
    const page = await open()
      .run({ hosts: [server.host] })
      .call('web.page', { url: server.url(), maxText: 100 })
    expect(page['truncated']).toBe(true)
    expect(page['text']).toHaveLength(100)
  })
})

describe('web.json', () => {
  it.each<[string, string | Buffer, Json]>([
    ['application/json', '{"a":[1]}', { a: [1] }],
    ['application/problem+json; charset=utf-8', '\ufeff"ä"', 'ä'],
    ['application/json; charset=iso-8859-1', iconv.encode('"ä"', 'latin1'), 'ä'],
    ['text/plain', ")]}',\n[1]", [1]],
    ['', 'null', null],
  ])('reads %s', async (type, body, value) => {
    const server = await serve(send(type, body))
    const answer = await open()
      .run({ hosts: [server.host] })
      .call('web.json', { url: server.url() })
    expect(answer).toEqual({ url: server.url(), value })
  })

  it.each([
    ['text/html', '<html>'],
    ['application/json', '{"a":'],
    ['application/json', ''],
  ])('fails as bad-response for %s %j', async (type, body) => {
    const server = await serve(send(type, body))
    const failure = await open()
      .run({ hosts: [server.host] })
      .failure('web.json', { url: server.url() })
    expect(failure).toMatchObject({ kind: 'bad-response', host: server.host })
  })
})
