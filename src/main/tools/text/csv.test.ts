import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatCsv, parseCsv, type CsvRows } from './csv.ts'

const write = (rows: CsvRows['rows'], more: Partial<CsvRows> = {}) =>
  formatCsv({ rows, header: true, delimiter: ',', escapeFormulas: false, ...more })

describe('reading CSV', () => {
  it('keeps every cell as the text it was', () => {
    const { columns, rows, problems } = parseCsv({
      text: '\ufeffname,total,note\r\n"Doe, J.",007,"said ""no"""\r\nRoe, 1.50 ,"two\nlines"\r\n',
      header: true,
    })
    expect(columns).toEqual(['name', 'total', 'note'])
    expect(rows).toEqual([
      { name: 'Doe, J.', total: '007', note: 'said "no"' },
      { name: 'Roe', total: ' 1.50 ', note: 'two\nlines' },
    ])
    expect(problems).toEqual([])
  })

  it('finds the delimiter of other countries', () => {
    expect(parseCsv({ text: 'a;b\n1,5;2\n3,5;4', header: true }).rows[0]).toEqual({ a: '1,5', b: '2' })
    expect(parseCsv({ text: 'a\tb\n1\t2', header: true }).columns).toEqual(['a', 'b'])
  })

  it('names columns that have no usable name of their own, without losing a cell', () => {
    const { columns, rows } = parseCsv({ text: 'a,,a,__proto__\n1,2,3,4,5', header: true })
    expect(columns).toEqual(['a', 'column2', 'a (2)', 'column4', 'column5'])
    expect(Object.values(rows[0] ?? {})).toEqual(['1', '2', '3', '4', '5'])
    expect(parseCsv({ text: '1,2', header: false }).columns).toEqual(['column1', 'column2'])
  })

  it('says which rows were odd', () => {
    const { rows, problems } = parseCsv({ text: 'a,b\n1\n1,2,3\n4,"5', header: true })
    expect(rows[0]).toEqual({ a: '1', b: '', column3: '' })
    expect(problems.map(problem => problem.row)).toEqual(expect.arrayContaining([1, 2, 3]))
    expect(problems.find(problem => problem.row === 1)?.message).toBe(
      'The row has 1 cells where the header has 2.',
    )
  })

  it('finds nothing in nothing', () => {
    expect(parseCsv({ text: '', header: true })).toEqual({ columns: [], rows: [], problems: [] })
    expect(parseCsv({ text: 'a,b\n', header: true })).toEqual({ columns: ['a', 'b'], rows: [], problems: [] })
  })
})

describe('writing CSV', () => {
  it('takes the columns in the order first met, and null as an empty cell', () => {
    expect(
      write([
        { a: 1, b: null },
        { c: true, a: 'x' },
      ]),
    ).toBe('a,b,c\r\n1,,\r\nx,,true\r\n')
    expect(write([{ a: 1, b: 2 }], { columns: ['b'], header: false })).toBe('2\r\n')
    expect([write([]), write([], { columns: ['a'] })]).toEqual(['', 'a\r\n'])
    expect(write([[1, 'a;b'], []], { columns: ['x', 'y'] })).toBe('x,y\r\n1,"a;b"\r\n\r\n')
  })

  it('disarms formulas when asked', () => {
    expect(write([{ a: '=1+1', b: -1 }], { escapeFormulas: true })).toBe(`a,b\r\n"'=1+1",-1\r\n`)
    expect(write([{ a: '=1+1' }])).toBe('a\r\n=1+1\r\n')
  })

  it('is read back as it was, the delimiter found or given', () => {
    const cell = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'a",;\t|\r\n =\ufeff é'.split('')) }),
    )
    const table = fc
      .uniqueArray(
        cell.filter(name => name !== '' && name !== '__proto__'),
        { minLength: 1, maxLength: 5 },
      )
      .chain(columns =>
        fc.record({
          columns: fc.constant(columns),
          cells: fc.array(fc.array(cell, { minLength: columns.length, maxLength: columns.length }), {
            maxLength: 6,
          }),
        }),
      )
    fc.assert(
      fc.property(
        table,
        fc.constantFrom(',', ';', '\t', '|'),
        fc.boolean(),
        ({ columns, cells }, delimiter, told) => {
          const text = write(cells, { columns, delimiter })
          const found = parseCsv({ text, header: true, ...(told ? { delimiter } : {}) })
          expect(found.columns).toEqual(columns)
          expect(found.rows.map(row => columns.map(column => row[column]))).toEqual(cells)
          expect(found.problems).toEqual([])
        },
      ),
      { numRuns: 500 },
    )
  })
})
