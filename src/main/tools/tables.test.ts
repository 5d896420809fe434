import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { Json } from '../../domain/json.ts'
import { createCompute } from './compute/pool.ts'
import { createRegistry } from './registry.ts'
import { tablesTools } from './tables.ts'
import { add, decimalOf, numberOf, ZERO } from './tables/decimal.ts'
import { scopeForTests } from '../../../test/support/tool-scope.ts'

const compute = createCompute()
afterAll(() => compute.close())
const registry = createRegistry(tablesTools(compute))
const call = (name: string, input: Json) => scopeForTests().call(registry.get(`tables.${name}`), input)

const sales = [
  { who: 'Ada', month: 'Jan', amount: 0.1 },
  { who: 'Bob', month: 'Jan', amount: '10.50' },
  { who: 'Ada', month: 'Feb', amount: 0.2 },
  { who: 'Ada', month: 'Jan', amount: null },
]

describe('tables.group', () => {
  it('adds up exactly, by group, in the order first met', async () => {
    const values = {
      total: { kind: 'sum', column: 'amount' },
      n: { kind: 'count' },
      paid: { kind: 'count', column: 'amount' },
      most: { kind: 'max', column: 'amount' },
      months: { kind: 'distinct', column: 'month' },
      mean: { kind: 'mean', column: 'amount' },
      last: { kind: 'last', column: 'month' },
    }
    expect(await call('group', { rows: sales, by: ['who'], values })).toEqual([
      { who: 'Ada', total: 0.3, n: 3, paid: 2, most: 0.2, months: 2, mean: 0.15, last: 'Jan' },
      { who: 'Bob', total: 10.5, n: 1, paid: 1, most: '10.50', months: 1, mean: 10.5, last: 'Jan' },
    ])
    const all = { total: { kind: 'sum', column: 'amount' }, mean: { kind: 'mean', column: 'x' } }
    expect(await call('group', { rows: [], by: [], values: all })).toEqual([{ total: 0, mean: null }])
  })

  it('refuses to add up what is no number, naming where', async () => {
    const rows = [{ a: '1' }, { a: '1.234,56 €' }]
    await expect(
      call('group', { rows, by: [], values: { t: { kind: 'sum', column: 'a' } } }),
    ).rejects.toThrow('“1.234,56 €” in column “a” of row 2 was not a number')
    await expect(call('group', { rows, by: [], values: { t: { kind: 'sum' } } })).rejects.toThrow(
      'names a column',
    )
  })

  it('takes columns of any name for columns', async () => {
    const rows = JSON.parse('[{"__proto__":"x","constructor":1},{"toString":2}]') as Json
    expect(
      await call('group', {
        rows,
        by: ['toString'],
        values: { n: { kind: 'count', column: 'constructor' } },
      }),
    ).toEqual([
      { toString: null, n: 1 },
      { toString: 2, n: 0 },
    ])
  })

  it('gives the same in a worker as at once', async () => {
    const rows = Array.from({ length: 2_000 }, (_, i) => ({ key: i % 7, amount: i / 100 }))
    const values = { total: { kind: 'sum', column: 'amount' } }
    const whole = (await call('group', { rows, by: ['key'], values })) as { key: number; total: number }[]
    expect(whole.map(row => row.key)).toEqual([0, 1, 2, 3, 4, 5, 6])
    const small = (await call('group', { rows: rows.slice(0, 500), by: ['key'], values })) as {
      total: number
    }[]
    expect(small[0]?.total).toBe(178.92)
    expect(whole.reduce((sum, row) => sum + row.total * 100, 0)).toBeCloseTo((1_999 * 2_000) / 2, 5)
  })
})

describe('decimal numbers', () => {
  it('add up like whole cents', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -10_000_000, max: 10_000_000 })), cents => {
        const total = cents.map(value => decimalOf(value / 100) ?? ZERO).reduce(add, ZERO)
        const exact = cents.reduce((sum, value) => sum + value, 0)
        expect(numberOf(total)).toBe(exact === 0 ? 0 : exact / 100)
      }),
    )
  })

  it.each([
    ['1e3', 1_000],
    ['-0', 0],
    [1e-7, 1e-7],
    [1.7976931348623157e308, 1.7976931348623157e308],
    [' 12.30 ', 12.3],
  ])('%s is read', (cell, number) => {
    expect(numberOf(decimalOf(cell) ?? ZERO)).toBe(number)
  })

  it.each(['', '1,5', '1.5.2', '€5', '0x10', 'Infinity', 'NaN', '1e9999', '1e999', true, null])(
    '%s is no number',
    cell => {
      expect(decimalOf(cell)).toBeNull()
    },
  )
})

describe('tables.join', () => {
  const people = [
    { id: 1, name: 'Ada' },
    { id: 2, name: 'Bob' },
    { id: 3, name: 'Eve' },
  ]
  const orders = [
    { id: '1', name: 'Pen' },
    { id: '1', name: 'Ink' },
    { id: '2', name: 'Cup' },
  ]

  it('puts rows together that agree', async () => {
    expect(await call('join', { left: people, right: orders, on: ['id'] })).toEqual([
      { id: 1, name: 'Ada', 'name (2)': 'Pen' },
      { id: 1, name: 'Ada', 'name (2)': 'Ink' },
      { id: 2, name: 'Bob', 'name (2)': 'Cup' },
    ])
    const left = (await call('join', { left: people, right: orders, on: ['id'], kind: 'left' })) as Json[]
    expect(left.at(-1)).toEqual({ id: 3, name: 'Eve', 'name (2)': null })
  })

  it('refuses to become endless', async () => {
    const rows = Array.from({ length: 1_000 }, () => ({ k: 1 }))
    await expect(call('join', { left: rows, right: rows, on: ['k'] })).rejects.toThrow(
      'more than 100,000 rows',
    )
  })
})

describe('tables.sort', () => {
  it('orders as people do, and keeps the order of what is alike', async () => {
    const rows = ['b', 'a10', 'A2', null, 10, '9', 'ä', '', 'a2'].map((v, place) => ({ v, place }))
    const sorted = (await call('sort', { rows, by: [{ column: 'v' }] })) as { v: Json }[]
    expect(sorted.map(row => row.v)).toEqual(['9', 10, 'ä', 'A2', 'a2', 'a10', 'b', null, ''])
    const down = (await call('sort', { rows, by: [{ column: 'v', descending: true }] })) as { v: Json }[]
    expect(down.map(row => row.v).slice(-2)).toEqual([null, ''])
    expect(down[0]?.v).toBe('b')
  })

  it('is an order: sorting again changes nothing, and no row is lost', async () => {
    const cell = fc.oneof(
      fc.string({ maxLength: 4 }),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ a: cell, b: cell })), async rows => {
        const by = [{ column: 'a' }, { column: 'b', descending: true }]
        const once = await call('sort', { rows, by })
        expect(await call('sort', { rows: once, by })).toEqual(once)
        expect(once).toHaveLength(rows.length)
        expect(new Set((once as object[]).map(row => JSON.stringify(row)))).toEqual(
          new Set(rows.map(row => JSON.stringify(row))),
        )
      }),
    )
  })
})

describe('tables.pivot', () => {
  it('turns the values of a column into columns', async () => {
    expect(await call('pivot', { rows: sales, row: 'who', column: 'month', value: 'amount' })).toEqual([
      { who: 'Ada', Jan: 0.1, Feb: 0.2 },
      { who: 'Bob', Jan: 10.5, Feb: null },
    ])
    const many = Array.from({ length: 501 }, (_, i) => ({ r: 1, c: i, v: 1 }))
    await expect(call('pivot', { rows: many, row: 'r', column: 'c', value: 'v' })).rejects.toThrow(
      '500 columns',
    )
  })
})

describe('tables.toMarkdown', () => {
  it('writes a table in which no cell can break out', async () => {
    const rows = [
      { name: 'a|b\nc', n: 1, x: '<img src=x>' },
      { name: '`*_[', n: '2.5', x: null },
    ]
    expect(await call('toMarkdown', { rows })).toBe(
      [
        '| name | n | x |',
        '| --- | ---: | --- |',
        '| a\\|b c | 1 | \\<img src=x\\> |',
        '| \\`\\*\\_\\[ | 2.5 |  |',
        '',
      ].join('\n'),
    )
    expect(await call('toMarkdown', { rows, columns: ['n', 'missing'] })).toContain('| 1 |  |')
    expect(await call('toMarkdown', { rows: [] })).toBe('')
  })
})
