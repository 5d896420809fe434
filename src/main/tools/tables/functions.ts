/** Rows as records: grouped, joined, sorted, turned, and shown. Pure; large tables are worked on in a compute host. */
import { fail } from '../../../domain/failure.ts'
import { add, compareDecimals, decimalOf, divided, numberOf, ZERO, type Decimal } from './decimal.ts'

export type Cell = string | number | boolean | null
export type Row = Record<string, Cell>
export type Kind = 'sum' | 'mean' | 'min' | 'max' | 'count' | 'distinct' | 'first' | 'last'

const MOST_ROWS = 100_000
const MOST_COLUMNS = 500

export interface Grouping {
  rows: Row[]
  by: string[]
  values: Record<string, { kind: Kind; column?: string | undefined }>
}

/** One row per group, in the order in which the groups first occur. */
export function groupRows({ rows, by, values }: Grouping): Row[] {
  const groups = new Map<string, { row: Row; place: number }[]>()
  rows.forEach((row, place) => {
    const key = keyOf(row, by)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [{ row, place }])
    else group.push({ row, place })
  })
  if (by.length === 0 && groups.size === 0) groups.set('', [])
  return [...groups.values()].map(group =>
    Object.fromEntries([
      ...by.map(column => [column, cellOf(group[0]?.row, column)] as const),
      ...Object.entries(values).map(
        ([name, { kind, column }]) => [name, summed(group, kind, column ?? '')] as const,
      ),
    ]),
  )
}

interface Placed {
  cell: Cell
  place: number
}

function summed(group: readonly { row: Row; place: number }[], kind: Kind, column: string): Cell {
  if (kind === 'count' && column === '') return group.length
  const cells = group.map(({ row, place }) => ({ cell: cellOf(row, column), place }))
  return KINDS[kind](
    cells.filter(({ cell }) => !isEmpty(cell)),
    column,
  )
}

/** What is not there is not among the cells. */
const KINDS: Readonly<Record<Kind, (cells: readonly Placed[], column: string) => Cell>> = {
  count: cells => cells.length,
  distinct: cells => new Set(cells.map(({ cell }) => textKey(cell))).size,
  first: cells => cells[0]?.cell ?? null,
  last: cells => cells.at(-1)?.cell ?? null,
  min: cells => extreme(cells, -1),
  max: cells => extreme(cells, 1),
  sum: (cells, column) => numberOf(totalOf(cells, column)),
  mean: (cells, column) =>
    cells.length === 0 ? null : numberOf(divided(totalOf(cells, column), cells.length)),
}

function totalOf(cells: readonly Placed[], column: string): Decimal {
  return cells.map(given => numeric(given, column)).reduce(add, ZERO)
}

function numeric({ cell, place }: Placed, column: string): Decimal {
  const decimal = decimalOf(cell)
  if (decimal !== null) return decimal
  const shown = typeof cell === 'string' ? `“${cell.slice(0, 40)}”` : String(cell)
  return fail({
    kind: 'invalid-input',
    path: `rows[${String(place)}].${column}`,
    message: `${shown} in column “${column.slice(0, 80)}” of row ${String(place + 1)} was not a number such as 1234.5, so nothing was added up.`,
  })
}

function extreme(cells: readonly Placed[], sign: number): Cell {
  return cells.reduce<Cell>(
    (best, { cell }) => (best === null || compareCells(cell, best) * sign > 0 ? cell : best),
    null,
  )
}

export interface Joining {
  left: Row[]
  right: Row[]
  on: string[]
  kind: 'inner' | 'left'
}

/** Every pair of rows that agree; a column that both have and that is not joined on gets “ (2)” on the right. */
export function joinRows({ left, right, on, kind }: Joining): Row[] {
  const partners = Map.groupBy(right, row => keyOf(row, on))
  const taken = new Set([...columnsOf(left), ...on])
  const names = new Map(
    columnsOf(right)
      .filter(name => !on.includes(name))
      .map(name => [name, freeName(name, taken)]),
  )
  const joined: Row[] = []
  for (const row of left) {
    const found = partners.get(keyOf(row, on)) ?? (kind === 'left' ? [{}] : [])
    for (const partner of found) {
      if (joined.length >= MOST_ROWS) tooMany('rows', MOST_ROWS)
      const added = [...names].map(([name, as]) => [as, cellOf(partner, name)] as const)
      joined.push(Object.fromEntries([...Object.entries(row), ...added]))
    }
  }
  return joined
}

function freeName(name: string, taken: Set<string>): string {
  let free = name
  for (let number = 2; taken.has(free); number += 1) free = `${name} (${String(number)})`
  taken.add(free)
  return free
}

export interface Sorting {
  rows: Row[]
  by: { column: string; descending: boolean }[]
}

/** Rows that are alike keep their order; empty cells come last either way. */
export function sortRows({ rows, by }: Sorting): Row[] {
  return rows.toSorted((a, b) => {
    for (const { column, descending } of by) {
      const [one, other] = [cellOf(a, column), cellOf(b, column)]
      if (isEmpty(one) || isEmpty(other)) {
        if (isEmpty(one) !== isEmpty(other)) return isEmpty(one) ? 1 : -1
        continue
      }
      const order = compareCells(one, other)
      if (order !== 0) return descending ? -order : order
    }
    return 0
  })
}

export interface Turning {
  rows: Row[]
  row: string
  column: string
  value: string
  kind: Kind
}

/** What stands below each other in one column, beside each other in many. */
export function pivotRows({ rows, row, column, value, kind }: Turning): Row[] {
  const titles = new Map(rows.map(one => [titleOf(cellOf(one, column)), true]))
  if (titles.size > MOST_COLUMNS) tooMany('columns', MOST_COLUMNS)
  const placed = rows.map((one, place) => ({ row: one, place }))
  const groups = Map.groupBy(placed, one => textKey(cellOf(one.row, row)))
  return [...groups.values()].map(group => {
    const byTitle = Map.groupBy(group, one => titleOf(cellOf(one.row, column)))
    return Object.fromEntries([
      [row, cellOf(group[0]?.row, row)],
      ...[...titles.keys()]
        .filter(title => title !== row)
        .map(title => {
          const cells = byTitle.get(title)
          return [title, cells === undefined ? null : summed(cells, kind, value)] as const
        }),
    ])
  })
}

function titleOf(cell: Cell): string {
  return isEmpty(cell) ? '(empty)' : String(cell)
}

export interface Showing {
  rows: Row[]
  columns?: string[] | undefined
}

/** A table of Markdown; numbers stand to the right. */
export function markdownOf({ rows, columns }: Showing): string {
  const names = columns ?? columnsOf(rows)
  if (names.length === 0) return ''
  const isNumber = (name: string) => {
    const cells = rows.map(row => cellOf(row, name)).filter(cell => !isEmpty(cell))
    return cells.length > 0 && cells.every(cell => decimalOf(cell) !== null)
  }
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(names.map(plain)),
    line(names.map(name => (isNumber(name) ? '---:' : '---'))),
    ...rows.map(row => line(names.map(name => plain(cellOf(row, name))))),
    '',
  ].join('\n')
}

/** One line, and nothing that would end the cell or mean markup. */
function plain(cell: Cell): string {
  if (cell === null) return ''
  return String(cell)
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .replaceAll(/[\\|`*_[\]<>]/g, match => `\\${match}`)
}

function columnsOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap(row => Object.keys(row)))]
}

function cellOf(row: Row | undefined, column: string): Cell {
  return row !== undefined && Object.hasOwn(row, column) ? (row[column] ?? null) : null
}

function isEmpty(cell: Cell): boolean {
  return cell === null || cell === ''
}

/** 1 and “1” are alike: what comes from CSV is text, what comes from JSON a number. */
function textKey(cell: Cell): string {
  return JSON.stringify(cell === null ? null : String(cell))
}

function keyOf(row: Row, columns: readonly string[]): string {
  return columns.map(column => textKey(cellOf(row, column))).join(',')
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/** Numbers by size, before texts; texts as people order them, and where that makes no difference by their letters. */
function compareCells(a: Cell, b: Cell): number {
  const [one, other] = [decimalOf(a), decimalOf(b)]
  if (one !== null && other !== null) return compareDecimals(one, other)
  if (one !== null || other !== null) return one === null ? 1 : -1
  const [text, than] = [String(a), String(b)]
  return collator.compare(text, than) || (text === than ? 0 : text < than ? -1 : 1)
}

function tooMany(what: 'rows' | 'columns', most: number): never {
  fail({
    kind: 'invalid-input',
    path: what,
    message: `The table would have had more than ${most.toLocaleString('en')} ${what}. Nothing was made.`,
  })
}
