/**
 * Webhooks by the hundred, with repetitions, to a core that is killed in the middle of them: whatever was confirmed
 * is there after the next start, and each delivery ran once.
 */
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { install, startCore } from '../server/api.ts'
import { signedHeaders } from '../support/signed-delivery.ts'
import { until } from '../support/world.ts'
import { Steward } from '../cli/steward.ts'
import type { Serving } from '../cli/steward.ts'

const DELIVERIES = 400
const AT_ONCE = 25
const KILLED_AFTER = [120, 260]

let steward: Steward

beforeEach(() => {
  steward = new Steward()
})
afterEach(() => {
  steward.end()
})

/** Adds up what it was told; asked by a person, it says so. */
const SOURCE = `
  import { get, set } from 'tools/state'
  export default async event => {
    const seen = (await get('seen')) ?? []
    if (event?.trigger !== 'webhook') return seen
    await set('seen', [...seen, event.json.number])
  }`
const ECHO = 'export default event => event'
const CONTRACT = {
  schema: 1,
  title: 'Flood',
  promise: 'Notes what it was told.',
  zone: 'UTC',
  when: [{ kind: 'webhook', mostPerMinute: 1_000_000 }],
  uses: ['tools/state'],
  reads: {},
}

interface Answered {
  status: number
  json: Record<string, unknown>
}

function client(serving: Serving) {
  const token = fs.readFileSync(path.join(steward.home, 'token'), 'utf8').trim()
  return async (method: string, at: string, json?: unknown): Promise<Answered> => {
    const answer = await fetch(`${serving.url}/api/v1${at}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    })
    return { status: answer.status, json: (await answer.json()) as Record<string, unknown> }
  }
}

it('R6 J1 each of hundreds of webhooks runs once, with repetitions and two kills in the middle', async () => {
  let serving = await steward.serve()
  await client(serving)('POST', '/automations', { name: 'flood', source: SOURCE, contract: CONTRACT })
  const shown = await client(serving)('GET', '/automations/flood/webhooks')
  const [hook] = shown.json['items'] as { path: string; secret: string }[]
  const confirmed = new Map<number, number>()
  const kills = [...KILLED_AFTER]
  let restarted: Promise<void> = Promise.resolve()
  const killed = async () => {
    serving.child.kill('SIGKILL')
    await new Promise(resolve => serving.child.once('close', resolve))
    serving = await steward.serve()
  }
  /** The number of its answer; null where none came. */
  const post = async (number: number): Promise<number | null> => {
    const body = JSON.stringify({ number })
    const headers = signedHeaders(hook?.secret ?? '', body, {
      id: `d${number}`,
      atS: Math.floor(Date.now() / 1_000),
    })
    return fetch(`${serving.url}${hook?.path ?? ''}`, { method: 'POST', body, headers }).then(
      async answer => {
        const { duplicate } = (await answer.json()) as { duplicate?: boolean }
        if (duplicate === false) confirmed.set(number, (confirmed.get(number) ?? 0) + 1)
        return answer.status
      },
      () => null,
    )
  }
  const deliver = async (number: number) => {
    await restarted
    // What is not confirmed is sent again, as senders do.
    while ((await post(number)) !== 202) await restarted
    if (confirmed.size >= (kills[0] ?? Infinity)) {
      kills.shift()
      restarted = killed()
    }
  }
  const queue = Array.from({ length: DELIVERIES }, (_, n) => (n % 5 === 0 ? [n, n] : [n])).flat()
  queue.push(...Array.from({ length: DELIVERIES / 5 }, (_, n) => 5 * n + 1))
  const lane = async () => {
    for (let number = queue.shift(); number !== undefined; number = queue.shift()) await deliver(number)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  expect(kills).toEqual([])
  // A delivery whose confirmation was lost with the core is a duplicate when it is sent again; none is new twice.
  expect([...confirmed.values()].every(times => times === 1)).toBe(true)
  const asked = await client(serving)('POST', '/automations/flood/events?wait=60000', { payload: null })
  const { result } = asked.json['run'] as { result: number[] }
  expect(result.toSorted((a, b) => a - b)).toEqual(Array.from({ length: DELIVERIES }, (_, n) => n))
}, 120_000)

it('J1 R6 comes once the event is on the disk, and not before', async () => {
  let held: (() => void)[] | null = null
  const slow = await startCore({
    sync: fd =>
      new Promise((resolve, reject) => {
        const flush = () => {
          fs.fdatasync(fd, error => {
            if (error === null) resolve()
            else reject(error)
          })
        }
        if (held === null) flush()
        else held.push(flush)
      }),
  })
  try {
    await install(slow, 'hook', ECHO, { when: [{ kind: 'webhook', verify: 'address' }] })
    const [hook] = slow.core.engine.hooks.addresses(slow.core.engine.workflow('hook').id)
    held = []
    const waiting = held
    let status = 0
    const posted = slow
      .call({ method: 'POST', path: hook?.path ?? '', body: 'x', withoutToken: true })
      .then(answer => (status = answer.status))
    await until(() => waiting.length > 0, 'nothing was flushed')
    expect((await slow.call({ path: '/health' })).status).toBe(200)
    expect(status).toBe(0)
    held = null
    for (const flush of waiting) flush()
    expect(await posted).toBe(202)
  } finally {
    held = null
    await slow.end()
  }
})
