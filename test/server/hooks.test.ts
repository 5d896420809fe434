import { randomBytes } from 'node:crypto'
import http from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HookAddress } from '../../src/main/engine/hooks/hooks.ts'
import { auditRows } from '../../src/main/store/audit.ts'
import { listRuns } from '../../src/main/store/lists.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { signedHeaders } from '../support/signed-delivery.ts'
import { install, startCore } from './api.ts'
import type { Answer, TestCore } from './api.ts'
import { addressOn, ECHO, givenTo, hookedOn, postTo } from './hooked.ts'

type Rest<F> = F extends (steward: TestCore, ...more: infer M) => unknown ? M : never

let clock: ManualClock
let steward: TestCore

beforeEach(async () => {
  clock = new ManualClock(Date.UTC(2026, 2, 1))
  steward = await startCore({ clock })
})
afterEach(() => steward.end())

const hooked = (...given: Rest<typeof hookedOn>) => hookedOn(steward, ...given)
const addressOf = (name: string) => addressOn(steward, name)
const post = (...given: Rest<typeof postTo>) => postTo(steward, ...given)
const given = (name: string, count: number) => givenTo(steward, name, count)
const nowS = () => Math.floor(clock.now() / 1_000)
function signed({ path, secret }: HookAddress, body: string | Buffer, id: string, atS = nowS()) {
  return post(path, body, signedHeaders(secret ?? '', body, { id, atS }))
}

const statuses = (answers: Answer[]) => answers.map(({ status }) => status)

describe('what is posted to an address', () => {
  it('R6 is taken once it is signed over id, time and body, and is given to the script without what proves it', async () => {
    const address = await hooked('hook')
    const body = '{"ref":"refs/heads/main","n":[1,2]}'
    const answer = await post(`${address.path}?from=ci&from=other`, body, {
      ...signedHeaders(address.secret ?? '', body, { id: 'd1', atS: nowS() }),
      'content-type': 'application/json',
      'x-event': 'push',
      authorization: 'Bearer of something else',
      'x-api-key': 'k',
    })
    expect(answer.status).toBe(202)
    expect(answer.json).toEqual({ duplicate: false })
    const [event] = await given('hook', 1)
    expect(event).toMatchObject({
      trigger: 'webhook',
      hook: 'hook',
      delivery: 'id:d1',
      receivedAt: clock.now(),
      type: 'application/json',
      body,
      encoding: 'text',
      json: { ref: 'refs/heads/main', n: [1, 2] },
      query: { from: 'ci' },
    })
    const headers = event?.['headers'] as Record<string, string>
    expect(headers['x-event']).toBe('push')
    expect(Object.keys(headers).filter(name => /signature|authorization|key/.test(name))).toEqual([])
  })

  it('R6 may be of any type, or nothing at all', async () => {
    const address = await hooked('hook', { verify: 'address' })
    const binary = randomBytes(1_000)
    const kinds: [string | Buffer, Record<string, string>][] = [
      ['a=1&b=2', { 'content-type': 'application/x-www-form-urlencoded' }],
      ['<a/>', { 'content-type': 'text/xml; charset=utf-8' }],
      [binary, { 'content-type': 'application/octet-stream' }],
      ['{"not json', { 'content-type': 'application/json' }],
      ['', {}],
    ]
    for (const [body, headers] of kinds) expect((await post(address.path, body, headers)).status).toBe(202)
    const events = await given('hook', kinds.length)
    expect(events.map(({ body, encoding, json }) => ({ body, encoding, json }))).toEqual([
      { body: 'a=1&b=2', encoding: 'text', json: null },
      { body: '<a/>', encoding: 'text', json: null },
      { body: binary.toString('base64'), encoding: 'base64', json: null },
      { body: '{"not json', encoding: 'text', json: null },
      { body: '', encoding: 'text', json: null },
    ])
  })

  it('R1 R6 counts once, by what its sender calls it, and without that by what it says within five minutes', async () => {
    const address = await hooked('hook', { verify: 'address' })
    const duplicates = async (body: string, headers: Record<string, string> = {}, query = '') =>
      (await post(`${address.path}${query}`, body, headers)).json?.['duplicate']
    expect(await duplicates('one', { 'x-github-delivery': 'a' })).toBe(false)
    expect(await duplicates('other', { 'x-github-delivery': 'a' })).toBe(true)
    expect(await duplicates('one', { 'idempotency-key': 'b' })).toBe(false)
    expect(await duplicates('one', { 'idempotency-key': 'b' })).toBe(true)
    expect(await duplicates('one')).toBe(false)
    expect(await duplicates('one')).toBe(true)
    expect(await duplicates('one', {}, '?button=2')).toBe(false)
    clock.advance(4 * 60_000)
    expect(await duplicates('one')).toBe(true)
    clock.advance(2 * 60_000)
    expect(await duplicates('one')).toBe(false)
    expect(await given('hook', 5)).toHaveLength(5)
    expect((await addressOf('hook')).taken).toBe(5)
  })

  it('R6 is not taken again by who recorded it: neither within the window, nor after it, nor in another name', async () => {
    const address = await hooked('hook')
    const recorded = signedHeaders(address.secret ?? '', 'body', { id: 'one', atS: nowS() })
    expect((await post(address.path, 'body', recorded)).json).toEqual({ duplicate: false })
    expect((await post(address.path, 'body', recorded)).json).toEqual({ duplicate: true })
    expect((await post(address.path, 'body', { ...recorded, 'webhook-id': 'two' })).status).toBe(401)
    expect((await post(address.path, 'other', recorded)).status).toBe(401)
    clock.advance(301_000)
    const late = await post(address.path, 'body', recorded)
    expect(late.status).toBe(401)
    expect(late.json?.['detail']).toContain('signed 301 s ago')
    expect((await signed(address, 'body', 'ahead', nowS() + 302)).status).toBe(401)
    expect((await signed(address, 'body', 'three')).status).toBe(202)
    await given('hook', 2)
  })

  it('R6 gets one answer, word for word, for an unknown address, another secret in it, and a wrong signature', async () => {
    const address = await hooked('hook')
    const [, , id = '', secret = ''] = address.path.split('/')
    const forged = signedHeaders(`whsec_${randomBytes(32).toString('base64')}`, 'x', { id: 'f', atS: nowS() })
    const answers = [
      await post(`/hooks/hook_unknown/${secret}`, 'x', forged),
      await post(`/hooks/${id}/${secret.slice(1)}x`, 'x', forged),
      await post(address.path, 'x', forged),
      await post(address.path, 'x'),
      await post(address.path, 'x', { ...forged, 'webhook-signature': `v1,${'A'.repeat(43)}=` }),
      await post(address.path, 'x', {
        ...forged,
        'webhook-signature': 'v1a,'.repeat(10_000).slice(0, 12_000),
      }),
    ]
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect(answers[0]?.status).toBe(401)
    // The person whose it is learns why.
    expect((await addressOf('hook')).refused?.reason).toContain('webhook-signature')
    expect(listRuns(steward.core.store, { limit: 5 })).toEqual([])
  })

  it('R6 of more than a megabyte is refused, announced or not, and never held in memory', async () => {
    const address = await hooked('hook', { verify: 'address' })
    const large = Buffer.alloc(1_048_577, 97)
    expect((await post(address.path, large)).status).toBe(413)
    expect((await post(address.path, large, {}, { chunked: true })).status).toBe(413)
    expect((await post(address.path, large.subarray(1), {}, { chunked: true })).status).toBe(202)
    const [event] = await given('hook', 1)
    expect(String(event?.['body'])).toHaveLength(1_048_576)
    expect((await steward.call({ path: '/health', withoutToken: true })).status).toBe(200)
  })

  it('R6 of a megabyte of JSON, and of the most that grows when it is written down, reaches the script', async () => {
    const address = await hooked('hook', { verify: 'address' }, 'export default event => event.body.length')
    const json = JSON.stringify(Array.from({ length: 80_000 }, (_, n) => `"\\${n}`))
    const control = '\u0001'.repeat(1_048_576)
    expect(json.length).toBeLessThan(1_048_576)
    for (const body of [json, control]) expect((await post(address.path, body)).status).toBe(202)
    expect((await given('hook', 2)) as unknown[]).toEqual([json.length, control.length])
  })

  it('78 that imitates an internal event is a webhook all the same', async () => {
    const address = await hooked('hook', { verify: 'address' })
    const forged = JSON.stringify({
      trigger: 'files',
      type: 'run.retry',
      run: 'run_1',
      dueAt: 1,
      sourceType: 'user',
    })
    await post(address.path, forged, { 'webhook-id': 'run.retry:run_1' })
    const [event] = await given('hook', 1)
    expect(event).toMatchObject({ trigger: 'webhook', delivery: 'id:run.retry:run_1', body: forged })
  })

  it('R6 beyond its pace is sent away with the time to come back at, and taken then', async () => {
    const address = await hooked('hook', { verify: 'address', mostPerMinute: 2 })
    const send = (id: string) => post(address.path, id, { 'webhook-id': id })
    expect(statuses([await send('1'), await send('2')])).toEqual([202, 202])
    const away = await send('3')
    expect(away.status).toBe(429)
    expect(away.headers['retry-after']).toBe('30')
    clock.advance(30_000)
    expect((await send('3')).json).toEqual({ duplicate: false })
    expect((await send('4')).status).toBe(429)
    const other = await hooked('other', { verify: 'address' })
    expect((await post(other.path, 'x')).status).toBe(202)
  })

  it('R3 R6 meets a full queue with 429, and nothing of it is kept', async () => {
    await install(steward, 'hook', ECHO, {
      when: [{ kind: 'webhook', verify: 'address' }],
      queue: { capacity: 1 },
    })
    await steward.call({ method: 'POST', path: '/api/v1/automations/hook/pause' })
    const { path } = await addressOf('hook')
    const send = (id: string) => post(path, id, { 'webhook-id': id })
    expect((await send('1')).status).toBe(202)
    const full = await send('2')
    expect(full.status).toBe(429)
    expect(full.headers['retry-after']).toBe('30')
    await steward.call({ method: 'POST', path: '/api/v1/automations/hook/resume' })
    await given('hook', 1)
    expect((await send('2')).json).toEqual({ duplicate: false })
  })

  it('R7 waits where its automation is paused, and is refused where that is no more', async () => {
    const address = await hooked('hook', { verify: 'address' })
    const command = (verb: string) =>
      steward.call({ method: 'POST', path: `/api/v1/automations/hook/${verb}` })
    await command('pause')
    expect((await post(address.path, '1')).status).toBe(202)
    await command('resume')
    await given('hook', 1)
    await command('archive')
    expect((await post(address.path, '2')).status).toBe(401)
  })

  it('R6 keeps its address through a new version, and has another after a rotation', async () => {
    const before = await hooked('hook', { verify: 'address' })
    await steward.core.engine.install({
      name: 'hook',
      source: `${ECHO} // 2`,
      contract: {
        schema: 1,
        title: 'Test',
        promise: 'Does it.',
        zone: 'UTC',
        when: [{ kind: 'webhook', verify: 'address', mostPerMinute: 10 }],
        uses: [],
        reads: {},
      },
    })
    expect((await addressOf('hook')).path).toBe(before.path)
    const rotate = (name: string) =>
      steward.call({ method: 'POST', path: `/api/v1/automations/hook/webhooks/${name}/rotate` })
    expect((await rotate('other')).status).toBe(404)
    const after = (await rotate('hook')).json as unknown as HookAddress
    expect(after.path).not.toBe(before.path)
    expect((await post(before.path, 'x')).status).toBe(401)
    expect((await post(after.path, 'x')).status).toBe(202)
    expect([...auditRows(steward.core.store)].map(({ kind }) => kind)).toContain('webhook-renewed')
  })

  it('reaches it under the name of a tunnel, and never from a page', async () => {
    const address = await hooked('hook', { verify: 'address' })
    expect((await post(address.path, '1', { host: 'me.tunnel.example' })).status).toBe(202)
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ])
      expect((await post(address.path, '2', headers)).status).toBe(403)
    for (const call of [
      { method: 'GET', path: address.path },
      { method: 'POST', path: `${address.path}/more` },
      { method: 'POST', path: '/hooks' },
      { method: 'POST', path: `/hooks/../api/v1/stop-everything` },
      { method: 'POST', path: `/hooks/%2e%2e/api` },
    ])
      expect((await steward.call({ ...call, withoutToken: true })).status).toBe(401)
    expect(await given('hook', 1)).toHaveLength(1)
  })

  it('R6 holds up nobody when bodies trickle: who comes beyond them is sent away for a moment', async () => {
    const address = await hooked('hook', { verify: 'address' })
    const slow = Array.from({ length: 64 }, () => {
      const request = http.request({
        host: '127.0.0.1',
        port: steward.core.server.port,
        method: 'POST',
        path: address.path,
        headers: { 'content-length': '100' },
        agent: false,
      })
      request.on('error', () => undefined)
      request.write('x')
      return request
    })
    const away = await eventually(async () => {
      const answer = await post(address.path, 'quick', { 'webhook-id': 'quick' })
      return answer.status === 429 ? answer : null
    })
    expect(away.headers['retry-after']).toBe('1')
    expect((await steward.call({ path: '/health', withoutToken: true })).status).toBe(200)
    for (const request of slow) request.destroy()
    await eventually(async () => {
      const answer = await post(address.path, 'again', { 'webhook-id': 'again' })
      return answer.status === 202 ? answer : null
    })
  })
})

async function eventually<T>(look: () => Promise<T | null>): Promise<T> {
  for (let tries = 0; tries < 500; tries++) {
    const found = await look()
    if (found !== null) return found
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  throw new Error('it never came about')
}
