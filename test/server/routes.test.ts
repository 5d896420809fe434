import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONTRACT, install, startCore } from './api.ts'
import type { Answer, Call, TestCore } from './api.ts'

let steward: TestCore

beforeAll(async () => {
  steward = await startCore()
})
afterAll(() => steward.end())

const call = (request: Call): Promise<Answer> => steward.call(request)
const get = (path: string) => call({ path: `/api/v1${path}` })
const post = (path: string, json?: unknown) => call({ method: 'POST', path: `/api/v1${path}`, json })

type Fields = Record<string, unknown>
const fieldsOf = (answer: Answer, name: string) => answer.json?.[name] as Fields
const listOf = (answer: Answer, name = 'items') => answer.json?.[name] as Fields[]

/** Starts the automation and answers with its run once that has ended or rests. */
async function run(name: string, payload: unknown = null): Promise<Fields> {
  const answer = await post(`/automations/${name}/events?wait=20000`, { payload })
  expect(answer).toMatchObject({ status: 200, json: { settled: true, duplicate: false } })
  return fieldsOf(answer, 'run')
}

describe('automations', () => {
  it('are installed, listed, shown with their contract in words, and versioned', async () => {
    const source = "import { now } from 'tools/flow'\nexport default () => now()"
    await install(steward, 'clock', source, { title: 'Tells the time', uses: ['tools/flow'] })
    const again = await post('/automations', {
      name: 'clock',
      source: `${source}\n`,
      contract: { ...CONTRACT, uses: ['tools/flow'], title: 'Tells the time' },
      note: 'an empty line',
    })
    expect(again).toMatchObject({ status: 200, json: { created: false, version: '2.0' } })
    expect(listOf(await get('/automations'))).toContainEqual(
      expect.objectContaining({
        name: 'clock',
        title: 'Tells the time',
        state: 'active',
        when: ['When you start it'],
      }),
    )
    const shown = await get('/automations/clock')
    expect(shown.json).toMatchObject({ script: { source: `${source}\n`, note: 'an empty line' } })
    expect(listOf(shown, 'contractText').map(part => part['heading'])).toContain('Never')
  })

  it('are refused whole when script or contract do not hold', async () => {
    const good = { name: 'never', source: 'export default () => 1', contract: { ...CONTRACT, uses: [] } }
    const bad: [Fields, RegExp][] = [
      [{ source: 'export default (' }, /does not parse/],
      [{ source: 'export const a = 1' }, /no default export/],
      [{ source: "import { get } from 'tools/http'\nexport default () => 1" }, /does not grant/],
      [{ contract: { ...CONTRACT, budgets: {} } }, /budgets/],
      [{ contract: { ...CONTRACT, uses: ['tools/none'] } }, /does not exist/],
      [{ contract: null }, /contract/i],
      [{ name: 'Never Again' }, /lower-case/],
      [{ extra: 1 }, /extra/],
    ]
    for (const [change, message] of bad) {
      const answer = await post('/automations', { ...good, ...change })
      expect(answer.status, JSON.stringify(change)).toBe(422)
      expect(String(answer.json?.['detail'])).toMatch(message)
    }
    expect(await get('/automations/never')).toMatchObject({ status: 404 })
  })

  it('R7 pause, resume, archive and delete mean one thing each', async () => {
    await install(steward, 'moved', 'export default event => event')
    expect(await post('/automations/moved/pause')).toMatchObject({ status: 200, json: { state: 'paused' } })
    const waiting = await post('/automations/moved/events?wait=5000', { payload: 'later' })
    expect(waiting).toMatchObject({ status: 200, json: { settled: true, run: null, runId: null } })
    expect((await post('/automations/moved/resume')).json).toMatchObject({ state: 'active' })
    const event = await get(`/events/${String(waiting.json?.['eventId'])}?wait=20000`)
    expect(event.json).toMatchObject({ state: 'done', run: { state: 'succeeded', result: 'later' } })
    expect(await post('/automations/moved/archive')).toMatchObject({ json: { state: 'archived' } })
    expect(await post('/automations/moved/events', {})).toMatchObject({ status: 409 })
    expect(await call({ method: 'DELETE', path: '/api/v1/automations/moved' })).toMatchObject({ status: 200 })
    expect(await get('/automations/moved')).toMatchObject({ status: 404 })
  })

  it('R7 stop everything pauses all that is active, and resume everything undoes just that', async () => {
    await install(steward, 'calm', 'export default () => 1')
    await install(steward, 'resting', 'export default () => 1')
    await post('/automations/resting/pause')
    expect(await post('/stop-everything')).toMatchObject({ status: 200 })
    expect((await get('/automations/calm')).json).toMatchObject({ state: 'paused' })
    expect(fieldsOf(await get('/doctor'), 'ok')).toBe(false)
    await post('/resume-everything')
    expect((await get('/automations/calm')).json).toMatchObject({ state: 'active' })
    expect((await get('/automations/resting')).json).toMatchObject({ state: 'paused' })
  })

  it('show the ledger of their due instants', async () => {
    await install(steward, 'ticking', 'export default () => 1', {
      when: [{ kind: 'interval', everyMs: 1_000 }],
    })
    await expect.poll(async () => listOf(await get('/automations/ticking/ledger')).length).toBeGreaterThan(1)
    const newest = await get('/automations/ticking/ledger?limit=1')
    const [instant] = listOf(newest)
    expect(instant).toMatchObject({ fate: 'ran', reason: null })
    const [older] = listOf(await get(`/automations/ticking/ledger?cursor=${String(newest.json?.['next'])}`))
    expect(Number(older?.['dueAt'])).toBeLessThan(Number(instant?.['dueAt']))
    expect(await get('/automations/ticking/ledger?cursor=yesterday')).toMatchObject({ status: 400 })
    await post('/automations/ticking/archive')
  })
})

describe('events', () => {
  it('R1 a duplicate key changes nothing, and is answered with the run of the first', async () => {
    await install(steward, 'once', 'export default event => event')
    const first = await post('/automations/once/events?wait=20000', { payload: 1, dedupeKey: 'invoice-7' })
    const second = await post('/automations/once/events?wait=20000', { payload: 2, dedupeKey: 'invoice-7' })
    expect(second.json).toMatchObject({ duplicate: true, runId: first.json?.['runId'], run: { result: 1 } })
    expect(listOf(await get('/runs?automation=once'))).toHaveLength(1)
  })

  it('J1 an accepted event is on the disk before it is confirmed', async () => {
    const synced: number[] = []
    let answered = 0
    const slow = await startCore({
      sync: async () => {
        await new Promise(resolve => setTimeout(resolve, 20))
        synced.push(answered)
      },
    })
    try {
      await install(slow, 'safe', 'export default () => 1')
      for (let place = 0; place < 3; place++) {
        const before = synced.length
        const answer = await slow.call({ method: 'POST', path: '/api/v1/automations/safe/events', json: {} })
        answered++
        expect(answer.status).toBe(202)
        expect(synced.length).toBeGreaterThan(before)
      }
    } finally {
      await slow.end()
    }
  })

  it('R3 a full queue is said so, and takes nothing', async () => {
    await install(steward, 'narrow', 'export default () => 1', { queue: { concurrency: 1, capacity: 2 } })
    await post('/automations/narrow/pause')
    const statuses = []
    for (let place = 0; place < 3; place++)
      statuses.push((await post('/automations/narrow/events', {})).status)
    expect(statuses).toEqual([202, 202, 429])
    await post('/automations/narrow/resume')
    await expect.poll(async () => listOf(await get('/runs?automation=narrow')).length).toBe(2)
  })
})

describe('scripts not yet installed', () => {
  it('a draft contract grants what the imports ask for, narrowed to what the text names, and parses', async () => {
    const source = `import { get, post } from 'tools/http'
      import * as files from 'tools/files'
      import { each } from 'tools/flow'
      export default async () => {
        const list = await get('https://api.example.com/list')
        await each('entry', list.body, entry => entry.id, async entry => {
          await post(\`https://hooks.example.com/\${entry.id}\`, entry)
          await files.write({ path: '/srv/entries/a.txt', text: 'a' })
        })
      }
      export function verify() { return true }`
    const draft = await post('/draft-contract', { source, name: 'copy-entries' })
    const contract = fieldsOf(draft, 'contract')
    expect(contract).toMatchObject({
      title: 'Copy entries',
      uses: ['tools/http', 'tools/files', 'tools/flow'],
      reads: { hosts: ['api.example.com', 'hooks.example.com'], paths: ['/srv/entries'] },
      changes: [
        {
          tool: 'http.post',
          hosts: ['api.example.com', 'hooks.example.com'],
          methods: ['POST'],
          approval: 'always',
        },
        { tool: 'files.write', paths: ['/srv/entries'], approval: 'always' },
      ],
      items: { entry: 'Known by: entry => entry.id' },
      done: [{ kind: 'script-verifies' }],
    })
    expect(listOf(draft, 'assumptions').length).toBeGreaterThan(0)
    expect(await post('/check', { source, contract })).toMatchObject({ json: { ok: true } })
    expect(await post('/automations', { name: 'drafted', source, contract })).toMatchObject({ status: 201 })
  })

  it.each([
    ['export default (', /does not parse/, { line: 1 }],
    [
      "import { nothing } from 'tools/http'\nexport default () => 1",
      /offers no “nothing”/,
      { line: 1, column: 10 },
    ],
    ["import { get } from 'tools/nothing'\nexport default () => 1", /There is no module/, { line: 1 }],
    ["import fs from 'node:fs'\nexport default () => 1", /There is no module/, { line: 1 }],
    ['export const a = 1', /no default export/, null],
  ])('a check of %j says what is wrong, and where', async (source, message, position) => {
    const { json } = await post('/check', { source })
    const [problem] = (json?.['problems'] ?? []) as Fields[]
    expect(json?.['ok']).toBe(false)
    expect(String(problem?.['message'])).toMatch(message)
    if (position === null) expect(problem?.['position']).toBeNull()
    else expect(problem?.['position']).toMatchObject(position)
  })

  it('tools are listed and declared as the types scripts are checked against', async () => {
    const list = listOf(await get('/tools'))
    expect(list).toContainEqual({
      name: 'http.post',
      module: 'tools/http',
      title: 'Post JSON to an address',
      effect: 'write',
    })
    expect((await get('/tools/http/declaration')).json?.['text']).toContain("declare module 'tools/http'")
  })
})

describe('the gallery', () => {
  it('is listed, shown, refused with every reason, and set up', async () => {
    expect(listOf(await get('/gallery')).map(entry => entry['id'])).toContain('tidy-folder')
    expect(listOf(await get('/gallery/tidy-folder'), 'slots').map(slot => slot['name'])).toContain('folder')
    expect(await post('/gallery/tidy-folder', { slots: { folder: '/none', depth: 'x' } })).toMatchObject({
      status: 422,
    })
    const folder = path.join(steward.home, '..', 'inbox')
    fs.mkdirSync(folder)
    const added = await post('/gallery/tidy-folder', { slots: { folder }, name: 'tidy' })
    expect(added).toMatchObject({ status: 201, json: { name: 'tidy', created: true } })
    expect(await run('tidy')).toMatchObject({ state: 'succeeded' })
  })
})

describe('the folder', () => {
  it('a backup is written where nothing is, and never over anything', async () => {
    const file = path.join(steward.home, '..', 'backup.db')
    const done = await post('/backup', { file })
    expect(done).toMatchObject({ status: 201, json: { file, keys: path.join(steward.home, 'keys') } })
    expect(fs.statSync(file).mode & 0o777).toBe(0o600)
    expect(await post('/backup', { file })).toMatchObject({ status: 422 })
    expect(await post('/backup', { file: 'relative.db' })).toMatchObject({ status: 422 })
    expect(await post('/backup', { file: path.join(steward.home, 'none', 'b.db') })).toMatchObject({
      status: 422,
    })
    expect(fs.readdirSync(path.dirname(file)).filter(name => name.includes('partial'))).toEqual([])
  })

  it('P5 the audit log is verified while the core goes on answering', async () => {
    const [verdict, health] = await Promise.all([get('/audit/verify'), call({ path: '/health' })])
    expect(verdict.json).toMatchObject({ ok: true })
    expect(health.status).toBe(200)
  })

  it('the doctor looks at folder, disk, keys, database and audit log', async () => {
    const { json } = await get('/doctor')
    const names = (json?.['checks'] as Fields[]).map(check => check['name'])
    expect(names).toEqual([
      'program',
      'data folder',
      'disk',
      'keys',
      'database',
      'audit log',
      'automations',
      'time off',
    ])
    expect(json?.['ok']).toBe(true)
  })
})
