/** The entries of RSS, Atom, RDF and JSON feeds in one shape, as they were written: nothing is converted here. */
import type { parseFeed } from 'feedsmith'

type Feed = ReturnType<typeof parseFeed<string>>
export type FeedFormat = Feed['format']

export interface Entry {
  guid: string | null
  link: string | null
  title: string | null
  /** HTML unless `plain`. */
  content: string | null
  plain: boolean
  published: string | null
  updated: string | null
  authors: string[]
  categories: string[]
  enclosures: { url: string; type: string | null; bytes: number | null }[]
}

export interface FeedHead {
  title: string | null
  link: string | null
  description: string | null
  language: string | null
}

export interface FeedEntries {
  format: FeedFormat
  head: FeedHead
  entries: Entry[]
}

export function entriesOf(parsed: Feed): FeedEntries {
  switch (parsed.format) {
    case 'rss':
      return { format: 'rss', head: headOf(parsed.feed), entries: (parsed.feed.items ?? []).map(ofRss) }
    case 'rdf':
      return { format: 'rdf', head: headOf(parsed.feed), entries: (parsed.feed.items ?? []).map(ofRdf) }
    case 'atom':
      return {
        format: 'atom',
        head: headOfAtom(parsed.feed),
        entries: (parsed.feed.entries ?? []).map(ofAtom),
      }
    case 'json':
      return { format: 'json', head: headOfJson(parsed.feed), entries: (parsed.feed.items ?? []).map(ofJson) }
  }
}

type Of<F extends FeedFormat> = Extract<Feed, { format: F }>['feed']
type RssItem = NonNullable<Of<'rss'>['items']>[number]
type RdfItem = NonNullable<Of<'rdf'>['items']>[number]
type AtomEntry = NonNullable<Of<'atom'>['entries']>[number]
type JsonItem = NonNullable<Of<'json'>['items']>[number]

function headOf(feed: { title?: string; link?: string; description?: string; language?: string }): FeedHead {
  const { title = null, link = null, description = null, language = null } = feed
  return { title, link, description, language }
}

function headOfAtom({ title, links, subtitle }: Of<'atom'>): FeedHead {
  return {
    title: title?.value ?? null,
    link: first(alternate(links)),
    description: subtitle?.value ?? null,
    language: null,
  }
}

function headOfJson(feed: Of<'json'>): FeedHead {
  const { title = null, home_page_url: link = null, description = null, language = null } = feed
  return { title, link, description, language }
}

function ofRss(item: RssItem): Entry {
  const { guid, enclosures, dc, atom } = item
  return {
    guid: first(guid?.value),
    link: linkOf(item),
    title: first(item.title, dc?.titles),
    content: first(item.content?.encoded, item.description, dc?.descriptions),
    plain: false,
    published: first(item.pubDate, dc?.dates, atom?.published),
    updated: first(atom?.updated),
    authors: texts(item.authors?.map(nameOf), dc?.creators),
    categories: texts(
      item.categories?.map(({ name }) => name),
      dc?.subjects,
    ),
    enclosures: list(enclosures).flatMap(({ url, type, length }) => enclosure(url, type, length)),
  }
}

/** A podcast may have nothing but its file. */
function linkOf({ link, guid, atom, enclosures }: RssItem): string | null {
  return first(
    link,
    addressOf(guid),
    alternate(atom?.links),
    enclosures?.map(({ url }) => url),
  )
}

/** A guid is an address unless it says otherwise. */
function addressOf(guid: RssItem['guid']): string | undefined {
  const value = guid?.value ?? ''
  return guid?.isPermaLink !== false && /^https?:/i.test(value) ? value : undefined
}

function ofRdf({ rdf, link, title, content, description, dc }: RdfItem): Entry {
  return {
    guid: first(rdf?.about, dc?.identifiers),
    link: first(link),
    title: first(title, dc?.titles),
    content: first(content?.encoded, description),
    plain: false,
    published: first(dc?.dates),
    updated: null,
    authors: texts(dc?.creators),
    categories: texts(dc?.subjects),
    enclosures: [],
  }
}

function ofAtom(entry: AtomEntry): Entry {
  const { links, content, summary, published, updated } = entry
  const body = first(content?.value) === null ? summary : content
  return {
    guid: first(entry.id),
    link: first(alternate(links), content?.src),
    title: first(entry.title?.value),
    content: first(body?.value),
    plain: /^(text(\/plain)?)?$/.test(body?.type ?? ''),
    published: first(published, updated),
    updated: first(updated),
    authors: texts(entry.authors?.map(nameOf)),
    categories: texts(entry.categories?.map(({ label, term }) => label ?? term)),
    enclosures: list(links)
      .filter(({ rel }) => rel === 'enclosure')
      .flatMap(({ href, type, length }) => enclosure(href, type, length)),
  }
}

function ofJson(item: JsonItem): Entry {
  const { content_html: html, content_text: text, date_published: published, date_modified: updated } = item
  return {
    guid: first(item.id),
    link: first(item.url, item.external_url),
    title: first(item.title),
    content: first(html, text, item.summary),
    plain: first(html) === null,
    published: first(published, updated),
    updated: first(updated),
    authors: texts(item.authors?.map(({ name, url }) => name ?? url)),
    categories: texts(item.tags),
    enclosures: list(item.attachments).flatMap(({ url, mime_type: type, size_in_bytes: bytes }) =>
      enclosure(url, type, bytes),
    ),
  }
}

function alternate(links: readonly { href?: string; rel?: string }[] = []): string | undefined {
  const own = links.find(({ rel }) => rel === undefined || rel === 'alternate')
  return (own ?? links.find(({ rel }) => rel !== 'self'))?.href
}

function enclosure(url?: string, type?: string, bytes?: number): Entry['enclosures'] {
  return url === undefined ? [] : [{ url, type: type ?? null, bytes: bytes ?? null }]
}

function nameOf({ name, email }: { name?: string; email?: string }): string | undefined {
  return name ?? email
}

type Words = string | readonly (string | undefined)[] | undefined

/** The first text that is not empty. */
function first(...candidates: Words[]): string | null {
  return texts(...candidates)[0] ?? null
}

function texts(...candidates: Words[]): string[] {
  return candidates.flat().filter(text => text !== undefined && text.trim() !== '') as string[]
}

function list<T>(given: readonly T[] | undefined): readonly T[] {
  return given ?? []
}
