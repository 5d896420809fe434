/** What people look at beyond lists of runs: comparisons, journals, items, costs, approvals, grants, the audit log. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { insertion } from '../../src/main/store/statement.ts'
import { install, startCore } from './api.ts'
import type { Answer, TestCore } from './api.ts'

type Fields = Record<string, unknown>

let steward: TestCore
let folder: string

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-looks-'))
  steward = await startCore()
})
afterAll(async () => {
  await steward.end()
  fs.rmSync(folder, { recursive: true, force: true })
})

const get = (path: string) => steward.call({ path: `/api/v1${path}` })
const post = (path: string, json?: unknown) =>
  steward.call({ method: 'POST', path: `/api/v1${path}`, ...(json === undefined ? {} : { json }) })
const itemsOf = (answer: Answer) => answer.json?.['items'] as Fields[]

async function run(name: string, payload: unknown = null): Promise<string> {
  const answer = await post(`/automations/${name}/run?wait=20000`, { payload })
  return String(answer.json?.['runId'])
}

/** Every page of a list, at most `limit` at a time. */
async function pages(path: string, limit: number): Promise<Fields[]> {
  const rows: Fields[] = []
  const first = `${path}${path.includes('?') ? '&' : '?'}limit=${String(limit)}`
  let place = ''
  for (;;) {
    const page = await get(first + place)
    expect(page.status, page.text).toBe(200)
    expect(itemsOf(page).length).toBeLessThanOrEqual(limit)
    rows.push(...itemsOf(page))
    const next = page.json?.['next']
    if (typeof next !== 'string') return rows
    place = `&cursor=${next}`
  }
}

describe('two runs side by side', () => {
  it('are told apart by what only one did, was given, or came to', async () => {
    await install(
      steward,
      'compared',
      `import { get, set } from 'tools/state'
       import { info } from 'tools/log'
       export default async ({ value, extra }) => {
         const before = await get('k')
         await set('k', value)
         if (extra) await info('extra')
         return before
       }`,
    )
    const first = await run('compared', { value: 1 })
    const second = await run('compared', { value: 2, extra: true })
    const answer = await get(`/runs/${second}/compare`)
    expect(answer.json).toMatchObject({
      run: { id: second },
      other: { id: first },
      same: { version: true, event: false, result: false, steps: 0 },
      isWhole: true,
    })
    const kinds = (answer.json?.['differences'] as Fields[]).map(({ is, tool }) => [tool, is])
    expect(kinds).toEqual([
      ['state.get', 'other-outcome'],
      ['state.set', 'other-input'],
      ['log.info', 'only-in-run'],
    ])
    const turned = await get(`/runs/${first}/compare?with=${second}`)
    expect((turned.json?.['differences'] as Fields[]).map(({ is }) => is)).toContain('only-in-other')
    expect((await get(`/runs/${first}/compare?with=${first}`)).json).toMatchObject({
      differences: [],
      same: { steps: 2, result: true },
    })
    expect(await get(`/runs/${first}/compare`)).toMatchObject({ status: 404 })
    expect(await get(`/runs/${first}/compare?with=run_none`)).toMatchObject({ status: 404 })
  })
})

describe('a journal', () => {
  it('J3 is shown entry by entry in the order in which the script was told', async () => {
    const file = path.join(folder, 'journal.txt')
    await install(
      steward,
      'journaled',
      `import { write } from 'tools/files'
       import { get } from 'tools/state'
       export default async () => { await get('k'); await write(${JSON.stringify({ path: file, text: 'x' })}); await get('k') }`,
      { changes: [{ tool: 'files.write', paths: [folder], approval: 'never' }] },
    )
    const id = await run('journaled')
    const entries = await pages(`/runs/${id}/replay`, 2)
    expect(entries.map(({ tool, kind }) => [tool, kind])).toEqual([
      ['state.get', 'call'],
      ['files.write', 'begin'],
      ['files.write', 'end'],
      ['state.get', 'call'],
    ])
    expect(entries.map(({ position }) => position)).toEqual([1, 2, 3, 4])
    expect(entries.flatMap(({ turn }) => turn ?? [])).toEqual([1, 2, 3])
    expect(String(entries[1]?.['sentence'])).toMatch(/^Noted before it was done: /)
    expect(entries).toEqual(await pages(`/runs/${id}/replay`, 200))
  })
})

describe('items', () => {
  it('J7 are listed by run and state, and by automation with every run they ever had', async () => {
    await install(
      steward,
      'itemised',
      `import { each } from 'tools/flow'
       export default keys => each('thing', keys, key => key, key => { if (key === 'c') throw new Error('no c') })`,
      { items: { thing: 'Known by: the text itself' } },
    )
    const first = await run('itemised', ['a', 'b', 'c'])
    await run('itemised', ['d'])
    expect((await pages(`/runs/${first}/items`, 2)).map(({ key }) => key).sort()).toEqual(['a', 'b', 'c'])
    expect((await pages(`/runs/${first}/items?state=done`, 1)).map(({ key }) => key).sort()).toEqual([
      'a',
      'b',
    ])
    expect(await pages(`/runs/${first}/items?state=aside`, 1)).toMatchObject([
      { key: 'c', error: { message: expect.stringMatching(/no c/) as string } },
    ])
    expect((await pages('/automations/itemised/items', 2)).map(({ key }) => key)).toEqual([
      'a',
      'b',
      'c',
      'd',
    ])
    expect(await get(`/runs/${first}/items?state=gone`)).toMatchObject({ status: 400 })
  })
})

describe('runs', () => {
  it('are filtered by the time at which they began', async () => {
    await install(steward, 'dated', 'export default () => 1')
    const ids: string[] = []
    for (let count = 0; count < 5; count++) ids.push(await run('dated'))
    const rows = await pages('/runs?automation=dated', 2)
    expect(rows.map(({ id }) => id)).toEqual([...ids].reverse())
    const [since, until] = [rows[3]?.['createdAt'], rows[1]?.['createdAt']].map(Number)
    const within = await pages(`/runs?automation=dated&since=${String(since)}&until=${String(until)}`, 2)
    const expected = rows.filter(
      ({ createdAt }) => Number(createdAt) >= Number(since) && Number(createdAt) < Number(until),
    )
    expect(within).toEqual(expected)
    expect(await pages('/runs?since=9007199254740991', 2)).toEqual([])
    expect(await get('/runs?since=yesterday')).toMatchObject({ status: 400 })
  })
})

describe('approvals and grants', () => {
  it('P4 are listed with the payload, answered once, and a grant is revoked', async () => {
    const paths = [folder]
    await install(
      steward,
      'asking',
      `import { write } from 'tools/files'
       export default name => write({ path: ${JSON.stringify(folder)} + '/' + name, text: 'approved text' })`,
      { changes: [{ tool: 'files.write', paths, approval: 'first-time' }] },
    )
    const id = await run('asking', 'one.txt')
    const [pending] = await pages('/approvals?state=pending', 1)
    expect(pending).toMatchObject({ runId: id, state: 'pending', automation: { name: 'asking' } })
    expect(JSON.stringify(pending)).toContain('approved text')
    expect(await post(`/approvals/${String(pending?.['id'])}`, { choice: 'maybe' })).toMatchObject({
      status: 422,
    })
    expect(fs.readdirSync(folder)).not.toContain('one.txt')
    const answer = await post(`/approvals/${String(pending?.['id'])}`, { choice: 'approve' })
    expect(answer).toMatchObject({ status: 200 })
    await expect.poll(() => fs.existsSync(path.join(folder, 'one.txt'))).toBe(true)
    expect(await pages('/approvals?state=pending', 1)).toEqual([])
    expect(await post(`/approvals/${String(pending?.['id'])}`, { choice: 'deny' })).toMatchObject({
      status: 409,
    })
    const [grant] = await pages('/grants?automation=asking', 1)
    expect(grant).toMatchObject({
      kind: 'first-time',
      automation: { name: 'asking' },
      text: `Not asked about again: files.write to write ${folder}`,
    })
    const action = await get(`/actions/${String(pending?.['actionId'])}`)
    expect(JSON.stringify(action.json)).toContain(`until it is revoked: files.write to write ${folder}.`)
    expect(JSON.stringify(action.json)).toContain('Allow from now on')
    expect(await pages('/grants', 1)).toContainEqual(grant)
    const revoke = () => steward.call({ method: 'DELETE', path: `/api/v1/grants/${String(grant?.['id'])}` })
    expect(await revoke()).toMatchObject({ status: 200 })
    expect(await revoke()).toMatchObject({ status: 404 })
    const again = await run('asking', 'one.txt')
    const [second] = await pages('/approvals?state=pending', 1)
    expect(second).toMatchObject({ runId: again })
    await post(`/approvals/${String(second?.['id'])}`, { choice: 'approve' })
    expect(await pages('/grants', 1)).toHaveLength(1)
    const gone = await steward.call({ method: 'DELETE', path: '/api/v1/automations/asking' })
    expect(gone.status).toBe(200)
    expect(await pages('/grants', 1)).toEqual([])
  })
})

describe('costs', () => {
  const cost = insertion('costs', [
    'id',
    'workflow_id',
    'run_id',
    'step_id',
    'purpose',
    'tool',
    'micros',
    'at',
  ])
  const DAY = 86_400_000

  it('are listed, newest first, and summed by purpose, automation, tool and day', async () => {
    const workflow_id = await install(steward, 'costly', 'export default () => 1')
    await steward.core.store.write(tx => {
      for (const [id, purpose, micros, at, owner] of [
        ['a', 'build', 100, DAY, null],
        ['b', 'run', 20, 2 * DAY, workflow_id],
        ['c', 'run', 3, 2 * DAY, workflow_id],
        ['d', 'repair', 4_000, 3 * DAY, workflow_id],
      ] as const)
        tx.run(cost, {
          id,
          workflow_id: owner,
          run_id: null,
          step_id: null,
          purpose,
          tool: 'llm.ask',
          micros,
          at,
        })
    })
    expect((await pages('/costs', 3)).map(({ id }) => id)).toEqual(['d', 'c', 'b', 'a'])
    expect((await pages('/costs?automation=costly', 2)).map(({ id }) => id)).toEqual(['d', 'c', 'b'])
    expect((await get('/costs/summary')).json).toMatchObject({
      micros: 4_123,
      entries: 4,
      byPurpose: [
        { key: 'build', micros: 100, entries: 1 },
        { key: 'repair', micros: 4_000, entries: 1 },
        { key: 'run', micros: 23, entries: 2 },
      ],
      byDay: [{ key: '1970-01-02' }, { key: '1970-01-03', micros: 23 }, { key: '1970-01-04' }],
    })
    const some = await get(`/costs/summary?automation=costly&since=${String(DAY)}&until=${String(3 * DAY)}`)
    expect(some.json).toMatchObject({ micros: 23, byAutomation: [{ key: workflow_id, micros: 23 }] })
  })
})

describe('the audit log', () => {
  it('P5 is paged, newest first, and narrowed to a run', async () => {
    await install(steward, 'audited', "import { get } from 'tools/state'\nexport default () => get('k')")
    const id = await run('audited')
    const rows = await pages('/audit', 7)
    const seqs = rows.map(({ seq }) => Number(seq))
    expect(seqs).toEqual([...seqs].sort((a, b) => b - a))
    expect(new Set(seqs).size).toBe(seqs.length)
    const own = await pages(`/audit?run=${id}`, 1)
    expect(own).toEqual(rows.filter(({ runId }) => runId === id))
    expect((await get('/audit/verify')).json).toMatchObject({ ok: true, rows: seqs.length })
  })
})

describe('health', () => {
  it('says how it is, without a token only that it is', async () => {
    expect((await get('/health')).json).toMatchObject({ isStopped: false, model: { state: 'none' } })
    const bare = await steward.call({ path: '/health', withoutToken: true })
    expect(Object.keys(bare.json ?? {}).sort()).toEqual(['ok', 'version'])
    await post('/stop-everything')
    expect((await get('/health')).json).toMatchObject({ isStopped: true, ok: false })
    await post('/resume-everything')
  })
})

describe('a cursor', () => {
  it('is of its list alone: forged, foreign and broken ones are refused and change nothing', async () => {
    const place = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const runs = String((await get('/runs?limit=1')).json?.['next'])
    const lists = ['/actions', '/automations', '/audit', '/costs', '/chats', '/grants', '/approvals']
    for (const path of lists)
      expect(await get(`${path}?cursor=${runs}`), path).toMatchObject({
        status: 400,
        json: { detail: expect.stringMatching(/not a place in this list\. Nothing was changed/) as string },
      })
    for (const forged of [
      place(['runs']),
      place(['runs', 1]),
      place(['runs', 'run_1', 'more']),
      place({ 0: 'runs', 1: 'run_1' }),
      place(null),
      place(['costs', 1.5, 'x']),
      place(['audit', '1 OR 1=1']),
      Buffer.from('{').toString('base64url'),
      'x'.repeat(2_001),
      '..%2f..%2fetc',
      '%00',
      '',
    ])
      for (const path of ['/runs', '/audit', '/costs'])
        expect((await get(`${path}?cursor=${forged}`)).status, `${path} ${forged}`).toBe(400)
    const quoting = place(['runs', "' OR 1=1 --"])
    expect(itemsOf(await get(`/runs?cursor=${quoting}`))).toEqual([])
  })
})
