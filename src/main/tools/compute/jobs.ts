/**
 * The pure functions that may be given to a compute worker, by the tool they serve: of `tools/text` by its verb, of
 * other families by the whole name. Those that need large libraries are asynchronous and load them when first asked.
 */
import { formatCsv, parseCsv } from '../text/csv.ts'
import { parseDateText } from '../text/dates.ts'
import { compareTexts } from '../text/diff.ts'
import { hashText } from '../text/hash.ts'
import { readableText } from '../text/html.ts'

export const jobs = {
  hash: hashText,
  csvParse: parseCsv,
  csvFormat: formatCsv,
  htmlToText: readableText,
  diff: compareTexts,
  parseDate: parseDateText,
} as const

export type Jobs = typeof jobs
export type JobName = keyof Jobs
export type JobInput<N extends JobName> = Parameters<Jobs[N]>[0]
export type JobOutput<N extends JobName> = Awaited<ReturnType<Jobs[N]>>
