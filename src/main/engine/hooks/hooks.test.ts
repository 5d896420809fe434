import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hubHeaders, signedHeaders } from '../../../../test/support/signed-delivery.ts'
import { burstOf, take } from './pace.ts'
import type { Paced } from './pace.ts'
import { payloadOf } from './payload.ts'
import { verifyDelivery } from './verify.ts'

const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`
const NOW = Date.UTC(2026, 2, 1)
const delivery = (headers: Record<string, string>, body = 'body', query: Record<string, string> = {}) => {
  return { headers, query, body: Buffer.from(body), now: NOW }
}
const good = (body = 'body') => signedHeaders(SECRET, body, { id: 'msg_1', atS: NOW / 1_000 })

describe('signatures', () => {
  it('R6 agree with the example that the specification of Standard Webhooks gives', () => {
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    }
    const body = Buffer.from('{"test": 2432232314}')
    const example = { headers, query: {}, body, now: 1_614_265_330_000 }
    expect(verifyDelivery('signed', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', example)).toEqual({
      ok: true,
      ids: ['id:msg_p5jXN8AQM9LWM0D4loKWxJek'],
    })
  })

  it('R6 agree with the example that GitHub gives', () => {
    const headers = {
      'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    }
    const example = delivery(headers, 'Hello, World!')
    expect(verifyDelivery('hub', "It's a Secret to Everybody", example).ok).toBe(true)
    expect(verifyDelivery('hub', "It's a secret to Everybody", example).ok).toBe(false)
  })

  it('R6 are found among several, as while a sender changes its secret', () => {
    const headers = good()
    headers['webhook-signature'] = `v1a,ed25519 v1,${'B'.repeat(43)}= ${headers['webhook-signature'] ?? ''}`
    expect(verifyDelivery('signed', SECRET, delivery(headers)).ok).toBe(true)
  })

  it('R6 do not hold for anything else: no change of one character, header or secret is taken', () => {
    const mutation = fc.record({
      part: fc.constantFrom('webhook-id', 'webhook-timestamp', 'webhook-signature', 'body', 'secret'),
      at: fc.nat(1_000),
      to: fc.string({ minLength: 1, maxLength: 1 }),
    })
    fc.assert(
      fc.property(mutation, ({ part, at, to }) => {
        const parts: Record<string, string> = { ...good(), body: 'body', secret: SECRET }
        const text = parts[part] ?? ''
        const changed = text.slice(0, at % text.length) + to + text.slice((at % text.length) + 1)
        // Base64 has two spellings of one value.
        const same =
          part === 'secret' &&
          Buffer.from(changed.slice(6), 'base64').equals(Buffer.from(SECRET.slice(6), 'base64'))
        fc.pre(changed !== text && !same)
        parts[part] = changed
        const { body = '', secret = '', ...headers } = parts
        expect(verifyDelivery('signed', secret, delivery(headers, body)).ok).toBe(false)
      }),
    )
  })

  it('R6 are refused beside the form they have to have', () => {
    const odd: Record<string, string>[] = [
      {},
      { ...good(), 'webhook-id': '' },
      { ...good(), 'webhook-id': 'a.b' },
      { ...good(), 'webhook-id': 'a'.repeat(201) },
      { ...good(), 'webhook-timestamp': '-1' },
      { ...good(), 'webhook-timestamp': '1e3' },
      { ...good(), 'webhook-timestamp': '9'.repeat(400) },
      { ...good(), 'webhook-signature': 'v1,' },
      { ...good(), 'webhook-signature': `${'x '.repeat(8)}${good()['webhook-signature'] ?? ''}` },
    ]
    expect(odd.map(headers => verifyDelivery('signed', SECRET, delivery(headers)).ok)).toEqual(
      odd.map(() => false),
    )
    const signature = createHmac('sha1', SECRET).update('body').digest('hex')
    const hub = [
      { 'x-hub-signature': `sha1=${signature}` },
      { 'x-hub-signature-256': `sha1=${signature}` },
      { 'x-hub-signature-256': hubHeaders(SECRET, 'body')['x-hub-signature-256']?.slice(7) ?? '' },
    ]
    expect(hub.map(headers => verifyDelivery('hub', SECRET, delivery(headers)).ok)).toEqual([
      false,
      false,
      false,
    ])
  })
})

describe('the pace of an address', () => {
  it('R6 never takes more than its burst at once and its rate over time, and gives an honest time to come back', () => {
    const waits = fc.array(fc.integer({ min: -5_000, max: 30_000 }), { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), waits, (mostPerMinute, gaps) => {
        let now = NOW
        let furthest = now
        let paced: Paced | undefined
        let taken = 0
        for (const gap of gaps) {
          now += gap
          furthest = Math.max(furthest, now)
          const answer = take(paced, mostPerMinute, now)
          paced = answer.paced
          if (answer.waitMs === 0) taken++
          else expect(take(paced, mostPerMinute, now + answer.waitMs).waitMs).toBe(0)
        }
        // A clock that is set back and goes on again counts what it shows twice.
        const shown = gaps.reduce((sum, gap) => sum + Math.max(0, gap), 0)
        expect(taken).toBeLessThanOrEqual(burstOf(mostPerMinute) + (shown * mostPerMinute) / 60_000 + 1e-6)
      }),
    )
  })
})

describe('the payload', () => {
  it('R6 is data, whatever came: no proof in it, no depth that could not be written down', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const received = {
      headers: {
        'x-hub-signature-256': 's',
        'x-gitlab-token': 't',
        cookie: 'c',
        'x-a': 'a',
        'x-long': 'l'.repeat(9_000),
      },
      query: {},
      body: Buffer.from(deep),
    }
    const payload = payloadOf('hook', 'id:1', received, NOW)
    expect(payload).toMatchObject({ encoding: 'text', json: null, body: deep })
    expect(Object.keys(payload.headers)).toEqual(['x-a', 'x-long'])
    expect(payload.headers['x-long']).toHaveLength(4_096)
    expect(payloadOf('hook', 'id:1', { ...received, body: Buffer.from([0xff, 0xfe]) }, NOW)).toMatchObject({
      encoding: 'base64',
      body: '//4=',
    })
    const proto = payloadOf('hook', 'id:1', { ...received, body: Buffer.from('{"__proto__":{"x":1}}') }, NOW)
    expect(JSON.stringify(proto.json)).toBe('{"__proto__":{"x":1}}')
  })
})
