/**
 * The model outside: speaks the protocol of open models' servers, and answers each question otherwise each time it is
 * asked, as models do, so that whoever asks again cannot go on as before. It refuses the first of a question that ends
 * in `-i` for haste, and answers one that ends in `-j` in the wrong form until it is told. Owns what it was asked and
 * what it counted.
 */
import { createServer } from 'node:http'
import type { Server, ServerResponse } from 'node:http'

/** One request that came in whole. It costs from then on, whoever is still there to hear the answer. */
export interface Ask {
  /** Which question, by the mark in its text; with `${AGAIN}` where it was told that its answer had the wrong form. */
  question: string
  /** Tokens, in and out: each costs a micro-dollar here. */
  micros: number
}

/** What a model that plans is to propose, one call after the other; said to it in a person's words, as `planned` writes it. */
export type Planned = readonly { tool: string; input: Record<string, unknown> }[]

interface Asked {
  messages: { role: string; content: unknown }[]
  tools?: unknown[]
  response_format?: { json_schema?: { schema?: { properties?: Record<string, Form> } } }
}
interface Form {
  enum?: string[]
}

export const AGAIN = '/again'
const THINKS_MS = 10
const WRITES_MS = 5

export const COLOURS = ['red', 'green', 'blue']

/** How a question is marked in its text. */
export function marked(question: string): string {
  return `question (${question})`
}

export function planned(plan: Planned): string {
  return `plan (${Buffer.from(JSON.stringify(plan)).toString('base64url')})`
}

/** The mark in a text. */
export function questionIn(text: string): string {
  return /question \(([^)\s]+)\)/.exec(text)?.[1] ?? 'unmarked'
}

export class ModelServer {
  readonly server: Server
  asks: Ask[] = []
  readonly #refused = new Set<string>()
  readonly #around: { arrived: () => void; answered: () => void }

  /** Told as a request comes in, and when it was answered. */
  constructor(around: { arrived: () => void; answered: () => void }) {
    this.#around = around
    this.server = createServer((incoming, response) => {
      if (incoming.method !== 'POST') {
        // Of itself it says nothing: neither what it has, nor how much it takes.
        response.writeHead(404).end()
        return
      }
      around.arrived()
      let body = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (piece: string) => {
        body += piece
      })
      incoming.on('end', () => {
        this.#take(JSON.parse(body) as Asked, response)
      })
    })
  }

  forget(): void {
    this.asks = []
    this.#refused.clear()
  }

  #take(asked: Asked, response: ServerResponse): void {
    const text = JSON.stringify(asked.messages)
    const own = asked.messages.filter(({ role }) => role === 'assistant').length
    const step = asked.tools === undefined ? null : own
    const marked = questionIn(text)
    const question = `${marked}${step === null ? (own > 0 ? AGAIN : '') : `-${String(step)}`}`
    if (question.endsWith('-i') && !this.#refused.has(question)) {
      this.#refused.add(question)
      response.writeHead(429, { 'retry-after-ms': '5' }).end()
      return
    }
    const before = this.asks.filter(ask => ask.question === question).length
    const usage = { prompt_tokens: 100 + question.length, completion_tokens: 10 + 7 * before }
    this.asks.push({ question, micros: usage.prompt_tokens + usage.completion_tokens })
    const [head, tail] = step === null ? answer(asked, question, before) : call(text, step, before)
    setTimeout(() => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(said([head]))
      setTimeout(() => {
        const end = said([tail, { choices: [], usage }])
        response.end(`${end}data: [DONE]\n\n`, this.#around.answered)
      }, WRITES_MS)
    }, THINKS_MS)
  }
}

function said(pieces: readonly object[]): string {
  return pieces.map(piece => `data: ${JSON.stringify(piece)}\n\n`).join('')
}

/** What it says, in two pieces. */
type Pieces = [head: object, tail: object]

function answer(asked: Asked, question: string, before: number): Pieces {
  const text = question.endsWith('-j') ? 'It is hard to say.' : JSON.stringify(valueOf(asked, before))
  return [
    { choices: [{ delta: { content: text.slice(0, 4) } }] },
    { choices: [{ delta: { content: text.slice(4) }, finish_reason: 'stop' }] },
  ]
}

/** The next call of the plan that it was told; how often it was asked for it stands in each. */
function call(text: string, step: number, before: number): Pieces {
  const plan = JSON.parse(
    Buffer.from(/plan \((\S+?)\)/.exec(text)?.[1] ?? 'W10', 'base64url').toString(),
  ) as Planned
  const id = `call-${String(step)}-${String(before)}`
  const { tool = 'finish', input = {} } = plan[step] ?? {}
  const written = JSON.stringify(input).replaceAll('TIMES', String(before))
  const tool_calls = [{ index: 0, id, type: 'function', function: { name: tool, arguments: written } }]
  return [{ choices: [{ delta: { tool_calls } }] }, { choices: [{ delta: {}, finish_reason: 'tool_calls' }] }]
}

/** A choice where one is asked for, a number otherwise: another one each time. */
function valueOf(asked: Asked, before: number): Record<string, string | number> {
  const forms = Object.entries(asked.response_format?.json_schema?.schema?.properties ?? {})
  return Object.fromEntries(
    forms.map(([name, form]) => [
      name,
      form.enum === undefined ? before : (COLOURS[before % COLOURS.length] ?? ''),
    ]),
  )
}
