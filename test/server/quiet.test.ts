/** Quiet hours and notifications over the API. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { install, startCore } from './api.ts'
import type { TestCore } from './api.ts'
import { openStream } from './stream.ts'
import type { Told } from './stream.ts'

let steward: TestCore

beforeAll(async () => {
  steward = await startCore()
})
afterAll(() => steward.end())

const get = (path: string) => steward.call({ path: `/api/v1${path}` })
const set = (quietHours: unknown) =>
  steward.call({
    method: 'PATCH',
    path: '/api/v1/settings',
    json: { quietHours },
    headers: { 'if-match': '*' },
  })
const clock = (at: number) => new Date(at).toISOString().slice(11, 16)

const isNow = (state: string) => (told: Told) =>
  told.data['kind'] === 'notification' && told.data['state'] === state

it('quiet hours hold what comes, say so, and let it out as one when they are taken away', async () => {
  expect((await get('/quiet')).json).toEqual({ hours: null, words: null, until: null, held: 0 })
  const now = Date.now()
  const hours = { from: clock(now - 3_600_000), to: clock(now + 7_200_000), zone: 'UTC', days: null }
  for (const wrong of [{ ...hours, zone: 'Mars/Base' }, { ...hours, to: hours.from }, { from: '22:00' }])
    expect((await set(wrong)).status).toBe(422)
  expect(await set(hours)).toMatchObject({ status: 200, json: { quietHours: hours } })
  await install(
    steward,
    'tells',
    "import { send } from 'tools/notify'\nexport default event => send(event.title)",
    { uses: ['tools/notify'] },
  )
  const stream = await openStream(steward.core)
  const events = '/api/v1/automations/tells/events?wait=20000'
  for (const title of ['One', 'Two'])
    await steward.call({ method: 'POST', path: events, json: { payload: { title } } })
  const ends = Date.parse(`${new Date(now + 7_200_000).toISOString().slice(0, 16)}:00Z`)
  expect((await get('/quiet')).json).toMatchObject({ hours, until: ends, held: 3 })
  expect((await get('/notifications')).json).toEqual({ items: [], next: null })
  await stream.until(isNow('held'))
  expect(stream.told.some(isNow('delivered'))).toBe(false)
  await set(null)
  await stream.until(isNow('delivered'))
  stream.close()
  await expect.poll(async () => (await get('/quiet')).json).toMatchObject({ held: 0, until: null })
  await steward.call({ method: 'POST', path: events, json: { payload: { title: 'Three' } } })
  const newest = await get('/notifications?limit=1')
  expect(newest.json?.['items']).toMatchObject([
    { kind: 'told', title: 'Three', automation: { name: 'tells' } },
  ])
  expect((await get(`/notifications?cursor=${String(newest.json?.['next'])}`)).json).toMatchObject({
    items: [{ kind: 'digest', title: 'While it was quiet: 2 notices, 1 first success', automation: null }],
    next: null,
  })
})
