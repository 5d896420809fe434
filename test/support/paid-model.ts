/**
 * A model whose answers a test gives and whose costs are kept by the ledger of production: reserved before it is asked,
 * under every cap, and settled by whoever is to.
 */
import { fail } from '../../src/domain/failure.ts'
import type { Json } from '../../src/domain/json.ts'
import type { CostEntry, ModelReply, ModelRequest, Models } from '../../src/domain/model.ts'
import { costLedger } from '../../src/main/store/cost-ledger.ts'
import type { Store } from '../../src/main/store/store.ts'

const TOKENS = { input: 100, cached: 0, output: 10, reasoning: 0 }

export class PaidModel implements Models {
  readonly requests: ModelRequest[] = []
  /** The most a request can cost, and what it does. */
  most = 100
  micros = 60
  isConnected = true
  name = 'scripted-1'
  answer: (request: ModelRequest) => Json | Promise<Json> = () => null
  /** Where its costs are kept. */
  store: Store | null = null

  serving() {
    return this.isConnected ? { connection: 'model', provider: 'scripted', model: this.name } : null
  }

  async ask(request: ModelRequest): Promise<ModelReply> {
    if (!this.isConnected)
      return fail({ kind: 'not-connected', setting: 'model', message: 'No model is connected.' })
    if (this.store === null) throw new Error('nobody keeps the costs of this model')
    const ledger = costLedger(this.store)
    const reserved = await ledger.reserve(
      { of: request.of, connection: 'model', model: this.name, micros: this.most },
      request.capped ?? [],
    )
    if ('over' in reserved) return fail(reserved.over)
    this.requests.push(request)
    try {
      return await this.#reply(request, reserved.id)
    } catch (error) {
      await ledger.drop(reserved.id)
      throw error
    }
  }

  async #reply(request: ModelRequest, id: string): Promise<ModelReply> {
    const value = await this.answer(request)
    const { micros } = this
    const spent = { micros, tokens: TOKENS, estimated: false }
    const entry: CostEntry = { id, ...spent }
    const isCallers = request.settles === 'caller'
    if (!isCallers && this.store !== null) await costLedger(this.store).settle(entry)
    const reply = { text: JSON.stringify(value), calls: [], value, finish: 'stop', ...spent } as const
    return { ...reply, model: this.name, ...(isCallers ? { unsettled: entry } : {}) }
  }
}
