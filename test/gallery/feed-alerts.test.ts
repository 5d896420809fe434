import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Stage } from './stage.ts'
import type { Automation, FeedItem } from './stage.ts'

let stage: Stage
let tests = 0
/** Of this test: where its feeds are. */
let place: string

beforeAll(async () => {
  stage = await Stage.open(Date.UTC(2026, 0, 10, 12))
})

beforeEach(() => {
  place = `/${String(++tests)}`
})

afterAll(async () => {
  await stage.close()
})

function publish(name: string, ...items: FeedItem[]): string {
  return stage.feed(`${place}/${name}`, `The ${name}`, items)
}

/** Lets the feed bring these items; gives the titles of what was said of them. */
async function said(alerts: Automation, name: string, ...items: FeedItem[]): Promise<string[]> {
  const before = alerts.notices().length
  publish(name, ...items)
  await alerts.looks()
  return alerts
    .notices()
    .slice(before)
    .map(({ title }) => title)
}

describe('feed-alerts', () => {
  it('R8 tells of new items that have the words, once, and of nothing else', async () => {
    const old = { id: 'old', title: 'Bike of old' }
    const alerts = await stage.install('feed-alerts', {
      feeds: publish('Market', old),
      words: 'bike, city + light, -broken',
    })
    const wanted = { id: 'a', title: 'Two BIKES', text: 'As <b>good</b> as new' }
    expect(await said(alerts, 'Market', wanted, { id: 'b', title: 'Motorbike' }, old)).toEqual(['Two BIKES'])
    expect(alerts.notices()[0]?.body).toBe('The Market\nhttps://example.com/a\nAs good as new')
    expect(await said(alerts, 'Market', wanted, old)).toEqual([])
    expect(await said(alerts, 'Market', { id: 'c', title: 'Bike', text: 'broken' }, old)).toEqual([])
    expect(await said(alerts, 'Market', { id: 'd', title: 'City', text: 'no lamp' })).toEqual([])
    const both = { id: 'e', title: 'Light', text: 'for the  city' }
    const more = { id: 'f', title: 'BÌKÈ' }
    expect(await said(alerts, 'Market', both, more)).toEqual(['2 new in The Market'])
    const [, several] = alerts.notices()
    expect(several?.body).toBe('BÌKÈ\nhttps://example.com/f\n\nLight\nhttps://example.com/e')
    expect(alerts.results('feed').at(-1)).toMatchObject({ looked: 2, summary: '2 of 2 items told.' })
  })

  it('tells of what two feeds bring once, and looks at titles alone where that is wanted', async () => {
    const feeds = `${publish('Post')} ${publish('Times')}`
    const alerts = await stage.install('feed-alerts', { feeds, words: 'Straße', where: 'titles' })
    const link = 'https://example.com/same'
    expect(await said(alerts, 'Post', { id: 'a', title: 'Die STRASSE', link })).toEqual(['Die STRASSE'])
    expect(await said(alerts, 'Times', { id: 'b', title: 'Strassenfest', link })).toEqual([])
    expect(await said(alerts, 'Times', { id: 'c', title: 'Fest', text: 'Straße' })).toEqual([])
  })

  it('J2 J3 tells once of what came while it was paused or was cut off', async () => {
    const alerts = await stage.install('feed-alerts', { feeds: publish('Post'), words: '-nothing' })
    await stage.world.engine.control.pause(alerts.installed.workflowId)
    publish('Post', { id: 'a' })
    await stage.world.engine.control.resume(alerts.installed.workflowId)
    expect(await said(alerts, 'Post', { id: 'a' })).toEqual(['Title a'])
    stage.pages.set(`${place}/Post`, { status: 503, body: 'busy' })
    await alerts.looks()
    stage.pages.set(`${place}/Post`, { body: '<html>Sorry</html>' })
    await alerts.looks()
    expect(await said(alerts, 'Post', { id: 'b' }, { id: 'a' })).toEqual(['Title b'])
    expect(alerts.actions()).toEqual([])
  })

  it('tells of many at once in one notice, and finds words where no blanks are', async () => {
    const alerts = await stage.install('feed-alerts', { feeds: publish('Post'), words: '東京, title' })
    const many = Array.from({ length: 30 }, (_, number) => ({ id: `n${String(number)}` }))
    expect(await said(alerts, 'Post', ...many, { id: 'x', title: '今日東京で' })).toEqual([
      '31 new in The Post',
    ])
    expect(alerts.notices()[0]?.body).toContain('and 19 more')
  })

  it('says by hand what would have been told of, and which feed is none', async () => {
    const feeds = `${publish('Post', { id: 'a', title: 'A bike' }, { id: 'b' })} ${stage.site.url('/none')}`
    const alerts = await stage.install('feed-alerts', { feeds, words: 'bike' })
    expect(await alerts.run()).toMatchObject({
      looked: 2,
      matching: [{ title: 'A bike', link: 'https://example.com/a' }],
      problems: [expect.stringContaining('404')],
    })
    expect(alerts.notices()).toEqual([])
  })
})
