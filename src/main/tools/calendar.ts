/**
 * tools/calendar: the events of an iCalendar file between two instants, from an address, a file, or a text. Owns
 * nothing; reading happens in a compute host, where a calendar that takes too long is stopped (S1, S2).
 */
import { z } from 'zod'
import { fail } from '../../domain/failure.ts'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../domain/tool.ts'
import {
  calendarText,
  countText,
  eventsIn,
  eventsOutput,
  LONGEST_TEXT,
  span,
  TIMEOUT_MS,
  WHAT,
} from './calendar/input.ts'
import type { EventsOutput } from './calendar/input.ts'
import type { Compute } from './compute/pool.ts'
import { readRange } from './files/content.ts'
import { reject } from './files/failures.ts'
import { pathInput } from './files/paths.ts'
import { bytesText, nameText } from './files/sentences.ts'
import { Workspace, type FilesOptions } from './files/workspace.ts'
import { localCall } from './local-call.ts'
import { targetOf, touchesOf } from './network/call.ts'
import type { HttpClient } from './network/client.ts'
import { mayVisit, namesHost } from './network/contract-hosts.ts'
import { maskUrl } from './network/redact.ts'
import { addressProblem } from './network/target.ts'

const FETCH_MS = 60_000

export interface CalendarOptions {
  client: HttpClient
  compute: Compute
  files?: FilesOptions
}

export function calendarTools({ client, compute, files = {} }: CalendarOptions): ToolDeclaration[] {
  return [fetchTool(client, compute), readTool(new Workspace(files), compute), parseTool(compute)]
}

const fetchInput = z.strictObject({
  url: z
    .string()
    .max(16_384)
    .superRefine((text, context) => {
      const problem = addressProblem(addressOf(text))
      if (problem !== null) context.addIssue({ code: 'custom', message: problem })
    })
    .describe('Of an .ics file: http, https or webcal.'),
  ...span,
})
type FetchInput = z.output<typeof fetchInput>

function fetchTool(client: HttpClient, compute: Compute): ToolDeclaration {
  const call = ({ url }: FetchInput) => ({ url: addressOf(url), method: 'GET' as const })
  return defineTool<FetchInput, EventsOutput>({
    name: 'calendar.fetch',
    version: 1,
    title: 'Read a calendar from an address',
    doc: `The events of an iCalendar (.ics) address between two instants. ${WHAT} Fails as bad-response when there is no calendar.`,
    effect: 'read',
    input: fetchInput,
    output: eventsOutput,
    positional: ['url', 'from', 'to'],
    touches: given => touchesOf(call(given)),
    risk: 'low',
    idempotency: 'natural',
    timeoutMs: TIMEOUT_MS,
    run: async (given, context) => {
      const { url } = call(given)
      const text = calendarText(await fetched(client, url, context))
      const found = await eventsIn(compute, text, given, context)
      return found ?? noCalendarAt(targetOf({ url }).host)
    },
    redact: given => ({ ...given, url: maskUrl(addressOf(given.url)), zone: given.zone ?? null }),
    describe: (given, done) => `Read the calendar at ${targetOf(call(given)).host}${countText(done)}`,
  })
}

/** `webcal:` is how calendars are offered for subscription; it is fetched like any other. */
function addressOf(url: string): string {
  return url.replace(/^webcals?:\/\//i, 'https://')
}

async function fetched(client: HttpClient, url: string, context: ToolContext): Promise<Uint8Array> {
  const { contract, signal } = context
  const answer = await client.request({
    url,
    method: 'GET',
    headers: { accept: 'text/calendar, */*;q=0.5' },
    allowHost: host => namesHost(contract, host),
    mayVisit: host => mayVisit(context, 'calendar.fetch', host),
    timeoutMs: FETCH_MS,
    maxBytes: LONGEST_TEXT,
    signal,
  })
  return answer.body
}

function noCalendarAt(host: string): never {
  fail({ kind: 'bad-response', host, message: `${host} answered with something that is not a calendar.` })
}

const readInput = z.strictObject({ path: pathInput, ...span })
type ReadInput = z.output<typeof readInput>

function readTool(workspace: Workspace, compute: Compute): ToolDeclaration {
  return defineTool<ReadInput, EventsOutput>({
    name: 'calendar.read',
    version: 1,
    title: 'Read a calendar from a file',
    doc: `The events of an iCalendar (.ics) file between two instants. ${WHAT} Fails as rejected when the file is no calendar.`,
    effect: 'read',
    input: readInput,
    output: eventsOutput,
    positional: ['path', 'from', 'to'],
    touches: ({ path }) => ({ paths: [{ path: workspace.resolve(path), access: 'read' }] }),
    risk: 'low',
    idempotency: 'natural',
    timeoutMs: TIMEOUT_MS,
    run: async (given, context) => {
      const path = workspace.resolve(given.path)
      const text = calendarText(await contentOf(workspace, path, context))
      return (await eventsIn(compute, text, given, context)) ?? reject(path, 'is not a calendar')
    },
    describe: ({ path }, done) => `Read the calendar ${nameText(path)}${countText(done)}`,
  })
}

function contentOf(workspace: Workspace, path: string, { contract }: ToolContext): Promise<Uint8Array> {
  return workspace.at(path, { contract, tool: 'calendar.read', access: 'read' }, async place => {
    if (!place.hasFolder) reject(path, 'did not exist')
    const { handle, stat } = await place.folder.openFile(place.name, 'read')
    try {
      if (stat.size > LONGEST_TEXT)
        reject(path, `holds more than the ${bytesText(LONGEST_TEXT)} a calendar may have`)
      return await readRange(handle, 0, Number(stat.size))
    } finally {
      await handle.close()
    }
  })
}

const parseInput = z.strictObject({ text: z.string().max(LONGEST_TEXT), ...span })
type ParseInput = z.output<typeof parseInput>

function parseTool(compute: Compute): ToolDeclaration {
  return defineTool<ParseInput, EventsOutput>({
    ...localCall,
    name: 'calendar.parse',
    title: 'Read a calendar from text',
    doc: `The events of an iCalendar text, such as an attachment, between two instants. ${WHAT} Fails as invalid-input when the text is no calendar.`,
    input: parseInput,
    output: eventsOutput,
    positional: ['text', 'from', 'to'],
    timeoutMs: TIMEOUT_MS,
    run: async (given, context) => (await eventsIn(compute, given.text, given, context)) ?? noCalendar(),
    redact: given => ({
      ...given,
      text: `${String(given.text.length)} characters`,
      zone: given.zone ?? null,
    }),
    describe: (_, done) => `Read a calendar${countText(done)}`,
  })
}

function noCalendar(): never {
  fail({
    kind: 'invalid-input',
    path: 'text',
    message: 'The text was not a calendar: it has no BEGIN:VCALENDAR.',
  })
}
