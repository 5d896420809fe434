/** A model that says what a test wrote for it, behind the port that production uses. */
import type { Failure } from '../../src/domain/failure.ts'
import type { Wish } from '../../src/domain/picture.ts'
import type { Json } from '../../src/domain/json.ts'
import { NO_MODELS } from '../../src/domain/model.ts'
import type {
  DrawReply,
  DrawRequest,
  ModelReply,
  ModelRequest,
  Models,
  Quote,
} from '../../src/domain/model.ts'

/** One reply: text, calls by tool and input, or something that goes wrong. */
export type Line =
  | string
  | { say?: string; call: readonly (readonly [tool: string, input: Json])[] }
  | { value: Json }
  | { fail: Error }
  | ((request: ModelRequest) => Line | Promise<Line>)

const SERVING = {
  connection: 'model',
  provider: 'scripted',
  model: 'scripted-1',
  base: 'https://models.example/v1',
}

export class ScriptedModel implements Models {
  readonly requests: ModelRequest[] = []
  readonly #lines: Line[]
  isConnected = true

  /** Nothing more is to be said of what was prepared. */
  forget(): void {
    this.#lines.length = 0
  }

  constructor(...lines: Line[]) {
    this.#lines = lines
  }

  /** What it says next, after all that was there. */
  then(...lines: Line[]): this {
    this.#lines.push(...lines)
    return this
  }

  serving() {
    return this.isConnected ? SERVING : null
  }

  draw(request: DrawRequest): Promise<DrawReply> {
    return NO_MODELS.draw(request)
  }

  quote(wish: Wish): Quote | Failure {
    return NO_MODELS.quote(wish)
  }

  async ask(request: ModelRequest): Promise<ModelReply> {
    this.requests.push(request)
    const line = this.#lines.shift()
    if (line === undefined) throw new Error('the scripted model has nothing more to say')
    return replyOf(await resolved(line, request), this.requests.length)
  }
}

async function resolved(
  line: Line,
  request: ModelRequest,
): Promise<Exclude<Line, (request: ModelRequest) => unknown>> {
  return typeof line === 'function' ? resolved(await line(request), request) : line
}

function replyOf(line: Exclude<Line, (request: ModelRequest) => unknown>, place: number): ModelReply {
  const base: ModelReply = {
    text: '',
    calls: [],
    value: null,
    finish: 'stop',
    tokens: { input: 100, cached: 0, output: 10, reasoning: 0 },
    micros: 0,
    estimated: false,
    model: 'scripted-1',
  }
  if (typeof line === 'string') return { ...base, text: line }
  if ('fail' in line) throw line.fail
  if ('value' in line) return { ...base, value: line.value, text: JSON.stringify(line.value) }
  const calls = line.call.map(([tool, input], index) => ({
    id: `c${String(place)}_${String(index)}`,
    tool,
    input,
  }))
  return { ...base, text: line.say ?? '', calls, finish: 'calls' }
}
