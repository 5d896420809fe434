/** Memory of runs: at work (each with an instance, inside a call that does not answer) and suspended (a row each). */
import { setTimeout as sleep } from 'node:timers/promises'
import { contractFor, networkContract } from '../support/contracts.ts'
import { startCore } from '../support/core.ts'
import type { BenchCore } from '../support/core.ts'
import type { Figure, Measure } from '../support/figure.ts'
import { startSite } from '../support/site.ts'

const MEGABYTE = 2 ** 20
const ACTIVE = 40
const SUSPENDED = 10_000
/** Suspended runs keep their turns, and an automation has 16 at most. */
const TURNS = 16
const SENDERS = 16

async function restingMb(core: BenchCore): Promise<number> {
  await sleep(5_000)
  return core.usage().rssBytes / MEGABYTE
}

/** All of them, a few at a time. */
async function inLanes(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: SENDERS }, lane))
}

async function activeRuns(): Promise<Figure> {
  const site = await startSite()
  const core = await startCore({ bare: true })
  const automations = Math.ceil(ACTIVE / TURNS)
  for (let index = 0; index < automations; index++)
    await core.install(
      `hang-${String(index)}`,
      `import { get } from 'tools/http'
export default async function run({ tag }) { await get('${site.url('/hang/')}' + tag) }`,
      networkContract(site.host, { queue: { concurrency: TURNS } }),
    )
  const before = await restingMb(core)
  await inLanes(ACTIVE, index => core.emit(`hang-${String(index % automations)}`, { tag: String(index) }))
  await site.seen(`/hang/${String(ACTIVE - 1)}`)
  const after = await restingMb(core)
  await core.kill()
  await core.remove()
  await site.close()
  return { name: 'memory of a run at work', unit: 'MB', rounds: [(after - before) / ACTIVE] }
}

async function suspendedRuns(): Promise<Figure[]> {
  let core = await startCore({ bare: true })
  const automations = Math.ceil(SUSPENDED / TURNS)
  await inLanes(automations, index =>
    core.install(
      `asleep-${String(index)}`,
      `import { sleep } from 'tools/flow'
export default async function run() { await sleep({ days: 30 }) }`,
      contractFor({ uses: ['tools/flow'], queue: { concurrency: TURNS } }),
    ),
  )
  await core.stop()
  core = await startCore({ home: core.home, bare: true })
  const before = await restingMb(core)
  await inLanes(SUSPENDED, index => core.emit(`asleep-${String(index % automations)}`, {}, 30_000))
  const live = await restingMb(core)
  const liveAgain = await restingMb(core)
  await core.stop()
  core = await startCore({ home: core.home, bare: true })
  const restarted = await restingMb(core)
  const { readyMs } = core
  await core.remove()
  return [
    {
      name: '10,000 suspended runs add, after a restart',
      unit: 'MB',
      rounds: [restarted - before],
      aim: { atMost: 20 },
      note: `${before.toFixed(0)} MB without them`,
    },
    {
      name: '10,000 suspended runs add, in the core that ran them',
      unit: 'MB',
      rounds: [live - before, liveAgain - before],
      note: 'includes what the allocator keeps of 10,000 runs',
    },
    { name: 'memory of a suspended run', unit: 'kB', rounds: [((restarted - before) / SUSPENDED) * 1_024] },
    { name: 'start to ready with them', unit: 'ms', rounds: [readyMs] },
  ]
}

export default {
  title: 'Memory of runs',
  measure: async () => [await activeRuns(), ...(await suspendedRuns())],
} satisfies Measure
