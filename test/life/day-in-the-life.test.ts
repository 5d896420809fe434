/**
 * A day in the life, and the six after it: a fresh data folder, three automations set up by saying what is wanted,
 * a week of time on a clock of the test's, a stop of a day in the middle, and what was then told and accounted for.
 * Everything is asked for over the API, as any client would.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page } from '../../src/main/engine/views/common.ts'
import { waitingFor } from '../../src/main/store/inbox.ts'
import { listRuns } from '../../src/main/store/lists.ts'
import { schedulesOf } from '../../src/main/store/schedules.ts'
import { watchesOf } from '../../src/main/store/watches.ts'
import { listWorkflows } from '../../src/main/store/workflows.ts'
import { removeHome, startCore, temporaryHome } from '../server/api.ts'
import type { TestCore } from '../server/api.ts'
import { serveHttp } from '../support/loopback-server.ts'
import type { LoopbackServer } from '../support/loopback-server.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { until } from '../support/world.ts'

/** A Monday, 06:00 in UTC. */
const START = Date.UTC(2026, 2, 2, 6)
const HOUR = 3_600_000
const DAY = 24 * HOUR
const LONGEST_MS = 60_000

const home = temporaryHome()
const clock = new ManualClock(START)
let steward: TestCore
let site: LoopbackServer

/** The world outside, as hours since the start have it. */
const outside = {
  hour: () => (clock.now() - START) / HOUR,
  /** Down for a while on the second day. */
  isUp: () => outside.hour() < 30 || outside.hour() > 44,
  /** Below what was named from the fifth day on, which begins while Steward is off. */
  price: () => (outside.hour() < 90 ? '69,00 €' : '49,00 €'),
  /** One post a day, at noon. */
  posts: () => Math.floor((outside.hour() + 12) / 24),
}

beforeAll(async () => {
  site = await serveHttp(({ path }, response) => {
    const [status, type, body] = answerTo(path)
    response.writeHead(status, { 'content-type': `${type}; charset=utf-8` }).end(body)
  })
  steward = await startCore({ home, clock, gallery: { zone: 'UTC' } })
})
afterAll(async () => {
  await steward.core.close()
  await site.close()
  removeHome(home)
})

function answerTo(path: string): [status: number, type: string, body: string] {
  if (path === '/up') return outside.isUp() ? [200, 'text/plain', 'ok'] : [503, 'text/plain', 'no']
  if (path === '/bike') {
    return [
      200,
      'text/html',
      `<html><head><title>Bike</title></head><body><b>${outside.price()}</b></body></html>`,
    ]
  }
  if (path !== '/feed.xml') return [404, 'text/plain', '']
  const items = Array.from({ length: outside.posts() }, (_, number) => {
    const id = `post-${String(number + 1)}`
    return `<item><guid>${id}</guid><title>${id}</title><link>https://example.com/${id}</link></item>`
  })
  return [
    200,
    'application/xml',
    `<rss version="2.0"><channel><title>Post</title>${items.join('')}</channel></rss>`,
  ]
}

async function get<T>(path: string): Promise<T> {
  const answer = await steward.call({ path: `/api/v1${path}` })
  expect(answer.status, answer.text).toBe(200)
  return answer.json as T
}

async function post<T>(path: string, json: unknown): Promise<T> {
  const answer = await steward.call({ method: 'POST', path: `/api/v1${path}`, json })
  expect(answer.status, answer.text).toBe(201)
  return answer.json as T
}

interface SetUp {
  stage: string
  offers: { id: string }[]
  settings: { slot: string; value: string; from: string }[]
  dryRun: { state: string; failure: string | null } | null
  automation: { id: string; name: string } | null
}

async function begin(): Promise<string> {
  return (await post<{ id: string }>('/chats', { title: 'A wish' })).id
}

async function say(chatId: string, text: string): Promise<SetUp> {
  await post(`/chats/${chatId}/messages`, { text })
  for (;;) {
    const seen = await get<SetUp>(`/chats/${chatId}/conversation?wait=20000`)
    if (seen.stage !== 'rehearsing') return seen
  }
}

/** Says what is wanted and takes this one of what is offered, up to the question whether to add it. */
async function wish(sentence: string, wanted: string): Promise<{ chatId: string; seen: SetUp }> {
  const chatId = await begin()
  const { offers } = await say(chatId, sentence)
  expect(offers.map(({ id }) => id)).toContain(wanted)
  const seen = await say(chatId, String(offers.findIndex(({ id }) => id === wanted) + 1))
  expect([seen.stage, seen.dryRun]).toMatchObject(['confirming', { state: 'returned', failure: null }])
  return { chatId, seen }
}

async function add(chatId: string): Promise<string> {
  const { stage, automation } = await say(chatId, 'yes')
  expect(stage).toBe('added')
  return automation?.name ?? ''
}

/** Hour by hour, each to its end: whatever was due has been looked at, started and finished. */
async function live(hours: number): Promise<void> {
  for (let hour = 0; hour < hours; hour++) {
    clock.advance(HOUR)
    await rested()
  }
}

function rested(): Promise<unknown> {
  const { store, engine } = steward.core
  const isIdle = (workflowId: string) =>
    watchesOf(store, workflowId).every(row => row.next_look > clock.now()) &&
    schedulesOf(store, workflowId).every(row => row.next_due === null || row.next_due > clock.now()) &&
    waitingFor(store, 'workflow', workflowId, 1) === 0 &&
    listRuns(store, { workflowId, limit: 100 }).every(({ id }) => engine.isAtRest(id))
  return until(() => listWorkflows(store).every(({ id }) => isIdle(id)), 'it never came to rest', LONGEST_MS)
}

/** Off for so long: the clock goes on, nobody looks. */
async function off(ms: number): Promise<void> {
  await steward.core.close()
  clock.advance(ms)
  steward = await startCore({ home, clock, gallery: { zone: 'UTC' } })
  await rested()
}

async function noticesOf(chatId: string): Promise<{ title: string; body: string }[]> {
  const { items } = await get<Page<{ kind: string; body: { title: string; body: string } }>>(
    `/chats/${chatId}/events?order=oldest&limit=200`,
  )
  return items.filter(({ kind }) => kind === 'notice').map(({ body }) => body)
}

async function notices(chatId: string): Promise<string[]> {
  return (await noticesOf(chatId)).map(({ title }) => title.replaceAll(site.host, 'site'))
}

async function fates(name: string): Promise<Record<string, number>> {
  const { items } = await get<Page<{ fate: string }>>(`/automations/${name}/ledger?limit=200`)
  const counts: Record<string, number> = {}
  for (const { fate } of items) counts[fate] = (counts[fate] ?? 0) + 1
  return counts
}

it('R4 R8 O2 from three sentences to a week of runs, through a restart, with every instant accounted for', async () => {
  const up = await wish(`tell me when ${site.url('/up')} is down, look every 6 hours`, 'watch-address')
  const bike = await wish(
    `beobachte den Preis auf ${site.url('/bike')} und melde, wenn er unter 50 € fällt, alle 12 Stunden`,
    'page-watch',
  )
  expect(bike.seen.dryRun).not.toBeNull()
  const digest = await wish(
    `send me a digest of the feed ${site.url('/feed.xml')} every day at 7:00`,
    'feed-digest',
  )
  const watching = await add(up.chatId)
  await say(bike.chatId, 'ja')
  const writing = await add(digest.chatId)
  await rested()

  await live(3 * 24)
  expect(await notices(up.chatId)).toEqual(['site/up: down', 'site/up: back up'])
  expect(await notices(bike.chatId)).toEqual([])
  expect(await notices(digest.chatId)).toEqual(['Digest: 1 item', 'Digest: 1 item'])

  // Half a conversation goes on after the stop as if nothing had been.
  const half = await begin()
  await say(half, `watch the uptime of ${site.url('/up')}`)
  await off(DAY)
  await live(3 * 24)
  expect((await say(half, 'cancel')).stage).toBe('cancelled')

  expect(clock.now() - START).toBe(7 * DAY)
  expect(await notices(up.chatId)).toEqual(['site/up: down', 'site/up: back up'])
  expect(await notices(bike.chatId)).toEqual(['Bike: 49,00 €'])
  // One post a day, each in one digest; the last one came after the last digest.
  const digested = (await noticesOf(digest.chatId)).flatMap(({ body }) => body.match(/post-\d+/g))
  expect(digested).toEqual(['post-1', 'post-2', 'post-3', 'post-4', 'post-5', 'post-6'])

  // 28 times in seven days: three while it was off, and one at the very moment it was back.
  expect(await fates(watching)).toEqual({ ran: 25, skipped: 3 })
  const digests = await fates(writing)
  expect(Object.values(digests).reduce((sum, count) => sum + count, 0)).toBe(7)
  expect(digests['caught-up']).toBe(1)
  const { items } = await get<Page<{ state: string }>>('/runs?limit=200')
  expect(new Set(items.map(({ state }) => state))).toEqual(new Set(['succeeded']))
  expect((await get<Page<unknown>>('/actions?state=open')).items).toEqual([])
}, 240_000)
