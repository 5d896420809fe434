/**
 * A web page as data: its article as text and Markdown, what it says about itself, its links and tables. Pure; runs
 * in a compute host, because pages are large and of any shape. Nothing in a page is executed or fetched.
 */
import { Readability } from '@mozilla/readability'
import type { Cheerio, CheerioAPI } from 'cheerio'
import { parseHTML } from 'linkedom'
import { plainText } from './plain-text.ts'
import { decodeText } from './charset.ts'
import { absoluteLinks, linksOf, type PageLink } from './links.ts'
import { markdownOf } from './markdown.ts'
import { metadataOf, tidy, type PageMetadata } from './metadata.ts'
import { openPage, selectPart, type PageNode } from './selection.ts'
import { tablesOf, type PageTable } from './tables.ts'

export interface PageInput {
  body: Uint8Array
  type: string | undefined
  url: string
  /** Only what it matches, instead of the article. */
  selector: string | undefined
  maxText: number
}

export interface Page extends PageMetadata {
  charset: string
  /** True where an article was recognised; false where the text is that of the whole page. */
  article: boolean
  text: string
  markdown: string
  links: PageLink[]
  tables: PageTable[]
  truncated: boolean
}

/** Finding the article takes far longer than all else; a page of this length hardly is one. */
const LONGEST_ARTICLE = 2_000_000

export function readPage(input: PageInput): Page {
  const { body, type, url, selector, maxText } = input
  const { text: source, charset } = decodeText(body, type)
  const $ = openPage(source, type, url)
  absoluteLinks($, url)
  const metadata = metadataOf($, url)
  const article = selector === undefined ? articleOf($) : null
  strip($)
  const part = selector === undefined ? $('body') : selectPart($, selector, url)
  const html = article?.html ?? htmlOf($, part)
  const [text, markdown] = [plainText(html), markdownOf(html)]
  const [links, tables] = [linksOf($, part), tablesOf($, part)]
  return {
    ...metadata,
    ...(article === null ? {} : completed(metadata, article)),
    charset,
    article: article !== null,
    text: cut(text, maxText),
    markdown: cut(markdown, maxText),
    links: links.shown,
    tables: tables.shown,
    truncated: Math.max(text.length, markdown.length) > maxText || links.more || tables.more,
  }
}

export function htmlOf($: CheerioAPI, part: Cheerio<PageNode>): string {
  return part
    .toArray()
    .map(node => $.html(node))
    .join('\n')
}

/** The page's own word comes first. */
function completed(
  { title, author }: PageMetadata,
  article: Article,
): Pick<PageMetadata, 'title' | 'author'> {
  return { title: title ?? article.title, author: author ?? article.author }
}

/** What is no content to anybody. */
export function strip($: CheerioAPI): void {
  $('script, style, template, noscript, iframe, object, embed, svg, canvas').remove()
}

interface Article {
  html: string
  title: string | null
  author: string | null
}

function articleOf($: CheerioAPI): Article | null {
  const html = $.html()
  if (html.length > LONGEST_ARTICLE) return null
  // Their types name a browser's document, which this program knows nothing of.
  const { document } = parseHTML(html) as unknown as { document: never }
  const found = new Readability(document).parse()
  const content = found?.content ?? ''
  if (found === null || (found.textContent ?? '').trim() === '') return null
  return { html: content, title: tidy(found.title), author: tidy(found.byline) }
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length).toWellFormed()
}
