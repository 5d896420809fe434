/**
 * Politeness: requests to one host keep a distance in time, whichever automation makes them.
 * Owns when each host may next be asked; it is lost with the process, which is long enough. Does not own what hosts
 * ask for themselves with `Retry-After`; that is the client's. R5: a long wait is the engine's, not held in memory.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { fail } from '../../../domain/failure.ts'
import { isLoopback } from '../network/address.ts'
import type { Target } from '../network/target.ts'

export interface PaceOptions {
  /** Between the beginnings of two requests to one host, ms. */
  gapMs?: number
  /** The same for what answers on this machine, which is the user's own. */
  ownGapMs?: number
}

const GAP_MS = 500
/** A longer wait is given back to the engine. */
const LONGEST_WAIT_MS = 5_000
const LONGEST_GAP_MS = 60_000
const MAX_HOSTS = 2_000

export class Pace {
  readonly #gapMs: number
  readonly #ownGapMs: number
  readonly #next = new Map<string, number>()

  constructor({ gapMs = GAP_MS, ownGapMs = 0 }: PaceOptions = {}) {
    this.#gapMs = gapMs
    this.#ownGapMs = ownGapMs
  }

  /** Waits for this host's turn. `askedGapMs`: what the host asks for itself. */
  async turn(target: Target, askedGapMs: number, signal: AbortSignal): Promise<void> {
    const now = performance.now()
    const at = Math.max(now, this.#next.get(target.host) ?? 0)
    const waitMs = Math.ceil(at - now)
    if (waitMs > LONGEST_WAIT_MS) tooSoon(target.host, waitMs)
    this.#keep(target.host, at + this.#gapOf(target, askedGapMs), now)
    if (waitMs > 0) await sleep(waitMs, undefined, { signal })
  }

  #gapOf(target: Target, askedGapMs: number): number {
    const own = target.literal !== null && isLoopback(target.literal.address)
    return Math.min(Math.max(own ? this.#ownGapMs : this.#gapMs, askedGapMs), LONGEST_GAP_MS)
  }

  #keep(host: string, at: number, now: number): void {
    this.#next.delete(host)
    if (at > now) this.#next.set(host, at)
    if (this.#next.size <= MAX_HOSTS) return
    for (const [other, next] of this.#next) if (next <= now) this.#next.delete(other)
  }
}

function tooSoon(host: string, retryAfterMs: number): never {
  return fail({
    kind: 'rate-limited',
    host,
    retryAfterMs,
    message: `${host} was being asked too often, so this request has to wait for its turn. Nothing was sent.`,
    detail: { sent: 'no', host },
  })
}
