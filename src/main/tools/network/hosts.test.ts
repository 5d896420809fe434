import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { breakerNext, breakerWait, CLOSED, HostHealth, type BreakerEvent } from './hosts.ts'

const fail = (times: number, now: number) =>
  Array.from({ length: times }).reduce<typeof CLOSED>(state => breakerNext(state, 'failed', now), CLOSED)

describe('the breaker', () => {
  it('R5 opens after five failures in a row, and not after four', () => {
    expect(breakerWait(fail(4, 1_000), 1_000)).toBe(0)
    expect(breakerWait(fail(5, 1_000), 1_000)).toBe(15_000)
  })

  it('R5 waits longer each time the host stays away, up to five minutes', () => {
    const waits = [5, 6, 7, 8, 9, 10, 40].map(times => breakerWait(fail(times, 0), 0))
    expect(waits).toEqual([15_000, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000])
  })

  it('R5 closes with any answer, and an abandoned request changes nothing but the probe', () => {
    expect(breakerNext(fail(9, 0), 'answered', 5)).toEqual(CLOSED)
    expect(breakerNext({ ...fail(5, 0), probing: true }, 'gave-up', 5)).toEqual(fail(5, 0))
  })

  it('R5 never closes a host for longer than five minutes, whatever happens', () => {
    const event = fc.constantFrom<BreakerEvent>('answered', 'failed', 'gave-up')
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat(100_000))), steps => {
        let now = 0
        let breaker = CLOSED
        for (const [happened, pause] of steps) {
          now += pause
          breaker = breakerNext(breaker, happened, now)
          expect(breakerWait(breaker, now)).toBeLessThanOrEqual(300_000)
          expect(breakerWait(breaker, now + 300_000)).toBe(0)
        }
      }),
    )
  })
})

describe('the health of hosts', () => {
  const health = (): { hosts: HostHealth; at: (ms: number) => void } => {
    let now = 0
    return { hosts: new HostHealth(() => now), at: ms => (now = ms) }
  }

  it('R5 leaves a host alone until the time it asked for', () => {
    const { hosts, at } = health()
    hosts.record('a', { is: 'rate-limited', retryAfterMs: 2_000 })
    expect(hosts.admit('a')).toMatchObject({
      kind: 'rate-limited',
      retryAfterMs: 2_000,
      detail: { sent: 'no' },
    })
    expect(hosts.admit('b')).toBeNull()
    hosts.record('a', { is: 'answered' })
    at(1_500)
    expect(hosts.admit('a')).toMatchObject({ retryAfterMs: 500 })
    at(2_000)
    expect(hosts.admit('a')).toBeNull()
    hosts.record('a', { is: 'answered' })
    expect(hosts.snapshot()).toEqual([])
  })

  it('R5 lets exactly one request find out whether a host is back', () => {
    const { hosts, at } = health()
    for (let i = 0; i < 5; i++) hosts.record('a', { is: 'failed' })
    expect(hosts.admit('a')).toMatchObject({ kind: 'unavailable', retryAfterMs: 15_000 })
    at(15_000)
    expect(hosts.admit('a')).toBeNull()
    expect(hosts.admit('a')).toMatchObject({ kind: 'unavailable', retryAfterMs: 1_000 })
    hosts.record('a', { is: 'gave-up' })
    expect(hosts.admit('a')).toBeNull()
    hosts.record('a', { is: 'answered' })
    expect(hosts.admit('a')).toBeNull()
  })

  it('forgets breakers after being offline, and keeps what hosts asked for', () => {
    const { hosts } = health()
    for (let i = 0; i < 5; i++) hosts.record('a', { is: 'failed' })
    hosts.record('b', { is: 'rate-limited', retryAfterMs: 9_000 })
    hosts.forgetBreakers()
    expect(hosts.snapshot()).toEqual([{ host: 'b', breaker: CLOSED, notBefore: 9_000 }])
  })

  it('remembers a bounded number of hosts', () => {
    const { hosts } = health()
    for (let i = 0; i < 5_000; i++) hosts.record(`h${i}`, { is: 'failed' })
    expect(hosts.snapshot()).toHaveLength(2_000)
  })
})
