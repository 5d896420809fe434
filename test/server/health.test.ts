import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../support/manual-clock.ts'
import { install, removeHome, startCore, temporaryHome } from './api.ts'
import type { TestCore } from './api.ts'

let steward: TestCore
let clock: ManualClock

beforeEach(async () => {
  clock = new ManualClock()
  steward = await startCore({ home: temporaryHome(), clock })
})
afterEach(async () => {
  await steward.end()
  removeHome(steward.home)
})

interface Health {
  ok: boolean
  checks: { name: string; ok: boolean; message: string }[]
  [part: string]: unknown
}

async function health(): Promise<Health> {
  const { status, json } = await steward.call({ path: '/api/v1/health' })
  expect(status).toBe(200)
  return json as unknown as Health
}

const check = (of: Health, name: string) => of.checks.find(each => each.name === name)

describe('/api/v1/health', () => {
  it('tells of the database, the queue, the sandbox, the model, the disk, the clock and the last backup', async () => {
    const now = await health()
    expect(now).toMatchObject({
      ok: true,
      queue: { waitingEvents: 0, running: 0, waiting: 0 },
      sandbox: { scripts: 0, queued: 0 },
      clock: { now: clock.now(), newestRunAt: null },
      lastBackupAt: null,
      model: { state: 'none' },
    })
    expect(now['database']).toMatchObject({ bytes: expect.any(Number) as number })
    expect(now['disk']).toMatchObject({ freeBytes: expect.any(Number) as number })
    expect(check(now, 'model')).toMatchObject({ ok: true, message: /No model is connected/ })
  })

  it('remembers when the last backup was made', async () => {
    const file = path.join(steward.home, '..', 'backup.db')
    await steward.call({ method: 'POST', path: '/api/v1/backup', json: { file } })
    const now = await health()
    expect(now['lastBackupAt']).toBe(clock.now())
    expect(check(now, 'backup')?.message).toMatch(/^The last was made at /)
  })

  it('notices a clock that was set back', async () => {
    await install(steward, 'one', 'export default () => 1')
    await steward.call({
      method: 'POST',
      path: '/api/v1/automations/one/events?wait=20000',
      json: { payload: 1 },
    })
    clock.jump(-3_600_000)
    const now = await health()
    expect(now.ok).toBe(false)
    expect(check(now, 'clock')).toMatchObject({ ok: false })
  })

  it('is short without the token, and says nothing about this machine', async () => {
    const { status, json } = await steward.call({ path: '/health', withoutToken: true })
    expect(status).toBe(200)
    expect(Object.keys(json ?? {}).sort()).toEqual(['ok', 'version'])
  })
})
