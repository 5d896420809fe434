/**
 * Optimistic concurrency: what can be edited is answered with an ETag, and an edit says by If-Match what it was made
 * of. Held against what is there in the very transaction of the edit, so that of two editors the second one is told.
 */
import type { Context } from 'hono'
import { hashJson } from '../../domain/json.ts'
import type { Json } from '../../domain/json.ts'
import { alongFirstWrite } from '../store/first-write.ts'
import { RequestProblem } from './problem.ts'

/** The strong validator of what can be edited. */
export function tagOf(editable: Json): string {
  return `"${hashJson(editable).slice(0, 32)}"`
}

/** Says with the answer of which edition it is. */
export function showTag(c: Context, editable: Json): void {
  c.header('etag', tagOf(editable))
}

/** Carries out an edit, if what it was made of is still there when it takes effect. `look` reads it anew. */
export async function replacing<T>(c: Context, look: () => Json, edit: () => Promise<T>): Promise<T> {
  const given = c.req.header('if-match')
  if (given === undefined) {
    throw new RequestProblem(
      428,
      'The request did not say what it changes. Nothing was changed. Read it first, and send its ETag as If-Match.',
    )
  }
  const check = () => {
    if (!matches(given, tagOf(look()))) refuseStale()
  }
  check()
  return alongFirstWrite(check, edit)
}

function matches(given: string, tag: string): boolean {
  return given.trim() === '*' || given.split(',').some(one => one.trim() === tag)
}

function refuseStale(): never {
  throw new RequestProblem(
    412,
    'It was changed meanwhile. Nothing was changed by this request. Read it again, and decide anew.',
  )
}
