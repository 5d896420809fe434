import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONTRACT, install, removeHome, startCore, temporaryHome } from './api.ts'
import type { Answer, TestCore } from './api.ts'

let home: string
let steward: TestCore

beforeAll(async () => {
  home = temporaryHome()
  steward = await startCore({ home })
})
afterAll(async () => {
  await steward.end()
  removeHome(home)
})

const post = (path: string, json: unknown, key: string): Promise<Answer> =>
  steward.call({ method: 'POST', path: `/api/v1${path}`, json, headers: { 'idempotency-key': key } })
const list = async (path: string) =>
  (await steward.call({ path: `/api/v1${path}` })).json?.['items'] as Record<string, unknown>[]
const INSTALLATION = { source: 'export default event => event', contract: { ...CONTRACT, uses: [] } }

describe('a command with an Idempotency-Key', () => {
  it('is carried out once: asked again it is answered as before, byte for byte', async () => {
    const body = { ...INSTALLATION, name: 'once' }
    const first = await post('/automations', body, 'install-once')
    const again = await post('/automations', body, 'install-once')
    expect(first).toMatchObject({ status: 201, json: { created: true, version: '1.0' } })
    expect(again.status).toBe(201)
    expect(again.text).toBe(first.text)
    expect(again.headers).toMatchObject({
      'idempotency-replayed': 'true',
      'content-type': first.headers['content-type'],
    })
    expect(first.headers['idempotency-replayed']).toBeUndefined()
  })

  it('starts one run, however often and at once it is asked', async () => {
    await install(steward, 'counted', 'export default event => event')
    const asked = await Promise.all(
      Array.from({ length: 8 }, () => post('/automations/counted/run', { payload: 1 }, 'run-counted')),
    )
    expect(asked.map(answer => answer.status).filter(status => status !== 202 && status !== 409)).toEqual([])
    const last = await post('/automations/counted/run', { payload: 1 }, 'run-counted')
    expect(last).toMatchObject({ status: 202, headers: { 'idempotency-replayed': 'true' } })
    await steward.call({ path: `/api/v1/events/${String(last.json?.['eventId'])}?wait=20000` })
    expect(await list('/runs?automation=counted')).toHaveLength(1)
  })

  it('is answered as before after a restart', async () => {
    const body = { title: 'Taxes' }
    const first = await post('/chats', body, 'chat-over-restart')
    await steward.end()
    steward = await startCore({ home })
    const again = await post('/chats', body, 'chat-over-restart')
    expect(again.json).toEqual(first.json)
    expect(again.headers['etag']).toBe(first.headers['etag'])
    expect((await list('/chats')).filter(chat => chat['title'] === 'Taxes')).toHaveLength(1)
  })

  it('is refused where the key was given with another body, path or query', async () => {
    await post('/chats', { title: 'A' }, 'one-key')
    for (const [path, json] of [
      ['/chats', { title: 'B' }],
      ['/automations/counted/run', { title: 'A' }],
      ['/chats?limit=1', { title: 'A' }],
    ] as const) {
      expect(await post(path, json, 'one-key')).toMatchObject({
        status: 422,
        json: { detail: expect.stringMatching(/another request\. Nothing was changed/) as string },
      })
    }
  })

  it('that was refused is judged anew once the reason is gone', async () => {
    expect(await post('/automations/later/run', {}, 'not-yet')).toMatchObject({ status: 404 })
    await install(steward, 'later', 'export default () => 1')
    expect(await post('/automations/later/run', {}, 'not-yet')).toMatchObject({ status: 202 })
  })

  it('needs a key that can be read', async () => {
    for (const key of ['', ' ', '"', '""', 'a b', 'x'.repeat(201), 'clé'])
      expect(await post('/chats', { title: 'never' }, key), JSON.stringify(key)).toMatchObject({
        status: 400,
      })
    expect((await list('/chats')).filter(chat => chat['title'] === 'never')).toEqual([])
    expect(await post('/chats', { title: 'quoted' }, '"8e03978e"')).toMatchObject({ status: 201 })
    expect(await post('/chats', { title: 'quoted' }, '8e03978e')).toMatchObject({
      headers: { 'idempotency-replayed': 'true' },
    })
  })

  it('shows nothing to who has no token', async () => {
    const answer = await steward.call({
      method: 'POST',
      path: '/api/v1/chats',
      json: { title: 'quoted' },
      headers: { 'idempotency-key': '8e03978e' },
      withoutToken: true,
    })
    expect(answer.status).toBe(401)
  })
})
