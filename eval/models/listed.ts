/** A model whose replies are known beforehand: which one comes next follows from what is in the thread alone. */
import type { Failure } from '../../src/domain/failure.ts'
import type { Wish } from '../../src/domain/picture.ts'
import type { Json, JsonObject } from '../../src/domain/json.ts'
import { NO_MODELS } from '../../src/domain/model.ts'
import type {
  DrawReply,
  DrawRequest,
  ModelCall,
  ModelReply,
  ModelRequest,
  Models,
  Quote,
} from '../../src/domain/model.ts'
import type { Reply, Situated } from '../intent.ts'

/** `turn`: how often it has replied before. null: it has nothing to say. */
export type Replies = (situated: Situated, turn: number, request: ModelRequest) => Reply | null

export class ListedModel implements Models {
  readonly #replies: Replies
  readonly #situated: Situated[] = []

  constructor(replies: Replies) {
    this.#replies = replies
  }

  /** Who asks is told by the wish. */
  knows(situated: Situated): this {
    this.#situated.push(situated)
    return this
  }

  serving() {
    return { connection: 'model', provider: 'listed', model: 'listed-1', base: 'https://models.example/v1' }
  }

  draw(request: DrawRequest): Promise<DrawReply> {
    return NO_MODELS.draw(request)
  }

  quote(wish: Wish): Quote | Failure {
    return NO_MODELS.quote(wish)
  }

  async ask(request: ModelRequest): Promise<ModelReply> {
    const [first] = request.messages
    const wish = first?.from === 'user' ? first.text : ''
    if (request.answer !== undefined) return { ...NOTHING, value: this.#judge(wish, request.answer) }
    const situated = this.#situated.findLast(({ situation }) => wish.includes(situation.wish))
    if (situated === undefined) throw new Error('nobody knows this wish')
    const turn = request.messages.filter(({ from }) => from === 'model').length
    return replied(situated, this.#replies(situated, turn, request) ?? { say: heard(request) }, turn)
  }

  /** The fields that are asked for, of what is known about the text. */
  #judge(shown: string, { properties = {} }: JsonObject): Json {
    const known = this.#situated.flatMap(({ situation }) => situation.small ?? [])
    const fields = known.findLast(([pattern]) => pattern.test(shown))?.[1] ?? {}
    return Object.fromEntries(Object.keys(properties as JsonObject).map(name => [name, fields[name] ?? null]))
  }
}

const NOTHING: ModelReply = {
  text: '',
  calls: [],
  value: null,
  finish: 'stop',
  tokens: { input: 1_000, cached: 0, output: 100, reasoning: 0 },
  micros: 0,
  estimated: false,
  model: 'listed-1',
}

/** What it was told last, so that a try that failed says why. */
export function heard({ messages }: ModelRequest): string {
  const last = messages.at(-1)
  if (last?.from !== 'tools') return ''
  return last.answers.map(({ text }) => text).join('\n')
}

function replied({ intent }: Situated, reply: Reply, turn: number): ModelReply {
  const calls = callsOf(intent.id, reply).map(([tool, input], place) => ({
    id: `c${String(turn)}_${String(place)}`,
    tool,
    input,
  }))
  return {
    ...NOTHING,
    text: 'say' in reply ? reply.say : '',
    calls: calls satisfies ModelCall[],
    finish: calls.length > 0 ? 'calls' : 'stop',
  }
}

function callsOf(name: string, reply: Reply): (readonly [tool: string, input: Json])[] {
  if ('ask' in reply) {
    const choices = [...(reply.choices ?? [])].map(choice => ({ ...choice }))
    return [['ask_user', { question: reply.ask, choices }]]
  }
  if ('look' in reply) {
    const { look, hosts = [], paths = [] } = reply
    return [['explore', { script: look, hosts: [...hosts], paths: [...paths] }]]
  }
  if ('say' in reply) return []
  if ('calls' in reply) return [...reply.calls]
  const { contract, source, despite } = reply.plan
  return [
    ['propose_contract', { name, contract: contract as Json, assumptions: [] }],
    ['write_script', { source }],
    ['finish', despite === undefined ? {} : { despite }],
  ]
}
