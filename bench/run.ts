/**
 * `npm run bench [-- [--rounds N] NAME …]`: runs every measure of `measures/`, or those named, each in a process and
 * with a folder for temporary files of its own; prints a table with the aim beside each number and keeps the results.
 * `npm run bench -- --write-docs` measures nothing: it writes the kept results into `docs/benchmarks.md`.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { summaryOf } from './support/figure.ts'
import type { Measure } from './support/figure.ts'
import { figuresOf } from './support/measured.ts'
import { writePage } from './support/page.ts'
import { keepResult, latestResults, machineText, thisMachine } from './support/results.ts'
import type { Result } from './support/results.ts'
import { tableOf } from './support/table.ts'

const MEASURES = path.join(import.meta.dirname, 'measures')

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '3' }, 'write-docs': { type: 'boolean' } },
})
process.exitCode =
  values['write-docs'] === true
    ? await writeDocs(positionals)
    : await measureAll(positionals, Number(values.rounds))

async function writeDocs(names: readonly string[]): Promise<number> {
  const latest = latestResults()
  if (names.length > 0) return refused('--write-docs measures nothing: measure first, then write.')
  if (latest === null) return refused('Nothing was measured yet, so nothing was written. Measure first.')
  await writePage(latest)
  process.stdout.write(`${String(latest.results.length)} results were written into docs/benchmarks.md.\n`)
  return 0
}

async function measureAll(asked: readonly string[], rounds: number): Promise<number> {
  const known = fs
    .readdirSync(MEASURES)
    .map(file => path.basename(file, '.ts'))
    .sort()
  const unknown = asked.filter(name => !known.includes(name))
  if (unknown.length > 0)
    return refused(`There is no measure “${unknown.join('”, “')}”. There are: ${known.join(', ')}.`)
  if (!Number.isSafeInteger(rounds) || rounds < 1) return refused('--rounds is a whole number from 1 on.')
  process.stdout.write(`Steward on ${machineText(thisMachine())}\n`)
  let failed = 0
  for (const name of asked.length === 0 ? known : asked) {
    const result = await resultOf(name, rounds)
    keepResult(result)
    process.stdout.write(textOf(result))
    if (result.error !== undefined) failed++
  }
  return failed === 0 ? 0 : 1
}

async function resultOf(name: string, rounds: number): Promise<Result> {
  const file = path.join(MEASURES, `${name}.ts`)
  const { title } = ((await import(file)) as { default: Measure }).default
  const begun = { name, title, at: new Date().toISOString(), rounds }
  const before = loadNow()
  try {
    const figures = (await figuresOf(file, rounds)).map(summaryOf)
    return { ...begun, load: [before, loadNow()], figures }
  } catch (error) {
    return { ...begun, load: [before, loadNow()], figures: [], error: String(error) }
  }
}

function loadNow(): number {
  return Math.round((os.loadavg()[0] ?? 0) * 10) / 10
}

function textOf(result: Result): string {
  const [before, after] = result.load
  const head = `\n${result.title} (${result.name}; load ${String(before)} → ${String(after)})\n`
  return result.error === undefined
    ? `${head}${tableOf(result.figures)}\n`
    : `${head}could not be measured: ${result.error}\n`
}

function refused(message: string): number {
  process.stderr.write(`${message}\n`)
  return 2
}
