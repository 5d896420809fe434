/** What a search is asked with, whoever provides it. */
import { z } from 'zod'

export const searchInput = z.strictObject({
  query: z.string().trim().min(1).max(400),
  count: z.int().min(1).max(20).default(10),
  page: z.int().min(1).max(10).default(1).describe('Tavily has only the first.'),
  since: z.enum(['day', 'week', 'month', 'year']).optional().describe('Only what is that new, where known.'),
  language: z
    .string()
    .regex(/^[a-z]{2}$/, { error: 'is a two-letter code, such as de' })
    .optional()
    .describe('Such as `de`; a wish, which Tavily does not know.'),
})
export type SearchInput = z.output<typeof searchInput>
