/** A page as a document that can be asked with CSS selectors, and the part of it that one matches. */
import { load, type Cheerio, type CheerioAPI } from 'cheerio'
import { fail } from '../../../domain/failure.ts'

/** Nodes as cheerio knows them; the package that names them is its own affair. */
export type PageNode = Parameters<CheerioAPI['contains']>[1]
export type PageElement = Extract<PageNode, { attribs: unknown }>

export function openPage(source: string, type: string | undefined, url: string): CheerioAPI {
  refuseBinary(source, url)
  return isMarkup(source, type) ? load(source) : plainPage(source)
}

/** Where the server does not say what it is, markup begins with a tag. */
export function isMarkup(source: string, type: string | undefined): boolean {
  const known = /^\s*[\w.+-]+\/[\w.+-]+/.exec(type ?? '')
  return known === null ? /^\s*</.test(source) : /html|xml/i.test(known[0])
}

function plainPage(text: string): CheerioAPI {
  const $ = load('<pre></pre>')
  $('pre').text(text)
  return $
}

export function selectPart($: CheerioAPI, selector: string, url: string): Cheerio<PageNode> {
  const found = matches($, selector)
  if (found.length === 0) nothingMatched(selector, url)
  return found
}

/** Everything the selector matches, without what lies inside another match. */
export function matches($: CheerioAPI, selector: string): Cheerio<PageNode> {
  const found = tried<Cheerio<PageNode>>(() => $(selector), selector)
  const all = new Set<PageNode>(found.toArray())
  return found.filter((_, node) => {
    for (let above = node.parent; above !== null; above = above.parent) if (all.has(above)) return false
    return true
  })
}

/** The parser's complaint is about the selector alone: the page was parsed before. */
function tried<T>(select: () => T, selector: string): T {
  try {
    return select()
  } catch (error) {
    if (error instanceof RangeError) throw error
    const why = error instanceof Error ? error.message.split('\n')[0] : 'it was not understood'
    return fail({
      kind: 'invalid-input',
      path: 'selector',
      message: `“${selector}” is no CSS selector that can be used: ${why ?? ''}. Nothing was remembered.`,
    })
  }
}

export function nothingMatched(selector: string, url: string): never {
  const host = new URL(url).host
  return fail({
    kind: 'bad-response',
    host,
    message: `Nothing on the page of ${host} matched “${selector}”. The page may have changed its shape; nothing was remembered.`,
    detail: { reason: 'selector', host, selector },
  })
}

export function refuseBinary(source: string, url: string): void {
  if (source.slice(0, 4_096).includes('\0')) notAPage(url)
}

function notAPage(url: string): never {
  const host = new URL(url).host
  return fail({
    kind: 'bad-response',
    host,
    message: `What ${host} sent is no text, so it is not a web page. Nothing was remembered.`,
    detail: { reason: 'answer', host },
  })
}
