import { describe, expect, it } from 'vitest'
import { CLOSED } from '../../../domain/breaker.ts'
import { HostHealth } from './hosts.ts'

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
    expect(hosts.admit('a')).toMatchObject({
      kind: 'unavailable',
      retryAfterMs: 30_000,
      detail: { sent: 'no' },
    })
    at(30_000)
    expect(hosts.admit('a')).toBeNull()
    expect(hosts.admit('a')).toMatchObject({ kind: 'unavailable', retryAfterMs: 30_000 })
    hosts.record('a', { is: 'answered' })
    expect([hosts.admit('a'), hosts.admit('a'), hosts.snapshot()]).toEqual([null, null, []])
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
