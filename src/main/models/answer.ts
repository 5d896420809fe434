/** A structured answer: the JSON in what a model said, held against the schema that was asked for. */
import { z } from 'zod'
import type { Json, JsonObject } from '../../domain/json.ts'
import { ANSWER_TOOL } from './prompt.ts'
import { jsonOf } from './said.ts'
import type { Said } from './said.ts'

export type Answered = { ok: true; value: Json } | { ok: false; problem: string }

const MOST_PROBLEMS = 8

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
