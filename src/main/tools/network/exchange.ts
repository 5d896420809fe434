/**
 * One request and one answer over one pool: collects the body up to a cap and knows whether a byte was written
 * (J4). It does not resolve, judge, follow redirects or decode.
 */
import type { Dispatcher } from 'undici'
import { FailureError } from '../../../domain/failure.ts'
import type { Deadline } from './deadline.ts'
import { errorFailure, tooLargeFailure, unreadableFailure, withStatus, type Sent } from './failures.ts'
import { answerHeaders } from './headers.ts'
import type { Target } from './target.ts'

const MAX_ANSWER_HEADERS = 256

export interface Outgoing {
  target: Target
  method: string
  headers: Readonly<Record<string, string>>
  body: Uint8Array | string | null
  maxBytes: number
  deadline: Deadline
}

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
    const { target, maxBytes, method } = this.#outgoing
    if (Object.keys(this.#headers).length > MAX_ANSWER_HEADERS) {
      this.#fail(
        new FailureError(
          unreadableFailure(target, `it sent more than ${MAX_ANSWER_HEADERS} headers`, status),
        ),
      )
    } else if (method !== 'HEAD' && Number(this.#headers['content-length'] ?? 0) > maxBytes) {
      this.#fail(new FailureError(tooLargeFailure(target, maxBytes, status)))
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#settled) return
    this.#size += chunk.byteLength
    if (this.#size <= this.#outgoing.maxBytes) this.#chunks.push(chunk)
    else
      this.#fail(
        new FailureError(tooLargeFailure(this.#outgoing.target, this.#outgoing.maxBytes, this.#status)),
      )
  }

  onResponseEnd(): void {
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

  #fail(error: FailureError | TransportError): void {
    this.#end(() => this.#settle.reject(this.#status === 0 ? error : this.#withStatus(error)))
    this.#controller?.abort(new Error('given up'))
  }

  #withStatus(error: FailureError | TransportError): FailureError {
    const failure =
      error instanceof TransportError
        ? errorFailure(error.cause, this.#outgoing.target, 'maybe')
        : error.failure
    return new FailureError(withStatus(failure, this.#status))
  }

  #end(settle: () => void): void {
    if (this.#settled) return
    this.#settled = true
    this.#outgoing.deadline.listen(null)
    settle()
    this.#chunks = []
  }
}
