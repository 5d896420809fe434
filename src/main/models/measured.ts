/**
 * How many tokens a request can have, closer than by its bytes: where it begins as one did that its provider has counted
 * before, only what is new in it counts by its bytes. What is reserved for a long conversation would otherwise be
 * several times what it costs, and caps would stop it early.
 * Owns what was counted last, of the newest few tasks.
 */
import { sha256Hex } from '../../domain/json.ts'
import type { ModelRequest, Tokens } from '../../domain/model.ts'
import { bytesOf, unseen } from './prompt.ts'

interface Counted {
  /** Of what was sent: how long its text was, a hash of it, and how many messages it had. */
  readonly length: number
  readonly hash: string
  readonly messages: number
  readonly tokens: number
}

const MOST_KEPT = 50
/** Providers add words of their own, and not always the same. */
const MARGIN = 1.02

export class Measured {
  readonly #counted = new Map<string, Counted>()

  /** `by` names the model and where it is. */
  mostTokens(request: ModelRequest, by: string): number {
    const most = bytesOf(request)
    const known = this.#counted.get(keyOf(request, by))
    if (known === undefined) return most
    const text = textOf(request)
    if (text.length < known.length || sha256Hex(text.slice(0, known.length)) !== known.hash) return most
    const news = Buffer.byteLength(text.slice(known.length)) + unseen(request.messages.slice(known.messages))
    return Math.min(most, Math.ceil(known.tokens * MARGIN) + news)
  }

  /** What the provider counted. Only tasks have conversations that grow. */
  learn(request: ModelRequest, by: string, tokens: Tokens | null): void {
    if (tokens === null || request.of.taskId === null) return
    const key = keyOf(request, by)
    const text = textOf(request)
    this.#counted.delete(key)
    this.#counted.set(key, {
      length: text.length,
      hash: sha256Hex(text),
      messages: request.messages.length,
      tokens: tokens.input,
    })
    const [oldest] = this.#counted.keys()
    if (this.#counted.size > MOST_KEPT && oldest !== undefined) this.#counted.delete(oldest)
  }
}

function keyOf({ of }: ModelRequest, by: string): string {
  return `${by} ${of.taskId ?? ''}`
}

/** Of a conversation that has grown, the text of a beginning is the beginning of the text. */
function textOf({ system, messages, tools = [], answer = {} }: ModelRequest): string {
  return [JSON.stringify([system, tools, answer]), ...messages.map(message => JSON.stringify(message))].join(
    '\n',
  )
}
