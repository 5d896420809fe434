/**
 * `npm run bench [-- [--rounds N] NAME …]`: runs every measure of `measures/`, or those named, each in a process of
 * its own; prints a table with the aim beside each number and keeps all of it in `results/latest.json`.
 */
import { fork } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { summaryOf } from './support/figure.ts'
import type { Figure, Measure, Summary } from './support/figure.ts'
import { tableOf } from './support/table.ts'

const MEASURES = path.join(import.meta.dirname, 'measures')
const RESULTS = path.join(import.meta.dirname, 'results')

interface Result {
  name: string
  title: string
  /** Load average of the last minute, before and after: other work on the machine makes every number worse. */
  load: [number, number]
  figures: Summary[]
  error?: string
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '3' } },
})
const known = fs
  .readdirSync(MEASURES)
  .map(file => path.basename(file, '.ts'))
  .sort()
const names = positionals.length === 0 ? known : positionals
const unknown = names.filter(name => !known.includes(name))
if (unknown.length > 0) {
  process.stderr.write(`There is no measure “${unknown.join('”, “')}”. There are: ${known.join(', ')}.\n`)
  process.exit(2)
}

const machine = {
  node: process.version,
  platform: `${process.platform} ${os.release()} ${process.arch}`,
  cpus: os.availableParallelism(),
  cpu: os.cpus()[0]?.model ?? 'unknown',
  memoryGb: Math.round(os.totalmem() / 2 ** 30),
}
process.stdout.write(
  `Steward on Node ${machine.node}, ${machine.platform}, ${String(machine.cpus)} × ${machine.cpu}\n`,
)
const results: Result[] = []
for (const name of names) {
  const result = await resultOf(name, Number(values.rounds))
  results.push(result)
  process.stdout.write(textOf(result))
}
keep(results)
if (results.some(result => result.error !== undefined)) process.exitCode = 1

async function resultOf(name: string, rounds: number): Promise<Result> {
  const file = path.join(MEASURES, `${name}.ts`)
  const { title } = ((await import(file)) as { default: Measure }).default
  const before = loadNow()
  try {
    const figures = (await figuresOf(file, rounds)).map(summaryOf)
    return { name, title, load: [before, loadNow()], figures }
  } catch (error) {
    return { name, title, load: [before, loadNow()], figures: [], error: String(error) }
  }
}

function figuresOf(file: string, rounds: number): Promise<Figure[]> {
  return new Promise((resolve, reject) => {
    const child = fork(path.join(import.meta.dirname, 'child.ts'), [file, String(rounds)])
    let figures: Figure[] | null = null
    child.once('message', message => {
      figures = message as unknown as Figure[]
      child.disconnect()
    })
    child.once('exit', code => {
      if (figures === null) reject(new Error(`it ended with ${String(code)} before it had a figure`))
      else resolve(figures)
    })
  })
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

function keep(measured: readonly Result[]): void {
  fs.mkdirSync(RESULTS, { recursive: true })
  fs.writeFileSync(
    path.join(RESULTS, 'latest.json'),
    `${JSON.stringify({ at: new Date().toISOString(), machine, results: measured }, null, 2)}\n`,
  )
}
