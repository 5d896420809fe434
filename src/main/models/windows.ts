/**
 * How much a server of one's own takes at once. OpenAI's protocol does not say, and some servers cut what is longer
 * without a word, so that a model answers what it was not asked. Each kind tells in its own way, once it has a model
 * loaded: Ollama's `/api/ps`, LM Studio's `/api/v0/models`, llama.cpp's `/props`, vLLM's list of models.
 * Owns what was learnt, for a while. Does not own what follows from it.
 */
import { z } from 'zod'
import { isFailureError } from '../../domain/failure.ts'
import type { Failure } from '../../domain/failure.ts'
import type { Tokens } from '../../domain/model.ts'
import type { Wire, WireAnswer } from './wire.ts'

/** As long as nobody is likely to have loaded the model anew. */
const KEPT_MS = 300_000
const TIMEOUT_MS = 2_000
const LARGEST = 1_048_576
/** No text has fewer tokens than its bytes by this, and most have more than its bytes by the other. */
const MOST_BYTES_PER_TOKEN = 6
const USUAL_BYTES_PER_TOKEN = 4.5
/** What nobody's window is too small for is not worth a question. */
const SMALL_BYTES = 8_000

/** Failures that say nothing of what the server would have said. */
const UNASKED: readonly Failure['kind'][] = ['network', 'timeout', 'offline', 'unavailable', 'rate-limited']

export interface Served {
  readonly connection: string
  readonly model: string
  readonly base: string
}

const tokens = z.int().min(1).max(1e9)
const running = z.object({
  models: z.array(z.object({ name: z.string(), context_length: tokens.optional() })),
})
const loaded = z.object({
  data: z.array(z.object({ id: z.string(), loaded_context_length: tokens.optional() })),
})
const listed = z.object({ data: z.array(z.object({ id: z.string(), max_model_len: tokens.optional() })) })
const props = z.object({ default_generation_settings: z.object({ n_ctx: tokens }) })

/** Where it is said, from the address of the interface or of the server, and how it is read. */
const WAYS: readonly {
  at: 'base' | 'root'
  path: string
  read: (said: unknown, model: string) => number | null
}[] = [
  {
    at: 'root',
    path: '/api/ps',
    read: (said, model) =>
      running.safeParse(said).data?.models.find(({ name }) => isSame(name, model))?.context_length ?? null,
  },
  {
    at: 'root',
    path: '/api/v0/models',
    read: (said, model) =>
      loaded.safeParse(said).data?.data.find(({ id }) => id === model)?.loaded_context_length ?? null,
  },
  {
    at: 'base',
    path: '/models',
    read: (said, model) =>
      listed.safeParse(said).data?.data.find(({ id }) => id === model)?.max_model_len ?? null,
  },
  {
    at: 'root',
    path: '/props',
    read: said => props.safeParse(said).data?.default_generation_settings.n_ctx ?? null,
  },
]

export class Windows {
  readonly #wire: Wire
  readonly #now: () => number
  readonly #learnt = new Map<string, { tokens: number | null; at: number }>()

  constructor(wire: Wire, now: () => number) {
    this.#wire = wire
    this.#now = now
  }

  /** In tokens, what it answers included; null where nobody has told. */
  known(served: Served): number | null {
    return this.#learnt.get(keyOf(served))?.tokens ?? null
  }

  /** After an answer: the window, if it was too small for what had been sent; null where that is not certain. */
  async tooSmall(
    served: Served,
    sent: number,
    used: Tokens | null,
    signal: AbortSignal,
  ): Promise<number | null> {
    if (sent < SMALL_BYTES) return null
    const learnt = this.#learnt.get(keyOf(served))
    const isFresh = learnt !== undefined && this.#now() - learnt.at < KEPT_MS
    if (isFresh && !isCut(sent, used, learnt.tokens)) return null
    // It may have been loaded anew since, with more.
    const window = await this.#ask(served, signal)
    // What it said before is not unsaid by one look that failed; it is asked again after the next answer.
    if (window === undefined) return isFresh ? learnt.tokens : null
    this.#learnt.set(keyOf(served), { tokens: window, at: this.#now() })
    return isCut(sent, used, window) ? window : null
  }

  /** null: it does not say · undefined: it could not be asked. */
  async #ask(served: Served, signal: AbortSignal): Promise<number | null | undefined> {
    const root = served.base.replace(/\/v\d+$/, '')
    for (const { at, path, read } of WAYS) {
      const said = await this.#look(served.connection, `${at === 'base' ? served.base : root}${path}`, signal)
      if (said === undefined) return undefined
      const window = read(said, served.model)
      if (window !== null) return window
    }
    return null
  }

  /** What it says there; null where it says nothing, undefined where it could not be asked. */
  async #look(connection: string, url: string, signal: AbortSignal): Promise<unknown> {
    const request = { url, headers: {}, signal, timeoutMs: TIMEOUT_MS, maxBytes: LARGEST }
    try {
      return await readJson(await this.#wire(connection, request))
    } catch (error) {
      if (!isFailureError(error)) throw error
      return UNASKED.includes(error.failure.kind) ? undefined : null
    }
  }
}

function isCut(sent: number, used: Tokens | null, window: number | null): boolean {
  if (window === null) return false
  if (sent / MOST_BYTES_PER_TOKEN > window) return true
  // Half of the window is what a server keeps of what does not fit.
  const isHalf = used !== null && used.input > 0 && used.input <= window / 2 + 64
  return isHalf && sent / USUAL_BYTES_PER_TOKEN > window
}

async function readJson({ status, body }: WireAnswer): Promise<unknown> {
  if (status !== 200) {
    await body.cancel()
    return null
  }
  const text = await new Response(body).text()
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/** Ollama adds the tag that is meant where none is named. */
function isSame(name: string, model: string): boolean {
  return name === model || name === `${model}:latest`
}

function keyOf({ connection, model, base }: Served): string {
  return JSON.stringify([connection, model, base])
}
