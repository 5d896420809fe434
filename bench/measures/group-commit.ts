/** Sixteen automations that write at once on a disk that takes 20 ms longer for every flush: writes and loop lag. */
import { networkContract } from '../support/contracts.ts'
import { startCore } from '../support/core.ts'
import { percentile } from '../support/figure.ts'
import type { Figure, Measure } from '../support/figure.ts'
import type { LoadAnswer, LoadQuestion } from '../support/load.ts'
import { startPeer } from '../support/peer.ts'
import { startSite } from '../support/site.ts'

const LANES = 16
const WRITES = 3
const ROUND_MS = 4_000
const FSYNC_MS = 20

export default {
  title: `A disk with ${String(FSYNC_MS)} ms for every flush, ${String(LANES)} runs at once`,
  measure: async ({ rounds }) => {
    const site = await startSite()
    const load = startPeer<LoadQuestion, LoadAnswer>(new URL('../support/load.ts', import.meta.url))
    const core = await startCore({ fsyncMs: FSYNC_MS })
    const automations = Array.from({ length: LANES }, (_, index) => `writes-${String(index)}`)
    for (const name of automations)
      await core.install(
        name,
        `import { post } from 'tools/http'
export default async function run() {
  for (let step = 0; step < ${String(WRITES)}; step++) await post('${site.url('/write')}', { step })
  return {}
}`,
        networkContract(site.host),
      )
    const question = { url: core.url, token: core.token, automations, forMs: ROUND_MS }
    await load.ask({ ...question, forMs: 1_000 })
    const writes: number[] = []
    const lags: number[][] = []
    for (let round = 0; round < rounds; round++) {
      await core.probe('watch-lag')
      const { tookMs, events } = await load.ask(question)
      lags.push((await core.probe('lag')).lagsMs)
      writes.push((events.length * WRITES * 1_000) / tookMs)
    }
    await core.remove()
    await load.close()
    await site.close()
    const lag = (name: string, percent: number): Figure => ({
      name: `core loop lag, ${name}`,
      unit: 'ms',
      rounds: lags.map(round => percentile(round, percent)),
    })
    return [
      {
        name: 'durable writes',
        unit: 'writes/s',
        rounds: writes,
        note: `one flush for each write would allow ${String(1_000 / FSYNC_MS)}`,
      },
      lag('p50', 50),
      { ...lag('p99', 99), aim: { atMost: 50 } },
      lag('most', 100),
    ]
  },
} satisfies Measure
