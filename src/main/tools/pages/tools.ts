/** `pages.changed`: whether a page, or a part of it, says something else than the last time. */
import { z } from 'zod'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { addressed, placeName, reading, selectorInput, urlInput } from '../web/input.ts'
import { Memory, nameInput, validatorsSchema } from '../web/memory.ts'
import type { Wanted, WebAnswer, WebReader, WebRequest } from '../web/reader.ts'
import { numbersIn } from './numbers.ts'
import type { Watched } from './watched.ts'

const NAME = 'pages.changed'
/** How many earlier states of a page are recognised when they come back. */
const RECENT = 20

const WATCHED: Wanted = {
  what: 'text',
  accept: 'text/html, application/xhtml+xml, text/plain;q=0.8, */*;q=0.1',
  fits: type => /^text\/|^application\/([\w.+-]+\+)?(xml|json|javascript|yaml)$/.test(type),
}

const input = z.strictObject({
  url: urlInput,
  selector: selectorInput.optional(),
  without: selectorInput
    .optional()
    .describe('CSS of what is left out: dates, counters, what changes by itself.'),
  missing: z
    .enum(['fail', 'empty'])
    .default('fail')
    .describe('When the selector matches nothing: fail, or take it for an empty part.'),
  as: nameInput.optional(),
  ...reading,
})
type Input = z.output<typeof input>

const number = z
  .strictObject({
    text: z.string(),
    value: z.number(),
    currency: z.string().nullable().describe('Such as EUR, where a sign or code stands beside it.'),
  })
  .meta({ title: 'PageNumber' })

const output = z.strictObject({
  url: z.string().describe('The address that answered, after redirects.'),
  title: z.string().nullable(),
  changed: z.boolean().describe('False the first time: that is what later ones are compared with.'),
  first: z.boolean(),
  text: z.string().describe('The text as it is now, 60,000 characters at most.'),
  before: z.string().nullable().describe('The text as it was, where it changed.'),
  since: z.int().nullable().describe('When the text before was first seen, UTC ms.'),
  summary: z.string().describe('For people: "2 lines added, 1 removed".'),
  added: z.int(),
  removed: z.int(),
  changes: z
    .array(z.strictObject({ kind: z.enum(['added', 'removed']), text: z.string() }))
    .describe('Line by line, the first 200.'),
  unified: z.string().describe('The same as a patch; empty where the texts share too little.'),
  numbers: z.array(number).describe('The numbers in text, such as prices, in their order.'),
  numbersBefore: z.array(number),
  hash: z.string().describe('SHA-256 of the whole text.'),
  seenBefore: z.boolean().describe('True where it changed back to what it was within the last 20 states.'),
  truncated: z.boolean(),
})
type Output = z.output<typeof output>

const seenSchema = z.strictObject({
  url: z.string(),
  /** Of which part of the page this is the text. */
  part: z.string(),
  title: z.string().nullable(),
  language: z.string().nullable(),
  text: z.string(),
  hash: z.string(),
  truncated: z.boolean(),
  /** Hashes of the states before, the latest last. */
  recent: z.array(z.string()),
  at: z.int(),
  validators: validatorsSchema,
})
type Seen = z.output<typeof seenSchema>

export function pageTools(reader: WebReader): ToolDeclaration[] {
  return [
    defineTool<Input, Output>({
      ...addressed,
      name: NAME,
      title: 'Look whether a page changed',
      doc: 'Compares the text of a page, or of what selector matches, with the last successful run, and says line by line what changed. The first time nothing has changed. What was seen is remembered when the run succeeds. A selector that matches nothing fails as bad-response and changes nothing that is remembered.',
      input,
      output,
      positional: ['url', 'selector'],
      run: (given, context) => look(reader, given, context),
      describe: ({ url }, done) => {
        if (done === undefined) return `Looked whether ${placeName(url)} changed`
        if (done.first) return `Took note of ${placeName(url)}`
        return `Found ${placeName(url)} ${done.changed ? `changed: ${done.summary}` : 'unchanged'}`
      },
    }),
  ]
}

async function look(reader: WebReader, given: Input, context: ToolContext): Promise<Output> {
  const { selector, without, missing, as, ...rest } = given
  const part = JSON.stringify([selector ?? null, without ?? null])
  const memory = new Memory(NAME, seenSchema, as ?? `${given.url} ${part}`)
  const recalled = memory.recall(context)
  // Another part of the page is another thing: to compare the two would report a change that nobody made.
  const seen = recalled?.part === part ? recalled : null
  const content = await read(reader, { ...rest, tool: NAME, wanted: WATCHED }, seen, context)
  if ('unchanged' in content) return { url: content.url, ...content.unchanged }
  const { body, type, url } = content
  const watching = { body, type, url, selector, without, missing, before: seen?.text ?? null }
  const asker = { owner: context.runId, signal: context.signal }
  const watched = await reader.compute.run(NAME, watching, asker)
  const next = nextSeen({ given, part, content, watched, seen, now: context.now() })
  if (JSON.stringify(next) !== JSON.stringify(seen)) memory.remember(next, context)
  return { url, ...resultOf(watched, seen) }
}

/** Asks only for what is other than what was seen; what was seen before is the answer where the server says so. */
async function read(
  reader: WebReader,
  request: WebRequest,
  seen: Seen | null,
  context: ToolContext,
): Promise<WebAnswer | { url: string; unchanged: Omit<Output, 'url'> }> {
  if (seen?.url !== request.url) return reader.content(request, context)
  const answer = await reader.contentIfChanged({ ...request, known: seen.validators }, context)
  return answer.is === 'unchanged' ? { url: answer.url, unchanged: unchanged(seen) } : answer
}

interface Looked {
  given: Input
  part: string
  content: WebAnswer
  watched: Watched
  seen: Seen | null
  now: number
}

function nextSeen({ given, part, content, watched, seen, now }: Looked): Seen {
  const { title, language, text, hash, truncated } = watched
  const same = seen?.hash === hash
  const recent = seen === null || same ? (seen?.recent ?? []) : [...seen.recent, seen.hash].slice(-RECENT)
  const at = same ? seen.at : now
  const { validators } = content
  return { url: given.url, part, title, language, text, hash, truncated, recent, at, validators }
}

const NOTHING = { summary: 'nothing changed', added: 0, removed: 0, changes: [], unified: '' }

function unchanged({ title, language, text, hash, truncated, at }: Seen): Omit<Output, 'url'> {
  const numbers = numbersIn(text, language)
  const state = { changed: false, first: false, before: null, since: at, seenBefore: false }
  return { title, text, hash, truncated, numbers, numbersBefore: numbers, ...state, ...NOTHING }
}

function resultOf(watched: Watched, seen: Seen | null): Omit<Output, 'url'> {
  const { title, language, text, hash, truncated } = watched
  const changed = seen !== null && seen.hash !== hash
  const {
    summary,
    added,
    removed,
    changes,
    unified,
    truncated: cut,
  } = changed ? differenceOf(watched) : { ...NOTHING, truncated: false }
  return {
    title,
    changed,
    first: seen === null,
    text,
    before: changed ? seen.text : null,
    since: seen?.at ?? null,
    summary,
    added,
    removed,
    changes,
    unified,
    numbers: numbersIn(text, language),
    numbersBefore: seen === null ? [] : numbersIn(seen.text, seen.language),
    hash,
    seenBefore: changed && seen.recent.includes(hash),
    truncated: truncated || cut,
  }
}

/** What changed beyond the text that is kept shows in the hash alone. */
function differenceOf({ comparison }: Watched) {
  if (comparison === null) return { ...NOTHING, truncated: false }
  const beyond = comparison.added + comparison.removed === 0
  return beyond ? { ...comparison, summary: 'changed further down than is kept' } : comparison
}
