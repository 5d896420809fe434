/** The results table of `docs/benchmarks.md`, written from kept results so that no number is ever typed by hand. */
import fs from 'node:fs'
import path from 'node:path'
import { format, resolveConfig } from 'prettier'
import type { Summary } from './figure.ts'
import { machineText } from './results.ts'
import type { Result, Results } from './results.ts'
import { aimText, numberText, verdictText } from './table.ts'

const PAGE = path.join(import.meta.dirname, '../../docs/benchmarks.md')
const BEGIN = '<!-- results: begin -->'
const END = '<!-- results: end -->'
const COLUMNS = ['', 'median', '', 'aim', '', 'rounds', '']

/** Replaces what stands between the two marks of the page; the rest is left as it is. */
export async function writePage(results: Results): Promise<void> {
  const page = fs.readFileSync(PAGE, 'utf8')
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin)
    throw new Error(`${PAGE} lacks the marks ${BEGIN} and ${END}. It was not changed.`)
  const filled = `${page.slice(0, begin)}${BEGIN}\n\n${resultsText(results)}\n\n${page.slice(end)}`
  const config = await resolveConfig(PAGE)
  fs.writeFileSync(PAGE, await format(filled, { ...config, filepath: PAGE }))
}

function resultsText({ machine, results }: Results): string {
  return [`Measured with ${machineText(machine)}.`, ...results.map(measureText)].join('\n\n')
}

function measureText(result: Result): string {
  const [before, after] = result.load
  const head = `### ${result.title}\n\n\`${result.name}\`, ${result.at.slice(0, 10)}, load ${String(before)} → ${String(after)}`
  if (result.error !== undefined) return `${head}\n\nCould not be measured: ${escaped(result.error)}`
  const rows = [COLUMNS, COLUMNS.map(() => '---'), ...result.figures.map(cellsOf)]
  return `${head}\n\n${rows.map(row => `| ${row.join(' | ')} |`).join('\n')}`
}

function cellsOf(figure: Summary): string[] {
  const { least, most, rounds } = figure
  return [
    // What belongs to the row above it begins with spaces, which a table in Markdown would swallow.
    figure.name.startsWith(' ') ? `· ${escaped(figure.name.trim())}` : escaped(figure.name),
    numberText(figure.median),
    figure.unit,
    aimText(figure),
    verdictText(figure),
    rounds.length > 1 ? `${numberText(least)} … ${numberText(most)}` : '',
    escaped(figure.note ?? ''),
  ]
}

function escaped(text: string): string {
  return text.replaceAll(/[|\\`*_<>[\]]/g, '\\$&').replaceAll('\n', ' ')
}
