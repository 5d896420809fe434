/**
 * What is known of each host between requests: its circuit breaker and the time before which it asked to be left
 * alone (R5). Owns that memory, which is lost with the process; does not own the decision to try again.
 */
import { breakerNext, CLOSED, type BreakerState } from '../../../domain/breaker.ts'
import type { Failure } from '../../../domain/failure.ts'

const MAX_HOSTS = 2_000

export interface HostState {
  host: string
  breaker: BreakerState
  /** The host asked not to be called before this (UTC ms). */
  notBefore: number | null
}

/** answered: any answer of its own · failed: none, or one that says it is down. */
export type HostEvent =
  { is: 'answered' } | { is: 'failed' } | { is: 'rate-limited'; retryAfterMs: number | null }

type Known = Omit<HostState, 'host'>

export class HostHealth {
  readonly #now: () => number
  readonly #hosts = new Map<string, Known>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Why nothing may be sent to the host now, or null: then something is about to be. `of`: whose health it is. */
  admit(host: string, of: string = host): Failure | null {
    const known = this.#hosts.get(of)
    if (known === undefined) return null
    const now = this.#now()
    if (known.notBefore !== null && now < known.notBefore) return rateLimited(host, known.notBefore - now)
    const { state, retryAt } = breakerNext(known.breaker, 'call', now)
    this.#keep(of, { ...known, breaker: state })
    return retryAt === null ? null : unavailable(host, retryAt - now)
  }

  record(host: string, event: HostEvent): void {
    const known = this.#hosts.get(host)
    if (known === undefined && event.is === 'answered') return
    const { breaker, notBefore } = known ?? { breaker: CLOSED, notBefore: null }
    const now = this.#now()
    if (event.is === 'rate-limited') {
      const until = event.retryAfterMs === null ? notBefore : now + event.retryAfterMs
      this.#keep(host, { breaker: CLOSED, notBefore: until })
      return
    }
    const { state } = breakerNext(breaker, event.is === 'failed' ? 'failure' : 'success', now)
    this.#keep(host, { breaker: state, notBefore: notBefore !== null && notBefore > now ? notBefore : null })
  }

  /** Hosts that are not simply well. */
  snapshot(): HostState[] {
    return [...this.#hosts].map(([host, state]) => ({ host, ...state }))
  }

  /** Forgets every breaker: after being offline, what failed then says nothing about the hosts. */
  forgetBreakers(): void {
    for (const [host, known] of [...this.#hosts]) this.#keep(host, { ...known, breaker: CLOSED })
  }

  #keep(host: string, known: Known): void {
    this.#hosts.delete(host)
    if (known.notBefore === null && known.breaker.is === 'closed' && known.breaker.failures === 0) return
    this.#hosts.set(host, known)
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
