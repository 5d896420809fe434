import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { install, removeHome, startCore, temporaryHome } from './api.ts'
import type { TestCore } from './api.ts'

let steward: TestCore

beforeEach(async () => {
  steward = await startCore({ home: temporaryHome() })
})
afterEach(async () => {
  await steward.end()
  removeHome(steward.home)
})

interface Line {
  n: number
  level: string
  message: string
  run?: string
}

async function lines(query = ''): Promise<Line[]> {
  const { status, json } = await steward.call({ path: `/api/v1/logs${query}` })
  expect(status).toBe(200)
  return json?.['items'] as Line[]
}

async function ran(name: string, payload: unknown): Promise<string> {
  const { json } = await steward.call({
    method: 'POST',
    path: `/api/v1/automations/${name}/events?wait=20000`,
    json: { payload },
  })
  return (json?.['run'] as { id: string }).id
}

async function setLevel(logLevel: unknown): Promise<number> {
  const { headers } = await steward.call({ path: '/api/v1/settings' })
  const { status } = await steward.call({
    method: 'PATCH',
    path: '/api/v1/settings',
    headers: { 'if-match': String(headers.etag) },
    json: { logLevel },
  })
  return status
}

describe('the log over the API', () => {
  it('tells what happened, of everything or of one run, in pages', async () => {
    await install(steward, 'one', 'export default () => 1')
    await ran('one', 1)
    const run = await ran('one', 2)
    expect((await lines()).map(line => line.message)).toEqual([
      'a run ended',
      'a run ended',
      'the core began',
    ])
    expect(await lines(`?run=${run}`)).toMatchObject([{ level: 'info', run, message: 'a run ended' }])
    const { json } = await steward.call({ path: '/api/v1/logs?limit=2' })
    const [older] = await lines(`?limit=2&cursor=${String(json?.['next'])}`)
    expect(older?.message).toBe('the core began')
    const after = await lines(`?after=${String(older?.n)}`)
    expect(after.map(line => line.n)).toEqual([2, 3])
  })

  it('is as talkative as it is set, at once and after a restart', async () => {
    await install(steward, 'one', 'export default () => 1')
    expect(await setLevel('debug')).toBe(200)
    await ran('one', 1)
    expect((await lines('?limit=2')).map(line => line.message)).toEqual(['a run ended', 'a run is launched'])
    expect(await setLevel('error')).toBe(200)
    const [newest] = await lines('?limit=1')
    await steward.end()
    steward = await startCore({ home: steward.home })
    await ran('one', 1)
    expect(await lines('?limit=1')).toEqual([newest])
  })

  it.each(['?level=loud', '?run=x', '?cursor=x', '?limit=1000', '?since=1', '?after=-1'])(
    'refuses %s',
    async query => {
      expect(await steward.call({ path: `/api/v1/logs${query}` })).toMatchObject({ status: 400 })
    },
  )

  it('refuses a level it does not know, and keeps the one it has', async () => {
    expect(await setLevel('loud')).toBe(422)
    expect((await steward.call({ path: '/api/v1/settings' })).json).toMatchObject({ logLevel: 'info' })
  })

  it('holds nothing that a request carried, whatever became of it', async () => {
    const secret = 'Canary-7f3K9qLm2xVt'
    await setLevel('debug')
    await install(steward, 'one', 'export default event => { throw new Error(JSON.stringify(event)) }')
    await ran('one', { secret })
    for (const call of [
      { path: `/api/v1/${secret}` },
      { path: `/api/v1/runs?cursor=${secret}` },
      { path: '/api/v1/runs', headers: { authorization: `Bearer ${secret}` } },
      { method: 'POST', path: '/api/v1/automations', json: { name: secret, source: secret } },
      { method: 'POST', path: '/api/v1/automations', body: secret, headers: { 'content-type': secret } },
      { method: 'PATCH', path: '/api/v1/settings', headers: { 'if-match': '*' }, json: { [secret]: secret } },
    ])
      await steward.call(call)
    await lines()
    const folder = path.join(steward.home, 'logs')
    const text = fs.readdirSync(folder).map(name => fs.readFileSync(path.join(folder, name), 'utf8'))
    expect(text.join('')).toContain('a run ended')
    expect(text.join('')).not.toContain(secret)
    expect(text.join('')).not.toContain(steward.core.token)
  })
})
