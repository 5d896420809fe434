/**
 * Runs per second: event in by HTTP, steps in sequence, history persisted, answer out. The client waits for each
 * run's end before it sends the next event on the same connection. Each beside the bare peer, in the same minutes.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { BareAnswer, BareQuestion } from '../support/bare.ts'
import { contractFor, networkContract } from '../support/contracts.ts'
import { startCore } from '../support/core.ts'
import type { Aim, Figure, Measure } from '../support/figure.ts'
import type { LoadAnswer, LoadQuestion } from '../support/load.ts'
import { startPeer } from '../support/peer.ts'
import type { Peer } from '../support/peer.ts'
import { startSite } from '../support/site.ts'
import type { Site } from '../support/site.ts'

type Load = Peer<LoadQuestion, LoadAnswer>
type Bare = Peer<BareQuestion, BareAnswer>

interface Kind {
  name: string
  source: (site: Site) => string
  aims?: { one: Aim; eight: Aim }
}

const ROUND_MS = 2_000
const WARM_UP_MS = 1_500
const NAMES = Array.from({ length: 8 }, (_, index) => `bench-${String(index)}`)

const read = (site: Site, step: number) => `await get('${site.url(`/read/${String(step)}`)}')`
const write = (site: Site, step: number) => `await post('${site.url(`/write/${String(step)}`)}', { n: 1 })`
const script = (steps: string[]) => `import { get, post } from 'tools/http'
export default async function run() { ${steps.join('; ')}; return { done: true } }`

const KINDS: Kind[] = [
  {
    name: 'three reads',
    source: site => script([read(site, 1), read(site, 2), read(site, 3)]),
    aims: { one: { atLeast: 350 }, eight: { atLeast: 500 } },
  },
  {
    name: 'two reads, one write',
    source: site => script([read(site, 1), write(site, 2), read(site, 3)]),
  },
  { name: 'three writes', source: site => script([write(site, 1), write(site, 2), write(site, 3)]) },
  {
    name: 'computing only',
    source: () => `export default async function run({ tag }) {
  let sum = 0
  for (let n = 0; n < 1000; n++) sum += n % 7
  return { tag, sum }
}`,
    aims: { one: { atLeast: 1_000 }, eight: { atLeast: 1_000 } },
  },
]

/** What takes the events: a core, or the bare peer beside it. */
interface Runner {
  url: string
  token: string
  cpuMs: () => Promise<number>
}

interface Round {
  perSecond: number
  cpuMs: number
}

async function roundOf(runner: Runner, load: Load, automations: string[], forMs: number): Promise<Round> {
  const before = await runner.cpuMs()
  const { tookMs, events } = await load.ask({ url: runner.url, token: runner.token, automations, forMs })
  const cpuMs = ((await runner.cpuMs()) - before) / events.length
  return { perSecond: (events.length / tookMs) * 1_000, cpuMs }
}

async function startBare(folder: string): Promise<{ bare: Bare; runner: Runner }> {
  const bare: Bare = startPeer(new URL('../support/bare.ts', import.meta.url))
  const { port } = await bare.ask({ is: 'start', folder })
  const cpuMs = async () => (await bare.ask({ is: 'cpu' })).cpuMs
  return { bare, runner: { url: `http://127.0.0.1:${String(port)}`, token: 'none', cpuMs } }
}

/** Round by round in turn, so that what else happens on the machine happens to both. */
async function figuresAt(
  { kind, lanes, rounds }: { kind: Kind; lanes: 'one' | 'eight'; rounds: number },
  { core, bare, load }: { core: Runner; bare: Runner; load: Load },
): Promise<Figure[]> {
  const automations = lanes === 'one' ? NAMES.slice(0, 1) : NAMES
  const ours: Round[] = []
  const theirs: Round[] = []
  for (const runner of [core, bare]) await roundOf(runner, load, automations, WARM_UP_MS)
  for (let round = 0; round < rounds; round++) {
    ours.push(await roundOf(core, load, automations, ROUND_MS))
    theirs.push(await roundOf(bare, load, automations, ROUND_MS))
  }
  return [
    {
      name: `${kind.name}, ${lanes === 'one' ? 'one at a time' : 'eight at once'}`,
      unit: 'runs/s',
      rounds: ours.map(({ perSecond }) => perSecond),
      ...(kind.aims === undefined ? {} : { aim: kind.aims[lanes] }),
    },
    { name: '  CPU of the core', unit: 'ms/run', rounds: ours.map(({ cpuMs }) => cpuMs) },
    { name: '  the bare peer', unit: 'runs/s', rounds: theirs.map(({ perSecond }) => perSecond) },
    {
      name: '  of the bare peer',
      unit: '×',
      rounds: ours.map(({ perSecond }, round) => perSecond / (theirs[round]?.perSecond ?? NaN)),
    },
  ]
}

async function figuresFor(
  kind: Kind,
  rounds: number,
  { site, load }: { site: Site; load: Load },
): Promise<Figure[]> {
  const core = await startCore()
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-bench-bare-'))
  const { bare, runner } = await startBare(folder)
  const source = kind.source(site)
  for (const name of NAMES) {
    await core.install(
      name,
      source,
      kind.name === 'computing only' ? contractFor() : networkContract(site.host),
    )
    await bare.ask({ is: 'install', name, source })
  }
  const own = { url: core.url, token: core.token, cpuMs: async () => (await core.probe('usage')).cpuMs }
  const figures: Figure[] = []
  for (const lanes of ['one', 'eight'] as const)
    figures.push(...(await figuresAt({ kind, lanes, rounds }, { core: own, bare: runner, load })))
  await core.remove()
  await bare.close()
  fs.rmSync(folder, { recursive: true, force: true })
  return figures
}

export default {
  title: 'Runs, each from its event to its recorded end',
  measure: async ({ rounds }) => {
    const site = await startSite()
    const load = startPeer<LoadQuestion, LoadAnswer>(new URL('../support/load.ts', import.meta.url))
    const figures: Figure[] = []
    for (const kind of KINDS) figures.push(...(await figuresFor(kind, rounds, { site, load })))
    await load.close()
    await site.close()
    return figures
  },
} satisfies Measure
