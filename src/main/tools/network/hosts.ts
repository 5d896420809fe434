/**
 * What is known of each host between requests: its circuit breaker and the time before which it asked to be left
 * alone (R5). Owns that memory, which is lost with the process; does not own the decision to try again.
 */
import type { Failure } from '../../../domain/failure.ts'

const OPENS_AFTER = 5
const FIRST_PAUSE_MS = 15_000
const LONGEST_PAUSE_MS = 300_000
/** While one request finds out whether the host is back, the others ask again after this. */
const PROBE_WAIT_MS = 1_000
const MAX_HOSTS = 2_000

export interface Breaker {
  /** Failures since the last answer. */
  failures: number
  /** Nothing is sent before this (UTC ms); null while closed. */
  openUntil: number | null
  /** One request is finding out whether the host is back. */
  probing: boolean
}

/** answered: any answer of its own · failed: none, or one that says it is down · gave-up: the caller went away. */
export type BreakerEvent = 'answered' | 'failed' | 'gave-up'

export const CLOSED: Breaker = { failures: 0, openUntil: null, probing: false }

/** How long to wait before a request may be sent: 0 is now. */
export function breakerWait(breaker: Breaker, now: number): number {
  if (breaker.openUntil === null) return 0
  if (now < breaker.openUntil) return breaker.openUntil - now
  return breaker.probing ? PROBE_WAIT_MS : 0
}

export function breakerNext(breaker: Breaker, event: BreakerEvent, now: number): Breaker {
  if (event === 'answered') return CLOSED
  if (event === 'gave-up') return { ...breaker, probing: false }
  const failures = breaker.failures + 1
  if (failures < OPENS_AFTER) return { failures, openUntil: null, probing: false }
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - OPENS_AFTER, 10), LONGEST_PAUSE_MS)
  return { failures, openUntil: now + pause, probing: false }
}

export interface HostState {
  host: string
  breaker: Breaker
  /** The host asked not to be called before this (UTC ms). */
  notBefore: number | null
}

export type HostEvent = { is: BreakerEvent } | { is: 'rate-limited'; retryAfterMs: number | null }

export class HostHealth {
  readonly #now: () => number
  readonly #hosts = new Map<string, Omit<HostState, 'host'>>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Why nothing may be sent to the host now, or null. With null, `record` must follow. */
  admit(host: string): Failure | null {
    const state = this.#hosts.get(host)
    if (state === undefined) return null
    const now = this.#now()
    if (state.notBefore !== null && now < state.notBefore) return rateLimited(host, state.notBefore - now)
    const wait = breakerWait(state.breaker, now)
    if (wait > 0) return unavailable(host, wait)
    if (state.breaker.openUntil !== null)
      this.#put(host, { ...state, breaker: { ...state.breaker, probing: true } })
    return null
  }

  record(host: string, event: HostEvent): void {
    const known = this.#hosts.get(host)
    if (known === undefined && (event.is === 'answered' || event.is === 'gave-up')) return
    const state = known ?? { breaker: CLOSED, notBefore: null }
    if (event.is === 'rate-limited') {
      const notBefore = event.retryAfterMs === null ? state.notBefore : this.#now() + event.retryAfterMs
      this.#put(host, { breaker: CLOSED, notBefore })
      return
    }
    const now = this.#now()
    const breaker = breakerNext(state.breaker, event.is, now)
    const notBefore = state.notBefore !== null && state.notBefore > now ? state.notBefore : null
    if (breaker === CLOSED && notBefore === null) this.#hosts.delete(host)
    else this.#put(host, { breaker, notBefore })
  }

  /** Hosts that are not simply well. */
  snapshot(): HostState[] {
    return [...this.#hosts].map(([host, state]) => ({ host, ...state }))
  }

  /** Forgets every pause: after being offline, what failed then says nothing about the hosts. */
  forgetBreakers(): void {
    for (const [host, state] of this.#hosts) {
      if (state.notBefore === null) this.#hosts.delete(host)
      else this.#hosts.set(host, { ...state, breaker: CLOSED })
    }
  }

  #put(host: string, state: Omit<HostState, 'host'>): void {
    this.#hosts.delete(host)
    this.#hosts.set(host, state)
    const [oldest] = this.#hosts.keys()
    if (this.#hosts.size > MAX_HOSTS && oldest !== undefined) this.#hosts.delete(oldest)
  }
}

function rateLimited(host: string, retryAfterMs: number): Failure {
  return {
    kind: 'rate-limited',
    host,
    retryAfterMs,
    message: `${host} had asked not to be called yet. Nothing was sent.`,
    detail: { sent: 'no', host },
  }
}

function unavailable(host: string, retryAfterMs: number): Failure {
  return {
    kind: 'unavailable',
    host,
    status: null,
    retryAfterMs,
    message: `${host} had not answered several times in a row, so it was left alone for a while. Nothing was sent.`,
    detail: { sent: 'no', host },
  }
}
