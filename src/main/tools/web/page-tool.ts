/** `web.page`: a page as article, metadata, links and tables. */
import { z } from 'zod'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { addressed, placeName, reading, selectorInput, urlInput } from './input.ts'
import type { Wanted, WebReader } from './reader.ts'

export const PAGE: Wanted = {
  what: 'a web page',
  accept: 'text/html, application/xhtml+xml, text/plain;q=0.8, */*;q=0.1',
  fits: type => /^(text\/(html|plain)|application\/(xhtml\+xml|xml)|text\/xml)$/.test(type),
}

const input = z.strictObject({
  url: urlInput,
  selector: selectorInput.optional(),
  maxText: z
    .int()
    .min(100)
    .max(2_000_000)
    .default(500_000)
    .describe('Of text and of markdown, in characters.'),
  ...reading,
})
type Input = z.output<typeof input>

const text = z.string().nullable()
const output = z.strictObject({
  url: z.string().describe('The address that answered, after redirects.'),
  title: text,
  description: text,
  author: text,
  site: text,
  language: text,
  published: z.int().nullable().describe('UTC ms, where the page says.'),
  modified: z.int().nullable(),
  image: text,
  canonical: text,
  feeds: z.array(z.string()).describe('Addresses of feeds that the page names.'),
  charset: z.string(),
  article: z.boolean().describe('False where no article was recognised: the text is then that of the page.'),
  text: z.string(),
  markdown: z.string().describe('The same with headings, lists, links and tables.'),
  links: z.array(z.strictObject({ url: z.string(), text: z.string() })),
  tables: z.array(
    z.strictObject({
      caption: text,
      columns: z.array(z.string()).describe('Empty where the table has no header row.'),
      rows: z.array(z.array(z.string())),
    }),
  ),
  truncated: z.boolean().describe('True where something was too long to be given whole.'),
})
type Output = z.output<typeof output>

export function pageTool(reader: WebReader): ToolDeclaration {
  return defineTool<Input, Output>({
    ...addressed,
    name: 'web.page',
    title: 'Read a web page',
    doc: 'Reads a page: the text of its article, the same in Markdown, what it says about itself, its links and tables. With selector, only what it matches. Content that is no page, and a selector that matches nothing, fail as bad-response; an address that robots.txt forbids fails as not-permitted. Scripts of the page are not run.',
    input,
    output,
    positional: ['url'],
    run: (given, context) => read(reader, given, context),
    describe: ({ url }, done) => {
      if (done === undefined) return `Read the page ${placeName(url)}`
      return `Read the page ${placeName(url)}: ${done.title === null ? `${done.text.length} characters` : `“${done.title.slice(0, 100)}”`}`
    },
  })
}

async function read(reader: WebReader, given: Input, context: ToolContext): Promise<Output> {
  const { selector, maxText, ...rest } = given
  const { body, type, url } = await reader.content({ ...rest, tool: 'web.page', wanted: PAGE }, context)
  const asker = { owner: context.runId, signal: context.signal }
  return { url, ...(await reader.compute.run('web.page', { body, type, url, selector, maxText }, asker)) }
}
