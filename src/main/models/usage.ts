/** What a provider says that a request used, where that can be true. What cannot is estimated, as if nothing was said. */
import { z } from 'zod'
import type { Charged } from './prices.ts'

/** Far more than any model takes: no sum of such numbers leaves the integers. */
const MOST_TOKENS = 1e9

const tokens = z.int().min(0).max(MOST_TOKENS)
/** Servers that do not count say 0: a request without a single token is none. */
const used = z
  .strictObject({ input: tokens.min(1), cached: tokens, written: tokens, output: tokens, reasoning: tokens })
  .refine(({ input, cached, written }) => cached <= input && written <= input)

export interface Reported {
  readonly input: number | undefined
  readonly output: number | undefined
  readonly cached?: number | undefined
  readonly written?: number | undefined
  readonly reasoning?: number | undefined
}

export function reportedUse({
  input,
  output,
  cached = 0,
  written = 0,
  reasoning = 0,
}: Reported): Charged | null {
  return used.safeParse({ input, cached, written, output, reasoning }).data ?? null
}
