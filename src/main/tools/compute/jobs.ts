/** The pure functions that may be given to a compute worker, by the verb of the tool they serve. */
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
export type JobOutput<N extends JobName> = ReturnType<Jobs[N]>
