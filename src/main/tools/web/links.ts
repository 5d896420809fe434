/** The links of a page as absolute addresses. Only http and https lead anywhere a tool may go. */
import type { Cheerio, CheerioAPI } from 'cheerio'
import type { PageNode } from './selection.ts'

export interface PageLink {
  url: string
  text: string
}

const MOST_LINKS = 2_000
const LONGEST_TEXT = 300
const LONGEST_URL = 4_096

export function absoluteUrl(text: string, base: string): string | null {
  const url = URL.parse(text.trim(), base)
  if (url === null || !/^https?:$/.test(url.protocol)) return null
  return url.href.length > LONGEST_URL ? null : url.href
}

/** Makes the addresses of links and images absolute, and takes away those that lead nowhere. */
export function absoluteLinks($: CheerioAPI, url: string): void {
  const base = absoluteUrl($('base[href]').first().attr('href') ?? '', url) ?? url
  for (const [selector, name] of [
    ['a[href]', 'href'],
    ['img[src]', 'src'],
  ] as const) {
    for (const element of $(selector).toArray()) {
      const address = absoluteUrl(element.attribs[name] ?? '', base)
      if (address === null) $(element).removeAttr(name)
      else element.attribs[name] = address
    }
  }
}

/** Each address once, with the first text that is not empty. */
export function linksOf($: CheerioAPI, part: Cheerio<PageNode>): { shown: PageLink[]; more: boolean } {
  const links = new Map<string, string>()
  for (const element of part.find('a[href]').addBack('a[href]').toArray()) {
    const url = $(element).attr('href') ?? ''
    if (!links.has(url) && links.size === MOST_LINKS) return { shown: listed(links), more: true }
    const text = $(element).text().replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST_TEXT).toWellFormed()
    if ((links.get(url) ?? '') === '') links.set(url, text)
  }
  return { shown: listed(links), more: false }
}

function listed(links: ReadonlyMap<string, string>): PageLink[] {
  return [...links].map(([url, text]) => ({ url, text }))
}
