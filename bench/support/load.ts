/** The client that sends events: a process of its own with kept-alive connections, one event at a time on each. */
import { Pool } from 'undici'
import { answerParent, monotonicMs } from './peer.ts'

export interface LoadQuestion {
  url: string
  token: string
  /** Each gets a connection of its own; the next event leaves when the run of the last has ended. */
  automations: readonly string[]
  /** Stops after this many events in all, or this long, whichever comes first. */
  most?: number
  forMs?: number
  /** Becomes `payload.tag`, with the event's number appended. */
  tag?: string
}

export interface LoadAnswer {
  /** From the first event's departure to the last answer. */
  tookMs: number
  /** Departure and duration of each event, in order of departure. */
  events: { sentAt: number; ms: number }[]
}

const WAIT_MS = 60_000

answerParent<LoadQuestion, LoadAnswer>(async question => {
  const pool = new Pool(question.url, { connections: question.automations.length, pipelining: 1 })
  const startedAt = monotonicMs()
  const until = startedAt + (question.forMs ?? Infinity)
  const events: LoadAnswer['events'] = []
  let sent = 0
  const lane = async (automation: string) => {
    while (sent < (question.most ?? Infinity) && monotonicMs() < until) {
      const number = sent++
      const sentAt = monotonicMs()
      await send(pool, question, automation, number)
      events.push({ sentAt, ms: monotonicMs() - sentAt })
    }
  }
  await Promise.all(question.automations.map(lane))
  const tookMs = monotonicMs() - startedAt
  await pool.close()
  return { tookMs, events: events.sort((a, b) => a.sentAt - b.sentAt) }
})

async function send(pool: Pool, question: LoadQuestion, automation: string, number: number): Promise<void> {
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path: `/api/v1/automations/${automation}/events?wait=${String(WAIT_MS)}`,
    headers: { authorization: `Bearer ${question.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ payload: { tag: `${question.tag ?? ''}${String(number)}` } }),
  })
  const text = await body.text()
  if (statusCode !== 200 || !text.includes('"state":"succeeded"'))
    throw new Error(`An event was answered with ${String(statusCode)}: ${text.slice(0, 500)}`)
}
