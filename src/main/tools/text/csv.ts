/**
 * Comma-separated values, both ways. Every cell is text and stays exactly as it was; what `formatCsv` writes,
 * `parseCsv` reads back, also with the delimiter left to be found.
 */
import Papa from 'papaparse'

export interface CsvText {
  text: string
  header: boolean
  delimiter?: string | undefined
}

export interface CsvTable {
  columns: string[]
  rows: Record<string, string>[]
  problems: { row: number; message: string }[]
}

const SHOWN_PROBLEMS = 100
const DELIMITERS = [',', ';', '\t', '|']

export function parseCsv({ text, header, delimiter }: CsvText): CsvTable {
  const parsed = Papa.parse<string[]>(text, { delimiter: delimiter ?? likelyDelimiter(text) })
  const lines = withoutFinalNewline(parsed.data, text)
  const titles = header ? (lines[0] ?? []) : []
  const body = header ? lines.slice(1) : lines
  const width = body.reduce((widest, cells) => Math.max(widest, cells.length), titles.length)
  const columns = columnNames(titles, width)
  return {
    columns,
    rows: body.map(cells => record(columns, cells)),
    problems: [
      ...parsed.errors
        .filter(error => error.type === 'Quotes')
        .map(error => ({ row: (error.row ?? 0) + (header ? 0 : 1), message: `${error.message}.` })),
      ...(header ? unevenRows(body, titles.length) : []),
    ].slice(0, SHOWN_PROBLEMS),
  }
}

/** The one that occurs most often, outside quotes, in the first line; a comma where none does. */
function likelyDelimiter(text: string): string {
  const counts = new Map(DELIMITERS.map(candidate => [candidate, 0]))
  let quoted = false
  for (const character of text) {
    if (character === '"') quoted = !quoted
    else if (!quoted && (character === '\n' || character === '\r')) break
    else if (!quoted && counts.has(character)) counts.set(character, (counts.get(character) ?? 0) + 1)
  }
  return [...counts].reduce((most, other) => (other[1] > most[1] ? other : most))[0]
}

/** A newline ends a line; it does not begin an empty one. */
function withoutFinalNewline(lines: string[][], text: string): string[][] {
  const last = lines.at(-1)
  const empty = last?.length === 1 && last[0] === ''
  return empty && (text === '' || /[\r\n]$/.test(text)) ? lines.slice(0, -1) : lines
}

/** Names are unique and never empty: what has no name of its own is `column3`; a repeated one is `Name (2)`. */
function columnNames(titles: readonly string[], width: number): string[] {
  const taken = new Set<string>()
  return Array.from({ length: width }, (_, index) => {
    const title = titles[index] ?? ''
    const wanted = title === '' || title === '__proto__' ? `column${index + 1}` : title
    let name = wanted
    for (let copy = 2; taken.has(name); copy += 1) name = `${wanted} (${copy})`
    taken.add(name)
    return name
  })
}

function record(columns: readonly string[], cells: readonly string[]): Record<string, string> {
  return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']))
}

function unevenRows(body: readonly string[][], width: number): { row: number; message: string }[] {
  return body.flatMap((cells, index) =>
    cells.length === width
      ? []
      : [{ row: index + 1, message: `The row has ${cells.length} cells where the header has ${width}.` }],
  )
}

export type Cell = string | number | boolean | null

export interface CsvRows {
  rows: (Record<string, Cell> | Cell[])[]
  columns?: string[] | undefined
  header: boolean
  delimiter: string
  escapeFormulas: boolean
}

/** Rows as records (columns in the order first met, unless given) or as lists of cells. Every line ends with CR LF. */
export function formatCsv({ rows, columns, header, delimiter, escapeFormulas }: CsvRows): string {
  const names = columns ?? columnsMet(rows)
  const body = rows.map(row => (Array.isArray(row) ? row : names.map(name => row[name] ?? null)))
  const lines = header && names.length > 0 ? [names, ...body] : body
  if (lines.length === 0) return ''
  const alone = lines.some(cells => cells.length === 1)
  const text = Papa.unparse(lines, {
    delimiter,
    quotes: (cell: unknown) => needsQuotes(cell, alone),
    escapeFormulae: escapeFormulas,
  })
  return `${text}\r\n`
}

/** Quoted also where a reader who must guess the delimiter could be misled, or a lone empty cell look like no row. */
function needsQuotes(cell: unknown, alone: boolean): boolean {
  return /[,;|\t]/.test(String(cell)) || (alone && (cell === '' || cell === null))
}

function columnsMet(rows: CsvRows['rows']): string[] {
  return [...new Set(rows.flatMap(row => (Array.isArray(row) ? [] : Object.keys(row))))]
}
