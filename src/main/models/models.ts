/**
 * Models, connected: which one serves a role, and asking it. Each request is paid for before it leaves (a reservation,
 * under every cap) and settled by what the provider reports; what passes is tried again, as a whole.
 * Owns nothing that lasts: rows are the ledger's, keys the connections', requests the guarded client's. The packages
 * that speak the protocols are loaded with the first request.
 */
import type { Connection } from '../../domain/connection.ts'
import { fail, failureOf } from '../../domain/failure.ts'
import type { Failure } from '../../domain/failure.ts'
import type {
  DrawReply,
  DrawRequest,
  ModelInfo,
  ModelReply,
  ModelRequest,
  ModelRole,
  Models,
  PaidReply,
  PaidRequest,
  Quote,
  Tokens,
} from '../../domain/model.ts'
import { canDraw, makerOf, modelBase, usualModel } from '../../domain/model-makers.ts'
import type { RoleModels } from '../../domain/model-roles.ts'
import type { Wish } from '../../domain/picture.ts'
import type { Spending } from '../../domain/spending.ts'
import { Asker } from './asker.ts'
import { draw, quoteFor } from './drawer.ts'
import type { Target } from './exchange.ts'
import { drawsNothing, noChoice, noModel } from './failures.ts'
import { Measured } from './measured.ts'
import type { PayerOptions } from './payer.ts'
import { pictureTariffOf } from './picture-prices.ts'
import { tariffOf } from './prices.ts'
import { Windows } from './windows.ts'

/** The connections, as far as models need them. */
export type ModelDesk = PayerOptions['desk'] & {
  find(name: string): Connection | undefined
  serving(slot: 'model'): Connection | undefined
}

/** What is told of a request when it is over; ids, names and numbers only. */
export interface ModelNote {
  readonly role: ModelRole
  readonly model: string
  readonly tool: string
  readonly task: string | undefined
}

export interface ModelEnd {
  readonly tokens: Tokens | undefined
  readonly kind: Failure['kind'] | undefined
}

export interface ModelsOptions extends PayerOptions {
  readonly desk: ModelDesk
  /** How a person wants it, now. */
  readonly wishes: () => { readonly models: RoleModels; readonly spending: Spending }
  /** Told of each request and of its end. */
  readonly observe: <T>(
    note: ModelNote,
    work: () => Promise<T>,
    endOf: (end: T | Error) => ModelEnd,
  ) => Promise<T>
}

export class ConnectedModels implements Models {
  readonly #options: ModelsOptions
  readonly #windows: Windows
  readonly #measured = new Measured()
  readonly #mostOutput = new Map<string, number>()

  constructor(options: ModelsOptions) {
    this.#options = options
    this.#windows = new Windows(options.wire, options.now)
  }

  serving(role: ModelRole): ModelInfo | null {
    const target = this.#find(role)
    if ('kind' in target) return null
    const { connection, maker, model, base } = target
    const tariff = role === 'images' ? pictureTariffOf : tariffOf
    const { at, isEstimate, window } = tariff({
      maker,
      model,
      base,
      own: this.#options.ledger.priceOf(model),
    })
    const price = { ...at(0), isEstimate }
    const known = window ?? this.#windows.known(target)
    return { connection, provider: maker, model, base, price, ...(known === null ? {} : { window: known }) }
  }

  ask(request: ModelRequest): Promise<ModelReply> {
    return this.#observed(request.role, request, target =>
      new Asker(
        {
          ...this.#options,
          windows: this.#windows,
          measured: this.#measured,
          mostOutput: this.#mostOutput,
        },
        target,
        request,
      ).ask(),
    )
  }

  draw(request: DrawRequest): Promise<DrawReply> {
    return this.#observed('images', request, target => draw(this.#options, target, request))
  }

  quote(wish: Wish): Quote | Failure {
    const target = this.#find('images')
    return 'kind' in target ? target : quoteFor(this.#options, target, wish)
  }

  async #observed<T extends PaidReply>(
    role: ModelRole,
    { signal, of: { taskId, tool } }: PaidRequest,
    work: (target: Target) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted()
    const target = this.#find(role)
    if ('kind' in target) return fail(target)
    const note = { role, model: target.model, tool, task: taskId ?? undefined }
    return this.#options.observe(note, () => work(target), endOf)
  }

  /** What serves the role, or what is missing. */
  #find(role: ModelRole): Target | Failure {
    const { desk, wishes } = this.#options
    const chosen = wishes().models[role]
    const named = chosen?.connection ?? null
    const connection = named === null ? desk.serving('model') : desk.find(named)
    if (connection === undefined || connection.kind !== 'model') return noModel()
    const { name, settings } = connection
    const maker = makerOf(settings)
    if (role === 'images' && !canDraw(maker)) return drawsNothing(name, maker)
    const model = chosen?.model ?? ownModel(settings, role) ?? usualModel(maker, role)
    if (model === null) return noChoice(name, role)
    const base = modelBase(settings)
    return { role, connection: name, maker, model, base, host: new URL(base).host }
  }
}

/** What a connection names is asked for words. */
function ownModel(settings: Connection['settings'], role: ModelRole): string | undefined {
  return role === 'images' ? undefined : settings['model']
}

function endOf(end: PaidReply | Error): ModelEnd {
  return end instanceof Error
    ? { tokens: undefined, kind: failureOf(end).kind }
    : { tokens: end.tokens, kind: undefined }
}
