/**
 * The one gate (`npm test`): format, lint, layers and types, two at a time, and every test as soon as only one of
 * them is left. A check that fails does not keep the others from running, so that one look shows everything.
 * Arguments go to the test runner as they are: `npm test -- src/domain` runs all checks and the tests found there.
 *
 * Its last line is `N passed, N failed` (and `, N skipped`): it counts tests, and as failed also each check that
 * failed, each test file that did not load and each error outside a test, so that a red gate never reads `0 failed`.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import type { Count } from './support/count-reporter.ts'

interface Check {
  name: string
  command: readonly [program: string, ...args: string[]]
}

interface Ended {
  name: string
  ok: boolean
  output: string
  seconds: number
}

/** The longest first: two of them run at a time. */
const CHECKS: readonly Check[] = [
  { name: 'lint', command: ['eslint', '.', '--max-warnings', '0'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'layers', command: ['depcruise', 'src', 'test', 'bench', 'eval'] },
]

const COUNTER = './test/support/count-reporter.ts'
const countSchema = z.object({ passed: z.int(), failed: z.int(), skipped: z.int() })

const root = path.dirname(import.meta.dirname)
const bin = path.join(root, 'node_modules', '.bin')
const environment = { ...process.env, PATH: `${bin}${path.delimiter}${process.env['PATH'] ?? ''}` }

const ended: Ended[] = []
const waiting = [...CHECKS]
let areTestsRunning = false

const lanes = [runChecks(), runChecks()]
await Promise.race(lanes)
areTestsRunning = true
const early = ended.length
const tests = await runTests(process.argv.slice(2))
await Promise.all(lanes)
ended.slice(early).forEach(announce)
const red = ended.filter(check => !check.ok).map(check => check.name)

if (red.length > 0) console.log(`\nThese checks failed, see above: ${red.join(', ')}.`)
console.log(summary({ ...tests, failed: tests.failed + red.length }))
process.exitCode = tests.failed + red.length > 0 ? 1 : 0

/** What ends while tests run is told after them, where it is seen. */
async function runChecks(): Promise<void> {
  for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
    const result = await runCheck(check)
    ended.push(result)
    if (!areTestsRunning) announce(result)
  }
}

function announce({ name, ok, output, seconds }: Ended): void {
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(7)} ${seconds.toFixed(1)} s`)
  if (!ok) console.log(output.trimEnd().replace(/^/gm, '  '))
}

async function runCheck({ name, command: [program, ...args] }: Check): Promise<Ended> {
  const started = performance.now()
  const child = spawn(path.join(bin, program), args, {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  const { ok, reason } = await endOf(child)
  return { name, ok, output: output + reason, seconds: (performance.now() - started) / 1000 }
}

async function runTests(filters: readonly string[]): Promise<Count> {
  const folder = mkdtempSync(path.join(tmpdir(), 'steward-gate-'))
  const file = path.join(folder, 'count.json')
  const args = ['run', '--reporter=default', `--reporter=${COUNTER}`, ...filters]
  const env = { ...environment, STEWARD_TEST_COUNT: file }
  try {
    const runner = spawn(path.join(bin, 'vitest'), args, {
      cwd: root,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const { ok, reason } = await endOf(runner)
    if (reason !== '') console.log(reason)
    const count = readCount(file)
    return ok || count.failed > 0 ? count : { ...count, failed: 1 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readCount(file: string): Count {
  try {
    return countSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    console.log(`The test runner left no count: ${error instanceof Error ? error.message : String(error)}`)
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

function endOf(child: ReturnType<typeof spawn>): Promise<{ ok: boolean; reason: string }> {
  return new Promise(resolve => {
    child.on('error', error => resolve({ ok: false, reason: `${error.message}\n` }))
    child.on('close', (code, signal) => {
      resolve({ ok: code === 0, reason: signal === null ? '' : `It was ended by ${signal}.\n` })
    })
  })
}

function summary({ passed, failed, skipped }: Count): string {
  const counts = `${String(passed)} passed, ${String(failed)} failed`
  return skipped > 0 ? `${counts}, ${String(skipped)} skipped` : counts
}
