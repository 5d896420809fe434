/** A core that has 100 automations and nothing to do: its CPU and its memory, a few seconds after an ordinary start. */
import { setTimeout as sleep } from 'node:timers/promises'
import { contractFor } from '../support/contracts.ts'
import { startCore } from '../support/core.ts'
import type { Measure } from '../support/figure.ts'

const AUTOMATIONS = 100
const SETTLE_MS = 10_000
const WATCH_MS = 20_000
const MEGABYTE = 2 ** 20
const FAR_MS = 300 * 86_400_000

export default {
  title: `At rest with ${String(AUTOMATIONS)} automations`,
  measure: async ({ rounds }) => {
    let core = await startCore()
    for (let index = 0; index < AUTOMATIONS; index++)
      await core.install(
        `idle-${String(index)}`,
        'export default async function run() { return {} }',
        contractFor({
          when: [
            index % 2 === 0
              ? { kind: 'cron', expression: '0 4 1 1 *' }
              : { kind: 'interval', everyMs: FAR_MS },
          ],
        }),
      )
    await core.stop()
    core = await startCore({ home: core.home, bare: true })
    await sleep(SETTLE_MS)
    const cpu: number[] = []
    const rss: number[] = []
    for (let round = 0; round < rounds; round++) {
      const before = core.usage()
      await sleep(WATCH_MS)
      const after = core.usage()
      cpu.push(((after.cpuMs - before.cpuMs) / WATCH_MS) * 100)
      rss.push(after.rssBytes / MEGABYTE)
    }
    await core.remove()
    return [
      { name: 'CPU at rest', unit: '% of one core', rounds: cpu, aim: { atMost: 0.5 } },
      { name: 'resident memory at rest', unit: 'MB', rounds: rss, aim: { atMost: 120 } },
    ]
  },
} satisfies Measure
