/** What the calendar tools share: the span that is asked for, and what they give back. */
import { z } from 'zod'
import { fail } from '../../../domain/failure.ts'
import type { ToolContext } from '../../../domain/tool.ts'
import type { Compute } from '../compute/pool.ts'
import { momentOf } from '../text/dates.ts'
import { instantSchema, zoneName } from '../text/instant.ts'
import type { CalendarEvents } from './expand.ts'

/** Calendars of many years are this long at most. */
export const LONGEST_TEXT = 8 * 1_024 * 1_024
/** Fetching, the wait for a free worker and the reading. */
export const TIMEOUT_MS = 120_000
const LONGEST_SPAN_MS = 3_660 * 86_400_000

const date = z
  .union([z.string().min(1).max(64), z.int()])
  .describe('ISO 8601 (local time in the zone unless it names an offset), or UTC milliseconds.')

export const span = {
  from: date,
  to: date.describe('As from; not included. At most ten years later.'),
  zone: zoneName
    .optional()
    .describe("IANA name: whose days and clock are meant. The contract's zone when left out."),
  limit: z.int().min(1).max(5_000).default(1_000),
}

interface Span {
  from: string | number
  to: string | number
  zone?: string | undefined
  limit: number
}

export const eventsOutput = z.strictObject({
  name: z.string().describe('Of the calendar, or empty.'),
  events: z
    .array(
      z
        .strictObject({
          key: z
            .string()
            .describe('The same for this occurrence whenever it is read, also when it was moved.'),
          uid: z.string(),
          title: z.string(),
          description: z.string(),
          location: z.string(),
          url: z.string(),
          organizer: z.string(),
          categories: z.array(z.string()),
          status: z.enum(['confirmed', 'tentative']).nullable(),
          allDay: z.boolean(),
          recurring: z.boolean().describe('Whether it is one of a series.'),
          start: instantSchema,
          end: instantSchema.describe('The first instant after it.'),
          lastDate: z.string().describe('The last day it touches: YYYY-MM-DD in the zone.'),
        })
        .meta({ title: 'CalendarEvent' }),
    )
    .describe('By start; cancelled ones are left out.'),
  truncated: z.boolean().describe('True when there are more than limit, or a series was too dense.'),
  problems: z.array(z.string()).describe('What in the file could not be read; 50 at most.'),
})
export type EventsOutput = z.output<typeof eventsOutput>

export const WHAT =
  'Series are spread out, with their exceptions and moved occurrences; an event is given when any of it lies between from and to. Times without a zone, and days, are those of the zone asked for.'

/** Reads a calendar's text off the loop; null when it is none. */
export async function eventsIn(
  compute: Compute,
  text: string,
  asked: Span,
  context: ToolContext,
): Promise<EventsOutput | null> {
  const zone = asked.zone ?? context.contract.zone
  const from = momentOf(asked.from, zone, 'from').toMillis()
  const to = momentOf(asked.to, zone, 'to').toMillis()
  if (to <= from) badSpan('“to” was not after “from”.')
  if (to - from > LONGEST_SPAN_MS) badSpan('“to” was more than ten years after “from”.')
  const { isCalendar, ...found }: CalendarEvents = await compute.run(
    'calendar.expand',
    { text, from, to, zone, limit: asked.limit },
    { owner: context.runId, signal: context.signal },
  )
  return isCalendar ? found : null
}

function badSpan(message: string): never {
  fail({ kind: 'invalid-input', path: 'to', message })
}

/** Calendars are UTF-8; old programs wrote the Windows code page. */
export function calendarText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

export function countText(done: EventsOutput | undefined): string {
  if (done === undefined) return ''
  return ` (${String(done.events.length)} ${done.events.length === 1 ? 'event' : 'events'})`
}
