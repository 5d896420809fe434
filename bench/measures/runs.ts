/**
 * Runs per second: event in by HTTP, steps in sequence, history persisted, answer out. The client waits for each
 * run's end before it sends the next event on the same connection.
 */
import { contractFor, networkContract } from '../support/contracts.ts'
import { startCore } from '../support/core.ts'
import type { BenchCore } from '../support/core.ts'
import type { Aim, Figure, Measure } from '../support/figure.ts'
import type { LoadAnswer, LoadQuestion } from '../support/load.ts'
import { startPeer } from '../support/peer.ts'
import type { Peer } from '../support/peer.ts'
import { startSite } from '../support/site.ts'
import type { Site } from '../support/site.ts'

type Load = Peer<LoadQuestion, LoadAnswer>

interface Kind {
  name: string
  source: (site: Site) => string
  aims?: { one: Aim; eight: Aim }
}

const ROUND_MS = 3_000
const WARM_UP_MS = 2_000

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

async function roundOf(core: BenchCore, load: Load, automations: string[], forMs: number) {
  const before = await core.probe('usage')
  const { tookMs, events } = await load.ask({ url: core.url, token: core.token, automations, forMs })
  const after = await core.probe('usage')
  return { perSecond: (events.length / tookMs) * 1_000, cpuMs: (after.cpuMs - before.cpuMs) / events.length }
}

async function figuresFor(
  kind: Kind,
  rounds: number,
  { site, load }: { site: Site; load: Load },
): Promise<Figure[]> {
  const core = await startCore()
  const names = Array.from({ length: 8 }, (_, index) => `bench-${String(index)}`)
  for (const name of names)
    await core.install(name, kind.source(site), {
      ...(kind.name === 'computing only' ? contractFor() : networkContract(site.host)),
    })
  const figures: Figure[] = []
  for (const lanes of ['one', 'eight'] as const) {
    const automations = lanes === 'one' ? names.slice(0, 1) : names
    await roundOf(core, load, automations, WARM_UP_MS)
    const measured = []
    for (let round = 0; round < rounds; round++)
      measured.push(await roundOf(core, load, automations, ROUND_MS))
    const at = lanes === 'one' ? 'one at a time' : 'eight at once'
    figures.push(
      {
        name: `${kind.name}, ${at}`,
        unit: 'runs/s',
        rounds: measured.map(({ perSecond }) => perSecond),
        ...(kind.aims === undefined ? {} : { aim: kind.aims[lanes] }),
      },
      { name: '  CPU of the core', unit: 'ms/run', rounds: measured.map(({ cpuMs }) => cpuMs) },
    )
  }
  await core.remove()
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
