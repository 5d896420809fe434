/** A core whose vault is locked: what answers before anything runs, and what waits when credentials are locked later. */
import fs from 'node:fs'
import http from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCore } from '../../src/main/core.ts'
import type { Core, CoreOptions } from '../../src/main/core.ts'
import { isFailureError } from '../../src/domain/failure.ts'
import { readToken } from '../../src/main/home.ts'
import { install, removeHome, startCore, temporaryHome } from '../server/api.ts'
import { serveHttp } from '../support/loopback-server.ts'
import { until } from '../support/world.ts'

const PASSPHRASE = 'four unrelated words here'

let home: string
const closers: (() => Promise<void>)[] = []

beforeEach(() => {
  home = temporaryHome()
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  removeHome(home)
})

/** A folder under a passphrase, with an automation that would run every minute. */
async function lockedFolder(): Promise<void> {
  const steward = await startCore({ home, passphrase: PASSPHRASE })
  await install(steward, 'minutely', 'export default async function run() { return 1 }', {
    when: [{ kind: 'interval', everyMs: 60_000 }],
  })
  await steward.end()
}

interface Door {
  url: string
  core: Promise<Core>
  call(
    method: string,
    path: string,
    json?: unknown,
    token?: string,
  ): Promise<{ status: number; json: Record<string, unknown> }>
}

/** Starts the core and comes back when it waits at its door. */
async function atTheDoor(options: Partial<CoreOptions> = {}): Promise<Door> {
  let told: (url: string) => void = () => undefined
  const locked = new Promise<string>(resolve => {
    told = resolve
  })
  const stopping = new AbortController()
  const core = createCore({
    home,
    port: 0,
    workers: 1,
    signal: stopping.signal,
    ...options,
    onLocked: url => {
      told(url)
    },
  })
  const url = await Promise.race([locked, core.then(() => Promise.reject(new Error('it was not locked')))])
  closers.push(async () => {
    stopping.abort()
    await core
      .then(opened => opened.close())
      .catch((error: unknown) => {
        if (!isFailureError(error)) throw error
      })
  })
  return {
    url,
    core,
    call: (method, path, json, token = readToken(home) ?? '') => send(url, { method, path, json, token }),
  }
}

async function send(
  url: string,
  { method, path, json, token }: { method: string; path: string; json: unknown; token: string },
): Promise<{ status: number; json: Record<string, unknown> }> {
  const body = json === undefined ? undefined : JSON.stringify(json)
  return new Promise((resolve, reject) => {
    const request = http.request(
      `${url}${path}`,
      {
        method,
        agent: false,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
      },
      answer => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({ status: answer.statusCode ?? 0, json: JSON.parse(text) as Record<string, unknown> })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

describe('a core that needs a passphrase and has none', () => {
  it('runs nothing, says what waits, and begins once it is unlocked', async () => {
    await lockedFolder()
    const door = await atTheDoor()
    expect((await door.call('GET', '/health')).json).toMatchObject({ ok: true, locked: true })
    expect((await door.call('GET', '/api/v1/vault')).json).toMatchObject({
      state: 'locked',
      recordsOpen: false,
      holder: 'passphrase',
      waiting: [{ name: 'minutely' }],
    })
    const inbox = (await door.call('GET', '/api/v1/actions')).json['items'] as Record<string, unknown>[]
    expect(inbox).toMatchObject([{ kind: 'vault-locked', waiting: [{ name: 'minutely' }] }])
    expect(String(inbox[0]?.['effect'])).toContain('minutely')
    for (const [method, path] of [
      ['GET', '/api/v1/automations'],
      ['POST', '/api/v1/automations'],
      ['GET', '/api/v1/connections'],
      ['GET', '/anything'],
    ] as const) {
      const refused = await door.call(method, path)
      expect(refused).toMatchObject({ status: 503, json: { failure: { kind: 'vault-locked' } } })
      expect(refused.json['detail']).toContain('steward vault unlock')
    }
    const wrong = await door.call('POST', '/api/v1/vault/unlock', { passphrase: 'canary of a wrong guess' })
    expect(wrong).toMatchObject({ status: 422, json: { failure: { kind: 'invalid-input' } } })
    expect(JSON.stringify(wrong.json)).not.toContain('canary of a wrong guess')
    const right = await door.call('POST', '/api/v1/vault/unlock', { passphrase: PASSPHRASE })
    expect(right).toMatchObject({ status: 200, json: { state: 'open', recordsOpen: true, waiting: [] } })
    const core = await door.core
    expect(core.url).toBe(door.url)
    expect((await door.call('GET', '/api/v1/automations')).json).toMatchObject({
      items: [{ name: 'minutely' }],
    })
    expect(core.store.audit.verify()).toMatchObject({ ok: true })
  })

  it('keeps its door as guarded as the core behind it', async () => {
    await lockedFolder()
    const door = await atTheDoor()
    expect((await door.call('GET', '/api/v1/vault', undefined, 'wrong')).status).toBe(401)
    expect(
      (await door.call('POST', '/api/v1/vault/unlock', { passphrase: PASSPHRASE }, 'wrong')).status,
    ).toBe(401)
    expect((await door.call('POST', '/api/v1/vault/unlock', { passphrase: 1 })).status).toBe(422)
    expect((await door.call('POST', '/api/v1/vault/rotate', {})).status).toBe(503)
    await door.call('POST', '/api/v1/vault/unlock', { passphrase: PASSPHRASE })
    await door.core
  })

  it('R6 sends webhooks away to come again later, and says no more', async () => {
    await lockedFolder()
    const door = await atTheDoor()
    const answer = await fetch(`${door.url}/hooks/hook_1/secret`, { method: 'POST', body: '<a/>' })
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('60')
    expect(await answer.text()).not.toMatch(/vault|minutely/)
  })

  it('can be stopped at its door, and lets go of the folder', async () => {
    await lockedFolder()
    const stopping = new AbortController()
    const core = createCore({
      home,
      port: 0,
      signal: stopping.signal,
      onLocked: () => {
        stopping.abort()
      },
    })
    await expect(core).rejects.toThrow('was stopped before its vault was unlocked')
    const next = await createCore({ home, port: 0, workers: 1, passphrase: PASSPHRASE })
    await next.close()
  })

  it('opens by itself where it is started with the passphrase', async () => {
    await lockedFolder()
    const file = `${home}.word`
    fs.writeFileSync(file, `${PASSPHRASE}\n`)
    process.env['STEWARD_PASSPHRASE_FILE'] = file
    try {
      const core = await createCore({ home, port: 0, workers: 1 })
      expect(core.vault.status()).toMatchObject({ state: 'open', holder: 'passphrase' })
      await core.close()
    } finally {
      delete process.env['STEWARD_PASSPHRASE_FILE']
      fs.rmSync(file)
    }
  })
})

describe('credentials that are locked while automations run', () => {
  it('one action names all that wait; unlocking lets them go on, and the rest never stopped', async () => {
    const site = await serveHttp((_request, response) => response.end('{}'))
    closers.push(() => site.close())
    const steward = await startCore({ home })
    closers.push(() => steward.end())
    const vault = (verb: string) => steward.call({ method: 'POST', path: `/api/v1/vault/${verb}`, json: {} })
    await steward.call({
      method: 'POST',
      path: '/api/v1/connections',
      json: { name: 'shop', kind: 'http', hosts: [site.url()], secrets: { key: 'a-key-of-mine' } },
    })
    const source = (more: string) => `
      import { get } from 'tools/http'
      export default async function run() { return (await get('${site.url()}'${more})).status }`
    const contract = { reads: { hosts: [site.host], accounts: ['shop'] } }
    await install(steward, 'one', source(", { connection: 'shop' }"), contract)
    await install(steward, 'two', source(", { connection: 'shop' }"), contract)
    await install(steward, 'plain', source(''), contract)
    expect((await vault('lock')).json).toMatchObject({ state: 'locked', recordsOpen: true, waiting: [] })
    const run = async (name: string) => {
      const answer = await steward.call({
        method: 'POST',
        path: `/api/v1/automations/${name}/events?wait=15000`,
        json: {},
      })
      return (answer.json?.['run'] as { state: string }).state
    }
    expect([await run('one'), await run('two'), await run('plain')]).toEqual([
      'waiting',
      'waiting',
      'succeeded',
    ])
    const inbox = async () =>
      (await steward.call({ path: '/api/v1/actions' })).json?.['items'] as Record<string, unknown>[]
    expect(await inbox()).toMatchObject([
      {
        kind: 'vault-locked',
        waiting: [
          { name: 'one', runs: 1 },
          { name: 'two', runs: 1 },
        ],
      },
    ])
    expect((await steward.call({ path: '/api/v1/vault' })).json).toMatchObject({
      waiting: [{ name: 'one' }, { name: 'two' }],
    })
    const added = await steward.call({
      method: 'POST',
      path: '/api/v1/connections',
      json: { name: 'other', kind: 'http', hosts: [site.url()], secrets: { key: 'another-key' } },
    })
    expect(added.status).toBe(503)
    expect(site.seen).toHaveLength(1)
    expect((await vault('unlock')).json).toMatchObject({ state: 'open', waiting: [] })
    await until(() => site.seen.length === 3, 'they did not go on')
    expect(await inbox()).toEqual([])
  })
})
