/** `feeds.read` and `feeds.newItems`. Feeds are made for programs, so robots.txt is not asked; the pace is kept. */
import { z } from 'zod'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { addressed, maxBytesInput, placeName, timeoutInput, urlInput } from '../web/input.ts'
import { Memory, nameInput, validatorsSchema } from '../web/memory.ts'
import type { Wanted, WebReader } from '../web/reader.ts'
import type { FeedSummary } from './feed.ts'

/** Feeds come under every type there is; what they are is seen when they are read. */
const FEED: Wanted = {
  what: 'a feed',
  accept:
    'application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1',
  fits: type => !/^(image|audio|video|font)\//.test(type) && !/^application\/(pdf|zip|gzip)$/.test(type),
}

const reading = { url: urlInput, timeoutMs: timeoutInput, maxBytes: maxBytesInput }
const maxText = z
  .int()
  .min(0)
  .max(200_000)
  .default(20_000)
  .describe('Of the text of each item, in characters.')

const text = z.string().nullable()
const item = z
  .strictObject({
    id: z.string().describe('The guid, or what stands in for it. The same in every reading: a key for each.'),
    title: text,
    link: text,
    published: z.int().nullable().describe('UTC ms.'),
    updated: z.int().nullable(),
    author: text,
    text: z.string().describe('Its content as plain text.'),
    categories: z.array(z.string()),
    enclosures: z.array(
      z.strictObject({ url: z.string(), type: text, bytes: z.int().nullable() }).describe('Attached files.'),
    ),
  })
  .meta({ title: 'FeedItem' })

const about = {
  url: z.string().describe('The address that answered, after redirects.'),
  title: text,
}
const problems = z.array(z.string()).describe('What was wrong with a feed that could be read all the same.')

const BROKEN =
  'Broken feeds are read as far as they can be made out (problems says what was wrong); what is no feed at all fails as bad-response.'

export function feedTools(reader: WebReader): ToolDeclaration[] {
  return [readTool(reader), newItemsTool(reader)]
}

const readInput = z.strictObject({
  ...reading,
  limit: z.int().min(1).max(4_000).default(100),
  maxText,
})
type ReadInput = z.output<typeof readInput>

const readOutput = z.strictObject({
  ...about,
  format: z.enum(['rss', 'atom', 'rdf', 'json']),
  link: text,
  description: text,
  language: text,
  items: z.array(item).describe('In the order of the feed.'),
  truncated: z.boolean().describe('True where the feed has more than limit.'),
  problems,
})
type ReadOutput = z.output<typeof readOutput>

function readTool(reader: WebReader): ToolDeclaration {
  return defineTool<ReadInput, ReadOutput>({
    ...addressed,
    name: 'feeds.read',
    title: 'Read a feed',
    doc: `Reads RSS, Atom, RDF or JSON Feed and gives its items as they are now. ${BROKEN} For what came since the last time use newItems.`,
    input: readInput,
    output: readOutput,
    positional: ['url'],
    run: async (given, context) => {
      const { limit, maxText: longest, ...rest } = given
      const request = { ...rest, tool: 'feeds.read', wanted: FEED, robots: 'none' } as const
      const { body, type, url } = await reader.content(request, context)
      const input = { body, type, url, limit, maxText: longest }
      const { feed, items, truncated } = await reader.compute.run('feeds.read', input, askerOf(context))
      return { url, ...feed, items, truncated }
    },
    describe: ({ url }, done) =>
      done === undefined
        ? `Read the feed ${placeName(url)}`
        : `Read ${counted(done.items.length)} of ${nameOf(url, done)}`,
  })
}

const newInput = z.strictObject({
  ...reading,
  as: nameInput.optional(),
  existing: z
    .enum(['skip', 'include'])
    .default('skip')
    .describe('The first time: whether what is there already counts as new. The count is in known.'),
  limit: z.int().min(1).max(1_000).default(100).describe('What is beyond it comes the next time.'),
  maxText,
})
type NewInput = z.output<typeof newInput>

const newOutput = z.strictObject({
  ...about,
  items: z.array(item).describe('New since the last successful run, the oldest first.'),
  first: z.boolean().describe('True the first time: what was there is the line from which things are new.'),
  known: z.int().describe('Items in the feed that are not new.'),
  more: z.int().describe('New items beyond limit, left for the next time.'),
  unchanged: z.boolean().describe('True where the server says that nothing changed since; known is 0 then.'),
  problems,
})
type NewOutput = z.output<typeof newOutput>

const seenSchema = z.strictObject({
  marks: z.array(z.string()),
  sameGuids: z.boolean(),
  url: z.string(),
  validators: validatorsSchema,
})

function newItemsTool(reader: WebReader): ToolDeclaration {
  return defineTool<NewInput, NewOutput>({
    ...addressed,
    name: 'feeds.newItems',
    title: 'Look for new items in a feed',
    doc: `Reads a feed and gives the items that were not there before. The first time nothing is new (existing: 'include' makes it all so). What was seen is remembered when the run succeeds, so a run that fails loses no item. ${BROKEN}`,
    input: newInput,
    output: newOutput,
    positional: ['url'],
    run: (given, context) => readNew(reader, given, context),
    describe: ({ url }, done) => {
      if (done === undefined) return `Looked for new items of ${placeName(url)}`
      if (done.first && done.items.length === 0)
        return `Took note of ${counted(done.known)} of ${nameOf(url, done)}`
      return `Found ${done.items.length === 0 ? 'nothing new' : `${done.items.length} new`} in ${nameOf(url, done)}`
    },
  })
}

async function readNew(reader: WebReader, given: NewInput, context: ToolContext): Promise<NewOutput> {
  const { as, existing, limit, maxText: longest, ...rest } = given
  const memory = new Memory('feeds.newItems', seenSchema, as ?? given.url)
  const seen = memory.recall(context)
  const known = seen?.url === given.url ? seen.validators : null
  const request = { ...rest, tool: 'feeds.newItems', wanted: FEED, robots: 'none', known } as const
  const read = await reader.contentIfChanged(request, context)
  if (read.is === 'unchanged') {
    return {
      url: read.url,
      title: null,
      items: [],
      first: false,
      known: 0,
      more: 0,
      unchanged: true,
      problems: [],
    }
  }
  const { body, type, url, validators } = read
  const input = { body, type, url, limit, maxText: longest, existing, seen }
  const found = await reader.compute.run('feeds.newItems', input, askerOf(context))
  const { feed, items, more } = found
  // What is left over, or was not made out, must be looked at again.
  const whole = more === 0 && feed.problems.length === 0
  memory.remember({ ...found.seen, url: given.url, validators: whole ? validators : null }, context)
  const { title, problems: wrong } = feed
  return {
    url,
    title,
    items,
    first: seen === null,
    known: found.known,
    more,
    unchanged: false,
    problems: wrong,
  }
}

function askerOf({ runId, signal }: ToolContext) {
  return { owner: runId, signal }
}

function counted(items: number): string {
  return items === 1 ? '1 item' : `${items} items`
}

function nameOf(url: string, { title }: Pick<FeedSummary, 'title'>): string {
  return title === null ? placeName(url) : `“${title.slice(0, 80)}”`
}
