/**
 * Models, connected: which one serves a role, and asking it. Each request is paid for before it leaves (a reservation,
 * under every cap) and settled by what the provider reports; what passes is tried again, as a whole.
 * Owns the order reserve → ask → settle, and nothing that lasts: rows are the ledger's, keys the connections', requests
 * the guarded client's. The packages that speak the protocols are loaded with the first request.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '../../domain/connection.ts'
import { fail, FailureError, failureOf } from '../../domain/failure.ts'
import type { Failure } from '../../domain/failure.ts'
import type {
  CostEntry,
  ModelInfo,
  ModelReply,
  ModelRequest,
  ModelRole,
  Models,
  Tokens,
} from '../../domain/model.ts'
import { makerOf, modelBase, usualModel } from '../../domain/model-makers.ts'
import type { RoleModels } from '../../domain/model-roles.ts'
import { backoff } from '../../domain/respond.ts'
import { spendingCaps } from '../../domain/spending.ts'
import type { CostLedger, Spending } from '../../domain/spending.ts'
import { answerIn, askedAgain } from './answer.ts'
import { Attempt } from './attempt.ts'
import type { Target } from './attempt.ts'
import {
  KeyRefused,
  noChoice,
  noModel,
  notTheAnswer,
  outOfTime,
  refusedToAnswer,
  tooLong,
  TryFailed,
} from './failures.ts'
import { costOf, mostOf, tariffOf } from './prices.ts'
import type { Charged, Tariff } from './prices.ts'
import { bare, milder, ownKept, usualManner } from './manner.ts'
import type { Manner } from './manner.ts'
import { keptData } from './pieces.ts'
import { bytesOf } from './prompt.ts'
import type { Said } from './said.ts'
import type { Wire } from './wire.ts'

/** The connections, as far as models need them. */
export interface ModelDesk {
  find(name: string): Connection | undefined
  serving(slot: 'model'): Connection | undefined
  refused(name: string, host: string, status: number): Promise<Failure & { message: string }>
  accepted(name: string): Promise<void>
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

export interface ModelsOptions {
  readonly desk: ModelDesk
  readonly wire: Wire
  readonly ledger: CostLedger
  /** How a person wants it, now. */
  readonly wishes: () => { readonly models: RoleModels; readonly spending: Spending }
  readonly now: () => number
  /** Whose days and months caps count in. */
  readonly zone?: () => string
  /** Called where a crash could lose what was paid for: before a request that is paid leaves, and with its answer. */
  readonly fault?: (point: 'model.before-ask' | 'model.after-answer') => void
  /** Told of each request and of its end. */
  readonly observe: <T>(
    note: ModelNote,
    work: () => Promise<T>,
    endOf: (end: T | Error) => ModelEnd,
  ) => Promise<T>
}

const MOST_TRIES = 3
const RETRY = { maxTries: MOST_TRIES, maxElapsedMs: 600_000, baseMs: 500, factor: 4, capMs: 8_000 }
/** About how much a token is: what was used is estimated by it where nobody reports it. */
const BYTES_PER_TOKEN = 3
/**
 * What is reserved for a request is a token for each of its bytes, and these. Tokenizers cut a text into pieces, of bytes
 * or of characters that fall back to bytes, and no piece is empty: there are never more tokens than bytes. Nothing less
 * holds, for ASCII neither: some cut numbers into single digits, and signs stand alone. These are for what a provider
 * adds: its own words on tools and answers. Its marks of who speaks are outweighed by the JSON around each message.
 */
const FRAME_TOKENS = 1_000
/** No text has fewer tokens than this: what does not even fit so is not sent. */
const MOST_BYTES_PER_TOKEN = 6

/** One turn of a conversation: what was said, and the entry it is paid by. */
interface Turn {
  said: Said
  entry: CostEntry
}

export class ConnectedModels implements Models {
  readonly #options: ModelsOptions

  constructor(options: ModelsOptions) {
    this.#options = options
  }

  serving(role: ModelRole): ModelInfo | null {
    const target = this.#find(role)
    if ('kind' in target) return null
    const { connection, maker, model, base } = target
    const { at, isEstimate, window } = tariffOf({
      maker,
      model,
      base,
      own: this.#options.ledger.priceOf(model),
    })
    const price = { ...at(0), isEstimate }
    return { connection, provider: maker, model, price, ...(window === null ? {} : { window }) }
  }

  async ask(request: ModelRequest): Promise<ModelReply> {
    request.signal.throwIfAborted()
    const target = this.#find(request.role)
    if ('kind' in target) return fail(target)
    const { taskId, tool } = request.of
    const note = { role: request.role, model: target.model, tool, task: taskId ?? undefined }
    return this.#options.observe(note, () => new Asker(this.#options, target, request).ask(), endOf)
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
    const model = chosen?.model ?? settings['model'] ?? usualModel(maker, role)
    if (model === null) return noChoice(name)
    const base = modelBase(settings)
    return { role, connection: name, maker, model, base, host: new URL(base).host }
  }
}

/** One request of a caller, with its tries and its second chance at a structured answer. */
class Asker {
  readonly #options: ModelsOptions
  readonly #target: Target
  readonly #request: ModelRequest
  readonly #tariff: Tariff
  readonly #endsAt: number
  readonly #signal: AbortSignal
  #manner: Manner
  /** Something was told of text since the last request left. */
  #hasTold = false
  /** Of the newest request, how many tokens may come back. */
  #room = 0
  /** What the newest answer came to: it is paid for whatever is made of it. */
  #due: CostEntry | null = null

  constructor(options: ModelsOptions, target: Target, request: ModelRequest) {
    const { maker, model, base } = target
    this.#options = options
    this.#target = target
    this.#request = { ...request, messages: ownKept(request.messages, { by: nameOf(target), maker }) }
    this.#manner = usualManner(request, maker)
    this.#tariff = tariffOf({ maker, model, base, own: options.ledger.priceOf(model) })
    this.#endsAt = performance.now() + request.timeoutMs
    this.#signal = AbortSignal.any([request.signal, AbortSignal.timeout(request.timeoutMs)])
  }

  async ask(): Promise<ModelReply> {
    try {
      return await this.#answer()
    } catch (error) {
      if (this.#due !== null) await this.#options.ledger.settle(this.#due)
      throw error
    }
  }

  async #answer(): Promise<ModelReply> {
    const { answer } = this.#request
    const turn = await this.#turn(this.#request)
    if (answer === undefined) return this.#reply([turn], null)
    const first = answerIn(turn.said, answer)
    if (first.ok) return this.#reply([turn], first.value)
    await this.#options.ledger.settle(turn.entry)
    const again = await this.#turn(askedAgain(this.#request, turn.said, first.problem))
    const second = answerIn(again.said, answer)
    if (second.ok) return this.#reply([turn, again], second.value)
    return fail(notTheAnswer(this.#target, second.problem))
  }

  /** Asks until there is an answer, or it makes no sense to ask again. */
  async #turn(request: ModelRequest): Promise<Turn> {
    const bytes = this.#fitting(request)
    this.#room = request.maxOutputTokens
    let reserved: string | null = null
    for (let tries = 1; ; tries++) {
      reserved ??= await this.#reserve(request, bytes)
      const attempt = this.#attempt()
      this.#options.fault?.('model.before-ask')
      try {
        const said = await attempt.run(this.#told(request))
        this.#options.fault?.('model.after-answer')
        const entry = this.#entry(reserved, said, bytes)
        this.#due = entry
        await this.#options.desk.accepted(this.#target.connection)
        if (said.finish === 'content-filter') fail(refusedToAnswer(this.#target, said))
        return { said, entry }
      } catch (error) {
        if (!(error instanceof TryFailed || error instanceof KeyRefused)) throw error
        reserved = await this.#pay(attempt, error, reserved, bytes)
        if (!(await this.#mayTryAgain(error, tries))) {
          if (reserved !== null) await this.#options.ledger.drop(reserved)
          throw await this.#meaning(error)
        }
      }
    }
  }

  /** As it leaves now; what was told of an answer that broke off is taken back. */
  #told(request: ModelRequest): ModelRequest {
    if (this.#hasTold) request.onAgain?.()
    this.#hasTold = false
    const onText = (delta: string) => {
      this.#hasTold = true
      request.onText?.(delta)
    }
    const messages = this.#manner.givesBack ? request.messages : request.messages.map(bare)
    return { ...request, messages, onText }
  }

  #attempt(): Attempt {
    const { wire, now } = this.#options
    const leftMs = Math.max(1, Math.ceil(this.#endsAt - performance.now()))
    return new Attempt({
      wire,
      target: this.#target,
      manner: this.#manner,
      signal: this.#signal,
      leftMs,
      now,
    })
  }

  /** How many bytes are sent; refuses what does not fit however its tokens are counted. */
  #fitting(request: ModelRequest): number {
    const bytes = bytesOf(request)
    const { window } = this.#tariff
    const least = Math.floor(bytes / MOST_BYTES_PER_TOKEN)
    if (window !== null && least > window) fail(tooLong(this.#target, least, window))
    return bytes
  }

  async #reserve(request: ModelRequest, bytes: number): Promise<string> {
    const { ledger, wishes, now, zone = machineZone } = this.#options
    const { of, capped = [], maxOutputTokens } = request
    const reserved = await ledger.reserve(
      {
        of,
        connection: this.#target.connection,
        model: this.#target.model,
        micros: mostOf(bytes + FRAME_TOKENS, maxOutputTokens, this.#tariff),
      },
      [...capped, ...spendingCaps(wishes().spending, of, now(), zone())],
    )
    if ('over' in reserved) return fail(reserved.over)
    return reserved.id
  }

  /** What a try that failed has cost; the reservation, where it still holds for the next one. */
  async #pay(
    attempt: Attempt,
    error: TryFailed | KeyRefused,
    reserved: string,
    bytes: number,
  ): Promise<string | null> {
    if (error instanceof KeyRefused || error.mayCost === 'none') return reserved
    // Not even a beginning: what was done there nobody knows, so the most it can cost goes on counting.
    if (attempt.hadBegun) await this.#options.ledger.settle(this.#entry(reserved, attempt.said, bytes))
    return null
  }

  async #mayTryAgain(error: TryFailed | KeyRefused, tries: number): Promise<boolean> {
    if (error instanceof KeyRefused || this.#signal.aborted) return false
    const manner = milder(this.#manner, error, { request: this.#request, maker: this.#target.maker })
    if (manner !== null) {
      this.#manner = manner
      return true
    }
    if (!error.mayTryAgain || tries >= MOST_TRIES) return false
    const { failure } = error
    const asked = 'retryAfterMs' in failure ? failure.retryAfterMs : null
    const waitMs = asked ?? backoff(tries, Math.random(), RETRY)
    if (performance.now() + waitMs >= this.#endsAt) return false
    return sleep(waitMs, true, { signal: this.#signal }).catch(() => false)
  }

  /** What was used: as reported, else estimated from what was sent and came, and then no more than was reserved. */
  #entry(id: string, { tokens, characters }: Said, bytes: number): CostEntry {
    const input = Math.ceil(bytes / BYTES_PER_TOKEN)
    const output = Math.min(Math.ceil(characters / BYTES_PER_TOKEN), this.#room)
    const charged: Charged = tokens ?? { input, cached: 0, written: 0, output, reasoning: 0 }
    const { written: _written, ...counted } = charged
    return {
      id,
      micros: costOf(charged, this.#tariff),
      tokens: counted,
      estimated: tokens === null || this.#tariff.isEstimate,
    }
  }

  #kept(said: Said): Pick<ModelReply, 'kept'> {
    const data = keptData(this.#target.maker, said)
    if (data === undefined) return {}
    const tokens = said.tokens?.reasoning ?? 0
    return { kept: { by: nameOf(this.#target), data, tokens, isAfresh: !this.#manner.givesBack } }
  }

  async #meaning(error: TryFailed | KeyRefused): Promise<Error> {
    const { signal, timeoutMs } = this.#request
    if (signal.aborted)
      return signal.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError')
    if (error instanceof KeyRefused) {
      const { connection, host } = this.#target
      const failure = await this.#options.desk.refused(connection, host, error.status)
      return new FailureError({ ...failure, kind: 'auth-revoked', connection })
    }
    return new FailureError(this.#signal.aborted ? outOfTime(this.#target, timeoutMs) : error.failure)
  }

  async #reply(turns: readonly Turn[], value: ModelReply['value']): Promise<ModelReply> {
    const last = turns.at(-1)
    if (last === undefined) throw new Error('nothing was said')
    const { said, entry } = last
    const isCallers = this.#request.settles === 'caller'
    if (!isCallers) await this.#options.ledger.settle(entry)
    const isAnswer = this.#request.answer !== undefined
    return {
      text: said.text,
      calls: isAnswer ? [] : said.calls,
      ...(isAnswer ? {} : this.#kept(said)),
      value,
      finish: said.finish === 'length' ? 'length' : said.calls.length > 0 && !isAnswer ? 'calls' : 'stop',
      tokens: turns.map(turn => turn.entry.tokens).reduce(sumOf),
      micros: turns.reduce((sum, turn) => sum + turn.entry.micros, 0),
      estimated: turns.some(turn => turn.entry.estimated),
      model: this.#target.model,
      ...(isCallers ? { unsettled: entry } : {}),
    }
  }
}

/** Signatures are of a model at a place: of another they are noise. */
function nameOf({ maker, host, model }: Target): string {
  return [maker, host, model].join(' ')
}

function endOf(end: ModelReply | Error): ModelEnd {
  return end instanceof Error
    ? { tokens: undefined, kind: failureOf(end).kind }
    : { tokens: end.tokens, kind: undefined }
}

function sumOf(a: Tokens, b: Tokens): Tokens {
  return {
    input: a.input + b.input,
    cached: a.cached + b.cached,
    output: a.output + b.output,
    reasoning: a.reasoning + b.reasoning,
  }
}

function machineZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}
