/** What a request carries, as schemas and read against them: its query, and its JSON body. */
import type { Context } from 'hono'
import { z } from 'zod'
import { complaint, issueOf } from '../../domain/issues.ts'
import type { Json } from '../../domain/json.ts'
import { RequestProblem } from './problem.ts'

export const MOST_ROWS = 200
const USUAL_ROWS = 50

/** A whole number of the query. */
export function whole(least: number, most: number) {
  const error = `takes a whole number from ${String(least)} to ${String(most)}`
  return z
    .string({ error })
    .regex(/^\d{1,16}$/, { error })
    .transform(Number)
    .pipe(z.int({ error }).min(least, { error }).max(most, { error }))
    .meta({ type: 'integer', minimum: least, maximum: most })
}

/** One of a few words. */
export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: `is one of ${values.join(', ')}` })
}

/** Milliseconds since 1970, UTC. */
export const instant = () => whole(0, Number.MAX_SAFE_INTEGER)

/** An id or a name that may stand in a query or a path. */
export const named = () => z.string().min(1, { error: 'is empty' }).max(200, { error: 'is too long' })

/** What every list takes. */
export const paging = {
  limit: whole(1, MOST_ROWS).default(USUAL_ROWS).describe('How many rows at most'),
  cursor: z
    .string()
    .regex(/^[a-z0-9_-]{1,2000}$/i, { error: 'is not a place in this list' })
    .optional()
    .describe('Where the page begins: “next” of the page before'),
}

export const RUN_STATES = ['running', 'waiting', 'succeeded', 'failed', 'cancelled', 'declined'] as const
export const ACTION_STATES = ['open', 'resolved', 'closed'] as const

/** What runs are chosen by. */
export const runFilter = {
  automation: named().optional().describe('Of this automation alone: its name or id'),
  state: oneOf(RUN_STATES).optional(),
  since: instant().optional().describe('Begun at this time or later, UTC milliseconds'),
  until: instant().optional().describe('Begun before this time, UTC milliseconds'),
}

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

export async function readBody<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const body = (await bodyJson(c)) ?? {}
  const read = schema.safeParse(body)
  if (read.success) return read.data
  throw new RequestProblem(422, `The body was refused. Nothing was changed. ${issuesText(read.error, body)}`)
}

function issuesText(error: z.ZodError, body: Json): string {
  return error.issues
    .slice(0, 5)
    .map(issue => issueOf(issue, body))
    .map(({ path, text }) => `${path === '' ? 'the body' : path}: ${text}.`)
    .join(' ')
}

/** A query that says what nobody knows is refused: a filter that is misspelt must not show everything. */
export function readQuery<T>(c: Context, schema: z.ZodType<T> | undefined): T | undefined {
  if (schema === undefined && !c.req.url.includes('?')) return undefined
  const [twice] = Object.entries(c.req.queries()).find(([, values]) => values.length > 1) ?? []
  if (twice !== undefined) throw new RequestProblem(400, `“${twice}” is given twice. Nothing was changed.`)
  const read = (schema ?? NOTHING).safeParse(c.req.query())
  if (read.success) return schema === undefined ? undefined : (read.data as T)
  throw new RequestProblem(400, `${queryText(read.error, c.req.query())}. Nothing was changed.`)
}

function queryText({ issues: [issue] }: z.ZodError, query: unknown): string {
  if (issue === undefined) return 'The query is not understood'
  if (issue.code === 'unrecognized_keys') return `“${issue.keys[0] ?? ''}” is not known here`
  return `“${String(issue.path[0] ?? 'the query')}” ${complaint(issue, issue.path, query)}`
}

const NOTHING = z.strictObject({})

/** Any JSON value: it was parsed as such. */
export const anyJson = z.unknown().describe('Any JSON value') as z.ZodType<Json, Json>
