/**
 * Anthropic's messages, as models with preserved thinking take them: each block of thinking is bound to all that came
 * before it, belongs to one model, and comes back in the answer it was given in.
 */
import { sha256Hex } from '../../../src/domain/json.ts'
import type { Json, JsonObject } from '../../../src/domain/json.ts'
import { event, textOf, USED } from './server.ts'
import type { Dialect, Refusal, Turn } from './server.ts'

interface Message {
  role: string
  content: JsonObject[]
}

export class StrictAnthropic implements Dialect {
  readonly maker = 'anthropic'
  readonly base = '/v1'
  readonly models = ['claude-opus-5-5', 'claude-sonnet-5-5'] as const
  /** By the id of its first call: what an answer was made of. */
  readonly #answers = new Map<string, { model: string; content: JsonObject[] }>()
  readonly #signed = new Set<string>()
  #count = 0

  modelOf(_request: unknown, body: JsonObject): string {
    return textOf(body['model'])
  }

  turnsIn(body: JsonObject): number {
    return messagesIn(body).filter(({ role }) => role === 'assistant').length
  }

  forget(): void {
    this.#answers.clear()
    this.#signed.clear()
  }

  refusal(body: JsonObject, model: string): Refusal | null {
    if (body['temperature'] !== undefined) return refused('`temperature` is deprecated for this model.')
    const messages = messagesIn(body)
    for (const [at, message] of messages.entries()) {
      const problem = this.#problemWith(message, at, body, model)
      if (problem !== null) return refused(problem)
    }
    return null
  }

  answer({ say, call = [] }: Turn, body: JsonObject, model: string): string[] {
    const content: JsonObject[] = []
    const think = () => {
      const signature = `${model}:${prefixOf(body, messagesIn(body).length, content)}:${String(++this.#count)}`
      this.#signed.add(signature)
      content.push({ type: 'thinking', thinking: '', signature })
    }
    think()
    if (say !== undefined) content.push({ type: 'text', text: say })
    for (const [place, [name, input]] of call.entries()) {
      // Models think between calls as well, and not all of it may be read by anybody.
      if (place === 1) content.push({ type: 'redacted_thinking', data: `${model}:${String(++this.#count)}` })
      content.push({ type: 'tool_use', id: `toolu_${String(++this.#count)}`, name, input })
    }
    const first = content.find(({ type }) => type === 'tool_use')?.['id']
    if (typeof first === 'string') this.#answers.set(first, { model, content })
    return [...begun(model), ...content.flatMap(blockEvents), ...ended(call.length > 0)]
  }

  #problemWith({ role, content }: Message, at: number, body: JsonObject, model: string): string | null {
    if (role !== 'assistant') return null
    for (const [place, block] of content.entries()) {
      const path = `messages.${String(at)}.content.${String(place)}`
      if (block['type'] !== 'thinking') continue
      const signature = textOf(block['signature'])
      const bound = `${model}:${prefixOf(body, at, content.slice(0, place))}:`
      if (!this.#signed.has(signature)) return `${path}: Invalid \`signature\` in \`thinking\` block`
      if (!signature.startsWith(bound))
        return `${path}: Invalid \`signature\` in \`thinking\` block. The block is bound to a different conversation. Remove the block, or set \`thinking.block_binding.prefix_mismatch_behavior\` to "drop_block".`
    }
    const given = this.#answers.get(textOf(content.find(({ type }) => type === 'tool_use')?.['id']))
    if (given?.model !== model) return null
    // What was thought about something else may be left out, all of it.
    const [first] = given.content
    const isBound = textOf(first?.['signature']).startsWith(`${model}:${prefixOf(body, at, [])}:`)
    const due = isBound
      ? given.content
      : given.content.filter(({ type }) => !textOf(type).includes('thinking'))
    const isSame = plain(due) === plain(content)
    return isSame
      ? null
      : `messages.${String(at)}: \`thinking\` or \`redacted_thinking\` blocks in an assistant message cannot be modified. These blocks must remain as they were in the original response.`
  }
}

function messagesIn(body: JsonObject): Message[] {
  return body['messages'] as unknown as Message[]
}

/** Marks of what is to be cached are no part of a conversation. */
function plain(value: Json | undefined): string {
  return JSON.stringify(value, (key, member: Json) => (key === 'cache_control' ? undefined : member))
}

function prefixOf(body: JsonObject, at: number, before: readonly JsonObject[]): string {
  const earlier = messagesIn(body).slice(0, at) as unknown as Json
  return sha256Hex(
    [body['system'], body['tools'], earlier, [...before]].map(each => plain(each)).join('\n'),
  ).slice(0, 16)
}

function refused(message: string): Refusal {
  return { status: 400, message, body: { type: 'error', error: { type: 'invalid_request_error', message } } }
}

function begun(model: string): string[] {
  const usage = { input_tokens: USED.input, output_tokens: 1 }
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    usage,
  }
  return [event({ type: 'message_start', message }, 'message_start')]
}

function blockEvents(block: JsonObject, index: number): string[] {
  const start = (content: JsonObject) =>
    event({ type: 'content_block_start', index, content_block: content }, 'content_block_start')
  const delta = (part: JsonObject) =>
    event({ type: 'content_block_delta', index, delta: part }, 'content_block_delta')
  const stop = event({ type: 'content_block_stop', index }, 'content_block_stop')
  switch (block['type']) {
    case 'thinking':
      return [
        start({ type: 'thinking', thinking: '', signature: '' }),
        delta({ type: 'signature_delta', signature: block['signature'] ?? null }),
        stop,
      ]
    case 'text':
      return [
        start({ type: 'text', text: '' }),
        delta({ type: 'text_delta', text: block['text'] ?? null }),
        stop,
      ]
    case 'tool_use': {
      const { input, ...call } = block
      const json = JSON.stringify(input)
      return [
        start({ ...call, input: {} }),
        delta({ type: 'input_json_delta', partial_json: json.slice(0, 5) }),
        delta({ type: 'input_json_delta', partial_json: json.slice(5) }),
        stop,
      ]
    }
    default:
      return [start(block), stop]
  }
}

function ended(hasCalls: boolean): string[] {
  const delta = { stop_reason: hasCalls ? 'tool_use' : 'end_turn', stop_sequence: null }
  const usage = { output_tokens: USED.output, output_tokens_details: { thinking_tokens: USED.thought } }
  return [
    event({ type: 'message_delta', delta, usage }, 'message_delta'),
    event({ type: 'message_stop' }, 'message_stop'),
  ]
}
