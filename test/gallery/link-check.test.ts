import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { Stage } from './stage.ts'
import type { Automation } from './stage.ts'

let stage: Stage
let other: LoopbackServer
let tests = 0
/** Of this test's website. */
let place: string

beforeAll(async () => {
  stage = await Stage.open(Date.UTC(2026, 0, 10, 12))
  other = await serveHttp((_, response) => response.end('elsewhere'))
})

beforeEach(() => {
  place = `/${String(++tests)}`
})

afterAll(async () => {
  await other.close()
  await stage.close()
})

/** A page that links to these, by their names or whole addresses. */
function page(name: string, ...links: string[]): string {
  const anchors = links.map(link => `<a href="${/^\w+:/.test(link) ? link : `${place}/${link}`}">there</a>`)
  stage.pages.set(`${place}/${name}`, { body: `<html><body><p>${anchors.join(' ')}</p></body></html>` })
  return stage.site.url(`${place}/${name}`)
}

function address(name: string): string {
  return stage.site.url(`${place}/${name}`)
}

function install(slots: Record<string, string> = {}): Promise<Automation> {
  return stage.install('link-check', { url: address('home'), ...slots })
}

/** The paths of this website that were asked for, each once, as the test wrote them. */
function asked(): string[] {
  const paths = stage.site.seen.filter(({ path }) => path.startsWith(place)).map(({ path }) => path)
  return [...new Set(paths)].map(path => path.slice(place.length + 1)).toSorted()
}

describe('link-check', () => {
  it('tells of what is broken, where it is linked to, and again only when that changed', async () => {
    page('home', 'a', 'b#part', 'gone', 'mailto:me@example.com', other.url('/x'))
    page('a', 'home', 'gone', 'deep')
    page('b', 'a')
    page('deep', 'broken')
    stage.pages.set(`${place}/broken`, { status: 500, body: 'no' })
    const links = await install()
    const first = await links.run()
    expect(first).toMatchObject({ pages: 4, addresses: 6, isWhole: true })
    expect(first['summary']).toBe('2 broken links among 6 addresses, 4 pages read.')
    expect(links.notices()).toEqual([
      {
        title: `${stage.site.host}: 2 broken links`,
        body: `${address('gone')}: status 404, on ${address('home')}\n${address('broken')}: status 500, on ${address('deep')}`,
        level: 'warning',
      },
    ])
    expect(links.notes()[0]?.text).toContain(
      `- <${address('gone')}>: status 404\n  - on <${address('home')}>\n  - on <${address('a')}>`,
    )
    expect(other.seen).toEqual([])

    expect(await links.run()).toMatchObject({ note: null })
    expect([links.notices().length, links.notes().length]).toEqual([1, 1])

    page('gone')
    stage.pages.set(`${place}/broken`, { body: 'well' })
    await links.run()
    expect(links.notices().at(-1)).toEqual({
      ...{ title: `${stage.site.host}: no broken links any more`, body: 'In order again: 2.', level: 'info' },
    })
  })

  it('stays within its bounds, and says that there was more', async () => {
    page('home', 'n1')
    for (let number = 1; number < 9; number++) page(`n${String(number)}`, `n${String(number + 1)}`)
    const links = await install({ pages: '3' })
    expect(await links.run()).toMatchObject({ pages: 3, addresses: 4, isWhole: false })
    expect(asked()).toEqual(['home', 'n1', 'n2', 'n3'])
  })

  it('takes other kinds of files, other sites and closed doors for no broken links', async () => {
    page('home', 'paper.pdf', 'text', 'away', 'door')
    stage.pages.set(`${place}/paper.pdf`, { type: 'application/pdf', body: '%PDF' })
    stage.pages.set(`${place}/text`, { type: 'application/octet-stream', body: 'x' })
    stage.pages.set(`${place}/away`, { status: 302, body: '', location: other.url('/y') })
    stage.pages.set(`${place}/door`, { status: 401, body: '' })
    const links = await install()
    expect(await links.run()).toMatchObject({ pages: 1, addresses: 5, broken: [] })
    expect(other.seen).toEqual([])
    expect(links.notices()).toEqual([])
  })

  it('asks sites that were named beside it for what is linked to there, reads none of their pages', async () => {
    const [near, third] = await Promise.all(
      [404, 500].map(status => serveHttp((_, response) => response.writeHead(status).end())),
    )
    const closed = await serveHttp((_, response) => response.end())
    await closed.close()
    const away = [other.url('/fine'), near?.url('/gone'), third?.url('/secret'), closed.url('/')]
    page('home', ...away.flatMap(url => url ?? []))
    const links = await install({ others: `${other.url('/')} ${near?.url('/') ?? ''} ${closed.url('/')}` })
    const before = other.seen.length
    expect(await links.run()).toMatchObject({
      ...{ pages: 1, addresses: 4, isDown: false },
      broken: [{ url: near?.url('/gone'), problem: 'status 404' }, { url: closed.url('/') }],
    })
    expect(other.seen.slice(before).map(({ method }) => method)).toEqual(['HEAD'])
    expect(third?.seen).toEqual([])
    await Promise.all([near?.close(), third?.close()])
  })

  it('concludes nothing from a site that is down', async () => {
    page('home', 'gone')
    const links = await install()
    await links.run()
    const closed = await serveHttp((_, response) => response.end())
    await closed.close()
    const down = await install({ url: closed.url('/') })
    expect(await down.run()).toMatchObject({ isDown: true, note: null })
    expect(down.notices()).toEqual([])
  })

  it('O1 fails where robots.txt lets it read nothing, so that nobody takes it for a site in order', async () => {
    const shut = await serveHttp(({ path }, response) => {
      const isRobots = path === '/robots.txt'
      response.writeHead(200, { 'content-type': isRobots ? 'text/plain' : 'text/html' })
      response.end(isRobots ? 'User-agent: *\nDisallow: /' : '<html><body>Hello</body></html>')
    })
    const links = await install({ url: shut.url('/') })
    expect(await links.run()).toEqual({ state: 'failed', failure: 'outcome-missing' })
    expect(shut.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['HEAD /', 'GET /robots.txt'])
    await shut.close()
  })

  it('runs by itself at its hour, and tells once', async () => {
    page('home', 'gone')
    const links = await install({ days: 'daily' })
    await links.after(24 * 3_600_000, 'schedule')
    await links.after(24 * 3_600_000, 'schedule')
    expect(links.notices()).toHaveLength(1)
  })
})
