import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Stage } from './stage.ts'
import type { Automation, FeedItem } from './stage.ts'

let stage: Stage
let tests = 0
/** Of this test's feed. */
let place: string

beforeAll(async () => {
  stage = await Stage.open(Date.UTC(2026, 0, 10, 12))
})

beforeEach(() => {
  place = `/${String(++tests)}.atom`
})

afterAll(async () => {
  await stage.close()
})

function release(version: string, text = `What is new in ${version}`): FeedItem {
  return { id: version, title: version, text, link: `https://example.com/releases/tag/${version}` }
}

function publish(...items: FeedItem[]): string {
  return stage.feed(place, 'Release notes from tool', items)
}

/** Lets the project have these releases; gives the titles of what was said of them. */
async function said(automation: Automation, ...items: FeedItem[]): Promise<string[]> {
  const before = automation.notices().length
  publish(...items)
  await automation.looks()
  return automation
    .notices()
    .slice(before)
    .map(({ title }) => title)
}

describe('changelog-watch', () => {
  it('R8 tells of new finished versions with their notes, once, and of no trial version', async () => {
    const old = release('v1.0.0')
    const watch = await stage.install('changelog-watch', { projects: publish(old) })
    expect(await said(watch, old)).toEqual([])
    const trials = ['v1.1.0-rc.1', '1.1b2', 'v1.1.0-beta', 'Nightly 2026-01-11', 'v1.1.0-alpha.3']
    expect(await said(watch, ...trials.map(version => release(version)), old)).toEqual([])
    const next = release('v1.1.0', '<h2>Fixed</h2><ul><li>A leak</li></ul>')
    expect(await said(watch, next, old)).toEqual(['tool: v1.1.0'])
    expect(watch.notices()[0]?.body).toMatch(
      /^https:\/\/example\.com\/releases\/tag\/v1\.1\.0\n\nFixed\n[^]*A leak$/,
    )
    expect(await said(watch, next, old)).toEqual([])
    expect(watch.results('feed').at(-1)).toMatchObject({
      looked: 1,
      releases: [{ project: 'tool', title: 'v1.1.0' }],
    })
  })

  it('tells of all versions, or of those alone that have the words, where that is wanted', async () => {
    const slots = { projects: publish(), versions: 'all', words: 'security, CVE' }
    const watch = await stage.install('changelog-watch', slots)
    expect(await said(watch, release('v1', 'Looks better'))).toEqual([])
    expect(await said(watch, release('v2-rc1', 'Fixes CVE-2026-1'))).toEqual(['tool: v2-rc1'])
  })

  it('tells of many at once in few notices', async () => {
    const watch = await stage.install('changelog-watch', { projects: publish() })
    const many = Array.from({ length: 10 }, (_, number) => release(`v${String(10 - number)}.0`))
    expect(await said(watch, ...many)).toEqual([
      'tool: v8.0',
      'tool: v9.0',
      'tool: v10.0',
      'tool: 7 more releases',
    ])
    expect(watch.notices().at(-1)?.body.match(/^v\d/gm)).toHaveLength(7)
  })

  it('J2 loses and doubles nothing while the feed is broken', async () => {
    const watch = await stage.install('changelog-watch', { projects: publish() })
    stage.pages.set(place, { status: 500, body: 'broken' })
    await watch.looks()
    stage.pages.set(place, { type: 'application/xml', body: '<rss><channel><item><title>v0' })
    await watch.looks()
    expect(await said(watch, release('v1'))).toEqual(['tool: v1'])
    expect(await said(watch, release('v1'))).toEqual([])
  })

  it('says by hand which release is the latest, and what is no feed', async () => {
    const projects = `${publish(release('v2-beta'), release('v1'))} ${stage.site.url('/none')}`
    const watch = await stage.install('changelog-watch', { projects })
    expect(await watch.run()).toMatchObject({
      summary: 'There now: tool v1.',
      problems: [expect.stringContaining('404')],
    })
    expect(watch.notices()).toEqual([])
  })
})
