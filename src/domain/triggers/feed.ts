/** New items of a feed. What is new is told by the items' guids; `feeds.newItems` remembers them. */
import { z } from 'zod'
import type { Language } from '../language.ts'
import { visibleText } from '../approval.ts'
import { address, existing, lookEvery } from '../contract-fields.ts'
import { defineTrigger, keyOf, placeOf, touchesOf } from './trigger.ts'
import type { Look, Looking, Memory } from './trigger.ts'
import { everyWords } from './words.ts'

const TOOL = 'feeds.newItems'
/** Items of one event, and the length of their texts, so that an event stays small. */
const AT_ONCE = 50
const LONGEST_TEXT = 5_000

const item = z.strictObject({
  id: z.string().describe('The guid, or what stands in for it: a key for each.'),
  title: z.string().nullable(),
  link: z.string().nullable(),
  published: z.int().nullable().describe('UTC ms.'),
  updated: z.int().nullable(),
  author: z.string().nullable(),
  text: z.string().describe('As plain text, 5,000 characters at most.'),
  categories: z.array(z.string()),
  enclosures: z.array(
    z.strictObject({ url: z.string(), type: z.string().nullable(), bytes: z.int().nullable() }),
  ),
})

const payload = z.strictObject({
  trigger: z.literal('feed'),
  url: z.string(),
  title: z.string().nullable().describe('Of the feed.'),
  items: z.array(item).describe('New, the oldest first; 50 at most, more come as further events.'),
})

const schema = z.strictObject({
  kind: z.literal('feed'),
  url: address,
  everyMs: lookEvery(60_000, 900_000),
  existing,
})

type Cursor = { saw: number; memory: Memory }

const answer = z.object({
  title: z.string().nullable(),
  items: z.array(item),
  known: z.int(),
  more: z.int(),
  unchanged: z.boolean(),
})

export const feed = defineTrigger({
  kind: 'feed',
  title: 'When a feed has something new',
  doc: 'RSS, Atom, RDF or JSON Feed. The first look notes what is there and fires nothing, unless `existing` says “process”. An item is new once, ever, however often its feed shows it.',
  schema,
  examples: [
    { kind: 'feed', url: 'https://example.com/feed.xml' },
    { kind: 'feed', url: 'https://example.com/feed.xml', everyMs: 3_600_000, existing: 'process' },
  ],
  payload,
  key: ({ items }) => keyOf(items.map(({ id }) => id)),
  identity: ({ url }) => `feed ${url}`,
  describe: words,
  watch: { touches: ({ url }) => touchesOf(url), everyMs: ({ everyMs }) => everyMs, look },
})

function words(
  { url, everyMs, existing: old }: z.output<typeof schema>,
  _: string,
  language?: Language,
): string {
  const place = visibleText(placeOf(url))
  const every = everyWords(everyMs, language)
  if (language === 'de') {
    return `Wenn der Feed ${place} etwas Neues hat, nachgesehen ${every}${old === 'process' ? '; was schon da ist, gilt als neu' : ''}`
  }
  return `When the feed at ${place} has something new, looked at ${every}${old === 'process' ? '; what is there already counts as new' : ''}`
}

async function look({
  spec,
  cursor,
  most,
  ports,
}: Looking<z.output<typeof schema>, Cursor>): Promise<Look<z.output<typeof payload>, Cursor>> {
  const input = {
    url: spec.url,
    as: 'watch',
    existing: spec.existing === 'process' ? 'include' : 'skip',
    limit: Math.min(1_000, most * AT_ONCE),
    maxText: LONGEST_TEXT,
  }
  const { output, memory } = await ports.ask(TOOL, input, cursor?.memory ?? {})
  const { title, items, known, more, unchanged } = answer.parse(output)
  const payloads = Array.from({ length: Math.ceil(items.length / AT_ONCE) }, (_, place) => ({
    trigger: 'feed' as const,
    url: spec.url,
    title,
    items: items.slice(place * AT_ONCE, (place + 1) * AT_ONCE),
  }))
  const saw = unchanged ? (cursor?.saw ?? 0) : known + items.length + more
  return { payloads, cursor: { saw, memory }, saw, found: items.length, more: more > 0 }
}
