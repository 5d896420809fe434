/**
 * Gemini's content, as models from the third on take it: the first call of each step of the present turn comes back with
 * the signature it was given with, answers come one for each call, and schemas are of their part of the language.
 */
import { hashJson } from '../../../src/domain/json.ts'
import type { Json, JsonObject } from '../../../src/domain/json.ts'
import type { SeenRequest } from '../loopback-server.ts'
import { event, textOf, USED } from './server.ts'
import type { Dialect, Refusal, Turn } from './server.ts'

interface Content {
  role: string
  parts: JsonObject[]
}

/** Documented for calls of which nobody has the signature: those of another model. */
const SKIPPED = 'skip_thought_signature_validator'
const UNKNOWN = ['$ref', '$defs', '$schema', 'propertyNames', 'pattern', 'minLength', 'maxLength', 'default']

export class StrictGoogle implements Dialect {
  readonly maker = 'google'
  readonly base = '/v1beta'
  readonly models = ['gemini-4-argon', 'gemini-3.8-flash'] as const
  /** By a call with its arguments, or the text it closes: the signature, and the model whose it is. */
  readonly #signed = new Map<string, { signature: string; model: string }>()
  #count = 0

  modelOf({ path }: SeenRequest): string {
    return /models\/([^:]+):/.exec(path)?.[1] ?? ''
  }

  turnsIn(body: JsonObject): number {
    return contentsIn(body).filter(({ role }) => role === 'model').length
  }

  forget(): void {
    this.#signed.clear()
  }

  refusal(body: JsonObject, model: string): Refusal | null {
    const unknown = UNKNOWN.find(key => hasKey(body['tools'] ?? null, key))
    if (unknown !== undefined)
      return refused(
        `Invalid JSON payload received. Unknown name "${unknown}" at 'tools[0].function_declarations': Cannot find field.`,
      )
    const contents = contentsIn(body)
    const turn = contents.findLastIndex(
      ({ role, parts }) => role === 'user' && parts.some(part => 'text' in part),
    )
    for (const [at, content] of contents.entries()) {
      const problem =
        this.#signatureProblem(content, at > turn, model) ?? answersProblem(content, contents[at + 1])
      if (problem !== null) return refused(problem)
    }
    return null
  }

  answer({ say, call = [] }: Turn, _body: JsonObject, model: string): string[] {
    const sign = (of: string): string => {
      const signature = Buffer.from(`${model}:${String(++this.#count)}:${of}`).toString('base64')
      this.#signed.set(of, { signature, model })
      return signature
    }
    const calls = call.map(([name, args], place): JsonObject => {
      const id = `call_${String(++this.#count)}`
      // Of calls at the same time the first bears the signature of all.
      return {
        functionCall: { id, name, args },
        ...(place === 0 ? { thoughtSignature: sign(callSaid({ id, args })) } : {}),
      }
    })
    const texts = (say ?? '').split(/(?<= )/).map((text): JsonObject => ({ text }))
    const last = calls.length > 0 || say === undefined ? [] : [{ text: '', thoughtSignature: sign(say) }]
    const usageMetadata = {
      promptTokenCount: USED.input,
      candidatesTokenCount: USED.output - USED.thought,
      thoughtsTokenCount: USED.thought,
      totalTokenCount: USED.input + USED.output,
    }
    return [
      event({ responseId: 'r_1', usageMetadata: { promptTokenCount: USED.input } }),
      event({ candidates: [{ content: { role: 'model', parts: [] } }] }),
      ...[...(say === undefined ? [] : texts), ...calls, ...last].map(part =>
        event({ candidates: [{ content: { role: 'model', parts: [part] } }] }),
      ),
      event({ candidates: [{ content: { role: 'model', parts: [] }, finishReason: 'STOP' }], usageMetadata }),
    ]
  }

  #signatureProblem({ role, parts }: Content, isOfTurn: boolean, model: string): string | null {
    if (role !== 'model') return null
    const calls = parts.filter(part => 'functionCall' in part)
    for (const [place, part] of parts.entries()) {
      const known = this.#signed.get(signedBy(parts, part))
      const given = part['thoughtSignature']
      const isOwn = known?.model === model
      if (given === undefined && part === calls[0] && isOfTurn)
        return `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`default_api:${nameOf(part)}\`, position ${String(place)}.`
      if (given === undefined || (given === SKIPPED && !isOwn)) continue
      if (!isOwn || given !== known.signature) return 'Thought signature is not valid.'
    }
    return null
  }
}

/** A text is signed at its end, whatever pieces it came in. */
function signedBy(parts: readonly JsonObject[], part: JsonObject): string {
  const call = part['functionCall'] as JsonObject | undefined
  if (call !== undefined) return callSaid(call)
  return parts.map(({ text }) => textOf(text)).join('')
}

/** With other arguments it is not the call that was signed. */
function callSaid({ id, args }: JsonObject): string {
  return `${textOf(id)} ${hashJson(args ?? null)}`
}

function nameOf(part: JsonObject): string {
  return textOf((part['functionCall'] as JsonObject)['name'])
}

function answersProblem({ role, parts }: Content, next: Content | undefined): string | null {
  if (role !== 'model') return null
  const names = parts.filter(part => 'functionCall' in part).map(nameOf)
  const answers = (next?.parts ?? []).flatMap(part =>
    'functionResponse' in part ? [part['functionResponse']] : [],
  )
  const answered = answers.map(answer => textOf((answer as JsonObject)['name']))
  return names.join() === answered.join()
    ? null
    : 'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.'
}

function contentsIn(body: JsonObject): Content[] {
  return body['contents'] as unknown as Content[]
}

function hasKey(value: Json, key: string): boolean {
  if (typeof value !== 'object' || value === null) return false
  const isThere = !Array.isArray(value) && Object.hasOwn(value, key)
  return isThere || Object.values(value).some(each => hasKey(each, key))
}

function refused(message: string): Refusal {
  return { status: 400, message, body: { error: { code: 400, message, status: 'INVALID_ARGUMENT' } } }
}
