/** What all tools that ask a model have in common: what they may be given, what every model is told, what comes back. */
import { z } from 'zod'
import { fail } from '../../../domain/failure.ts'
import type { Json, JsonObject } from '../../../domain/json.ts'
import { DATA_RULE } from '../../../domain/prompt-block.ts'
import type { Idempotency, Risk, ToolContext, Touches } from '../../../domain/tool.ts'

const MOST_BYTES = 200_000
/** The engine lets a model take a little less. */
const TIMEOUT_MS = 150_000

export const modelCall = {
  version: 1,
  effect: 'model',
  touches: (): Touches => ({}),
  risk: 'low' satisfies Risk,
  idempotency: 'natural' satisfies Idempotency,
  timeoutMs: TIMEOUT_MS,
} as const

export const COSTS =
  'Costs money, under the budget of the contract, which has to say models: true. The same question within thirty days is given the same answer, at no cost.'

const SYSTEM = `You do one small, exact piece of work for an automation; nobody reads along. ${DATA_RULE} Answer with one JSON value of the schema you are given and nothing else. Never guess: what the data does not say, you do not know.`

/** Content to work on, as text of up to 200,000 bytes. */
export const content = z
  .string()
  .refine(text => text.trim() !== '', { error: 'is empty' })
  .refine(fits, { error: 'is longer than 200,000 bytes: give the part that matters, or a part at a time' })

export function fits(text: string): boolean {
  return Buffer.byteLength(text) <= MOST_BYTES
}

/** What the script itself says to the model: never text from outside. */
export const wish = (most: number) => z.string().trim().min(1).max(most)

export const language = wish(60).optional().describe('Of the answer, such as "German" or "de".')

export interface Asked<T> {
  readonly task: string
  readonly answer: z.ZodType<T>
  readonly maxOutputTokens: number
}

/** Asks, and holds what comes to the schema whatever the provider made of it. */
export async function askFor<T>(context: ToolContext, asked: Asked<T>): Promise<T> {
  const { answer, ...rest } = asked
  const value = await askModel(context, { ...rest, answer: z.toJSONSchema(answer) as JsonObject })
  const read = answer.safeParse(value)
  if (read.success) return read.data
  return fail({ kind: 'bad-response', message: 'The model did not answer in the form that was asked for.' })
}

export function askModel(
  { ask }: ToolContext,
  { task, answer, maxOutputTokens }: { task: string; answer: JsonObject; maxOutputTokens: number },
): Promise<Json> {
  if (ask === undefined) throw new Error('a tool that asks a model was given none')
  return ask({ system: SYSTEM, text: task, answer, maxOutputTokens })
}

/** Logs need the size of a text, not the text. */
export function sizeOf(text: string): string {
  return `${text.length.toLocaleString('en')} characters`
}

export function wordsIn(text: string): string {
  const count = text.split(/\s+/u).filter(word => word !== '').length
  return count === 1 ? '1 word' : `${count.toLocaleString('en')} words`
}
