/**
 * OpenAI's responses without a store: what a model reasoned comes sealed, goes back before the call or the text it led
 * to, and nothing can be referred to that was not stored.
 */
import type { JsonObject } from '../../../src/domain/json.ts'
import { event, textOf, USED } from './server.ts'
import type { Dialect, Refusal, Turn } from './server.ts'

export class StrictOpenAi implements Dialect {
  readonly maker = 'openai'
  readonly base = '/v1'
  readonly models = ['gpt-6.1-sol', 'gpt-6-luna'] as const
  /** By its seal: the model whose it is, and the ids of the calls that it led to. */
  readonly #seals = new Map<string, { id: string; model: string }>()
  /** By the id of a call: the seal that has to stand before it. */
  readonly #ledTo = new Map<string, { seal: string; model: string }>()
  #count = 0

  modelOf(_request: unknown, body: JsonObject): string {
    return textOf(body['model'])
  }

  turnsIn(body: JsonObject): number {
    const items = itemsIn(body)
    return items.filter((item, place) => isOfModel(item) && !isOfModel(items[place - 1] ?? {})).length
  }

  forget(): void {
    this.#seals.clear()
    this.#ledTo.clear()
  }

  refusal(body: JsonObject, model: string): Refusal | null {
    if (body['temperature'] !== undefined)
      return refused(
        "Unsupported parameter: 'temperature' is not supported with this model.",
        'unsupported_parameter',
      )
    if (body['store'] !== false || !(body['include'] as string[]).includes('reasoning.encrypted_content'))
      return refused('This test wants no store, and what was reasoned.', 'test')
    const items = itemsIn(body)
    for (const [place, item] of items.entries()) {
      const refusal = this.#problemWith(item, items.slice(0, place), items[place + 1], model)
      if (refusal !== null) return refusal
    }
    return null
  }

  answer({ say, call = [] }: Turn, _body: JsonObject, model: string): string[] {
    const id = `rs_${String(++this.#count)}`
    const seal = `sealed:${model}:${id}`
    this.#seals.set(seal, { id, model })
    const items: JsonObject[] = [{ type: 'reasoning', id, summary: [], encrypted_content: seal }]
    if (say !== undefined)
      items.push({ type: 'message', id: `msg_${String(++this.#count)}`, phase: 'commentary', text: say })
    for (const [name, input] of call) {
      const callId = `call_${String(++this.#count)}`
      this.#ledTo.set(callId, { seal, model })
      items.push({
        type: 'function_call',
        id: `fc_${callId}`,
        call_id: callId,
        name,
        arguments: JSON.stringify(input),
      })
    }
    const response = { id: 'resp_1', created_at: 1, model }
    return [
      event({ type: 'response.created', response }),
      ...items.flatMap((item, index) => itemEvents(item, index)),
      event({ type: 'response.completed', response: { ...response, usage: USAGE } }),
    ]
  }

  #problemWith(
    item: JsonObject,
    before: readonly JsonObject[],
    next: JsonObject | undefined,
    model: string,
  ): Refusal | null {
    if (item['type'] === 'item_reference')
      return refused(
        `Item with id '${textOf(item['id'])}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`,
        'invalid_request_error',
        404,
      )
    const isLed = before.at(-1)?.['type'] === 'reasoning'
    if (item['role'] === 'assistant' && isLed && item['phase'] !== 'commentary')
      return refused('This test wants to know again what a text was for.', 'test')
    if (item['type'] === 'reasoning') return this.#reasoningProblem(item, next, model)
    if (item['type'] !== 'function_call') return null
    const led = this.#ledTo.get(textOf(item['call_id']))
    const ofTurn = before.slice(before.findLastIndex(each => !isOfModel(each)) + 1)
    const isThere = ofTurn.some(each => each['encrypted_content'] === led?.seal)
    return led === undefined || led.model !== model || isThere
      ? null
      : refused(
          `Item '${textOf(item['call_id'])}' of type 'function_call' was provided without its required 'reasoning' item.`,
        )
  }

  #reasoningProblem(item: JsonObject, next: JsonObject | undefined, model: string): Refusal | null {
    const id = textOf(item['id'])
    const known = this.#seals.get(textOf(item['encrypted_content']))
    if (known?.model !== model || known.id !== id)
      return refused(
        `The encrypted content for item ${id} could not be verified.`,
        'invalid_encrypted_content',
      )
    return next !== undefined && isOfModel(next)
      ? null
      : refused(`Item '${id}' of type 'reasoning' was provided without its required following item.`)
  }
}

const USAGE = {
  input_tokens: USED.input,
  output_tokens: USED.output,
  output_tokens_details: { reasoning_tokens: USED.thought },
}

function itemsIn(body: JsonObject): JsonObject[] {
  return body['input'] as JsonObject[]
}

function isOfModel(item: JsonObject): boolean {
  return item['type'] === 'reasoning' || item['type'] === 'function_call' || item['role'] === 'assistant'
}

function refused(message: string, code = 'invalid_request_error', status = 400): Refusal {
  return { status, message, body: { error: { message, type: 'invalid_request_error', param: null, code } } }
}

function itemEvents({ text, ...item }: JsonObject, index: number): string[] {
  const at = { output_index: index }
  const itemId = item['id'] ?? null
  const added = (more: JsonObject) =>
    event({ type: 'response.output_item.added', ...at, item: { ...item, ...more } })
  const done = event({
    type: 'response.output_item.done',
    ...at,
    item: { ...item, ...(text === undefined ? {} : { role: 'assistant', content: [] }) },
  })
  switch (item['type']) {
    case 'reasoning':
      // What is sealed at the beginning is not whole.
      return [added({ encrypted_content: 'sealed:begun' }), done]
    case 'message':
      return [
        added({ role: 'assistant', content: [] }),
        event({
          type: 'response.output_text.delta',
          ...at,
          item_id: itemId,
          content_index: 0,
          delta: text ?? null,
        }),
        done,
      ]
    default:
      return [
        added({ arguments: '' }),
        event({
          type: 'response.function_call_arguments.delta',
          ...at,
          item_id: itemId,
          delta: item['arguments'] ?? null,
        }),
        event({ type: 'response.output_item.done', ...at, item: { ...item, status: 'completed' } }),
      ]
  }
}
