import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bodyOfAction } from '../../src/main/store/actions.ts'
import { listRuns } from '../../src/main/store/lists.ts'
import { failureOfWatch } from '../../src/main/store/watches.ts'
import { actionOf, inState, openKinds, resolve } from '../support/engine-tests.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import type { ManualClock } from '../support/manual-clock.ts'
import { createWorld, tempFolder, until } from '../support/world.ts'
import type { World } from '../support/world.ts'
import { activate, clockAt, HOUR, lookAfter, nextLook, told, untilTold, watchOf } from './watching.ts'

let home: string
let world: World
let clock: ManualClock
let site: LoopbackServer
/** What the site says now. */
let body: string
let status: number
let headers: Record<string, string>
const gone = new Set<string>()

beforeEach(async () => {
  home = tempFolder()
  clock = clockAt()
  body = ''
  status = 200
  headers = {}
  gone.clear()
  site = await serveHttp(({ path: asked }, response) => {
    if (asked === '/robots.txt' || gone.has(asked)) response.writeHead(404).end()
    else
      response
        .writeHead(status, { 'content-type': asked === '/feed' ? 'text/xml' : 'text/html', ...headers })
        .end(body)
  })
  world = await createWorld({ folder: home, clock })
})
afterEach(async () => {
  await world.stop()
  await site.close()
  fs.rmSync(home, { recursive: true, force: true })
})

const feedOf = (...ids: number[]): string =>
  `<rss version="2.0"><channel><title>News</title>${ids
    .map(id => `<item><guid>g${id}</guid><title>T${id}</title><link>http://${site.host}/${id}</link></item>`)
    .join('')}</channel></rss>`
const watching = (trigger: { kind: 'feed' } | { kind: 'page'; selector?: string }, more: object = {}) => ({
  when: [{ ...trigger, url: site.url(`/${trigger.kind}`), everyMs: HOUR, ...more }],
  reads: { hosts: [site.host], paths: [] },
})
const feed = (more: object = {}) => watching({ kind: 'feed' }, more)
const page = (more: object = {}) => watching({ kind: 'page', selector: '.price' }, more)
const ids = (events: unknown[]) =>
  (events as { items: { id: string }[] }[]).map(({ items }) => items.map(({ id }) => id).join(' '))
const texts = (events: unknown[]) =>
  (events as { before: string | null; text: string }[]).map(
    ({ before, text }) => `${before ?? '-'} → ${text}`,
  )
const price = (text: string) => `<title>Offer</title><p class="price">${text}</p><p>${Math.random()}</p>`

async function restart(): Promise<void> {
  await world.stop()
  world = await createWorld({ folder: home, clock })
}

describe('an automation that watches a feed', () => {
  it('R8 takes what is there for known, and tells each new item once, the oldest first', async () => {
    body = feedOf(2, 1)
    const { workflowId, watched } = await activate(world, 'news', feed())
    expect(watched).toMatchObject([{ existing: 'skip', count: 2, problem: null }])
    body = feedOf(4, 3, 2)
    await nextLook(world, clock, workflowId)
    body = feedOf(4, 1, 3)
    await nextLook(world, clock, workflowId)
    body = feedOf(5, 4)
    await nextLook(world, clock, workflowId)
    expect(ids(await untilTold(world, workflowId, 2))).toEqual(['g3 g4', 'g5'])
    const [first] = (await told(world, workflowId)) as { title: string; items: unknown[] }[]
    expect(first).toMatchObject({ title: 'News', items: [{ title: 'T3' }, { title: 'T4' }] })
  })

  it('R8 processes what is there only where the contract says so, in bounded events', async () => {
    body = feedOf(...Array.from({ length: 130 }, (_, number) => 130 - number))
    const { workflowId, watched } = await activate(world, 'news', feed({ existing: 'process' }))
    expect(watched).toMatchObject([{ existing: 'process', count: 130 }])
    const all = ids(await untilTold(world, workflowId, 3))
    expect(all.map(each => each.split(' ').length)).toEqual([50, 50, 30])
    expect(new Set(all.flatMap(each => each.split(' '))).size).toBe(130)
  })

  it('R1 R8 loses no item to a run that fails, and tells none again when it is retried after a restart', async () => {
    body = feedOf(1)
    const source = `
      import { get } from 'tools/http'
      export default async event => {
        if (event.items[0].id === 'g2') await get('${site.url('/price')}')
        return event
      }`
    const { workflowId } = await activate(world, 'news', { ...feed(), uses: ['tools/http'] }, source)
    body = feedOf(2, 1)
    gone.add('/price')
    await nextLook(world, clock, workflowId)
    const [failed] = await until(() => {
      const runs = listRuns(world.store, { workflowId, limit: 5 })
      return runs.length > 0 && runs
    }, 'nothing ran')
    await inState(world, failed?.id ?? '', 'failed')
    body = feedOf(3, 2, 1)
    await nextLook(world, clock, workflowId)
    await untilTold(world, workflowId, 2)
    await restart()
    gone.clear()
    await resolve(world, 'run-failed', 'retry')
    await inState(world, failed?.id ?? '', 'succeeded')
    await nextLook(world, clock, workflowId)
    expect(ids(await told(world, workflowId))).toEqual(['g2', 'g3'])
  })

  it('R4 finds what came while Steward was off, in one look', async () => {
    body = feedOf(1)
    const { workflowId } = await activate(world, 'news', feed())
    await world.stop()
    body = feedOf(4, 3, 2, 1)
    clock.advance(1_000 * HOUR)
    const before = site.seen.length
    world = await createWorld({ folder: home, clock })
    expect(ids(await untilTold(world, workflowId, 1))).toEqual(['g2 g3 g4'])
    expect(site.seen.length - before).toBe(1)
    expect(watchOf(world, workflowId).next_look).toBeGreaterThan(clock.now())
  })

  it('R4 waits for its usual time after Steward was off where what was missed is skipped', async () => {
    body = feedOf(1)
    const { workflowId } = await activate(world, 'news', { ...feed(), catchUp: 'skip' })
    await world.stop()
    clock.advance(1_000 * HOUR)
    world = await createWorld({ folder: home, clock })
    const { version, next_look: next } = watchOf(world, workflowId)
    expect(version).toBe(1)
    expect(next - clock.now()).toBeLessThanOrEqual(HOUR)
  })

  it('asks for what it knows only if it changed, and counts that as a look', async () => {
    body = feedOf(1)
    headers = { etag: '"one"' }
    const { workflowId } = await activate(world, 'news', feed())
    status = 304
    const row = await nextLook(world, clock, workflowId)
    expect(site.seen.at(-1)?.headers['if-none-match']).toBe('"one"')
    expect(row).toMatchObject({ saw: 1, found: 0, failures: 0, looked_at: clock.now() })
  })

  it('R5 tells of failures that may pass at the third in a row, tries less often, and closes it by itself', async () => {
    body = feedOf(1)
    const { workflowId } = await activate(world, 'news', feed())
    status = 503
    const pauses: number[] = []
    for (const told of [[], [], ['watch-failed'], ['watch-failed']]) {
      const row = await nextLook(world, clock, workflowId)
      expect(openKinds(world)).toEqual(told)
      pauses.push(row.next_look - clock.now())
    }
    // Up to a tenth to either side, and never less often than hourly.
    for (const pause of pauses) expect(pause).toBeLessThanOrEqual(1.1 * HOUR)
    const action = await actionOf(world, 'watch-failed')
    expect(bodyOfAction(world.store, action).cause).toContain('503')
    expect(failureOfWatch(world.store, watchOf(world, workflowId))).toContain('503')
    status = 200
    body = feedOf(2, 1)
    await nextLook(world, clock, workflowId)
    expect(openKinds(world)).toEqual([])
    expect(ids(await untilTold(world, workflowId, 1))).toEqual(['g2'])
    expect(watchOf(world, workflowId)).toMatchObject({ failures: 0, failed_since: null })
  })

  it('R5 doubles the pause of a source that keeps failing, up to an hour, and honours Retry-After beyond it', async () => {
    body = feedOf(1)
    const { workflowId } = await activate(world, 'news', feed({ everyMs: 60_000 }))
    status = 500
    const pauses: number[] = []
    for (let failure = 0; failure < 8; failure++) {
      const row = await nextLook(world, clock, workflowId)
      pauses.push(Math.round((row.next_look - clock.now()) / 60_000))
    }
    const within = (pause: number, minutes: number) => pause >= 0.85 * minutes && pause <= 1.15 * minutes
    expect(pauses.map((pause, n) => within(pause, Math.min(60, 2 ** n)))).toEqual(pauses.map(() => true))
    status = 429
    headers = { 'retry-after': '10000' }
    const row = await nextLook(world, clock, workflowId)
    expect(row.next_look - clock.now()).toBeGreaterThanOrEqual(10_000_000)
  })

  it('tells at once of what will not pass by itself, once, however often it is seen', async () => {
    body = feedOf(1)
    const { workflowId } = await activate(world, 'news', feed())
    body = '<html>the feed is no more</html>'
    headers = { 'content-type': 'text/html' }
    for (const _ of [1, 2, 3]) await nextLook(world, clock, workflowId)
    expect(openKinds(world)).toEqual(['watch-failed'])
    await resolve(world, 'watch-failed', 'pause')
    expect(world.engine.workflow('news').state).toBe('paused')
  })

  it('R8 is installed although its feed cannot be had, and draws the line when it can', async () => {
    status = 500
    const { workflowId, watched } = await activate(world, 'news', feed())
    expect(watched).toMatchObject([{ count: null }])
    expect(watched[0]?.problem).toContain('500')
    await until(() => watchOf(world, workflowId).failures > 0, 'nobody looked')
    status = 200
    body = feedOf(2, 1)
    expect(await nextLook(world, clock, workflowId)).toMatchObject({ baseline: 2, found: 0 })
    body = feedOf(3, 2, 1)
    await nextLook(world, clock, workflowId)
    expect(ids(await untilTold(world, workflowId, 1))).toEqual(['g3'])
  })

  it('P2 is refused where the contract does not let the feed be read', async () => {
    const refused = activate(world, 'news', { ...feed(), reads: { hosts: [], paths: [] } })
    await expect(refused).rejects.toThrow(site.host)
    expect(site.seen).toEqual([])
  })

  it('R7 forgets what it knew when it is deleted, and nobody looks any more', async () => {
    body = feedOf(1)
    const { workflowId } = await activate(world, 'news', feed())
    await world.engine.control.delete(workflowId)
    const asked = site.seen.length
    clock.advance(50 * HOUR)
    await world.store.flushed()
    expect(site.seen).toHaveLength(asked)
    body = feedOf(2, 1)
    expect((await activate(world, 'news', feed())).watched).toMatchObject([{ existing: 'skip', count: 2 }])
  })

  it('R3 looks at a slow host one at a time, and lets the others be looked at meanwhile', async () => {
    let isHeld = false
    const waiting: (() => void)[] = []
    const slow = await serveHttp((_request, response) => {
      const answer = () => response.writeHead(200, { 'content-type': 'text/xml' }).end(feedOf(1))
      if (isHeld) waiting.push(answer)
      else answer()
    })
    try {
      body = feedOf(1)
      const reads = { hosts: [slow.host, site.host], paths: [] }
      const when = (url: string, everyMs = HOUR) => [{ kind: 'feed' as const, url, everyMs }]
      for (let number = 0; number < 70; number++)
        await activate(world, `slow-${number}`, { when: when(slow.url(`/${number}`)), reads })
      const when2h = when(site.url('/feed'), 2 * HOUR)
      const { workflowId } = await activate(world, 'quick', { when: when2h, reads })
      isHeld = true
      const before = watchOf(world, workflowId)
      clock.jump(3 * HOUR)
      await lookAfter(world, workflowId, before)
      await until(() => waiting.length > 0, 'the slow host was never asked')
      expect(waiting).toHaveLength(1)
    } finally {
      isHeld = false
      for (const answer of waiting) answer()
      await slow.close()
    }
  })
})

describe('an automation that watches a page', () => {
  it('R8 tells each change of the part that counts once, with what it said before', async () => {
    body = price('10,00 €')
    const { workflowId, watched } = await activate(world, 'price', page())
    expect(watched).toMatchObject([{ existing: 'skip', count: 1 }])
    for (const next of ['10,00 €', '9,50 €', '9,50 €', '10,00 €']) {
      body = price(next)
      await nextLook(world, clock, workflowId)
    }
    const events = await untilTold(world, workflowId, 2)
    expect(texts(events)).toEqual(['10,00 € → 9,50 €', '9,50 € → 10,00 €'])
    expect(events).toMatchObject([
      { change: 1, numbers: [{ value: 9.5 }], numbersBefore: [{ value: 10 }], seenBefore: false },
      { change: 2, seenBefore: true },
    ])
  })

  it('R8 counts what the page says already only where the contract says so', async () => {
    body = price('10,00 €')
    const { workflowId } = await activate(world, 'price', page({ existing: 'process' }))
    expect(texts(await untilTold(world, workflowId, 1))).toEqual(['- → 10,00 €'])
    await nextLook(world, clock, workflowId)
    expect(await told(world, workflowId)).toHaveLength(1)
  })

  it('R4 R7 finds what changed while Steward was off or the automation paused', async () => {
    body = price('10,00 €')
    const { workflowId } = await activate(world, 'price', page())
    await world.engine.control.pause(workflowId)
    body = price('11,00 €')
    clock.advance(10 * HOUR)
    await restart()
    clock.advance(10 * HOUR)
    await world.store.flushed()
    expect(watchOf(world, workflowId).version).toBe(1)
    await world.engine.control.resume(workflowId)
    expect(texts(await untilTold(world, workflowId, 1))).toEqual(['10,00 € → 11,00 €'])
  })

  it('takes a part that is gone for a failure and not for a change', async () => {
    body = price('10,00 €')
    const { workflowId } = await activate(world, 'price', page())
    body = '<p>Down for maintenance'
    const row = await nextLook(world, clock, workflowId)
    expect(row.failures).toBeGreaterThan(0)
    body = price('10,00 €')
    await nextLook(world, clock, workflowId)
    expect(await told(world, workflowId)).toEqual([])
    expect(openKinds(world)).toEqual([])
  })
})
