/**
 * Ten thousand signed webhooks, fifty at once, some of them twice or three times, while the automation they start runs
 * for each: every one is taken in once, and each has its run in the end.
 */
import type { HookAddress } from '../../src/main/server/api.ts'
import { contractFor } from '../support/contracts.ts'
import { startCore } from '../support/core.ts'
import type { BenchCore } from '../support/core.ts'
import type { DeliveriesAnswer, DeliveriesQuestion } from '../support/deliveries.ts'
import { percentile } from '../support/figure.ts'
import type { Figure, Measure } from '../support/figure.ts'
import { startPeer } from '../support/peer.ts'

const DELIVERIES = 10_000
const AT_ONCE = 50
const AGAIN_EVERY = 10
const DUPLICATES = (2 * DELIVERIES) / AGAIN_EVERY
const MEGABYTE = 2 ** 20

/** Adds up what it was told; asked by a person, it says so. */
const SOURCE = `import { get, set } from 'tools/state'
export default async function run(event) {
  const seen = (await get('seen')) ?? { count: 0, sum: 0 }
  if (event?.trigger !== 'webhook') return seen
  await set('seen', { count: seen.count + 1, sum: seen.sum + event.json.number })
}`

interface Round {
  sent: DeliveriesAnswer
  /** From the first departure to the end of the last run. */
  wholeMs: number
  beforeMb: number
  mostMb: number
  lost: number
  doubled: number
}

async function roundOf(tag: string): Promise<Round> {
  const core = await startCore()
  const sender = startPeer<DeliveriesQuestion, DeliveriesAnswer>(
    new URL('../support/deliveries.ts', import.meta.url),
  )
  const when = [{ kind: 'webhook' as const, mostPerMinute: 1_000_000 }]
  await core.install('hook', SOURCE, contractFor({ when, uses: ['tools/state'] }))
  const { path, secret } = await addressOf(core)
  const beforeMb = core.usage().rssBytes / MEGABYTE
  let mostMb = beforeMb
  const watching = setInterval(() => {
    mostMb = Math.max(mostMb, core.usage().rssBytes / MEGABYTE)
  }, 100)
  const startedAt = performance.now()
  const question = { url: core.url, path, secret, count: DELIVERIES, atOnce: AT_ONCE }
  const sent = await sender.ask({ ...question, againEvery: AGAIN_EVERY, tag })
  const seen = await seenWhenDone(core)
  const wholeMs = performance.now() - startedAt
  clearInterval(watching)
  const sum = (DELIVERIES * (DELIVERIES - 1)) / 2
  const { taken } = await addressOf(core)
  await sender.close()
  await core.remove()
  if (sent.duplicates !== DUPLICATES || (seen.count === DELIVERIES && seen.sum !== sum))
    throw new Error('Deliveries were taken for others.')
  return {
    sent,
    wholeMs,
    beforeMb,
    mostMb,
    lost: DELIVERIES - Math.min(seen.count, taken),
    doubled: Math.max(seen.count, taken) - DELIVERIES,
  }
}

async function addressOf(core: BenchCore): Promise<{ path: string; secret: string; taken: number }> {
  const { body } = await core.request('GET', '/api/v1/automations/hook/webhooks')
  const [address] = (body as { items: HookAddress[] }).items
  if (typeof address?.secret !== 'string') throw new Error('The webhook has no address.')
  return { path: address.path, secret: address.secret, taken: address.taken }
}

/** Its turn comes when all that were taken in before have run. */
async function seenWhenDone(core: BenchCore): Promise<{ count: number; sum: number }> {
  const { body } = await core.request('POST', '/api/v1/automations/hook/events', { payload: null })
  const { eventId } = body as { eventId: string }
  for (;;) {
    const answer = await core.request('GET', `/api/v1/events/${eventId}?wait=60000`)
    const { settled, run } = answer.body as {
      settled: boolean
      run: { result: { count: number; sum: number } } | null
    }
    if (settled && run !== null) return run.result
  }
}

export default {
  title: 'Ten thousand webhooks, fifty at once, a fifth of them sent again',
  measure: async ({ rounds }) => {
    const found: Round[] = []
    for (let round = 0; round < Math.min(rounds, 2); round++) found.push(await roundOf(`r${round}-`))
    const figure = (name: string, unit: string, of: (round: Round) => number, more: Partial<Figure> = {}) => {
      return { name, unit, rounds: found.map(of), ...more }
    }
    const none = { aim: { atMost: 0 } }
    return [
      figure('deliveries lost', '', ({ lost }) => lost, none),
      figure('deliveries taken in twice', '', ({ doubled }) => doubled, none),
      figure('deliveries confirmed', '1/s', ({ sent }) => (DELIVERIES + DUPLICATES) / (sent.tookMs / 1_000), {
        note: 'each on the disk before it is',
      }),
      figure('delivery to its confirmation, p50', 'ms', ({ sent }) => percentile(sent.ms, 50)),
      figure('delivery to its confirmation, p99', 'ms', ({ sent }) => percentile(sent.ms, 99)),
      figure('delivery to its confirmation, most', 'ms', ({ sent }) => Math.max(...sent.ms)),
      figure('deliveries run', '1/s', ({ wholeMs }) => DELIVERIES / (wholeMs / 1_000)),
      figure('memory before', 'MB', ({ beforeMb }) => beforeMb),
      figure('memory at most', 'MB', ({ mostMb }) => mostMb),
      figure('sent away for a moment', '', ({ sent }) => sent.sentAway),
    ]
  },
} satisfies Measure
