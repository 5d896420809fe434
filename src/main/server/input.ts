/** Reads what a request carries: its JSON body against a schema, and the parts of its query. */
import type { Context } from 'hono'
import type { z } from 'zod'
import type { Json } from '../../domain/json.ts'
import { RequestProblem } from './problem.ts'

export const MOST_ROWS = 200
const USUAL_ROWS = 50

/** Any JSON value; `null` where the body is empty. */
export async function bodyJson(c: Context): Promise<Json> {
  const text = await c.req.text()
  if (text === '') return null
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new RequestProblem(400, 'The body is not valid JSON. Nothing was changed.')
    throw error
  }
}

export async function bodyAs<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const read = schema.safeParse((await bodyJson(c)) ?? {})
  if (read.success) return read.data
  throw new RequestProblem(422, `The body was refused. Nothing was changed. ${issuesText(read.error)}`)
}

function issuesText(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map(issue => `${issue.path.length === 0 ? 'the body' : issue.path.join('.')}: ${issue.message}.`)
    .join(' ')
}

export function limitOf(c: Context): number {
  return wholeNumber(c, 'limit', 1, MOST_ROWS) ?? USUAL_ROWS
}

/** A whole number of the query between `least` and `most`; undefined where it is not given. */
export function wholeNumber(c: Context, name: string, least: number, most: number): number | undefined {
  const text = c.req.query(name)
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d{1,16}$/.test(text) && value >= least && value <= most) return value
  throw new RequestProblem(
    400,
    `“${name}” takes a whole number from ${String(least)} to ${String(most)}. Nothing was changed.`,
  )
}

/** One of `values`; undefined where it is not given. */
export function choiceOf<T extends string>(c: Context, name: string, values: readonly T[]): T | undefined {
  const text = c.req.query(name)
  if (text === undefined) return undefined
  const value = values.find(known => known === text)
  if (value !== undefined) return value
  throw new RequestProblem(400, `“${name}” is one of ${values.join(', ')}. Nothing was changed.`)
}

export function cursorOf(c: Context, name: string): string | undefined {
  const text = c.req.query(name)
  if (text === undefined || /^[a-z0-9_~-]{1,80}$/i.test(text)) return text
  throw new RequestProblem(400, `“${name}” is not a place in the list. Nothing was changed.`)
}
