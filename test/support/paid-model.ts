/**
 * A model whose answers a test gives and whose costs are kept by the ledger of production: reserved before it is asked,
 * under every cap, and settled by whoever is to.
 */
import { fail } from '../../src/domain/failure.ts'
import type { Json } from '../../src/domain/json.ts'
import type { Failure } from '../../src/domain/failure.ts'
import type {
  CostEntry,
  DrawReply,
  DrawRequest,
  ModelReply,
  ModelRequest,
  Models,
  PaidRequest,
  Quote,
  Spent,
} from '../../src/domain/model.ts'
import { costLedger } from '../../src/main/store/cost-ledger.ts'
import type { Store } from '../../src/main/store/store.ts'

const NONE: Failure = { kind: 'not-connected', setting: 'model', message: 'No model is connected.' }
const TOKENS = { input: 100, cached: 0, output: 10, reasoning: 0 }

export class PaidModel implements Models {
  readonly requests: ModelRequest[] = []
  readonly drawn: DrawRequest[] = []
  picture: (request: DrawRequest) => Uint8Array | Promise<Uint8Array> = () => new Uint8Array()
  /** The most a request can cost, and what it does. */
  most = 100
  micros = 60
  isConnected = true
  name = 'scripted-1'
  connection = 'model'
  base = 'https://models.example/v1'
  answer: (request: ModelRequest) => Json | Promise<Json> = () => null
  /** Where its costs are kept. */
  store: Store | null = null

  serving() {
    const { connection, base, name: model } = this
    return this.isConnected ? { connection, provider: 'scripted', model, base } : null
  }

  ask(request: ModelRequest): Promise<ModelReply> {
    return this.#paid(request, id => {
      this.requests.push(request)
      return this.#reply(request, id)
    })
  }

  draw(request: DrawRequest): Promise<DrawReply> {
    return this.#paid(request, async id => {
      this.drawn.push(request)
      const bytes = await this.picture(request)
      const { entry, ...spent } = await this.#spent(request, id)
      return { bytes, ...spent, model: this.name, ...entry }
    })
  }

  quote(): Quote | Failure {
    return this.isConnected ? { about: this.micros, most: this.most } : NONE
  }

  async #paid<T>(request: PaidRequest, work: (id: string) => Promise<T>): Promise<T> {
    if (!this.isConnected) return fail(NONE)
    if (this.store === null) throw new Error('nobody keeps the costs of this model')
    const ledger = costLedger(this.store)
    const reserved = await ledger.reserve(
      { of: request.of, connection: 'model', model: this.name, micros: this.most },
      request.capped ?? [],
    )
    if ('over' in reserved) return fail(reserved.over)
    try {
      return await work(reserved.id)
    } catch (error) {
      await ledger.drop(reserved.id)
      throw error
    }
  }

  async #reply(request: ModelRequest, id: string): Promise<ModelReply> {
    const value = await this.answer(request)
    const { entry, ...spent } = await this.#spent(request, id)
    const reply = { text: JSON.stringify(value), calls: [], value, finish: 'stop', ...spent } as const
    return { ...reply, model: this.name, ...entry }
  }

  async #spent({ settles }: PaidRequest, id: string): Promise<Spent & { entry: { unsettled?: CostEntry } }> {
    const spent = { micros: this.micros, tokens: TOKENS, estimated: false }
    const unsettled: CostEntry = { id, ...spent }
    if (settles === 'caller') return { ...spent, entry: { unsettled } }
    if (this.store !== null) await costLedger(this.store).settle(unsettled)
    return { ...spent, entry: {} }
  }
}
