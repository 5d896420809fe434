/**
 * One request of a caller as it is paid for: reserved under every cap before it leaves, tried again while what stopped
 * it passes, and known for what it came to, whatever is made of the answer. What is asked is its user's.
 * Owns the order reserve → ask → settle and the time there is. Rows are the ledger's.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { fail, FailureError } from '../../domain/failure.ts'
import type { Failure } from '../../domain/failure.ts'
import type { CostEntry, PaidRequest, Spent } from '../../domain/model.ts'
import { backoff } from '../../domain/respond.ts'
import { spendingCaps } from '../../domain/spending.ts'
import type { CostLedger, Spending } from '../../domain/spending.ts'
import type { ExchangeOptions, Target } from './exchange.ts'
import { KeyRefused, outOfTime, TryFailed } from './failures.ts'
import type { Wire } from './wire.ts'

export interface PayerOptions {
  readonly desk: {
    refused(name: string, host: string, status: number): Promise<Failure & { message: string }>
    accepted(name: string): Promise<void>
  }
  readonly wire: Wire
  readonly ledger: CostLedger
  readonly wishes: () => { readonly spending: Spending }
  readonly now: () => number
  /** Whose days and months caps count in. */
  readonly zone?: () => string
  /** Called where a crash could lose what was paid for: before a request that is paid leaves, and with its answer. */
  readonly fault?: (point: 'model.before-ask' | 'model.after-answer') => void
}

/** One try: what comes of it, and what it came to as far as it is known. */
export interface Try<T> {
  /** An answer had begun: what it cost can be told. */
  readonly hadBegun: boolean
  /** Fails with `TryFailed` or `KeyRefused`. */
  run(): Promise<T>
  spent(): Spent
}

export interface Errand<T> {
  /** The most that a try can cost. */
  readonly most: number
  readonly begin: (options: ExchangeOptions) => Try<T>
  /** Whether it is to be asked otherwise, at once. */
  readonly adapts?: (error: TryFailed) => boolean
}

/** What came, and the entry it is paid by. */
export interface Came<T> {
  readonly came: T
  readonly entry: CostEntry
}

const MOST_TRIES = 3
const RETRY = { maxTries: MOST_TRIES, maxElapsedMs: 600_000, baseMs: 500, factor: 4, capMs: 8_000 }

export class Payer {
  readonly #options: PayerOptions
  readonly #target: Target
  readonly #request: PaidRequest
  readonly #endsAt: number
  readonly #signal: AbortSignal
  /** What the newest answer came to: it is paid for whatever is made of it. */
  #due: CostEntry | null = null

  constructor(options: PayerOptions, target: Target, request: PaidRequest) {
    this.#options = options
    this.#target = target
    this.#request = request
    this.#endsAt = performance.now() + request.timeoutMs
    this.#signal = AbortSignal.any([request.signal, AbortSignal.timeout(request.timeoutMs)])
  }

  /** Does the whole of it: should it fail, what came is paid for. */
  async whole<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (this.#due !== null) await this.#options.ledger.settle(this.#due)
      throw error
    }
  }

  /** Tries until there is an answer, or it makes no sense to try again. */
  async take<T>(errand: Errand<T>): Promise<Came<T>> {
    let reserved: string | null = null
    for (let tries = 1; ; tries++) {
      reserved ??= await this.#reserve(errand.most)
      const attempt = errand.begin(this.#exchange())
      this.#options.fault?.('model.before-ask')
      try {
        const came = await attempt.run()
        this.#options.fault?.('model.after-answer')
        const entry = { id: reserved, ...attempt.spent() }
        this.#due = entry
        await this.#options.desk.accepted(this.#target.connection)
        return { came, entry }
      } catch (error) {
        if (!(error instanceof TryFailed || error instanceof KeyRefused)) throw error
        reserved = await this.#pay(attempt, error, reserved)
        if (!(await this.#mayTryAgain(errand, error, tries))) {
          if (reserved !== null) await this.#options.ledger.drop(reserved)
          throw await this.#meaning(error)
        }
      }
    }
  }

  settle(entry: CostEntry): Promise<void> {
    return this.#options.ledger.settle(entry)
  }

  #exchange(): ExchangeOptions {
    const { wire, now } = this.#options
    const leftMs = Math.max(1, Math.ceil(this.#endsAt - performance.now()))
    return { wire, target: this.#target, signal: this.#signal, leftMs, now }
  }

  async #reserve(most: number): Promise<string> {
    const { ledger, wishes, now, zone = machineZone } = this.#options
    const { of, capped = [] } = this.#request
    const { connection, model } = this.#target
    const reserved = await ledger.reserve({ of, connection, model, micros: most }, [
      ...capped,
      ...spendingCaps(wishes().spending, of, now(), zone()),
    ])
    if ('over' in reserved) return fail(reserved.over)
    return reserved.id
  }

  /** What a try that failed has cost; the reservation, where it still holds for the next one. */
  async #pay(attempt: Try<unknown>, error: TryFailed | KeyRefused, reserved: string): Promise<string | null> {
    if (error instanceof KeyRefused || error.mayCost === 'none') return reserved
    // Not even a beginning: what was done there nobody knows, so the most it can cost goes on counting.
    if (attempt.hadBegun) await this.#options.ledger.settle({ id: reserved, ...attempt.spent() })
    return null
  }

  async #mayTryAgain(
    { adapts }: Errand<unknown>,
    error: TryFailed | KeyRefused,
    tries: number,
  ): Promise<boolean> {
    if (error instanceof KeyRefused || this.#signal.aborted) return false
    if (adapts?.(error) === true) return true
    if (!error.mayTryAgain || tries >= MOST_TRIES) return false
    const { failure } = error
    const asked = 'retryAfterMs' in failure ? failure.retryAfterMs : null
    const waitMs = asked ?? backoff(tries, Math.random(), RETRY)
    if (performance.now() + waitMs >= this.#endsAt) return false
    return sleep(waitMs, true, { signal: this.#signal }).catch(() => false)
  }

  async #meaning(error: TryFailed | KeyRefused): Promise<Error> {
    const { signal, timeoutMs } = this.#request
    if (signal.aborted)
      return signal.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError')
    if (error instanceof KeyRefused) {
      const { connection, host } = this.#target
      const failure = await this.#options.desk.refused(connection, host, error.status)
      return new FailureError({ ...failure, kind: 'auth-revoked', connection })
    }
    return new FailureError(this.#signal.aborted ? outOfTime(this.#target, timeoutMs) : error.failure)
  }
}

function machineZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}
