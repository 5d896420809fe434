/**
 * One request for a picture and its answer, over the provider's protocol. Owns what was reported of it. Whether the
 * bytes are a picture is not looked at here: that takes a decoder, and whoever asked has one.
 */
import { LARGEST_PICTURE, sizeOfShape } from '../../domain/picture.ts'
import type { PictureShape, Wish } from '../../domain/picture.ts'
import { Exchange } from './exchange.ts'
import type { ExchangeOptions, Target } from './exchange.ts'
import { noPicture, refusedToDraw, TryFailed } from './failures.ts'
import type { Charged } from './prices.ts'
import { pictureProtocolOf } from './protocols.ts'
import type { PictureCall, PictureResult } from './protocols.ts'
import { reportedUse } from './usage.ts'

const ASPECTS: Readonly<Record<PictureShape, NonNullable<PictureCall['aspectRatio']>>> = {
  square: '1:1',
  landscape: '3:2',
  portrait: '2:3',
}

const TOO_MUCH = `more than ${String(LARGEST_PICTURE / 1_048_576)} MB`

export class Drawing {
  readonly #target: Target
  readonly #options: ExchangeOptions
  readonly #exchange: Exchange
  #tokens: Charged | null = null

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.#target = options.target
    this.#exchange = new Exchange(options)
  }

  get hadBegun(): boolean {
    return this.#exchange.hadBegun
  }

  /** As the provider reported it; null where it did not, or where that cannot be. */
  get tokens(): Charged | null {
    return this.#tokens
  }

  /** Fails with `TryFailed` or `KeyRefused`. */
  async run(wish: Wish): Promise<Uint8Array> {
    const result = await this.#asked(wish)
    this.#tokens = tokensOf(result)
    const [image] = result.images
    if (image === undefined) throw isRefusal(result) ? refusedToDraw(this.#target) : this.#not('no picture')
    return this.#decoded(image)
  }

  async #asked(wish: Wish): Promise<PictureResult> {
    const { maker, model, base } = this.#target
    const { fetch } = this.#exchange
    try {
      // A second request would be for a picture that lies elsewhere, or for more of one: neither is paid for.
      const once: typeof fetch = (...request) =>
        this.#exchange.isAsked
          ? Promise.reject(this.#not('an address instead of a picture'))
          : fetch(...request)
      const protocol = await pictureProtocolOf({ maker, model, base, fetch: once })
      return await protocol.doGenerate(callFor(wish, this.#target, this.#options.signal))
    } catch (error) {
      throw this.#meaning(error)
    }
  }

  /** What may have been drawn is not drawn a second time at once: that would be paid for twice. */
  #meaning(error: unknown): Error {
    const meaning = this.#exchange.meaning(error)
    if (!(meaning instanceof TryFailed) || meaning.mayCost === 'none') return meaning
    if (meaning.failure.kind === 'script-limit') return this.#not(TOO_MUCH)
    return new TryFailed(meaning.failure, meaning.mayCost, false)
  }

  #decoded(image: string | Uint8Array): Uint8Array {
    const text = typeof image === 'string' ? image.replace(/^data:image\/[\w.+-]{1,40};base64,/, '') : ''
    const size = typeof image === 'string' ? Buffer.byteLength(text, 'base64') : image.byteLength
    if (size > LARGEST_PICTURE) throw this.#not(TOO_MUCH)
    const bytes = typeof image === 'string' ? Buffer.from(text, 'base64') : image
    // What is not of base64 is left out in decoding.
    if (bytes.byteLength === 0 || bytes.byteLength !== size) throw this.#not('something that is no picture')
    return bytes
  }

  #not(what: string): TryFailed {
    return noPicture(this.#target, what)
  }
}

function callFor({ prompt, shape, quality }: Wish, { maker }: Target, abortSignal: AbortSignal): PictureCall {
  const [width, height] = sizeOfShape(shape)
  return {
    prompt,
    n: 1,
    size: maker === 'google' ? undefined : `${width}x${height}`,
    aspectRatio: maker === 'google' ? ASPECTS[shape] : undefined,
    seed: undefined,
    files: undefined,
    mask: undefined,
    abortSignal,
    providerOptions:
      maker === 'openai'
        ? { openai: { quality } }
        : maker === 'compatible'
          ? { compatible: { response_format: 'b64_json' } }
          : {},
  }
}

function tokensOf({ usage }: PictureResult): Charged | null {
  return reportedUse({ input: usage?.inputTokens, output: usage?.outputTokens })
}

/** As Gemini says it: it answers, and draws nothing. */
function isRefusal({ isRetryable, providerMetadata }: PictureResult): boolean {
  const said: object = providerMetadata?.['google'] ?? {}
  const reason = 'finishReason' in said ? said.finishReason : null
  return isRetryable === false || (typeof reason === 'string' && /SAFETY|PROHIBITED|RECITATION/.test(reason))
}
