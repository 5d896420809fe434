/**
 * The pure functions that may be given to a compute host, by the tool they serve: of `tools/text` by its verb, of
 * other families by the whole name. Those that need large libraries are asynchronous and load them when first asked.
 */
import type { WatchInput } from '../pages/watched.ts'
import type { PdfInput } from '../pdf/pages.ts'
import type { FeedInput, NewInput } from '../feeds/feed.ts'
import type { CalendarText } from '../calendar/expand.ts'
import { groupRows, joinRows, markdownOf, pivotRows, sortRows } from '../tables/functions.ts'
import { formatCsv, parseCsv } from '../text/csv.ts'
import { parseDateText } from '../text/dates.ts'
import { compareTexts } from '../text/diff.ts'
import { hashText } from '../text/hash.ts'
import { readableText } from '../text/html.ts'
import type { TypesInput } from '../scripts/check-types.ts'
import type { PageInput } from '../web/page.ts'
import type { RobotsInput } from '../web/robots-rules.ts'

export const jobs = {
  hash: hashText,
  csvParse: parseCsv,
  csvFormat: formatCsv,
  htmlToText: readableText,
  diff: compareTexts,
  parseDate: parseDateText,
  'feeds.read': async (input: FeedInput) => (await import('../feeds/feed.ts')).readFeed(input),
  'feeds.newItems': async (input: NewInput) => (await import('../feeds/feed.ts')).readNewItems(input),
  'pages.changed': async (input: WatchInput) => (await import('../pages/watched.ts')).watchPage(input),
  'web.page': async (input: PageInput) => (await import('../web/page.ts')).readPage(input),
  'web.robots': async (input: RobotsInput) => (await import('../web/robots-rules.ts')).judgeRobots(input),
  'pdf.text': async (input: PdfInput) => (await import('../pdf/pages.ts')).readPdf(input),
  'images.exif': async (input: { exif: Uint8Array }) =>
    (await import('../images/exif.ts')).readDetails(input),
  'calendar.expand': async (input: CalendarText) =>
    (await import('../calendar/expand.ts')).expandCalendar(input),
  'script.types': async (input: TypesInput) => (await import('../scripts/check-types.ts')).checkTypes(input),
  'tables.group': groupRows,
  'tables.join': joinRows,
  'tables.pivot': pivotRows,
  'tables.sort': sortRows,
  'tables.toMarkdown': markdownOf,
} as const

export type Jobs = typeof jobs
export type JobName = keyof Jobs
export type JobInput<N extends JobName> = Parameters<Jobs[N]>[0]
export type JobOutput<N extends JobName> = Awaited<ReturnType<Jobs[N]>>
