/**
 * How long a core takes to answer GET /health, asked from outside every few milliseconds, while each case of the abuse
 * corpus runs in it, again and again for a moment; and beside it how late its loop was, seen from inside.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  circularCases,
  fileCases,
  installationCases,
  networkCases,
  sandboxCases,
  textCases,
} from '../support/abuse-cases.ts'
import type { BenchCase } from '../support/abuse-cases.ts'
import { startCore } from '../support/core.ts'
import type { BenchCore } from '../support/core.ts'
import { percentile, summaryOf } from '../support/figure.ts'
import type { Figure, Measure } from '../support/figure.ts'
import { monotonicMs, startPeer } from '../support/peer.ts'
import { Pulse } from '../support/pulse.ts'
import type { Beats } from '../support/pulse.ts'

/** A case that ends sooner is run again until then. */
const LEAST_MS = 600
const WAIT_MS = 20_000
const MOST_NAMED = 6
const AIM = { atMost: 50 }

interface Watched extends Beats {
  figure: Figure
  /** Where it ended otherwise than it may. */
  surprise: string | null
}

interface Watch {
  core: BenchCore
  pulse: Pulse
}

/** Once through the case: how it ended. */
async function verdictOf(core: BenchCore, name: string, { source, contract }: BenchCase): Promise<string> {
  const body = { name, source, contract }
  const installed = await core.request('POST', '/api/v1/automations', body)
  if (installed.status >= 400) return 'refused'
  const { run } = (await core.emit(name, {}, WAIT_MS)) as {
    run: { state: string; failure: { kind: string; limit?: string } | null } | null
  }
  if (run === null || run.state === 'running') return 'no end'
  if (run.state === 'succeeded') return 'value'
  return run.failure === null ? run.state : (run.failure.limit ?? run.failure.kind)
}

async function watched(
  { core, pulse }: Watch,
  name: string,
  once: () => Promise<string>,
): Promise<Watched & { ends: Set<string> }> {
  const ends = new Set<string>()
  let times = 0
  await core.probe('watch-lag')
  pulse.start()
  for (const until = monotonicMs() + LEAST_MS; monotonicMs() < until; times++) ends.add(await once())
  const beats = await pulse.stop()
  const { tripsMs } = beats
  const { lagsMs } = await core.probe('lag')
  const parts = [
    `most ${Math.max(...tripsMs).toFixed(0)}`,
    `loop p99 ${percentile(lagsMs, 99).toFixed(0)}, most ${Math.max(...lagsMs).toFixed(0)}`,
    [...ends].join(', '),
    `${String(times)} ×`,
  ]
  const figure = {
    name,
    unit: 'ms',
    rounds: [percentile(tripsMs, 99)],
    aim: AIM,
    note: parts.join('; '),
  }
  return { ...beats, figure, surprise: null, ends }
}

async function watchedCase(watch: Watch, index: number, abuse: BenchCase): Promise<Watched> {
  const name = `abuse-${String(index)}`
  const title = `${abuse.id} ${abuse.title}`
  const { ends, ...seen } = await watched(watch, title, () => verdictOf(watch.core, name, abuse))
  const isExpected = [...ends].every(end => abuse.verdict.includes(end))
  return isExpected ? seen : { ...seen, surprise: `${title}: ${[...ends].join(', ')}` }
}

/** None, if all is well; otherwise which. */
function countOf(name: string, cases: readonly string[]): Figure {
  const named = cases.slice(0, MOST_NAMED).join('; ')
  const more = cases.length > MOST_NAMED ? `; ${String(cases.length - MOST_NAMED)} more` : ''
  return { name, unit: 'cases', rounds: [cases.length], aim: { atMost: 0 }, note: named + more }
}

function summary(all: readonly Watched[]): Figure[] {
  const trips = all.flatMap(({ tripsMs }) => tripsMs)
  const late = all.filter(({ figure }) => !summaryOf(figure).met).map(({ figure }) => figure.name)
  const surprises = all.flatMap(({ surprise }) => surprise ?? [])
  return [
    {
      name: 'every case, p99',
      unit: 'ms',
      rounds: [percentile(trips, 99)],
      aim: AIM,
      note: `${trips.length.toLocaleString('en')} round trips during ${String(all.length)} cases`,
    },
    { name: 'every case, most', unit: 'ms', rounds: [Math.max(...trips)] },
    {
      name: 'a process with nothing to do meanwhile, p99',
      unit: 'ms',
      rounds: [
        percentile(
          all.flatMap(({ ownLagsMs }) => ownLagsMs),
          99,
        ),
      ],
      note: 'how late its timer was: more than a few ms, and the machine was busy with something else',
    },
    countOf(`cases with a p99 above ${String(AIM.atMost)} ms`, late),
    countOf('cases that ended as they should not', surprises),
  ]
}

export default {
  title: 'GET /health while each case of the abuse corpus runs, p99 of each',
  measure: async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-bench-abuse-'))
    const hostile = startPeer<'port', number>(new URL('../support/hostile.ts', import.meta.url))
    const host = `127.0.0.1:${String(await hostile.ask('port'))}`
    const cases = [
      ...sandboxCases(host),
      ...fileCases(folder),
      ...networkCases(host),
      ...textCases(),
      ...installationCases(),
      ...circularCases(),
    ]
    const core = await startCore()
    const pulse = new Pulse(core.url)
    const watch = { core, pulse }
    const rest = () => sleep(LEAST_MS, 'rest')
    await watched(watch, 'warming up', rest)
    const nothing = await watched(watch, 'nothing', rest)
    const all: Watched[] = []
    for (const [index, abuse] of cases.entries()) all.push(await watchedCase(watch, index, abuse))
    await pulse.close()
    await core.remove()
    await hostile.close()
    fs.rmSync(folder, { recursive: true, force: true })
    return [...summary(all), nothing.figure, ...all.map(({ figure }) => figure)]
  },
} satisfies Measure
