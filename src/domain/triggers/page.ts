/** A page, or a part of it, that says something else than before; `pages.changed` remembers what it said. */
import { z } from 'zod'
import { visibleText } from '../approval.ts'
import { address, existing, lookEvery, selector } from '../contract-fields.ts'
import type { JsonObject } from '../json.ts'
import type { Language } from '../language.ts'
import { defineTrigger, keyOf, placeOf, touchesOf } from './trigger.ts'
import type { Look, Looking, Memory } from './trigger.ts'
import { everyWords } from './words.ts'

const TOOL = 'pages.changed'

const amount = z.strictObject({ text: z.string(), value: z.number(), currency: z.string().nullable() })

const content = z.strictObject({
  title: z.string().nullable(),
  text: z.string().describe('As it is now, 60,000 characters at most.'),
  before: z.string().nullable().describe('As it was; null where it was never looked at before.'),
  summary: z.string().describe('For people: "2 lines added, 1 removed".'),
  changes: z
    .array(z.strictObject({ kind: z.enum(['added', 'removed']), text: z.string() }))
    .describe('Line by line, the first 200.'),
  numbers: z.array(amount).describe('The numbers in text, such as prices.'),
  numbersBefore: z.array(amount),
  seenBefore: z.boolean().describe('It changed back to what it was lately.'),
})

const payload = z.strictObject({
  trigger: z.literal('page'),
  url: z.string(),
  change: z.int().describe('1 for the first change since the automation went live, then counted up.'),
  ...content.shape,
})

const schema = z.strictObject({
  kind: z.literal('page'),
  url: address,
  /** CSS of the part that counts; all of the page without it. */
  selector: selector.optional(),
  /** CSS of what is left out: dates, counters, what changes by itself. */
  without: selector.optional(),
  everyMs: lookEvery(60_000, 1_800_000),
  existing,
})

type Cursor = { change: number; memory: Memory }

const answer = content.extend({ changed: z.boolean(), first: z.boolean() }).loose()

export const page = defineTrigger({
  kind: 'page',
  title: 'When a page changes',
  doc: 'The text of a page, or of what a CSS selector matches, is compared with the last look. A selector that matches nothing is a failure and not a change. robots.txt is respected.',
  schema,
  examples: [
    { kind: 'page', url: 'https://example.com/imprint' },
    { kind: 'page', url: 'https://example.com/offer', selector: 'main .price', everyMs: 3_600_000 },
  ],
  payload,
  key: ({ change, text }) => keyOf([String(change), text]),
  identity: ({ url, selector: part = '', without = '' }) => `page ${JSON.stringify([url, part, without])}`,
  describe: words,
  watch: { touches: ({ url }) => touchesOf(url), everyMs: ({ everyMs }) => everyMs, look },
})

function words(
  { url, selector: part, everyMs, existing: old }: z.output<typeof schema>,
  _: string,
  language?: Language,
): string {
  const place = visibleText(placeOf(url))
  const every = everyWords(everyMs, language)
  if (language === 'de') {
    const what = part === undefined ? 'die Seite' : `„${visibleText(part)}“ der Seite`
    return `Wenn sich ${what} ${place} ändert, nachgesehen ${every}${old === 'process' ? '; was dort schon steht, gilt als neu' : ''}`
  }
  const what = part === undefined ? 'the page' : `“${visibleText(part)}” of the page`
  return `When ${what} ${place} changes, looked at ${every}${old === 'process' ? '; what it says already counts as new' : ''}`
}

async function look({
  spec,
  cursor,
  ports,
}: Looking<z.output<typeof schema>, Cursor>): Promise<Look<z.output<typeof payload>, Cursor>> {
  const input: JsonObject = { url: spec.url, as: 'watch' }
  if (spec.selector !== undefined) input['selector'] = spec.selector
  if (spec.without !== undefined) input['without'] = spec.without
  const { output, memory } = await ports.ask(TOOL, input, cursor?.memory ?? {})
  const { changed, first, ...rest } = answer.parse(output)
  const counts = changed || (first && spec.existing === 'process')
  const change = (cursor?.change ?? 0) + (counts ? 1 : 0)
  const found = { trigger: 'page' as const, url: spec.url, change, ...content.strip().parse(rest) }
  return {
    payloads: counts ? [found] : [],
    cursor: { change, memory },
    saw: 1,
    found: counts ? 1 : 0,
    more: false,
  }
}
