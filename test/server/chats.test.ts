import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCore } from './api.ts'
import type { TestCore } from './api.ts'

let steward: TestCore

beforeAll(async () => {
  steward = await startCore()
})
afterAll(() => steward.end())

const get = (path: string) => steward.call({ path: `/api/v1${path}` })
const post = (path: string, json?: unknown, headers: Record<string, string> = {}) =>
  steward.call({ method: 'POST', path: `/api/v1${path}`, json, headers })

async function chat(): Promise<string> {
  return String((await post('/chats', { title: 'A chat' })).json?.['id'])
}

describe('set-up by chat over the API', () => {
  it('answers what is said, and shows what is asked', async () => {
    const id = await chat()
    expect(await get(`/chats/${id}/conversation`)).toMatchObject({ status: 404 })
    const said = await post(`/chats/${id}/messages`, { text: 'tidy a folder every hour' })
    expect(said).toMatchObject({ status: 201, json: { chatId: id, turn: 1 } })
    expect((await get(`/chats/${id}/conversation?wait=1000`)).json).toMatchObject({
      chatId: id,
      stage: 'choosing',
      turn: 1,
      automation: null,
    })
    const { items } = (await get(`/chats/${id}/events?order=oldest`)).json as { items: { kind: string }[] }
    expect(items.map(({ kind }) => kind)).toEqual(['message', 'set-up'])
  })

  it('takes an answer only for the question it names', async () => {
    const id = await chat()
    await post(`/chats/${id}/messages`, { text: 'tidy a folder' })
    expect(await post(`/chats/${id}/messages`, { text: 'Tidy a folder', to: 1 })).toMatchObject({
      status: 201,
    })
    const late = await post(`/chats/${id}/messages`, { text: 'cancel', to: 1 })
    expect(late).toMatchObject({ status: 409 })
    expect(late.json?.['detail']).toContain('Nothing was changed')
    expect((await get(`/chats/${id}/conversation`)).json).toMatchObject({ stage: 'asking', turn: 2 })
  })

  it('R1 says a message once that is sent twice under one key', async () => {
    const id = await chat()
    const key = { 'idempotency-key': 'say-it-once' }
    const both = [await post(`/chats/${id}/messages`, { text: 'tidy a folder' }, key)]
    both.push(await post(`/chats/${id}/messages`, { text: 'tidy a folder' }, key))
    expect(both.map(({ status }) => status)).toEqual([201, 201])
    expect((await get(`/chats/${id}/conversation`)).json).toMatchObject({ turn: 1 })
  })

  it('refuses what is no message', async () => {
    const id = await chat()
    for (const json of [{}, { text: '' }, { text: 'x'.repeat(20_001) }, { text: 'x', to: -1 }, { text: 1 }])
      expect(await post(`/chats/${id}/messages`, json)).toMatchObject({ status: 422 })
    expect(await post('/chats/cht_none/messages', { text: 'x' })).toMatchObject({ status: 404 })
    expect(await get(`/chats/${id}/conversation?wait=99999999`)).toMatchObject({ status: 400 })
  })
})
