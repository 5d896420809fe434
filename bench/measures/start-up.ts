/**
 * Starting: from the start of the process to its ready line, and to the first step of its first run; and a run that
 * was at work when the core was killed, from the next start to its next step.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { networkContract } from '../support/contracts.ts'
import { startCore } from '../support/core.ts'
import type { Figure, Measure } from '../support/figure.ts'
import { monotonicMs } from '../support/peer.ts'
import { startSite } from '../support/site.ts'
import type { Site } from '../support/site.ts'

const STARTS = 5

async function starts(count: number): Promise<Figure[]> {
  const first: number[] = []
  const later: number[] = []
  for (let start = 0; start < count; start++) {
    const fresh = await startCore({ bare: true })
    first.push(fresh.readyMs)
    await fresh.stop()
    const again = await startCore({ bare: true, home: fresh.home })
    later.push(again.readyMs)
    await again.remove()
  }
  return [
    { name: 'start to ready', unit: 'ms', rounds: later, aim: { atMost: 1_000 } },
    { name: 'start to ready, new folder', unit: 'ms', rounds: first },
  ]
}

async function firstRuns(site: Site, count: number): Promise<Figure> {
  let core = await startCore({ bare: true })
  await core.install(
    'first',
    `import { get } from 'tools/http'
export default async function run({ tag }) { await get('${site.url('/cold/')}' + tag); return {} }`,
    networkContract(site.host),
  )
  const rounds: number[] = []
  for (let start = 0; start < count; start++) {
    await core.stop()
    core = await startCore({ bare: true, home: core.home })
    const sentAt = monotonicMs()
    const [at] = await Promise.all([
      site.seen(`/cold/${String(start)}`),
      core.emit('first', { tag: String(start) }, 30_000),
    ])
    rounds.push(at - sentAt)
  }
  await core.remove()
  return { name: 'event to first step, core just started', unit: 'ms', rounds }
}

async function killedRuns(site: Site, count: number): Promise<Figure[]> {
  let core = await startCore({ bare: true })
  await core.install(
    'steady',
    `import { get } from 'tools/http'
export default async function run() { for (let step = 0; ; step++) await get('${site.url('/slow/20/')}' + step) }`,
    networkContract(site.host),
  )
  await core.emit('steady', {})
  const afterReady: number[] = []
  const afterStart: number[] = []
  for (let kill = 0; kill < count; kill++) {
    await sleep(500)
    await core.kill()
    await sleep(100)
    const next = site.next()
    core = await startCore({ bare: true, home: core.home })
    const at = await next
    afterReady.push(Math.max(0, at - core.readyAt))
    afterStart.push(at - core.readyAt + core.readyMs)
  }
  await core.remove()
  return [
    {
      name: 'killed run: ready line to next step',
      unit: 'ms',
      rounds: afterReady,
      aim: { atMost: 500 },
      note: '0: it had gone on before the line was printed',
    },
    { name: 'killed run: start of the process to next step', unit: 'ms', rounds: afterStart },
  ]
}

export default {
  title: 'Starting, and going on after a kill',
  measure: async ({ rounds }) => {
    const site = await startSite()
    const count = Math.max(STARTS, rounds)
    const figures = [
      ...(await starts(count)),
      await firstRuns(site, count),
      ...(await killedRuns(site, count)),
    ]
    await site.close()
    return figures
  },
} satisfies Measure
