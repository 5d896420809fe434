/**
 * What commands print: one JSON document, or plain aligned text with times in this machine's zone. Text that came
 * from outside is shown without anything a terminal would obey.
 */
import { visibleText } from '../../domain/approval.ts'

export interface Terminal {
  out(text: string): void
  err(text: string): void
}

export const terminal: Terminal = {
  out: text => {
    process.stdout.write(`${text}\n`)
  },
  err: text => {
    process.stderr.write(`${text}\n`)
  },
}

/** `head` and the like stop reading when they have enough: that is no error. */
export function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode)
    throw error
  })
}

export function jsonText(document: unknown): string {
  return JSON.stringify(document, null, 2)
}

export function safe(text: string, longest = 200): string {
  return visibleText(text, longest)
}

/** Columns as wide as their widest cell; the last one is not padded. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], longest = 200): string {
  const cells = [head, ...rows].map(row => row.map(cell => safe(cell, longest)))
  const widths = head.map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0)))
  return cells
    .map(row =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** `label  value` lines. */
export function facts(pairs: readonly (readonly [string, string | null])[]): string {
  const shown = pairs.flatMap(([label, value]) => (value === null ? [] : [[label, value] as const]))
  const width = Math.max(0, ...shown.map(([label]) => label.length))
  return shown.map(([label, value]) => `${label.padEnd(width)}  ${safe(value, 2_000)}`).join('\n')
}

export function section(heading: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n${heading}\n${lines.map(line => `  ${line}`).join('\n')}`
}

/** In this machine's zone: `2026-03-10 11:20:30`. */
export function localTime(at: number | null): string {
  return at === null ? '-' : new Date(at).toLocaleString('sv-SE')
}

export function took(ms: number | null): string {
  if (ms === null) return '-'
  if (ms < 1_000) return `${String(Math.round(ms))} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  const minutes = Math.floor(ms / 60_000)
  return minutes < 60
    ? `${String(minutes)} min ${String(Math.round((ms % 60_000) / 1_000))} s`
    : `${String(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${String(number)} ${number === 1 ? one : many}`
}

/** Micro-dollars as dollars, to a hundredth of a cent. */
export function moneyText(micros: number): string {
  return `$${(micros / 1_000_000).toFixed(4)}`
}
