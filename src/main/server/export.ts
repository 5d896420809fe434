/**
 * Lists as files: one JSON document per line, or CSV (RFC 4180). Read a page at a time, when the client has taken the
 * one before, so that a file of any length costs one page of memory.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Page } from '../engine/views/common.ts'

export const EXPORT_TYPES = { ndjson: 'application/x-ndjson', csv: 'text/csv' } as const
export type ExportFormat = keyof typeof EXPORT_TYPES

type Cell = string | number | boolean | null | object
export type Columns<T> = Readonly<Record<string, (row: T) => Cell>>

export interface Exported<T> {
  pages: Iterable<readonly T[]>
  columns: Columns<T>
}

/** Every page of a list. */
export function* pagesOf<T>(page: (cursor: string | undefined) => Page<T>): Generator<readonly T[]> {
  for (let cursor: string | undefined; ;) {
    const { items, next } = page(cursor)
    yield items
    if (next === null) return
    cursor = next
  }
}

/** `cut` is told what kept a page from being read: what was sent by then must not look whole. */
export function exportStream<T>(
  exported: Exported<T>,
  format: ExportFormat,
  cut: (error: unknown) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder()
  const texts = textsOf(exported, format)
  return new ReadableStream(
    {
      pull: async controller => {
        try {
          const { done, value } = await texts.next()
          if (done === true) controller.close()
          else controller.enqueue(encoder.encode(value))
        } catch (error) {
          cut(error)
        }
      },
    },
    { highWaterMark: 0 },
  )
}

async function* textsOf<T>(
  { pages, columns }: Exported<T>,
  format: ExportFormat,
): AsyncGenerator<string, void> {
  if (format === 'csv') yield csvLine(Object.keys(columns))
  const line =
    format === 'csv' ? (row: T) => csvLine(Object.values(columns).map(cell => cell(row))) : jsonLine
  for (const page of pages) {
    // Others have their turn between two pages.
    await nextTurn()
    if (page.length > 0) yield page.map(line).join('')
  }
}

function jsonLine(row: unknown): string {
  return `${JSON.stringify(row)}\n`
}

function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

/** What a spreadsheet takes for the beginning of a formula, also behind blanks that it passes over. */
const FORMULA = /^[\s\0]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/

/** A text that a spreadsheet would take for a formula is marked as text. */
function csvCell(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'number' || typeof cell === 'boolean') return String(cell)
  const text = typeof cell === 'string' ? cell : JSON.stringify(cell)
  const plain = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

/** A time as spreadsheets and people read it. */
export function timeCell(time: number | null): Cell {
  return time === null ? null : new Date(time).toISOString()
}
