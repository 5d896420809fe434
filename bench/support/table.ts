/** Figures as texts, and as an aligned table for a terminal. */
import type { Summary } from './figure.ts'

export function tableOf(summaries: readonly Summary[]): string {
  const rows = summaries.map(summary => [
    summary.name,
    numberText(summary.median),
    summary.unit,
    aimText(summary),
    verdictText(summary),
    `${numberText(summary.least)} … ${numberText(summary.most)}`,
    summary.note ?? '',
  ])
  return aligned([['', 'median', '', 'aim', '', 'rounds', ''], ...rows])
}

export function numberText(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toFixed(digits)
}

export function aimText({ aim }: Summary): string {
  if (aim === undefined) return ''
  return 'atLeast' in aim ? `≥ ${String(aim.atLeast)}` : `≤ ${String(aim.atMost)}`
}

export function verdictText({ met }: Summary): string {
  if (met === null) return ''
  return met ? 'met' : 'MISSED'
}

const RIGHT = new Set([1, 3])

function aligned(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows
    .map(row =>
      row
        .map((cell, column) =>
          RIGHT.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
