import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Stage } from './stage.ts'
import type { Automation, Page } from './stage.ts'

const HOUR = 3_600_000
/** A Friday, 12:00 in Berlin. */
const START = Date.UTC(2026, 0, 9, 11)

let stage: Stage
let tests = 0
/** Of this test: where its API answers, and where its reports go. */
let place: string
let folder: string

beforeAll(async () => {
  stage = await Stage.open(START)
})

beforeEach(() => {
  place = `/${String(++tests)}/orders`
  folder = stage.folder(`reports ${String(tests)}`)
})

afterAll(async () => {
  await stage.close()
})

function answer(body: unknown, more: Partial<Page> = {}): void {
  stage.pages.set(place, { type: 'application/json', body: JSON.stringify(body), ...more })
}

function report(slots: Record<string, string> = {}): Promise<Automation> {
  return stage.install('api-report', { url: stage.site.url(place), folder, ...slots })
}

/** The files there are, by the day and the ending of their names. */
function files(): Record<string, string> {
  return Object.fromEntries(
    fs.readdirSync(folder).map(name => {
      const [, day = name] = /orders (\d{4}-\d\d-\d\d\.\w+)$/.exec(name) ?? []
      return [day, fs.readFileSync(path.join(folder, name), 'utf8')]
    }),
  )
}

function today(): string {
  return new Date(stage.clock.now() + HOUR).toISOString().slice(0, 10)
}

const ORDERS = [
  { id: 1, buyer: { name: 'Ann, B', tags: ['x'] }, total: 9.5 },
  { id: 2, buyer: { name: '=1+1' }, total: null, note: 'late' },
]

describe('api-report', () => {
  it('O1 writes all rows into a file of the day, once a day', async () => {
    answer(ORDERS)
    const orders = await report()
    expect(await orders.run()).toMatchObject({ rows: 2, problems: [] })
    const first = today()
    expect(files()).toEqual({
      [`${first}.csv`]:
        'id,buyer.name,buyer.tags,total,note\r\n1,"Ann, B","[""x""]",9.5,\r\n2,"\'=1+1",,,late\r\n',
    })
    answer([{ id: 3 }])
    const again = await orders.run()
    expect(again['summary']).toMatch(/was there already\.$/)
    await orders.after(24 * HOUR, 'schedule')
    expect(Object.keys(files())).toHaveLength(2)
    expect(files()[`${today()}.csv`]).toBe('id\r\n3\r\n')
    expect(files()[`${first}.csv`]).toContain('late')
    expect(orders.notices()).toEqual([])
  })

  it('writes ids as large as they may be as they came', async () => {
    answer(null, { body: '[{"id":1234567890123456789,"n":1},{"id":1234567890123456790,"n":2}]' })
    await (await report()).run()
    await (await report({ format: 'json' })).run()
    const { [`${today()}.csv`]: csv, [`${today()}.json`]: json = '' } = files()
    expect(csv).toBe('id,n\r\n1234567890123456789,1\r\n1234567890123456790,2\r\n')
    expect(JSON.parse(json)).toMatchObject([{ id: '1234567890123456789' }, { id: '1234567890123456790' }])
  })

  it('takes the rows and columns that are named, and tells of it where that is wanted', async () => {
    answer({ data: { items: ORDERS }, page: 1 })
    const slots = { rows: 'data.items', columns: 'buyer.name as Who, total', format: 'md', tell: 'yes' }
    const orders = await report(slots)
    expect(await orders.run()).toMatchObject({ rows: 2 })
    expect(files()[`${today()}.md`]).toContain('| Ann, B |')
    expect(orders.notices()).toMatchObject([{ title: 'Report: 2 rows' }])
  })

  it('writes JSON as it came, and CSV from CSV', async () => {
    answer(ORDERS)
    await (await report({ format: 'json' })).run()
    expect(JSON.parse(files()[`${today()}.json`] ?? '')).toEqual(ORDERS)
    answer(null, { type: 'text/csv', body: 'a;b\n1;x\n2;y\n' })
    await (await report({ columns: 'b' })).run()
    expect(files()[`${today()}.csv`]).toBe('b\r\nx\r\ny\r\n')
  })

  it('writes nothing where there are no rows, and says so', async () => {
    answer({ items: [] })
    const orders = await report({ rows: 'items' })
    expect(await orders.run()).toMatchObject({ rows: 0, file: null, summary: 'The answer had no rows.' })
    expect(files()).toEqual({})
  })

  it.each([
    ['a page', { type: 'text/html', body: '<html>Sign in</html>' }, 'script-error'],
    ['broken JSON', { type: 'application/json', body: '{"items": [' }, 'bad-response'],
    ['an address that is gone', { status: 404, body: '' }, 'rejected'],
    ['other rows than were named', { body: '{"rows": []}' }, 'script-error'],
  ])('fails on %s and writes nothing', async (_, page, failure) => {
    answer(null, page)
    const orders = await report({ rows: 'items' })
    expect(await orders.run()).toEqual({ state: 'failed', failure })
    expect(files()).toEqual({})
    expect(orders.actions()).toHaveLength(1)
  })

  it('J3 writes what failed when it is tried again, once', async () => {
    answer({}, { status: 404 })
    const orders = await report()
    await orders.run()
    const [action] = orders.actions()
    answer(ORDERS)
    await stage.world.engine.resolve({ actionId: action?.id ?? '', choice: 'retry', payload: null })
    await expect.poll(() => Object.keys(files())).toEqual([`${today()}.csv`])
    await orders.idle()
    expect(await orders.run()).toMatchObject({ rows: 0 })
    expect(Object.keys(files())).toHaveLength(1)
    expect(orders.actions()).toEqual([])
  })
})
