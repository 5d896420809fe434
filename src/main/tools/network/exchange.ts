/**
 * One request and one answer over one pool: collects the body up to a cap and knows whether a byte was written
 * (J4). It does not resolve, judge, follow redirects or decode.
 */
import type { Dispatcher } from 'undici'
import { FailureError, isFailureError } from '../../../domain/failure.ts'
import type { Deadline } from './deadline.ts'
import { errorFailure, tooLargeFailure, unreadableFailure, withStatus, type Sent } from './failures.ts'
import { answerHeaders } from './headers.ts'
import type { Intake } from './intake.ts'
import type { Target } from './target.ts'

const MAX_ANSWER_HEADERS = 256

export interface Outgoing {
  target: Target
  method: string
  headers: Readonly<Record<string, string>>
  body: Uint8Array | string | null
  /** Of a body that is held in memory. */
  maxBytes: number
  deadline: Deadline
  /** Sees the head of the answer: may refuse it with a Failure, or say who takes the body instead of memory. */
  meet: (head: AnswerHead, failed: (error: unknown) => void) => Intake | null
}

export type AnswerHead = Pick<Answer, 'status' | 'headers'>

export interface Answer {
  status: number
  headers: Record<string, string>
  /** As it came over the wire: still compressed. */
  body: Uint8Array
  firstByteAt: number
}

/** An error of the transport, still unjudged: the caller may know better what it means (offline, a stale connection). */
export class TransportError extends Error {
  readonly sent: Sent

  constructor(cause: unknown, sent: Sent) {
    super('transport', { cause })
    this.sent = sent
  }
}

export function exchange(pool: Dispatcher, outgoing: Outgoing): Promise<Answer> {
  const handler = new ExchangeHandler(outgoing)
  const { target, method, headers, body, deadline } = outgoing
  if (deadline.passed) return handler.answer
  pool.dispatch(
    {
      path: `${target.url.pathname}${target.url.search}`,
      method,
      headers,
      body,
      headersTimeout: 0,
      bodyTimeout: 0,
    },
    handler,
  )
  return handler.answer
}

class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Answer>
  readonly #outgoing: Outgoing
  readonly #settle: PromiseWithResolvers<Answer>
  #controller: Dispatcher.DispatchController | null = null
  #settled = false
  #status = 0
  #headers: Record<string, string> = {}
  #chunks: Uint8Array[] = []
  #size = 0
  #intake: Intake | null = null
  #firstByteAt = 0

  constructor(outgoing: Outgoing) {
    this.#outgoing = outgoing
    this.#settle = Promise.withResolvers<Answer>()
    this.answer = this.#settle.promise
    outgoing.deadline.listen(() =>
      this.#fail(new FailureError(outgoing.deadline.failure(outgoing.target, this.#sent))),
    )
  }

  get #sent(): Sent {
    return this.#controller === null ? 'no' : 'maybe'
  }

  /** Called before the first byte is written; a request that is already given up never leaves. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#settled) controller.abort(new Error('given up before it was sent'))
    else this.#controller = controller
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    this.#status = status
    this.#firstByteAt = performance.now()
    this.#headers = answerHeaders(headers)
    try {
      this.#meet(status)
    } catch (error) {
      this.#fail(error)
    }
  }

  #meet(status: number): void {
    const { target, method, meet } = this.#outgoing
    const headers = this.#headers
    if (Object.keys(headers).length > MAX_ANSWER_HEADERS) {
      const what = `it sent more than ${MAX_ANSWER_HEADERS} headers`
      throw new FailureError(unreadableFailure(target, what, status))
    }
    this.#intake = meet({ status, headers }, error => this.#fail(error))
    const maxBytes = this.#intake?.maxBytes ?? this.#outgoing.maxBytes
    if (method !== 'HEAD' && Number(headers['content-length'] ?? 0) > maxBytes) {
      throw new FailureError(tooLargeFailure(target, maxBytes, status))
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#settled) return
    if (this.#intake !== null) {
      if (this.#intake.push(chunk)) return
      controller.pause()
      this.#intake.drained(() => controller.resume())
      return
    }
    this.#size += chunk.byteLength
    if (this.#size <= this.#outgoing.maxBytes) this.#chunks.push(chunk)
    else
      this.#fail(
        new FailureError(tooLargeFailure(this.#outgoing.target, this.#outgoing.maxBytes, this.#status)),
      )
  }

  onResponseEnd(): void {
    if (this.#intake === null) this.#succeed()
    else
      this.#intake.end().then(
        () => this.#succeed(),
        (error: unknown) => this.#fail(error),
      )
  }

  #succeed(): void {
    this.#end(() => {
      const body = this.#chunks.length === 1 ? this.#chunks[0] : undefined
      this.#settle.resolve({
        status: this.#status,
        headers: this.#headers,
        body: body ?? Buffer.concat(this.#chunks),
        firstByteAt: this.#firstByteAt,
      })
    })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(new TransportError(error, this.#sent))
  }

  #fail(error: unknown): void {
    this.#end(() => this.#settle.reject(this.#status === 0 ? asError(error) : this.#withStatus(error)))
    this.#controller?.abort(new Error('given up'))
    this.#intake?.abandon()
  }

  /** What the place a body goes to says for itself (a full disk) is passed on as it is. */
  #withStatus(error: unknown): Error {
    if (error instanceof TransportError)
      return new FailureError(
        withStatus(errorFailure(error.cause, this.#outgoing.target, 'maybe'), this.#status),
      )
    return isFailureError(error) ? new FailureError(withStatus(error.failure, this.#status)) : asError(error)
  }

  #end(settle: () => void): void {
    if (this.#settled) return
    this.#settled = true
    this.#outgoing.deadline.listen(null)
    settle()
    this.#chunks = []
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
