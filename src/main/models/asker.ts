/** One request for text: its turns, and its second chance at a structured answer. */
import { fail } from '../../domain/failure.ts'
import type { ModelReply, ModelRequest, Spent, Tokens } from '../../domain/model.ts'
import { answerIn, askedAgain } from './answer.ts'
import { Attempt } from './attempt.ts'
import type { ExchangeOptions, Target } from './exchange.ts'
import { cutByServer, notTheAnswer, refusedToAnswer, tooLong } from './failures.ts'
import type { TryFailed } from './failures.ts'
import type { Measured } from './measured.ts'
import { bare, milder, ownKept, toBeKept, usualManner } from './manner.ts'
import type { Manner } from './manner.ts'
import { Payer } from './payer.ts'
import type { Came, PayerOptions, Try } from './payer.ts'
import { BYTES_PER_TOKEN, costOf, FRAME_TOKENS, mostOf, tariffOf } from './prices.ts'
import type { Charged, Tariff } from './prices.ts'
import { keptData } from './pieces.ts'
import { bytesOf } from './prompt.ts'
import type { Said } from './said.ts'
import type { Windows } from './windows.ts'

/** No text has fewer tokens than this: what does not even fit so is not sent. */
const MOST_BYTES_PER_TOKEN = 6

export interface AskerOptions extends PayerOptions {
  readonly windows: Windows
  readonly measured: Measured
  /** The longest answers, in tokens, that models have said they give; by the model and where it is. */
  readonly mostOutput: Map<string, number>
}

export class Asker {
  readonly #target: Target
  readonly #request: ModelRequest
  readonly #tariff: Tariff
  readonly #payer: Payer
  readonly #options: AskerOptions
  #manner: Manner
  /** Something was told of text since the last request left. */
  #hasTold = false
  /** The longest answer that the model said it gives. */
  #learnt: number | null = null
  /** What is asked now, at first or again. */
  #asked: ModelRequest

  constructor(options: AskerOptions, target: Target, request: ModelRequest) {
    const { maker, model, base } = target
    this.#target = target
    this.#request = { ...request, messages: ownKept(request.messages, { by: nameOf(target), maker }) }
    this.#asked = this.#request
    this.#manner = usualManner(request, maker, options.mostOutput.get(nameOf(target)))
    this.#tariff = tariffOf({ maker, model, base, own: options.ledger.priceOf(model) })
    this.#payer = new Payer(options, target, request)
    this.#options = options
  }

  ask(): Promise<ModelReply> {
    return this.#payer.whole(() => this.#answer())
  }

  async #answer(): Promise<ModelReply> {
    const { answer } = this.#request
    const turn = await this.#turn(this.#request)
    if (answer === undefined) return this.#reply([turn], null)
    const first = answerIn(turn.came, answer)
    if (first.ok) return this.#reply([turn], first.value)
    await this.#payer.settle(turn.entry)
    const again = await this.#turn(askedAgain(this.#request, turn.came, first.problem))
    const second = answerIn(again.came, answer)
    if (second.ok) return this.#reply([turn, again], second.value)
    return fail(notTheAnswer(this.#target, second.problem))
  }

  async #turn(request: ModelRequest): Promise<Came<Said>> {
    const bytes = this.#fitting(request)
    this.#asked = request
    const { measured } = this.#options
    const tokens = measured.mostTokens(request, nameOf(this.#target))
    const turn = await this.#payer.take<Said>({
      most: mostOf(tokens + FRAME_TOKENS, this.#room, this.#tariff),
      begin: options => this.#begin(options, request, Math.min(Math.ceil(bytes / BYTES_PER_TOKEN), tokens)),
      adapts: error => this.#adapts(error),
    })
    if (this.#learnt !== null) this.#options.mostOutput.set(nameOf(this.#target), this.#learnt)
    await this.#wholly(turn.came, bytes)
    measured.learn(request, nameOf(this.#target), turn.came.tokens)
    if (turn.came.finish === 'content-filter') fail(refusedToAnswer(this.#target, turn.came))
    return turn
  }

  /** Fails where a server of one's own cannot have read all that it was sent. */
  async #wholly({ tokens }: Said, bytes: number): Promise<void> {
    if (this.#target.maker !== 'compatible') return
    const window = await this.#options.windows.tooSmall(this.#target, bytes, tokens, this.#request.signal)
    if (window !== null) fail(cutByServer(this.#target, window))
  }

  /** `likely`: about how many tokens are sent. */
  #begin(options: ExchangeOptions, request: ModelRequest, likely: number): Try<Said> {
    const attempt = new Attempt({ ...options, manner: this.#manner })
    return {
      get hadBegun() {
        return attempt.hadBegun
      },
      run: () => attempt.run(this.#told(request)),
      spent: () => this.#spent(attempt.said, likely),
    }
  }

  /** How many bytes are sent; refuses what does not fit however its tokens are counted. */
  #fitting(request: ModelRequest): number {
    const bytes = bytesOf(request)
    const { window } = this.#tariff
    const least = Math.floor(bytes / MOST_BYTES_PER_TOKEN)
    if (window !== null && least > window) fail(tooLong(this.#target, least, window))
    return bytes
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
    return { ...request, messages, maxOutputTokens: this.#room, onText }
  }

  #adapts(error: TryFailed): boolean {
    const manner = milder(this.#manner, error, { request: this.#asked, maker: this.#target.maker })
    if (manner === null) return false
    if (error.refused.includes('room') && manner.mostOutput < this.#room) this.#learnt = manner.mostOutput
    this.#manner = manner
    return true
  }

  /** How many tokens may come back. */
  get #room(): number {
    return Math.min(this.#asked.maxOutputTokens, this.#manner.mostOutput)
  }

  /** What was used: as reported, else estimated from what was sent and came, and then no more than was reserved. */
  #spent({ tokens, characters }: Said, input: number): Spent {
    const output = Math.min(Math.ceil(characters / BYTES_PER_TOKEN), this.#room)
    const charged: Charged = tokens ?? { input, cached: 0, written: 0, output, reasoning: 0 }
    const { written: _written, ...counted } = charged
    return {
      micros: costOf(charged, this.#tariff),
      tokens: counted,
      estimated: tokens === null || this.#tariff.isEstimate,
    }
  }

  #kept(said: Said): Pick<ModelReply, 'kept'> {
    const data = keptData(this.#target.maker, said)
    if (data === undefined) return {}
    const tokens = said.tokens?.reasoning ?? 0
    const kept = { by: nameOf(this.#target), data, tokens, isAfresh: !this.#manner.givesBack }
    return { kept: toBeKept(kept, this.#request.messages) }
  }

  async #reply(turns: readonly Came<Said>[], value: ModelReply['value']): Promise<ModelReply> {
    const last = turns.at(-1)
    if (last === undefined) throw new Error('nothing was said')
    const { came: said, entry } = last
    const isCallers = this.#request.settles === 'caller'
    if (!isCallers) await this.#payer.settle(entry)
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

function sumOf(a: Tokens, b: Tokens): Tokens {
  return {
    input: a.input + b.input,
    cached: a.cached + b.cached,
    output: a.output + b.output,
    reasoning: a.reasoning + b.reasoning,
  }
}
