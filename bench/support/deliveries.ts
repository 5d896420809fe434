/**
 * The sender of webhooks: a process of its own that signs and posts numbered deliveries, many at once, some of them
 * again while the first is still under way or long after. What is not confirmed is sent again, as senders do.
 */
import { createHmac } from 'node:crypto'
import { Pool } from 'undici'
import { answerParent, monotonicMs } from './peer.ts'

export interface DeliveriesQuestion {
  url: string
  path: string
  /** `whsec_…` */
  secret: string
  count: number
  atOnce: number
  /** Every so manieth is sent a second time at once, and as many once more later. */
  againEvery: number
  tag: string
}

export interface DeliveriesAnswer {
  tookMs: number
  /** Of each delivery that was confirmed as new: from its departure to that answer. */
  ms: number[]
  duplicates: number
  /** Sent away because too much came at once, and sent again. */
  sentAway: number
}

answerParent<DeliveriesQuestion, DeliveriesAnswer>(async question => {
  const { count, atOnce, againEvery } = question
  const pool = new Pool(question.url, { connections: atOnce, pipelining: 1 })
  const answer: DeliveriesAnswer = { tookMs: 0, ms: [], duplicates: 0, sentAway: 0 }
  const numbers = Array.from({ length: count }, (_, number) => number)
  const twice = numbers.flatMap(number => (number % againEvery === 0 ? [number, number] : [number]))
  const later = numbers.filter(number => number % againEvery === 1)
  const queue = [...twice, ...later]
  const startedAt = monotonicMs()
  const lane = async () => {
    for (let number = queue.shift(); number !== undefined; number = queue.shift())
      await deliver(pool, question, number, answer)
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  answer.tookMs = monotonicMs() - startedAt
  await pool.close()
  return answer
})

async function deliver(
  pool: Pool,
  { path, secret, tag }: DeliveriesQuestion,
  number: number,
  answer: DeliveriesAnswer,
): Promise<void> {
  for (;;) {
    const body = JSON.stringify({ number, padding: 'x'.repeat(500) })
    const sentAt = monotonicMs()
    const got = await pool.request({
      method: 'POST',
      path,
      body,
      headers: signed(secret, `${tag}${number}`, body),
    })
    const text = await got.body.text()
    if (got.statusCode === 202) {
      if (text.includes('true')) answer.duplicates++
      else answer.ms.push(monotonicMs() - sentAt)
      return
    }
    if (got.statusCode !== 429) throw new Error(`A delivery was answered with ${got.statusCode}: ${text}`)
    answer.sentAway++
    await new Promise(resolve => setTimeout(resolve, Number(got.headers['retry-after']) * 1_000))
  }
}

/** Standard Webhooks. */
function signed(secret: string, id: string, body: string): Record<string, string> {
  const at = String(Math.floor(Date.now() / 1_000))
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': at,
    'webhook-signature': `v1,${signature}`,
  }
}
