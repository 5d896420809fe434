/**
 * Keep-alive connections, one pool per origin and the exact set of addresses that was checked for it: a connection
 * made for one answer of DNS is never used under another. Owns the pools and closes those left idle. What makes
 * connections is large, and loaded for the first of them: a core that reaches nothing does without.
 */
import type { LookupFunction } from 'node:net'
import type * as Undici from 'undici'
import type { Address } from './address.ts'
import type { Target } from './target.ts'

const CONNECTIONS = 32
const CONNECT_TIMEOUT_MS = 10_000
const KEEP_ALIVE_MS = 4_000
const MAX_ANSWER_HEADER_BYTES = 32_768
const IDLE_MS = 30_000
const MAX_POOLS = 256

export interface PoolEntry {
  readonly pool: Undici.Pool
  /** Requests under way. */
  active: number
  /** True once an answer came: the next request may meet a connection that the other side just closed. */
  warm: boolean
  lastUsed: number
}

export class Pools {
  readonly #entries = new Map<string, PoolEntry>()
  readonly #sweep: NodeJS.Timeout
  #library: typeof Undici | undefined

  constructor() {
    this.#sweep = setInterval(() => this.#closeIdle(IDLE_MS), IDLE_MS / 2).unref()
  }

  get size(): number {
    return this.#entries.size
  }

  /** Resolves when `for` can be called. */
  async ready(): Promise<void> {
    this.#library ??= await import('undici')
  }

  for(target: Target, addresses: readonly Address[]): PoolEntry {
    const key = `${target.url.origin} ${keyOf(addresses)}`
    const found = this.#entries.get(key)
    if (found !== undefined) {
      found.lastUsed = performance.now()
      return found
    }
    if (this.#entries.size >= MAX_POOLS) this.#closeIdle(0)
    const entry: PoolEntry = {
      pool: this.#open(target, addresses),
      active: 0,
      warm: false,
      lastUsed: performance.now(),
    }
    this.#entries.set(key, entry)
    return entry
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep)
    const entries = [...this.#entries.values()]
    this.#entries.clear()
    await Promise.all(entries.map(entry => entry.pool.destroy()))
  }

  #open(target: Target, addresses: readonly Address[]): Undici.Pool {
    if (this.#library === undefined) throw new Error('a connection was wanted before its library was there')
    return new this.#library.Pool(target.url.origin, {
      connections: CONNECTIONS,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_ANSWER_HEADER_BYTES,
      connect: {
        timeout: CONNECT_TIMEOUT_MS,
        allowH2: false,
        autoSelectFamily: addresses.length > 1,
        // Host header and certificate name stay those of the origin; only where it connects is pinned.
        lookup: pinned(addresses),
      },
    })
  }

  #closeIdle(olderThanMs: number): void {
    const before = performance.now() - olderThanMs
    for (const [key, entry] of this.#entries) {
      if (entry.active > 0 || entry.lastUsed > before) continue
      this.#entries.delete(key)
      entry.pool.destroy().catch((error: unknown) => process.emitWarning(String(error)))
    }
  }
}

function keyOf(addresses: readonly Address[]): string {
  const [only] = addresses
  if (only !== undefined && addresses.length === 1) return only.address
  return addresses
    .map(entry => entry.address)
    .sort()
    .join(',')
}

/** Answers the socket's look-up with what was checked, so that no second answer can differ from it. */
function pinned(addresses: readonly Address[]): LookupFunction {
  return (_hostname, options, callback) => {
    const [first] = addresses
    if (options.all === true) callback(null, [...addresses])
    else callback(null, first?.address ?? '', first?.family)
  }
}
