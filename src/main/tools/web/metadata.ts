/** What a page says about itself: in its head, in Open Graph and in the data it carries for search engines. */
import type { CheerioAPI } from 'cheerio'
import { readDate } from './dates.ts'
import { absoluteUrl } from './links.ts'

export interface PageMetadata {
  title: string | null
  description: string | null
  author: string | null
  site: string | null
  language: string | null
  /** UTC ms. */
  published: number | null
  modified: number | null
  image: string | null
  canonical: string | null
  /** Addresses of feeds that the page names. */
  feeds: string[]
}

const LONGEST = 2_000
const MOST_FEEDS = 20

export function metadataOf($: CheerioAPI, url: string): PageMetadata {
  const meta = (...names: string[]): string | null => {
    for (const name of names) {
      const found = tidy(
        $(`meta[property="${name}"], meta[name="${name}"], meta[itemprop="${name}"]`).first().attr('content'),
      )
      if (found !== null) return found
    }
    return null
  }
  return {
    title:
      tidy($('title').first().text()) ?? meta('og:title', 'twitter:title') ?? tidy($('h1').first().text()),
    description: meta('description', 'og:description', 'twitter:description'),
    author: meta('author', 'article:author', 'dc.creator'),
    site: meta('og:site_name', 'application-name'),
    language: tidy($('html').attr('lang') ?? $('html').attr('xml:lang')) ?? meta('og:locale'),
    published: readDate(meta('article:published_time', 'datePublished', 'date', 'dc.date') ?? timeOf($)),
    modified: readDate(meta('article:modified_time', 'dateModified', 'og:updated_time')),
    image: address(meta('og:image', 'twitter:image'), url),
    canonical: address($('link[rel="canonical"]').first().attr('href') ?? null, url),
    feeds: feedsOf($, url),
  }
}

function timeOf($: CheerioAPI): string | null {
  return $('article time[datetime], time[itemprop="datePublished"]').first().attr('datetime') ?? null
}

export function feedsOf($: CheerioAPI, url: string): string[] {
  const found = $('link[rel~="alternate"][href]')
    .toArray()
    .filter(link =>
      /^application\/((rss|atom|rdf)\+xml|feed\+json|json)$/i.test($(link).attr('type')?.trim() ?? ''),
    )
    .flatMap(link => address($(link).attr('href') ?? null, url) ?? [])
  return [...new Set(found)].slice(0, MOST_FEEDS)
}

function address(text: string | null, url: string): string | null {
  return text === null ? null : absoluteUrl(text, url)
}

export function tidy(text: string | null | undefined): string | null {
  const one = (text ?? '').replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST).toWellFormed()
  return one === '' ? null : one
}
