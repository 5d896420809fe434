/**
 * A run with 1,000 recorded steps that waits for a signal, holding nothing in memory: from the signal to its next
 * step, in a core that is warm and in one that has just started. All of the script is executed again by replay.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { networkContract } from '../support/contracts.ts'
import { startCore } from '../support/core.ts'
import type { BenchCore } from '../support/core.ts'
import type { Measure } from '../support/figure.ts'
import { monotonicMs } from '../support/peer.ts'
import { startSite } from '../support/site.ts'
import type { Site } from '../support/site.ts'

const STEPS = 1_000
const REST_LOOK_MS = 10

async function rested(core: BenchCore, runId: string): Promise<void> {
  for (;;) {
    const { body } = await core.request('GET', `/api/v1/runs/${runId}`)
    const { state } = body as { state: string }
    if (state === 'waiting') return
    if (state !== 'running') throw new Error(`The run ended: ${JSON.stringify(body).slice(0, 500)}`)
    await sleep(REST_LOOK_MS)
  }
}

async function resumeOnce(core: BenchCore, site: Site, runId: string, turn: number): Promise<number> {
  await rested(core, runId)
  // The instance is let go a moment after the run rests.
  await sleep(100)
  const sentAt = monotonicMs()
  const [at] = await Promise.all([
    site.seen(`/after/${String(turn)}`),
    core.request('POST', `/api/v1/runs/${runId}/signals/go`, { payload: null }),
  ])
  return at - sentAt
}

export default {
  title: `Going on with a run of ${String(STEPS)} steps`,
  measure: async ({ rounds }) => {
    const site = await startSite()
    let core = await startCore()
    await core.install(
      'long',
      `import { get } from 'tools/http'
import { waitFor } from 'tools/flow'
export default async function run() {
  for (let step = 0; step < ${String(STEPS)}; step++) await get('${site.url('/step/')}' + step)
  for (let turn = 0; ; turn++) { await waitFor({ name: 'go' }); await get('${site.url('/after/')}' + turn) }
}`,
      networkContract(site.host, { uses: ['tools/http', 'tools/flow'] }),
    )
    await core.emit('long', {})
    await site.seen(`/step/${String(STEPS - 1)}`)
    await sleep(500)
    const { body } = await core.request('GET', '/api/v1/runs')
    const runId = (body as { items: { id: string }[] }).items[0]?.id ?? ''
    const warm: number[] = []
    for (let turn = 0; turn < rounds * 3; turn++) warm.push(await resumeOnce(core, site, runId, turn))
    const cold: number[] = []
    for (let round = 0; round < rounds; round++) {
      await rested(core, runId)
      await core.kill()
      core = await startCore({ home: core.home })
      cold.push(await resumeOnce(core, site, runId, rounds * 3 + round))
    }
    await core.remove()
    await site.close()
    return [
      { name: 'signal to next step, warm core', unit: 'ms', rounds: warm, aim: { atMost: 150 } },
      { name: 'signal to next step, core just started', unit: 'ms', rounds: cold },
    ]
  },
} satisfies Measure
