/**
 * The one end of a request: its time ran out, or its caller went away. Owns a timer and a listener for as long as
 * the request lives; `release` gives both back.
 */
import { FailureError, isFailureError, type Failure } from '../../../domain/failure.ts'
import { cancelledFailure, timeoutFailure, type Sent } from './failures.ts'
import type { Target } from './target.ts'

export class Deadline {
  readonly #timeoutMs: number
  readonly #signal: AbortSignal | undefined
  readonly #timer: NodeJS.Timeout
  readonly #abort = (): void => this.#end('cancelled')
  #ended: 'time' | 'cancelled' | null = null
  #listener: (() => void) | null = null

  constructor(timeoutMs: number, signal: AbortSignal | undefined) {
    this.#timeoutMs = timeoutMs
    this.#signal = signal
    this.#timer = setTimeout(() => this.#end('time'), timeoutMs)
    if (signal?.aborted === true) this.#ended = 'cancelled'
    else signal?.addEventListener('abort', this.#abort, { once: true })
  }

  get passed(): boolean {
    return this.#ended !== null
  }

  /** Calls back when the end comes, or at once if it came; one listener at a time, and null to hear no more. */
  listen(listener: (() => void) | null): void {
    this.#listener = listener
    if (this.passed) listener?.()
  }

  failure(target: Target, sent: Sent): Failure {
    const reason: unknown = this.#ended === 'cancelled' ? this.#signal?.reason : undefined
    if (isFailureError(reason)) return { ...reason.failure, detail: { sent, host: target.host } }
    return this.#ended === 'cancelled'
      ? cancelledFailure(target, sent)
      : timeoutFailure(target, this.#timeoutMs, sent)
  }

  /** The work, or its failure at the deadline: for work that cannot be interrupted itself. */
  async bound<T>(work: Promise<T>, target: Target, sent: Sent): Promise<T> {
    const ended = Promise.withResolvers<never>()
    this.listen(() => ended.reject(new FailureError(this.failure(target, sent))))
    try {
      return await Promise.race([work, ended.promise])
    } finally {
      this.listen(null)
    }
  }

  release(): void {
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#listener = null
  }

  #end(how: 'time' | 'cancelled'): void {
    this.#ended ??= how
    this.#listener?.()
  }
}
