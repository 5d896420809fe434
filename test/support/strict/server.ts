/**
 * A provider on loopback that holds its clients to its published protocol: it says what a test wrote for it, signs what
 * it thinks, and refuses a conversation in which that does not come back as it was given.
 * Owns what was asked and refused; what a protocol demands is its dialect's.
 */
import type { ServerResponse } from 'node:http'
import type { Json, JsonObject } from '../../../src/domain/json.ts'
import type { ModelMaker } from '../../../src/domain/model-makers.ts'
import { serveHttp } from '../loopback-server.ts'
import type { LoopbackServer, SeenRequest } from '../loopback-server.ts'

/** What the model answers at its nth turn of a conversation. */
export interface Turn {
  say?: string
  call?: readonly (readonly [tool: string, input: Json])[]
  /** The first stream of it ends in the middle of what the model thinks. */
  isCut?: boolean
}

export interface Refusal {
  status: number
  body: JsonObject
  /** Of `body`, what it says. */
  message: string
}

export interface Dialect {
  readonly maker: ModelMaker
  /** Below the address, and what its own path is under that. */
  readonly base: string
  /** Two models that cannot read what the other one signed. */
  readonly models: readonly [string, string]
  modelOf(request: SeenRequest, body: JsonObject): string
  /** How often the model has spoken in what is sent. */
  turnsIn(body: JsonObject): number
  refusal(body: JsonObject, model: string): Refusal | null
  /** The events of its answer; the first two are the beginning of a thought. */
  answer(turn: Turn, body: JsonObject, model: string): string[]
  /** What was signed until now is not known any more: it is refused, and asked for no more. */
  forget(): void
}

export class StrictServer {
  readonly #dialect: Dialect
  readonly refusals: string[] = []
  /** Of requests that were not refused. */
  readonly answered: JsonObject[] = []
  #turns: readonly Turn[] = []
  readonly #cut = new Set<number>()
  #held: { turn: number; reached: () => void } | null = null
  #server: LoopbackServer | undefined

  private constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  static async open(dialect: Dialect): Promise<StrictServer> {
    const strict = new StrictServer(dialect)
    strict.#server = await serveHttp((request, response) => {
      strict.#answer(request, response)
    })
    return strict
  }

  get url(): string {
    return this.#server?.url(this.#dialect.base) ?? ''
  }

  play(...turns: readonly Turn[]): void {
    this.#turns = turns
    this.#cut.clear()
  }

  forget(): void {
    this.#dialect.forget()
  }

  /** Resolves when the model is asked for this turn; that request is not answered, the next one is. */
  holds(turn: number): Promise<void> {
    return new Promise(resolve => {
      this.#held = { turn, reached: resolve }
    })
  }

  async close(): Promise<void> {
    await this.#server?.close()
  }

  #answer(request: SeenRequest, response: ServerResponse): void {
    // How much a model takes is asked without a body, and not said here.
    if (request.body === '') {
      response.writeHead(404)
      response.end()
      return
    }
    const body = JSON.parse(request.body) as JsonObject
    const model = this.#dialect.modelOf(request, body)
    const refusal = this.#dialect.refusal(body, model)
    if (refusal !== null) {
      this.refusals.push(refusal.message)
      response.writeHead(refusal.status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(refusal.body))
      return
    }
    const place = this.#dialect.turnsIn(body)
    const turn = this.#turns[place] ?? { say: `Nothing was written for turn ${String(place)}.` }
    if (this.#held?.turn === place) {
      this.#held.reached()
      this.#held = null
      return
    }
    this.answered.push(body)
    this.#stream(
      response,
      this.#dialect.answer(turn, body, model),
      turn.isCut === true && !this.#cut.has(place),
    )
    this.#cut.add(place)
  }

  #stream(response: ServerResponse, events: readonly string[], isCut: boolean): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    if (!isCut) {
      response.end(events.join(''))
      return
    }
    response.write(events.slice(0, 2).join(''), () => {
      setTimeout(() => response.destroy(), 20)
    })
  }
}

export function event(data: JsonObject, name?: string): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`
}

export const USED = { input: 1_000, output: 100, thought: 40 }

/** A member that is a text; nothing where it is none. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
