/**
 * One request to a provider and its answer: the protocol over the wire, from the first byte to the last. Owns what was
 * heard so far, so that an answer that broke off is known for what it was. It neither repeats, pays nor judges.
 */
import type { ModelRequest } from '../../domain/model.ts'
import type { ModelMaker } from '../../domain/model-makers.ts'
import { cutShort, KeyRefused, ofError, ofStatus, outOfTime, TryFailed } from './failures.ts'
import type { Asking } from './failures.ts'
import type { Manner } from './manner.ts'
import { callFor } from './prompt.ts'
import { protocolOf } from './protocols.ts'
import { gather, nothingSaid } from './said.ts'
import type { Said } from './said.ts'
import type { Wire, WireAnswer } from './wire.ts'

export interface Target extends Asking {
  readonly maker: ModelMaker
  readonly base: string
}

export interface AttemptOptions {
  readonly wire: Wire
  readonly target: Target
  readonly manner: Manner
  /** Of the caller, and of the end of the time there is. */
  readonly signal: AbortSignal
  readonly leftMs: number
  readonly now: () => number
}

const LARGEST_ANSWER = 33_554_432
const LARGEST_ERROR = 65_536

export class Attempt {
  readonly said: Said = nothingSaid()
  readonly #options: AttemptOptions
  #hide: (text: string) => string = text => text
  #failed: unknown
  #isAsked = false
  #hasHead = false

  constructor(options: AttemptOptions) {
    this.#options = options
  }

  /** Whether an answer had begun: then what was used can be estimated from what came. */
  get hadBegun(): boolean {
    return this.#hasHead
  }

  /** Fails with `TryFailed` or `KeyRefused`. */
  async run(request: ModelRequest): Promise<Said> {
    const { target, manner, signal, now } = this.#options
    const { maker, model, base } = target
    try {
      const protocol = await protocolOf({ maker, model, base, fetch: (url, init) => this.#fetch(url, init) })
      const call = callFor(request, maker, manner)
      const { stream } = await protocol.doStream({ ...call, abortSignal: signal })
      await gather(stream, this.said, delta => request.onText?.(this.#hide(delta)))
    } catch (error) {
      throw this.#meaning(this.#failed ?? error)
    }
    if (this.#failed !== undefined) throw this.#meaning(this.#failed)
    if (this.said.error !== undefined) throw ofError(target, this.said.error, now())
    if (isCut(this.said)) throw cutShort(target)
    return this.#hidden()
  }

  #meaning(error: unknown): Error {
    const { target, signal, now } = this.#options
    if (error instanceof KeyRefused) return error
    const { failure, mayCost, mayTryAgain, refused } = ofError(target, error, now())
    const cost = this.#isAsked ? mayCost : 'none'
    if (signal.aborted) return new TryFailed(outOfTime(target, this.#options.leftMs), cost, false)
    return new TryFailed(failure, cost, mayTryAgain, refused)
  }

  /** What the packages take for `fetch`. */
  async #fetch(...[input, init]: Parameters<typeof globalThis.fetch>): Promise<Response> {
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
    if (status === 401 || status === 403) throw await refusal(answer)
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

  #hidden(): Said {
    const hide = this.#hide
    const { text, calls, heard, beside } = this.said
    const all = JSON.stringify([calls, heard, beside])
    if (hide(text) === text && hide(all) === all) return this.said
    // What a provider signed is of no use to it once anything in it is another.
    const blank = { heard: [], beside: null }
    return { ...this.said, ...blank, text: hide(text), calls: calls.map(call => hiddenCall(call, hide)) }
  }
}

function hiddenCall(call: Said['calls'][number], hide: (text: string) => string): Said['calls'][number] {
  const text = JSON.stringify(call.input)
  const hidden = hide(text)
  return hidden === text ? call : { ...call, input: JSON.parse(hidden) as Said['calls'][number]['input'] }
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

/** No word of how it ended, or one that says nothing while nothing came. */
function isCut({ finish, text, calls }: Said): boolean {
  if (finish === undefined || finish === 'interrupted' || finish === 'error') return true
  return finish === 'other' && text === '' && calls.length === 0
}
