/** Tables of a page as columns and rows. Cells that span several places are repeated in each of them. */
import type { Cheerio, CheerioAPI } from 'cheerio'
import type { PageNode, PageElement } from './selection.ts'

export interface PageTable {
  caption: string | null
  /** From the header row; '' where a column has no name; empty where there is no header row. */
  columns: string[]
  rows: string[][]
}

const MOST_TABLES = 50
const MOST_ROWS = 2_000
const MOST_COLUMNS = 100
const LONGEST_CELL = 2_000

export function tablesOf($: CheerioAPI, part: Cheerio<PageNode>): { shown: PageTable[]; more: boolean } {
  // A table around tables lays out a page; it holds no data.
  const found = part
    .find('table')
    .addBack('table')
    .filter((_, table) => $(table).find('table').length === 0)
    .toArray()
  let more = found.length > MOST_TABLES
  const shown = found.slice(0, MOST_TABLES).flatMap(table => {
    const rows = $(table).find('tr').toArray()
    more ||= rows.length > MOST_ROWS
    const read = tableOf($, $(table).find('caption').first().text(), rows.slice(0, MOST_ROWS))
    return read === null ? [] : read
  })
  return { shown, more }
}

function tableOf($: CheerioAPI, caption: string, rows: readonly PageElement[]): PageTable | null {
  const grid = gridOf($, rows)
  const [first] = rows
  const width = Math.max(0, ...grid.map(row => row.length))
  if (first === undefined || width === 0) return null
  const even = grid.map(row => Array.from({ length: width }, (_, column) => row[column] ?? ''))
  const named = isHeader($, first)
  return {
    caption: tidy(caption) === '' ? null : tidy(caption),
    columns: named ? (even[0] ?? []) : [],
    rows: even.slice(named ? 1 : 0).filter(row => row.some(cell => cell !== '')),
  }
}

function isHeader($: CheerioAPI, row: PageElement): boolean {
  const inHead = row.parent !== null && 'name' in row.parent && row.parent.name === 'thead'
  return inHead || ($(row).children('th').length > 0 && $(row).children('td').length === 0)
}

function gridOf($: CheerioAPI, rows: readonly PageElement[]): string[][] {
  const grid: string[][] = rows.map(() => [])
  for (const [y, row] of rows.entries()) {
    let x = 0
    for (const cell of $(row).children('td, th').toArray()) {
      while (grid[y]?.[x] !== undefined) x += 1
      const text = tidy($(cell).text())
      const [across, down] = [spanOf($(cell).attr('colspan')), spanOf($(cell).attr('rowspan'))]
      fill(grid, { x, y, across, down, text })
      x += across
    }
  }
  return grid
}

function fill(
  grid: string[][],
  cell: { x: number; y: number; across: number; down: number; text: string },
): void {
  for (let y = cell.y; y < Math.min(cell.y + cell.down, grid.length); y++) {
    for (let x = cell.x; x < Math.min(cell.x + cell.across, MOST_COLUMNS); x++) {
      const row = grid[y]
      if (row !== undefined) row[x] ??= cell.text
    }
  }
}

function spanOf(text: string | undefined): number {
  const span = Number.parseInt(text ?? '1', 10)
  return Number.isNaN(span) ? 1 : Math.min(Math.max(span, 1), MOST_COLUMNS)
}

function tidy(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST_CELL).toWellFormed()
}
