import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../support/manual-clock.ts'
import { hubHeaders, signedHeaders } from '../support/signed-delivery.ts'
import { install, startCore } from './api.ts'
import type { Answer, TestCore } from './api.ts'
import { addressOn, ECHO, givenTo, hookedOn, postTo } from './hooked.ts'

/** The secret of the connection that GitHub was given. */
const SHARED = 'a-secret-shared-with-the-sender'

let clock: ManualClock
let steward: TestCore

beforeEach(async () => {
  clock = new ManualClock(Date.UTC(2026, 2, 1))
  steward = await startCore({ clock })
})
afterEach(() => steward.end())

const hooked = (name: string, trigger?: object) => hookedOn(steward, name, trigger)
const addressOf = (name: string) => addressOn(steward, name)
const post = (path: string, body: string, headers?: Record<string, string>) =>
  postTo(steward, path, body, headers)
const given = (name: string, count: number) => givenTo(steward, name, count)
const statuses = (answers: Answer[]) => answers.map(({ status }) => status)

describe('a webhook whose body is signed', () => {
  it('R6 is known by X-Hub-Signature-256 under the secret of the address, or of a connection', async () => {
    const own = await hooked('own', { verify: 'hub' })
    await steward.core.connections.add({ name: 'github', kind: 'webhook', secrets: { secret: SHARED } })
    await install(steward, 'shared', ECHO, {
      when: [{ kind: 'webhook', verify: 'hub', connection: 'github' }],
    })
    const shared = await addressOf('shared')
    expect(shared.secret).toBeNull()
    expect(
      statuses([
        await post(own.path, 'body', hubHeaders(own.secret ?? '', 'body', 'g1')),
        await post(own.path, 'body', hubHeaders(SHARED, 'body', 'g2')),
        await post(own.path, 'body', hubHeaders(own.secret ?? '', 'other', 'g3')),
        await post(own.path, 'body', { 'x-hub-signature-256': 'sha256=' }),
        await post(own.path, 'body'),
        await post(shared.path, 'body', hubHeaders(SHARED, 'body', 'g4')),
        await post(shared.path, 'body', hubHeaders(own.secret ?? '', 'body', 'g5')),
      ]),
    ).toEqual([202, 401, 401, 401, 401, 202, 401])
    await given('own', 1)
    await given('shared', 1)
  })

  it('R6 is told to come again later while the secret it is signed with is locked, and taken then', async () => {
    await steward.core.connections.add({ name: 'github', kind: 'webhook', secrets: { secret: SHARED } })
    await install(steward, 'shared', ECHO, {
      when: [{ kind: 'webhook', verify: 'hub', connection: 'github' }],
    })
    const { path } = await addressOf('shared')
    const own = await hooked('own')
    const send = () => post(path, 'body', hubHeaders(SHARED, 'body', 'g1'))
    const vault = (verb: string) => steward.call({ method: 'POST', path: `/api/v1/vault/${verb}`, json: {} })
    await vault('lock')
    const later = await send()
    expect(later.status).toBe(503)
    expect(later.headers['retry-after']).toBe('60')
    expect(later.text).not.toMatch(/vault|github/)
    expect(
      (
        await post(
          own.path,
          'body',
          signedHeaders(own.secret ?? '', 'body', { id: 'one', atS: clock.now() / 1_000 }),
        )
      ).status,
    ).toBe(202)
    await vault('unlock')
    expect((await send()).json).toEqual({ duplicate: false })
  })

  it.each(['missing', 'removed', 'of another kind'])(
    'R6 is told to come again later while the connection it is signed with is %s, and the owner is told once',
    async how => {
      const { connections } = steward.core
      const add = () => connections.add({ name: 'github', kind: 'webhook', secrets: { secret: SHARED } })
      if (how === 'removed') await add()
      await install(steward, 'shared', ECHO, {
        when: [{ kind: 'webhook', verify: 'hub', connection: 'github' }],
      })
      if (how === 'removed') await connections.remove('github')
      if (how === 'of another kind')
        await connections.add({ name: 'github', kind: 'http', auth: 'none', hosts: ['https://example.com'] })
      const listed = (await steward.call({ path: '/api/v1/connections' })).json?.['wanted']
      const usedBy = [{ name: 'shared' }]
      expect(listed).toMatchObject(how === 'of another kind' ? [] : [{ name: 'github', usedBy }])
      const { path } = await addressOf('shared')
      const send = () => post(path, 'body', hubHeaders(SHARED, 'body', 'g1'))
      for (const later of [await send(), await send()]) {
        expect([later.status, later.headers['retry-after']]).toEqual([503, '60'])
        expect(later.text).not.toMatch(/github|connection/)
      }
      const open = async () => (await steward.call({ path: '/api/v1/actions' })).json?.['items'] as object[]
      expect(await open()).toMatchObject([{ kind: 'not-connected', automation: { name: 'shared' } }])
      expect((await addressOf('shared')).refused?.reason).toContain('“github”')
      await add()
      expect(await open()).toEqual([])
      expect((await send()).json).toEqual({ duplicate: false })
    },
  )

  it('R6 signed over the body alone is not taken again under another id or query within five minutes', async () => {
    const address = await hooked('hook', { verify: 'hub' })
    const headers = (id?: string) => hubHeaders(address.secret ?? '', 'body', id)
    const takes = async (more: Record<string, string>, query = '') =>
      (await post(`${address.path}${query}`, 'body', more)).json?.['duplicate'] === false
    const atOnce = await Promise.all(['a', 'b', 'c'].map(id => takes(headers(id))))
    expect(atOnce.filter(isTaken => isTaken)).toHaveLength(1)
    expect(await takes(headers())).toBe(false)
    expect(await takes({ ...headers(), 'idempotency-key': 'd' }, '?a=1')).toBe(false)
    expect((await addressOf('hook')).refused?.reason).toContain('the same body')
    clock.advance(5 * 60_000 + 1)
    expect(await takes(headers('a'))).toBe(!atOnce[0])
    expect(await takes(headers('later'))).toBe(!!atOnce[0])
    clock.advance(5 * 60_000 + 1)
    expect(await takes(headers())).toBe(true)
    clock.advance(4 * 60_000)
    expect(await takes(headers(), '?b=1')).toBe(false)
    await given('hook', 3)
  })

  it('R6 signed over the body alone may be sent again at once where it could not be taken', async () => {
    const trigger = { kind: 'webhook', verify: 'hub' }
    await install(steward, 'hook', ECHO, { when: [trigger], queue: { capacity: 1 } })
    const address = await addressOf('hook')
    const send = (body: string, id: string) =>
      post(address.path, body, hubHeaders(address.secret ?? '', body, id))
    await steward.call({ method: 'POST', path: '/api/v1/automations/hook/pause' })
    expect(statuses([await send('1', 'a'), await send('2', 'b')])).toEqual([202, 429])
    await steward.call({ method: 'POST', path: '/api/v1/automations/hook/resume' })
    await given('hook', 1)
    expect((await send('2', 'b')).json).toEqual({ duplicate: false })
    await given('hook', 2)
  })
})
