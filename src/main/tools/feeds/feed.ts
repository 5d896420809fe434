/** A feed as data, from the bytes that came. Pure; runs in a compute host, because feeds are large and often broken. */
import { load } from 'cheerio'
import { fail } from '../../../domain/failure.ts'
import { decodeText } from '../web/charset.ts'
import { readDate } from '../web/dates.ts'
import { absoluteUrl } from '../web/links.ts'
import { feedsOf } from '../web/metadata.ts'
import { plainText } from '../web/plain-text.ts'
import type { FeedFormat, FeedHead } from './entries.ts'
import { identify, sortOut, type Identified, type Seen } from './identity.ts'
import { parseFeedText, type ParsedFeed } from './parse.ts'

export interface FeedInput {
  body: Uint8Array
  type: string | undefined
  url: string
  limit: number
  maxText: number
}

export interface FeedItem {
  id: string
  title: string | null
  link: string | null
  published: number | null
  updated: number | null
  author: string | null
  text: string
  categories: string[]
  enclosures: { url: string; type: string | null; bytes: number | null }[]
}

export interface FeedSummary extends FeedHead {
  format: FeedFormat
  problems: string[]
}

/** Longer feeds are read up to here: further back is what nobody waits for. */
const MOST_ENTRIES = 4_000
const LONGEST_TITLE = 1_000
const LONGEST_SOURCE = 400_000
const MOST_WORDS = 50

export function readFeed(input: FeedInput): { feed: FeedSummary; items: FeedItem[]; truncated: boolean } {
  const parsed = parse(input)
  const { all } = identify(parsed.entries, false)
  const items = all.slice(0, input.limit).map(found => itemOf(found, input))
  return { feed: summaryOf(parsed, input), items, truncated: all.length > input.limit }
}

export interface NewInput extends FeedInput {
  /** What was seen before; null for the first reading. */
  seen: Seen | null
  /** In the first reading: whether what is there already is given as new. */
  existing: 'skip' | 'include'
}

export interface NewItems {
  feed: FeedSummary
  items: FeedItem[]
  known: number
  more: number
  seen: Seen
}

export function readNewItems(input: NewInput): NewItems {
  const parsed = parse(input)
  const skips = input.seen === null && input.existing === 'skip'
  const { fresh, seen, known, more } = sortOut(parsed.entries, input.seen, skips ? MOST_ENTRIES : input.limit)
  const feed = summaryOf(parsed, input)
  if (skips) return { feed, items: [], known: fresh.length, more: 0, seen }
  const items = byDate(fresh.map(found => itemOf(found, input)))
  return { feed, items, known, more, seen }
}

/** The order of the feed holds where some have no date. */
function byDate(items: FeedItem[]): FeedItem[] {
  if (items.some(({ published }) => published === null)) return items
  return items.toSorted((a, b) => (a.published ?? 0) - (b.published ?? 0))
}

function parse({ body, type, url }: FeedInput): ParsedFeed {
  const { text } = decodeText(body, type)
  const parsed = parseFeedText(text)
  if (parsed === null) notAFeed(text, url)
  if (parsed.entries.length === 0 && parsed.problems.length > 0) nothingLeft(url)
  return { ...parsed, entries: parsed.entries.slice(0, MOST_ENTRIES) }
}

function summaryOf({ format, head, problems }: ParsedFeed, { url }: FeedInput): FeedSummary {
  return {
    format,
    title: words(head.title),
    link: head.link === null ? null : absoluteUrl(head.link, url),
    description: words(head.description),
    language: words(head.language),
    problems,
  }
}

function itemOf({ entry, id }: Identified, { url, maxText }: FeedInput): FeedItem {
  const enclosures = entry.enclosures.slice(0, MOST_WORDS).flatMap(({ url: address, type, bytes }) => {
    const absolute = absoluteUrl(address, url)
    return absolute === null ? [] : [{ url: absolute, type, bytes: bytesOf(bytes) }]
  })
  return {
    id: id.slice(0, LONGEST_TITLE).toWellFormed(),
    title: words(entry.title),
    link: entry.link === null ? null : absoluteUrl(entry.link, url),
    published: readDate(entry.published),
    updated: readDate(entry.updated),
    author: words(entry.authors.slice(0, MOST_WORDS).join(', ')),
    text: textOf(entry.content, entry.plain, maxText),
    categories: entry.categories.slice(0, MOST_WORDS).flatMap(name => words(name) ?? []),
    enclosures,
  }
}

function bytesOf(bytes: number | null): number | null {
  return bytes !== null && Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null
}

function textOf(content: string | null, plain: boolean, maxText: number): string {
  const source = (content ?? '').slice(0, LONGEST_SOURCE)
  return (plain ? source.trim() : plainText(source)).slice(0, maxText).toWellFormed()
}

/** Titles are often written as HTML, although none is allowed in most of them. */
function words(text: string | null): string | null {
  if (text === null) return null
  const source = text.slice(0, 4 * LONGEST_TITLE)
  const plain = /<[a-z/!]|&(#\w+|\w+);/i.test(source) ? plainText(source) : source
  const one = plain.replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST_TITLE).toWellFormed()
  return one === '' ? null : one
}

/** A page that has a feed usually says where. */
function notAFeed(text: string, url: string): never {
  const { host } = new URL(url)
  const feeds = /<html|<!doctype html/i.test(text.slice(0, 4_096)) ? feedsOf(load(text), url) : []
  const [first] = feeds
  const next = first === undefined ? '' : ` The page names a feed: ${first}`
  return fail({
    kind: 'bad-response',
    host,
    message: `What ${host} sent is no feed: neither RSS, Atom, RDF nor JSON Feed. Nothing was taken from it.${next}`,
    detail: { reason: 'answer', host, feeds },
  })
}

function nothingLeft(url: string): never {
  const { host } = new URL(url)
  return fail({
    kind: 'bad-response',
    host,
    message: `The feed of ${host} was so broken that not one entry could be made out. What was seen before was not changed.`,
    detail: { reason: 'answer', host },
  })
}
