/**
 * One operation of the API is declared once, before its handler: what it takes, checked by the same schemas that the
 * API's document is made of, and what it answers, by the names of the schemas that answers are held against.
 */
import type { Context, MiddlewareHandler } from 'hono'
import type { z } from 'zod'
import type { AnswerName } from './answers.ts'
import { readBody, readQuery } from './input.ts'

export interface Operation<Q extends z.ZodType = z.ZodType, B extends z.ZodType = z.ZodType> {
  /** What it does, in a few words. */
  readonly summary: string
  readonly query?: Q
  readonly body?: B
  /** By status. Errors are the same everywhere and not listed. */
  readonly answers: { readonly [status: number]: AnswerName }
  /** What it answers with instead of JSON, by type: what is in it. */
  readonly streams?: Readonly<Record<string, string>>
  /** Takes the place of what was read before under an ETag: `If-Match` must say which. */
  readonly replaces?: true
  /** The type of what is answered, where that is a text and not JSON. */
  readonly text?: string
}

type Nothing = z.ZodNever

interface Taken<Q extends z.ZodType, B extends z.ZodType> {
  in: ([Q] extends [Nothing] ? object : { query: z.input<Q> }) &
    ([B] extends [Nothing] ? object : { json: z.input<B> })
  out: ([Q] extends [Nothing] ? object : { query: z.output<Q> }) &
    ([B] extends [Nothing] ? object : { json: z.output<B> })
}

const declared = new WeakMap<object, Operation>()

/** Declares the operation whose handler follows, and reads what it takes. */
export function operation<Q extends z.ZodType = Nothing, B extends z.ZodType = Nothing>(
  spec: Operation<Q, B>,
): MiddlewareHandler<object, string, Taken<Q, B>> {
  const { query, body } = spec
  const read = async (c: Context, next: () => Promise<void>) => {
    c.req.addValidatedData('query', readQuery(c, query) ?? {})
    if (body !== undefined) c.req.addValidatedData('json', (await readBody(c, body)) as object)
    await next()
  }
  declared.set(read, spec)
  return read
}

/** What was declared with this handler; undefined for every other. */
export function operationOf(handler: object): Operation | undefined {
  return declared.get(handler)
}
