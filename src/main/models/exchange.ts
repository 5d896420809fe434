/**
 * What passes between a protocol's package and a provider: the `fetch` that the package is given, and what is known of
 * it afterwards. Owns what was seen of one request, so that whatever a package makes of a failure, its cause is known.
 * It neither repeats, pays nor judges what was said.
 */
import type { ModelMaker } from '../../domain/model-makers.ts'
import { KeyRefused, ofError, ofStatus, outOfTime, TryFailed } from './failures.ts'
import type { Asking } from './failures.ts'
import type { Wire, WireAnswer } from './wire.ts'

export interface Target extends Asking {
  readonly maker: ModelMaker
  readonly base: string
}

export interface ExchangeOptions {
  readonly wire: Wire
  readonly target: Target
  /** Of the caller, and of the end of the time there is. */
  readonly signal: AbortSignal
  readonly leftMs: number
  readonly now: () => number
}

const LARGEST_ANSWER = 33_554_432
const LARGEST_ERROR = 65_536

export class Exchange {
  readonly #options: ExchangeOptions
  #hide: (text: string) => string = text => text
  #failed: unknown
  #isAsked = false
  #hasHead = false

  constructor(options: ExchangeOptions) {
    this.#options = options
  }

  /** Whether an answer had begun: then what was used can be estimated from what came. */
  get hadBegun(): boolean {
    return this.#hasHead
  }

  /** Whether a request was made of it. */
  get isAsked(): boolean {
    return this.#isAsked
  }

  /** What broke on the way, where a package may have taken it for an end. */
  get failed(): unknown {
    return this.#failed
  }

  /** Masks the credential in what the other side says. */
  hide(text: string): string {
    return this.#hide(text)
  }

  /** What a failure of a package means: a `TryFailed` or `KeyRefused`. */
  meaning(thrown: unknown): Error {
    const { target, signal, now, leftMs } = this.#options
    const error = this.#failed ?? thrown
    if (error instanceof KeyRefused) return error
    const { failure, mayCost, mayTryAgain, refused, named } = ofError(target, error, now())
    const cost = this.#isAsked ? mayCost : 'none'
    if (signal.aborted) return new TryFailed(outOfTime(target, leftMs), cost, false)
    return new TryFailed(failure, cost, mayTryAgain, refused, named)
  }

  /** What the packages take for `fetch`. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    try {
      return await this.#exchange(input, init)
    } catch (error) {
      // The packages may wrap what they are thrown: what it was is known here.
      this.#failed = error
      throw error
    }
  }

  async #exchange(...[input, init]: Parameters<typeof globalThis.fetch>): Promise<Response> {
    const { wire, target, signal, leftMs, now } = this.#options
    if (typeof init?.body !== 'string') throw new Error('a request to a model is a text')
    signal.throwIfAborted()
    this.#isAsked = true
    const answer = await wire(target.connection, {
      url: input instanceof Request ? input.url : String(input),
      headers: Object.fromEntries(new Headers(init.headers)),
      body: init.body,
      signal,
      timeoutMs: leftMs,
      maxBytes: LARGEST_ANSWER,
    })
    this.#hide = answer.hide
    const { status, headers } = answer
    if (isRefusedKey(status, target)) throw await refusal(answer)
    if (status < 200 || status >= 300)
      throw ofStatus(target, { status, headers, body: answer.hide(await startOf(answer.body)) }, now())
    this.#hasHead = true
    return new Response(this.#listened(answer.body), { status, headers })
  }

  /** What breaks in the middle is kept: the packages may take a broken stream for one that ended. */
  #listened(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = body.getReader()
    return new ReadableStream<Uint8Array>({
      pull: async controller => {
        try {
          const { done, value } = await reader.read()
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (error) {
          this.#failed = error
          controller.error(error)
        }
      },
      cancel: reason => reader.cancel(reason),
    })
  }
}

/** A key that may not draw may still ask for words: providers let fewer people draw. */
function isRefusedKey(status: number, { role }: Target): boolean {
  return status === 401 || (status === 403 && role !== 'images')
}

async function refusal({ status, body }: WireAnswer): Promise<KeyRefused> {
  await body.cancel()
  return new KeyRefused(status)
}

/** Enough of a body to tell what it says. */
async function startOf(body: ReadableStream<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body) {
    pieces.push(piece)
    size += piece.byteLength
    if (size >= LARGEST_ERROR) break
  }
  return Buffer.concat(pieces).toString('utf8').slice(0, LARGEST_ERROR)
}
