/**
 * From the moment a client sends an event to the moment the site sees the run's first request: warm, and the very
 * first run of each of a number of scripts in a core that is warm otherwise.
 */
import { networkContract } from '../support/contracts.ts'
import { startCore } from '../support/core.ts'
import type { BenchCore } from '../support/core.ts'
import { percentile } from '../support/figure.ts'
import type { Figure, Measure } from '../support/figure.ts'
import type { LoadAnswer, LoadQuestion } from '../support/load.ts'
import { monotonicMs, startPeer } from '../support/peer.ts'
import { startSite } from '../support/site.ts'
import type { Site } from '../support/site.ts'

const WARM_UP = 100
const EVENTS = 200
const NEW_SCRIPTS = 20

async function delays(site: Site, tag: string, { events }: LoadAnswer): Promise<number[]> {
  return Promise.all(
    events.map(async ({ sentAt }, number) => (await site.seen(`/first/${tag}${String(number)}`)) - sentAt),
  )
}

const source = (site: Site, name: string) => `import { get } from 'tools/http'
export default async function run({ tag }) { await get('${site.url(`/${name}/`)}' + tag); return { tag } }`

async function firstRuns(core: BenchCore, site: Site): Promise<Figure> {
  const rounds: number[] = []
  for (let index = 0; index < NEW_SCRIPTS; index++) {
    const name = `new-${String(index)}`
    await core.install(name, source(site, name), networkContract(site.host))
    const sentAt = monotonicMs()
    const [at] = await Promise.all([site.seen(`/${name}/only`), core.emit(name, { tag: 'only' }, 10_000)])
    rounds.push(at - sentAt)
  }
  return { name: 'the first run of a new script', unit: 'ms', rounds }
}

export default {
  title: 'Event to first step, one at a time',
  measure: async ({ rounds }) => {
    const site = await startSite()
    const load = startPeer<LoadQuestion, LoadAnswer>(new URL('../support/load.ts', import.meta.url))
    const core = await startCore()
    await core.install('first', source(site, 'first'), networkContract(site.host))
    const question = { url: core.url, token: core.token, automations: ['first'] }
    await load.ask({ ...question, most: WARM_UP, tag: 'warm-' })
    const found: number[][] = []
    for (let round = 0; round < rounds; round++) {
      const tag = `${String(round)}-`
      found.push(await delays(site, tag, await load.ask({ ...question, most: EVENTS, tag })))
    }
    const cold = await firstRuns(core, site)
    await core.remove()
    await load.close()
    await site.close()
    return [
      {
        name: 'event to first step, p50',
        unit: 'ms',
        rounds: found.map(round => percentile(round, 50)),
        aim: { atMost: 10 },
        note: `${String(EVENTS)} events a round`,
      },
      { name: 'event to first step, p99', unit: 'ms', rounds: found.map(round => percentile(round, 99)) },
      cold,
    ]
  },
} satisfies Measure
