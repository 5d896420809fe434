/**
 * What servers of OpenAI's chat protocol say a model thought, gathered from the raw stream: it goes back with the very
 * name it came under, and pieces of one detail as one. The package that reads the protocol knows but one of the names.
 */
import { z } from 'zod'
import type { JsonObject } from '../../domain/json.ts'

/** Keys of a message. */
export const besideSchema = z.strictObject({
  reasoning_details: z.array(z.record(z.string(), z.json())).optional(),
  reasoning_content: z.string().optional(),
  reasoning: z.string().optional(),
})
export type Beside = z.output<typeof besideSchema>

/** Under which the finished stream has it. */
export const BESIDE = 'beside'

const deltaSchema = z.object({
  reasoning_details: z.array(z.record(z.string(), z.json())).nullish().catch(null),
  reasoning_content: z.string().nullish().catch(null),
  reasoning: z.string().nullish().catch(null),
})
const chunkSchema = z.object({ choices: z.array(z.object({ delta: deltaSchema })).min(1) })

/** As the package takes it: made anew for each stream. */
export const besideExtractor = {
  extractMetadata: () => Promise.resolve(undefined),
  createStreamExtractor: () => {
    const gathered = new Gathered()
    return {
      processChunk: (chunk: unknown) => {
        gathered.add(chunk)
      },
      buildMetadata: () => gathered.built(),
    }
  },
}

class Gathered {
  readonly #details: JsonObject[] = []
  readonly #texts: { reasoning_content?: string; reasoning?: string } = {}

  add(chunk: unknown): void {
    const read = chunkSchema.safeParse(chunk)
    const delta = read.data?.choices[0]?.delta
    if (delta === undefined) return
    for (const detail of delta.reasoning_details ?? []) this.#addDetail(detail)
    for (const name of ['reasoning_content', 'reasoning'] as const) {
      const text = delta[name]
      if (typeof text === 'string') this.#texts[name] = (this.#texts[name] ?? '') + text
    }
  }

  built(): { [BESIDE]: JsonObject } | undefined {
    const { reasoning_content: content, reasoning } = this.#texts
    if (this.#details.length > 0) return { [BESIDE]: { reasoning_details: this.#details } }
    if (content !== undefined) return { [BESIDE]: { reasoning_content: content } }
    return reasoning === undefined || reasoning === '' ? undefined : { [BESIDE]: { reasoning } }
  }

  /** A detail comes in pieces of one kind and place; one without a place is whole. */
  #addDetail(detail: JsonObject): void {
    const last = this.#details.at(-1)
    const isMore =
      last !== undefined &&
      detail['index'] !== undefined &&
      last['index'] === detail['index'] &&
      last['type'] === detail['type']
    if (isMore) this.#details[this.#details.length - 1] = joined(last, detail)
    else this.#details.push(detail)
  }
}

const GROWING = ['text', 'summary', 'data']

function joined(before: JsonObject, more: JsonObject): JsonObject {
  const all = { ...before }
  for (const [key, value] of Object.entries(more)) {
    const known = before[key]
    if (GROWING.includes(key) && typeof known === 'string' && typeof value === 'string')
      all[key] = known + value
    else if (value !== null) all[key] = value
  }
  return all
}

/** Of the metadata of a finished stream. */
export function besideIn(metadata: { [provider: string]: unknown } | undefined): Beside | null {
  const read = besideSchema.safeParse(metadata?.[BESIDE])
  return read.success ? read.data : null
}

/** Some servers refuse a call of a model of which they are not told what it thought, whoever it was. */
export function withThought(beside: Beside | undefined): Beside {
  const isTold = beside?.reasoning_content !== undefined || beside?.reasoning_details !== undefined
  return isTold ? beside : { ...beside, reasoning_content: ' ' }
}
