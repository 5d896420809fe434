/**
 * One request for text and its answer: the protocol over the wire, from the first byte to the last. Owns what was heard
 * so far, so that an answer that broke off is known for what it was. It neither repeats, pays nor judges.
 */
import type { ModelRequest } from '../../domain/model.ts'
import { Exchange } from './exchange.ts'
import type { ExchangeOptions } from './exchange.ts'
import { cutShort, ofError } from './failures.ts'
import type { Manner } from './manner.ts'
import { callFor } from './prompt.ts'
import { protocolOf } from './protocols.ts'
import { gather, nothingSaid } from './said.ts'
import type { Said } from './said.ts'

export interface AttemptOptions extends ExchangeOptions {
  readonly manner: Manner
}

export class Attempt {
  readonly said: Said = nothingSaid()
  readonly #options: AttemptOptions
  readonly #exchange: Exchange

  constructor(options: AttemptOptions) {
    this.#options = options
    this.#exchange = new Exchange(options)
  }

  /** Whether an answer had begun: then what was used can be estimated from what came. */
  get hadBegun(): boolean {
    return this.#exchange.hadBegun
  }

  /** Fails with `TryFailed` or `KeyRefused`. */
  async run(request: ModelRequest): Promise<Said> {
    const { target, manner, signal, now } = this.#options
    const { maker, model, base } = target
    const exchange = this.#exchange
    try {
      const protocol = await protocolOf({ maker, model, base, fetch: exchange.fetch })
      const call = callFor(request, maker, manner)
      const { stream } = await protocol.doStream({ ...call, abortSignal: signal })
      await gather(stream, this.said, delta => request.onText?.(exchange.hide(delta)))
    } catch (error) {
      throw exchange.meaning(error)
    }
    if (exchange.failed !== undefined) throw exchange.meaning(exchange.failed)
    if (this.said.error !== undefined) throw ofError(target, this.said.error, now())
    if (isCut(this.said)) throw cutShort(target)
    return this.#hidden()
  }

  #hidden(): Said {
    const hide = (text: string) => this.#exchange.hide(text)
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

/** No word of how it ended, or one that says nothing while nothing came. */
function isCut({ finish, text, calls }: Said): boolean {
  if (finish === undefined || finish === 'interrupted' || finish === 'error') return true
  return finish === 'other' && text === '' && calls.length === 0
}
