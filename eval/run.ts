/**
 * `npm run eval:planner -- --base-url URL --model NAME [--key-env VAR] [--only ID …] [--tries 3] [--parallel 1]`: tries
 * every held intent, or those named, with a model behind any OpenAI-compatible address; prints a table and the totals,
 * and keeps everything that was said in `results/latest.json`. What a model does badly is no error: only what keeps
 * a try from being made is.
 */
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { evaluate } from './evaluate.ts'
import type { Endpoint, TriedIntent } from './evaluate.ts'
import { INTENTS } from './intents/all.ts'
import { dollars, summaryOf, tableOf, totalsTable } from './report.ts'

const LATEST = path.join(import.meta.dirname, 'results', 'latest.json')
const STOPPED = 130

const { values } = parseArgs({
  options: {
    'base-url': { type: 'string' },
    model: { type: 'string' },
    'key-env': { type: 'string' },
    only: { type: 'string', multiple: true, default: [] },
    tries: { type: 'string', default: '3' },
    parallel: { type: 'string', default: '1' },
  },
})
process.exitCode = await main()

async function main(): Promise<number> {
  const { 'base-url': baseUrl, model, 'key-env': keyName, only } = values
  const [tries, parallel] = [Number(values.tries), Number(values.parallel)]
  if (baseUrl === undefined || model === undefined)
    return refused('Say which model: --base-url http://127.0.0.1:11434/v1 --model NAME [--key-env VARIABLE]')
  if (!isCount(tries) || !isCount(parallel))
    return refused('--tries and --parallel are whole numbers from 1 on.')
  const unknown = only.filter(id => INTENTS.every(intent => intent.id !== id))
  if (unknown.length > 0)
    return refused(
      `There is no “${unknown.join('”, “')}”. There are: ${INTENTS.map(({ id }) => id).join(', ')}`,
    )
  const key = keyName === undefined ? undefined : process.env[keyName]
  if (keyName !== undefined && key === undefined) return refused(`${keyName} is not set.`)
  return measure({ baseUrl, model, ...(key === undefined ? {} : { key }) }, { only, tries, parallel })
}

async function measure(
  endpoint: Endpoint,
  { only, tries, parallel }: { only: readonly string[]; tries: number; parallel: number },
): Promise<number> {
  const stop = new AbortController()
  process.once('SIGINT', () => {
    stop.abort(new Error('stopped'))
  })
  let errors = 0
  const tried = await evaluate({
    endpoint,
    intents: INTENTS.filter(({ id }) => only.length === 0 || only.includes(id)),
    tries,
    parallel,
    signal: stop.signal,
    onTry: ({ id, score }, left) => {
      const how = score.pass ? 'passed' : (score.reasons[0]?.replaceAll(/\s+/g, ' ').slice(0, 120) ?? '')
      say(`${id}: ${how} (${(score.ms / 1000).toFixed(1)} s, ${String(left)} left)`)
    },
    onError: (id, error) => {
      errors++
      say(`${id}: could not be tried: ${error instanceof Error ? error.message : String(error)}`)
    },
  })
  report(endpoint, tried)
  if (stop.signal.aborted) return STOPPED
  return errors === 0 ? 0 : 1
}

/** Without the key, and without what stands before or behind the address. */
function report({ baseUrl, model }: Endpoint, tried: readonly TriedIntent[]): void {
  const summary = summaryOf(tried)
  const { host, pathname } = new URL(baseUrl)
  const kept = { model, at: new Date().toISOString(), address: host + pathname, summary, tried }
  fs.mkdirSync(path.dirname(LATEST), { recursive: true })
  fs.writeFileSync(LATEST, `${JSON.stringify(kept, null, 1)}\n`)
  if (tried.length === 0) return say('Nothing was tried.')
  say(`\n${tableOf(tried)}\n\n${totalsTable(summary)}`)
  const { intents, tries, questions, costMicros, ms } = summary
  say(
    `\n${String(tries)} tries of ${String(intents)} intents: ${String(questions)} questions, ${dollars(costMicros)}, ${(ms / 1000).toFixed(0)} s. All of it is in ${path.relative(process.cwd(), LATEST)}.`,
  )
}

function isCount(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 1
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function refused(text: string): number {
  process.stderr.write(`${text}\n`)
  return 1
}
