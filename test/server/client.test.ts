/** The typed client, against a real core: what it is given and what it is told are the operations' own types. */
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import { ApiClient, ApiError } from '../../src/main/server/client.ts'
import type { Told } from '../../src/main/server/client.ts'
import type { RunSummary } from '../../src/main/engine/views/runs.ts'
import { createCore } from '../../src/main/core.ts'
import { install, startCore } from './api.ts'
import type { TestCore } from './api.ts'

let steward: TestCore
let client: ApiClient
beforeEach(async () => {
  steward = await startCore()
  client = new ApiClient((path, init) => {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${steward.core.token}`)
    return fetch(`${steward.core.url}${path}`, { ...init, headers })
  })
})
afterEach(async () => {
  await steward.end()
})

describe('the typed client', () => {
  it('asks, commands, changes and reads every page', async () => {
    const id = await install(steward, 'typed', 'export default event => event')
    const taken = await client.post('/automations/:id/events', {
      param: { id: 'typed' },
      query: { wait: '20000' },
      json: { payload: { a: 1 } },
    })
    expect(taken.run).toMatchObject({ state: 'succeeded', result: { a: 1 } })
    const runs = await client.all('/runs', { query: { automation: 'typed', state: 'succeeded' } })
    expectTypeOf(runs).toExtend<RunSummary[]>()
    expect(runs.map(run => run.automation)).toEqual([{ id, name: 'typed' }])
    const run = await client.get('/runs/:id', { param: { id: runs[0]?.id ?? '' } })
    expect(run.effects).toEqual([])
    const settings = await client.change('/settings', { json: { keepRunsDays: 99 } })
    expect(settings.keepRunsDays).toBe(99)
    for (const title of ['a', 'b', 'c']) await client.post('/chats', { json: { title } })
    expect((await client.all('/chats')).map(chat => chat.title)).toEqual(
      expect.arrayContaining(['a', 'b', 'c']) as string[],
    )
    const file = await client.file('/export/runs', { query: { format: 'csv' } })
    expect(await new Response(file).text()).toContain(runs[0]?.id)
  })

  it('refuses, when types are checked, what no operation takes', () => {
    const mistakes = () => [
      // @ts-expect-error There is no such path.
      client.get('/rnus'),
      // @ts-expect-error It takes an id.
      client.get('/runs/:id'),
      // @ts-expect-error No run is ever in this state.
      client.get('/runs', { query: { state: 'sleeping' } }),
      // @ts-expect-error This is only read.
      client.post('/runs', {}),
      // @ts-expect-error A title is a text.
      client.post('/chats', { json: { title: 1 } }),
      // @ts-expect-error It has no pages.
      client.all('/settings'),
    ]
    expect(mistakes).toBeTypeOf('function')
  })

  it('throws what the server said, as a problem', async () => {
    const refused = await client.get('/runs/:id', { param: { id: '../automations' } }).catch(String)
    expect(refused).toMatch(/There is no run \.\.\/automations/)
    const error: unknown = await client
      .post('/chats', { json: { title: '' } })
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ApiError)
    expect((error as ApiError).problem).toMatchObject({ status: 422, title: 'The content was refused' })
    for (const id of ['', '.', '..'])
      await expect(client.get('/runs/:id', { param: { id } })).rejects.toThrow(/nothing by the name/)
  })

  it('listens over restarts of the core, and goes on where it was or begins anew', async () => {
    const over = new AbortController()
    const told: Told[] = []
    const listening = (async () => {
      for await (const each of client.changes({ signal: over.signal })) told.push(each)
    })()
    const has = (event: Told['event'], count = 1) =>
      expect.poll(() => told.filter(each => each.event === event).length, { timeout: 20_000 }).toBe(count)
    await has('ready')
    const { id } = await client.post('/chats', { json: { title: 'Tax' } })
    await has('change')
    const [, change] = told
    expect(change).toMatchObject({ event: 'change', news: { kind: 'chat', id } })
    const { home } = steward
    const { port } = steward.core.server
    await steward.core.close()
    steward.core = await createCore({ home, port, workers: 1 })
    await has('reset')
    await client.post('/chats', { json: { title: 'Holidays' } })
    await has('change', 2)
    over.abort()
    await listening
  })

  it('says at once where it cannot listen', async () => {
    const stranger = new ApiClient((path, init) => fetch(`${steward.core.url}${path}`, init))
    const listening = stranger.changes({ signal: new AbortController().signal })
    await expect(listening.next()).rejects.toMatchObject({ problem: { status: 401 } })
  })
})
