/** A structured answer: the JSON in what a model said, held against the schema that was asked for. */
import { z } from 'zod'
import type { Json, JsonObject } from '../../domain/json.ts'
import type { ModelRequest } from '../../domain/model.ts'
import { ANSWER_TOOL } from './prompt.ts'
import { jsonOf } from './said.ts'
import type { Said } from './said.ts'

export type Answered = { ok: true; value: Json } | { ok: false; problem: string }

const MOST_PROBLEMS = 8
/** What a model thinks counts too: one that ran out of room is given as much more, up to what any model can say. */
const MORE_ROOM = 4
const MOST_TOKENS = 16_000

export function answerIn(said: Pick<Said, 'text' | 'calls'>, schema: JsonObject): Answered {
  const call = said.calls.find(each => each.tool === ANSWER_TOOL)
  const found = call === undefined ? jsonOf(unfenced(said.text)) : { value: call.input }
  if (found === undefined) return { ok: false, problem: 'It was not one JSON value.' }
  const checked = z.fromJSONSchema(schema).safeParse(found.value)
  return checked.success
    ? { ok: true, value: found.value }
    : { ok: false, problem: problemsOf(checked.error) }
}

/** Models like to wrap JSON in a fence of Markdown. */
function unfenced(text: string): string {
  const inside = /^\s*```(?:json)?\s*\n([\s\S]*?)\n?\s*```\s*$/.exec(text)
  return (inside?.[1] ?? text).trim()
}

function problemsOf({ issues }: z.ZodError): string {
  return issues
    .slice(0, MOST_PROBLEMS)
    .map(({ path, message }) => `${path.length === 0 ? 'the value' : path.join('.')}: ${message}`)
    .join('\n')
}

/** The same once more: with more room where the answer was cut off, else with what was wrong about it. */
export function askedAgain(request: ModelRequest, said: Said, problem: string): ModelRequest {
  const { messages, maxOutputTokens } = request
  if (said.finish === 'length' && maxOutputTokens < MOST_TOKENS)
    return { ...request, maxOutputTokens: Math.min(MORE_ROOM * maxOutputTokens, MOST_TOKENS) }
  const text = said.text === '' ? JSON.stringify(said.calls[0]?.input ?? null) : said.text
  return {
    ...request,
    messages: [
      ...messages,
      { from: 'model', text, calls: [] },
      {
        from: 'user',
        text: `That is not an answer of the schema:\n${problem}\nAnswer again, with the corrected JSON value only.`,
      },
    ],
  }
}
