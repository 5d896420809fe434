/**
 * OpenAI's chat, as two of those speak it who add what a model thought to it: a server that wants the thoughts before
 * each call back under their name, and a go-between that wants its details back as it gave them, joined.
 */
import type { Json, JsonObject } from '../../../src/domain/json.ts'
import { event, textOf, USED } from './server.ts'
import type { Dialect, Refusal, Turn } from './server.ts'

interface Given {
  model: string
  /** Of the message, what has to be there. */
  beside: JsonObject
}

abstract class StrictChat implements Dialect {
  abstract readonly maker: 'compatible' | 'openrouter'
  abstract readonly models: readonly [string, string]
  readonly base = '/v1'
  /** By the id of a call. */
  protected readonly given = new Map<string, Given>()
  #count = 0

  protected abstract thought(id: string, model: string): { deltas: JsonObject[]; beside: JsonObject }
  protected abstract problemWith(message: JsonObject, given: Given | undefined, model: string): string | null

  modelOf(_request: unknown, body: JsonObject): string {
    return textOf(body['model'])
  }

  turnsIn(body: JsonObject): number {
    return messagesIn(body).filter(({ role }) => role === 'assistant').length
  }

  forget(): void {
    this.given.clear()
  }

  refusal(body: JsonObject, model: string): Refusal | null {
    for (const message of messagesIn(body)) {
      if (message['role'] !== 'assistant') continue
      const calls = (message['tool_calls'] ?? []) as JsonObject[]
      const problem = this.problemWith(message, this.given.get(textOf(calls[0]?.['id'])), model)
      if (problem !== null) return refused(problem)
    }
    return null
  }

  answer({ say, call = [] }: Turn, _body: JsonObject, model: string): string[] {
    const ids = call.map(() => `call_${String(++this.#count)}`)
    const { deltas, beside } = this.thought(`t${String(++this.#count)}`, model)
    for (const id of ids) this.given.set(id, { model, beside })
    const calls = call.map(([name, input], index): JsonObject => {
      const id = ids[index] ?? ''
      const named = { name, arguments: JSON.stringify(input) }
      return { tool_calls: [{ index, id, type: 'function', function: named }] }
    })
    const all = [...deltas, ...(say === undefined ? [] : [{ content: say }]), ...calls]
    const end = { index: 0, delta: {}, finish_reason: call.length > 0 ? 'tool_calls' : 'stop' }
    return [
      ...all.map(delta => event({ id: 'c_1', choices: [{ index: 0, delta, finish_reason: null }] })),
      event({ id: 'c_1', choices: [end] }),
      event({ id: 'c_1', choices: [], usage: USAGE }),
      'data: [DONE]\n\n',
    ]
  }
}

/** As DeepSeek’s: each call needs the thoughts before it, in all that follows; a schema beside the request is unknown. */
export class StrictThoughts extends StrictChat {
  readonly maker = 'compatible'
  readonly models = ['deepseek-v4-pro', 'deepseek-v4-flash'] as const

  override refusal(body: JsonObject, model: string): Refusal | null {
    const format = body['response_format'] as JsonObject | undefined
    if (format?.['type'] === 'json_schema') return refused('This response_format type is unavailable now')
    if (typeof body['tool_choice'] === 'object')
      return refused('Thinking mode does not support this tool_choice')
    return super.refusal(body, model)
  }

  protected thought(id: string): { deltas: JsonObject[]; beside: JsonObject } {
    const pieces = [`They want ${id}. `, 'So it is. ', 'That is all.']
    return {
      deltas: pieces.map(reasoning => ({ content: null, reasoning_content: reasoning })),
      beside: { reasoning_content: pieces.join('') },
    }
  }

  protected problemWith(message: JsonObject, given: Given | undefined, model: string): string | null {
    const text = message['reasoning_content']
    const isCall = message['tool_calls'] !== undefined
    const isOwn = given?.model === model
    if (isCall && (typeof text !== 'string' || (isOwn && text !== given.beside['reasoning_content'])))
      return 'The `reasoning_content` in the thinking mode must be passed back to the API.'
    return null
  }
}

/** As OpenRouter’s: details come in pieces, and go back as the model's own provider knows them. */
export class StrictDetails extends StrictChat {
  readonly maker = 'openrouter'
  readonly models = ['anthropic/claude-opus-5.5', 'openai/gpt-6.1-sol'] as const

  protected thought(id: string, model: string): { deltas: JsonObject[]; beside: JsonObject } {
    const detail = { type: 'reasoning.text', format: 'anthropic-claude-v1', index: 0 }
    const sealed = { type: 'reasoning.encrypted', data: `${model}:${id}`, id, index: 1 }
    const piece = (more: JsonObject): JsonObject => ({ reasoning_details: [{ ...detail, ...more }] })
    return {
      deltas: [
        { ...piece({ text: 'They want ' }), reasoning: 'They want ' },
        { ...piece({ text: `${id}.` }), reasoning: `${id}.` },
        piece({ signature: `${model}/${id}` }),
        { reasoning_details: [sealed] },
      ],
      beside: {
        reasoning_details: [{ ...detail, text: `They want ${id}.`, signature: `${model}/${id}` }, sealed],
      },
    }
  }

  protected problemWith(message: JsonObject, given: Given | undefined, model: string): string | null {
    const details = message['reasoning_details']
    if (message['reasoning'] !== undefined || message['reasoning_content'] !== undefined)
      return 'Give reasoning_details back, and nothing beside them.'
    const isOwn = given?.model === model
    if (details === undefined) return isOwn ? 'reasoning_details are missing.' : null
    const isSame = isOwn && same(details, given.beside['reasoning_details'] ?? null)
    return isSame || message['tool_calls'] === undefined ? null : 'Invalid signature in reasoning_details.'
  }
}

function same(one: Json, other: Json): boolean {
  const sorted = (value: Json) =>
    JSON.stringify(value, (_key, member: Json) =>
      typeof member === 'object' && member !== null && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).toSorted())
        : member,
    )
  return sorted(one) === sorted(other)
}

const USAGE = {
  prompt_tokens: USED.input,
  completion_tokens: USED.output,
  total_tokens: USED.input + USED.output,
  completion_tokens_details: { reasoning_tokens: USED.thought },
}

function messagesIn(body: JsonObject): JsonObject[] {
  return body['messages'] as JsonObject[]
}

function refused(message: string): Refusal {
  return {
    status: 400,
    message,
    body: { error: { message, type: 'invalid_request_error', code: 'invalid_request_error' } },
  }
}
