/** Exports, as files of any length: what is in them, what they do to a spreadsheet, and to who does not read on. */
import { once } from 'node:events'
import http from 'node:http'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import type { AddressInfo } from 'node:net'
import Papa from 'papaparse'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportStream } from '../../src/main/server/export.ts'
import { raiseAction } from '../../src/main/store/actions.ts'
import { insertion, query, statement } from '../../src/main/store/statement.ts'
import { install, startCore } from './api.ts'
import type { TestCore } from './api.ts'

type Fields = Record<string, unknown>

const FORMULAS = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '  =1', '\0=1', '＝1', '＋1', '－1', '＠x']
const HARMLESS = ['llm.ask', 'a,b', 'say "so"', 'two\nlines', "'quoted", ' blank ', 'ä€😀', '1-1', 'a=b']

const insertCost = insertion('costs', [
  'id',
  'workflow_id',
  'run_id',
  'step_id',
  'purpose',
  'tool',
  'micros',
  'at',
])

let steward: TestCore
beforeAll(async () => {
  steward = await startCore()
})
afterAll(async () => {
  await steward.end()
})

const get = (path: string) => steward.call({ path: `/api/v1${path}` })
const rows = async (path: string) => {
  const { status, text } = await get(`/export${path}`)
  expect(status, text).toBe(200)
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Fields)
}
const table = async (path: string) => {
  const { text } = await get(`/export${path}`)
  const { data, errors } = Papa.parse<Record<string, string>>(text, { header: true, skipEmptyLines: true })
  expect(errors).toEqual([])
  return data
}
const list = async (path: string) => (await get(path)).json?.['items'] as Fields[]

describe('an export', () => {
  it('has what the lists have: runs with their steps, actions, the audit log', async () => {
    const source = "import { get } from 'tools/state'\nexport default () => get('k')"
    for (const name of ['exported', 'other']) {
      await install(steward, name, source)
      for (let count = 0; count < 2; count++)
        await steward.call({
          method: 'POST',
          path: `/api/v1/automations/${name}/run?wait=20000`,
          json: { payload: null },
        })
    }
    const runs = await list('/runs')
    expect(runs).toHaveLength(4)
    expect(await rows('/runs')).toEqual(runs)
    expect(await rows('/runs?automation=exported&state=succeeded')).toEqual(
      await list('/runs?automation=exported'),
    )
    expect(await rows('/runs?state=failed')).toEqual([])
    const steps = await rows('/steps?automation=exported')
    const own = await list('/runs?automation=exported')
    expect(steps.map(step => step['runId'])).toEqual(own.map(({ id }) => id))
    expect(steps[0]).toMatchObject({ automation: 'exported', tool: 'state.get', ok: true })
    expect(await rows('/audit')).toEqual(await list('/audit?limit=200'))
    const cells = await table('/runs?format=csv')
    expect(cells.map(({ id, state, automation }) => ({ id, state, automation }))).toEqual(
      runs.map(({ id, state, automation }) => ({ id, state, automation: (automation as Fields)['name'] })),
    )
    expect(Date.parse(cells[0]?.['createdAt'] ?? '')).toBe(runs[0]?.['createdAt'])
  })

  it('names itself as a file of its type', async () => {
    expect((await get('/export/audit?format=csv')).headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="steward-audit.csv"',
      'cache-control': 'no-store',
    })
    expect((await get('/export/audit')).headers['content-type']).toBe('application/x-ndjson; charset=utf-8')
    expect((await get('/export/runs?state=waiting&format=csv')).text).toMatch(/^id,automation,[\w,]+\r\n$/)
  })

  it('is refused before its first line, where it is', async () => {
    for (const part of ['runs', 'steps', 'actions', 'costs'])
      expect((await get(`/export/${part}?automation=nobody`)).status, part).toBe(404)
    expect((await get('/export/runs?format=xlsx')).status).toBe(400)
    expect((await get('/export/runs?limit=1')).status).toBe(400)
    expect((await get('/export/everything')).status).toBe(404)
    expect((await steward.call({ path: '/api/v1/export/audit', withoutToken: true })).status).toBe(401)
  })

  it('has every row once, however many pages they are, and starts no formula in a spreadsheet', async () => {
    const tools = [...FORMULAS, ...HARMLESS]
    await steward.core.store.write(tx => {
      for (let at = 0; at < 450; at++)
        tx.run(insertCost, {
          id: `cost_${String(at)}`,
          workflow_id: null,
          run_id: null,
          step_id: null,
          purpose: 'run',
          tool: tools[at % tools.length] ?? '',
          micros: -at,
          at,
        })
    })
    const exact = await rows('/costs')
    expect(exact.map(({ at }) => at)).toEqual(Array.from({ length: 450 }, (_, at) => 449 - at))
    const cells = await table('/costs?format=csv')
    expect(cells.map(({ micros }) => Number(micros))).toEqual(exact.map(({ micros }) => micros))
    for (const [place, cell] of cells.entries()) {
      const tool = String(exact[place]?.['tool'])
      expect(cell['tool']).toBe(FORMULAS.includes(tool) ? `'${tool}` : tool)
    }
  })

  it('is cut off, and so never taken for whole, where a row cannot be read', async () => {
    const { store } = steward.core
    const damage = statement((p: { id: string; body: Uint8Array }) =>
      query.updateTable('actions').set({ sealed_body: p.body }).where('id', '=', p.id),
    )
    await store.write(tx => {
      for (let count = 0; count < 300; count++) {
        const id = raiseAction(store, tx, {
          kind: 'notice',
          causeKey: String(count),
          workflowId: null,
          runId: null,
          itemId: null,
          stepId: null,
          choices: [],
          body: { cause: 'c', effect: 'e' },
          expiresAt: null,
          at: count,
        })
        if (count === 0) tx.run(damage, { id, body: Buffer.from('damaged') })
      }
    })
    await expect(get('/export/actions')).rejects.toThrow(/aborted|hang up/)
    expect((await get('/health')).status).toBe(200)
  })
})

describe('a client of an export that stops reading', () => {
  it('keeps no more than a few pages waiting, and none once it is gone', async () => {
    let read = 0
    function* endless(): Generator<readonly Fields[]> {
      for (;;) {
        read++
        yield [{ text: 'x'.repeat(100_000) }]
      }
    }
    const fail = (error: unknown) => {
      throw error
    }
    const app = new Hono().get('/', c =>
      c.body(exportStream({ pages: endless(), columns: {} }, 'ndjson', fail)),
    )
    const server = serve({
      fetch: app.fetch,
      port: 0,
      hostname: '127.0.0.1',
      overrideGlobalObjects: false,
    }) as http.Server
    if (!server.listening) await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const request = http.get({ host: '127.0.0.1', port, agent: false })
    const [answer] = (await once(request, 'response')) as [http.IncomingMessage]
    await once(answer, 'readable')
    // Nothing is read any more: pages are made until the connection is full, and then no further one.
    await expect.poll(() => stillFor(() => read), { timeout: 20_000 }).toBe(true)
    const full = read
    answer.resume()
    await expect.poll(() => read, { timeout: 20_000 }).toBeGreaterThan(full + 20)
    answer.destroy()
    await expect.poll(() => stillFor(() => read), { timeout: 20_000 }).toBe(true)
    server.close()
    await once(server, 'close')
  })
})

/** Whether it stays the same through a few hundred turns of the loop. */
async function stillFor(value: () => number): Promise<boolean> {
  const before = value()
  for (let turn = 0; turn < 300; turn++) await new Promise(resolve => setImmediate(resolve))
  return value() === before
}
