import fs from 'node:fs'
import path from 'node:path'
import { serve } from '@hono/node-server'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Feed } from '../../src/main/server/feed.ts'
import { streamRoutes } from '../../src/main/server/routes-stream.ts'
import type { StreamPace } from '../../src/main/server/routes-stream.ts'
import { createChat } from '../../src/main/store/chats.ts'
import { openStore } from '../../src/main/store/store.ts'
import type { Store } from '../../src/main/store/store.ts'
import { tempFolder } from '../support/world.ts'
import { install, startCore } from './api.ts'
import type { TestCore } from './api.ts'
import { openStream } from './stream.ts'
import type { StreamClient, StreamRequest, Told } from './stream.ts'

const LONG = { timeout: 20_000 }
const changed =
  (kind: string, fields: object = {}) =>
  (told: Told) =>
    told.event === 'change' &&
    Object.entries({ kind, ...fields }).every(([name, value]) => told.data[name] === value)

describe('the stream of a core', () => {
  let steward: TestCore
  let streams: StreamClient[]
  beforeEach(async () => {
    steward = await startCore()
    streams = []
  })
  afterEach(async () => {
    for (const stream of streams) stream.close()
    await steward.end()
  })

  const open = async (ask?: StreamRequest) => {
    const stream = await openStream(steward.core, ask)
    streams.push(stream)
    return stream
  }
  const post = (path: string, json?: unknown) =>
    steward.call({ method: 'POST', path: `/api/v1${path}`, ...(json === undefined ? {} : { json }) })

  it('tells of everything people look at, by kind and id, with what it is now', async () => {
    const stream = await open()
    expect(stream).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
    })
    await stream.until(told => told.event === 'ready')
    const automation = await install(
      steward,
      'told',
      `import { ask } from 'tools/flow'
       import { write } from 'tools/files'
       export default async () => {
         await write('${steward.home}-a.txt', 'A')
         return ask({ question: 'Really?', choices: ['yes'] })
       }`,
      { changes: [{ tool: 'files.write', paths: [path.dirname(steward.home)], approval: 'never' }] },
    )
    await stream.until(changed('automation', { id: automation, state: 'active' }))
    const { json } = await post('/automations/told/run', {})
    await stream.until(changed('run', { automation, state: 'waiting' }))
    const run = await stream.until(changed('run', { automation, state: 'waiting' }))
    const action = await stream.until(changed('action', { automation, state: 'open' }))
    await post(`/runs/${String(run.data['id'])}/cancel`)
    await stream.until(changed('run', { id: run.data['id'], state: 'cancelled' }))
    await stream.until(changed('action', { id: action.data['id'], state: 'closed' }))
    await stream.until(({ data }) => data['kind'] === 'notification' && data['id'] !== null)
    const undo = await post(`/runs/${String(run.data['id'])}/undo`, {})
    await stream.until(changed('undo', { id: undo.json?.['id'] }))
    expect(json?.['eventId']).toBeDefined()
    const chat = await post('/chats', { title: 'Tax' })
    await post(`/chats/${String(chat.json?.['id'])}/messages`, { text: 'canary-of-a-chat' })
    await stream.until(changed('chat', { id: chat.json?.['id'] }))
    await post('/stop-everything')
    await stream.until(changed('settings'))
    await stream.until(changed('automation', { id: automation, state: 'paused' }))
    // Only what changed is said, never what it says.
    expect(JSON.stringify(stream.told)).not.toContain('canary-of-a-chat')
  })

  it('goes on where it broke off, without missing or repeating anything', async () => {
    const first = await open()
    const { id: last } = await first.until(told => told.event === 'ready')
    const chats: unknown[] = []
    const begin = async (title: string) => chats.push((await post('/chats', { title })).json?.['id'])
    await begin('while it listened')
    const seen = await first.until(changed('chat', { id: chats[0] }))
    first.close()
    await expect.poll(() => first.isOver, LONG).toBe(true)
    await begin('while nobody did')
    const second = await open({ last: seen.id })
    await second.until(changed('chat', { id: chats[1] }))
    expect(second.told[0]).toMatchObject({ event: 'ready', id: seen.id })
    expect(second.told.filter(changed('chat', { id: chats[0] }))).toEqual([])
    const third = await open({ last })
    await third.until(changed('chat', { id: chats[1] }))
    expect(third.told.filter(({ event }) => event === 'change').map(({ data }) => data['id'])).toEqual(chats)
    expect(third.told.map(({ event }) => event)).not.toContain('reset')
  })

  it('begins anew, and says so, after an id that is none of its own', async () => {
    const own = (await (await open()).until(told => told.event === 'ready')).id
    const ahead = own.replace(/\d+$/, '999')
    const strange = [
      '',
      'x',
      '0',
      '-1',
      'deadbeef.1',
      "'; DROP TABLE",
      `${own}0000000000000000`,
      '%00',
      ahead,
    ]
    for (const last of strange) {
      const stream = await open({ last })
      expect(await stream.until(() => true), last).toEqual({ event: 'reset', data: {}, id: own })
      stream.close()
    }
    const stream = await open({ last: 'x' })
    const chat = await post('/chats', { title: 'Tax' })
    expect((await stream.until(changed('chat', { id: chat.json?.['id'] }))).id).not.toBe(own)
  })

  it('takes the token where every request shows it, and nowhere else', async () => {
    for (const [headers, path] of [
      [{ authorization: '' }, '/api/v1/stream'],
      [{ authorization: '' }, `/api/v1/stream?token=${steward.core.token}`],
      [{ authorization: '', cookie: `token=${steward.core.token}` }, '/api/v1/stream'],
      [{ authorization: `bearer ${'x'.repeat(43)}` }, '/api/v1/stream'],
    ] as const)
      expect(await open({ headers, path }), path).toMatchObject({ status: 401 })
    expect(await open({ headers: { origin: 'https://evil.example' } })).toMatchObject({ status: 403 })
    expect(await open({ headers: { host: 'evil.example' } })).toMatchObject({ status: 403 })
    expect(await open({ path: '/api/v1/stream?since=1' })).toMatchObject({ status: 400 })
    expect(await steward.call({ method: 'HEAD', path: '/api/v1/stream' })).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
    })
  })

  it('ends with the core, at once', async () => {
    const stream = await open()
    await stream.until(told => told.event === 'ready')
    await steward.core.close()
    await expect.poll(() => stream.isOver, LONG).toBe(true)
  })

  it('is one of a limited number', async () => {
    const opened = await Promise.all(Array.from({ length: 64 }, () => open()))
    expect(opened.every(({ status }) => status === 200)).toBe(true)
    expect(await open()).toMatchObject({ status: 429 })
    opened[0]?.close()
    await expect.poll(async () => (await open()).status, LONG).toBe(200)
  })
})

describe('a client that stops reading', () => {
  let folder: string
  let store: Store
  let feed: Feed
  let closing: AbortController
  let core: { server: { port: number; url: string; close: () => Promise<void> }; token: string }
  let sockets: Socket[]

  beforeEach(() => {
    sockets = []
    folder = tempFolder()
    store = openStore({ folder, now: () => 1_000 })
    feed = new Feed(store)
    closing = new AbortController()
  })
  afterEach(async () => {
    closing.abort()
    await core.server.close()
    await store.close()
    fs.rmSync(folder, { recursive: true, force: true })
  })

  async function listen(pace: StreamPace): Promise<void> {
    const server = serve({
      fetch: streamRoutes(feed, closing.signal, pace).fetch,
      port: 0,
      hostname: '127.0.0.1',
      overrideGlobalObjects: false,
    })
    server.on('connection', (socket: Socket) => sockets.push(socket))
    if (!server.listening) await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const close = () =>
      new Promise<void>(resolve => {
        server.close(() => {
          resolve()
        })
      })
    core = { server: { port, url: '', close }, token: '' }
  }

  /** Changes more than the feed keeps, and lets it be told. */
  async function manyChanges(count: number): Promise<void> {
    const before = feed.end
    await store.write(tx => {
      for (let index = 0; index < count; index++) createChat(store, tx, `Chat ${String(index)}`, 0)
    })
    await expect.poll(() => feed.end, LONG).not.toBe(before)
  }

  it('holds nothing up, gathers nothing, and is told to begin anew when it reads again', async () => {
    await listen({ heartbeatMs: 60_000, stallMs: 600_000 })
    const slow = await openStream(core, { path: '/' })
    const [held] = sockets
    const quick = await openStream(core, { path: '/' })
    await Promise.all([slow, quick].map(each => each.until(told => told.event === 'ready')))
    slow.stopReading()
    // Until its connection takes no more, and then for more than the feed keeps.
    for (let written = -1, full = 0; full < 4;) {
      await manyChanges(2_000)
      await expect.poll(() => quick.told.at(-1)?.id, LONG).toBe(feed.end)
      expect(held?.writableLength).toBeLessThan(100_000)
      full = held?.bytesWritten === written ? full + 1 : 0
      written = held?.bytesWritten ?? 0
    }
    expect(quick.told.map(({ event }) => event)).not.toContain('reset')
    expect(quick.bytes).toBeGreaterThan(2 * slow.bytes)
    slow.readOn()
    const reset = await slow.until(told => told.event === 'reset')
    expect(reset).toMatchObject({ id: feed.end })
    await expect.poll(() => slow.isOver, LONG).toBe(true)
    const again = await openStream(core, { path: '/', last: reset.id })
    await manyChanges(1)
    await again.until(changed('chat'))
    expect(again.told.map(({ event }) => event)).not.toContain('reset')
    again.close()
    quick.close()
  })

  it('loses its place, like everybody, when more happens in a moment than is kept', async () => {
    await listen({ heartbeatMs: 60_000, stallMs: 60_000 })
    const here = await openStream(core, { path: '/' })
    await here.until(told => told.event === 'ready')
    await manyChanges(3_000)
    const { id } = await here.until(told => told.event === 'reset')
    expect(here.told.map(({ event }) => event)).toEqual(['ready', 'reset'])
    await expect.poll(() => here.isOver, LONG).toBe(true)
    const again = await openStream(core, { path: '/', last: id })
    expect(await again.until(() => true)).toMatchObject({ event: 'ready', id })
    again.close()
  })

  it('is let go when it stays away', async () => {
    await listen({ heartbeatMs: 20, stallMs: 400 })
    const away = await openStream(core, { path: '/' })
    await away.until(told => told.event === 'ready')
    away.stopReading()
    for (let round = 0; feed.clients > 0 && round < 400; round++) await manyChanges(2_000)
    expect(feed.clients).toBe(0)
  })

  it('is not let go as long as it reads, however quiet it is', async () => {
    await listen({ heartbeatMs: 20, stallMs: 400 })
    const here = await openStream(core, { path: '/' })
    await expect.poll(() => here.comments, LONG).toBeGreaterThan(40)
    expect(feed.clients).toBe(1)
    here.close()
    await expect.poll(() => feed.clients, LONG).toBe(0)
  })
})
