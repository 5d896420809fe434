/**
 * The text of a feed as its entries, also where it is broken: characters that XML forbids, words before the first
 * tag, tags that never close, text cut off in the middle. What can be made out is given, and what was wrong is said.
 */
import type { CheerioAPI } from 'cheerio'
import { load } from 'cheerio/slim'
import { parseFeed } from 'feedsmith'
import { entriesOf, type FeedEntries } from './entries.ts'

export interface ParsedFeed extends FeedEntries {
  /** What was wrong with it, in words; empty for a whole feed. */
  problems: string[]
}

/** Control characters that XML forbids, and what is no character. */
const FORBIDDEN = /(?![\t\n\r])[\p{Cc}\ufffe\uffff]/gu

/** Null where the text is no feed of any kind. */
export function parseFeedText(text: string): ParsedFeed | null {
  const clean = text.replaceAll(FORBIDDEN, '')
  const problems = clean === text ? [] : ['It contained characters that feeds may not contain.']
  const whole = parsed(clean)
  if (whole !== null) return { ...whole, problems }
  return salvaged(clean, problems)
}

function parsed(text: string): FeedEntries | null {
  try {
    return entriesOf(parseFeed(text))
  } catch (error) {
    if (error instanceof RangeError) return null
    if (error instanceof Error && /^(Detect|Malformed|Parse)Error$/.test(error.name)) return null
    throw error
  }
}

const ROOT = /<(rss|(\w+:)?rdf|(\w+:)?feed)[\s>]/i
const ENTRY = /^(\w+:)?(item|entry)$/i

/** Reads it as a browser reads markup, writes that down in order, and parses again. */
function salvaged(text: string, problems: readonly string[]): ParsedFeed | null {
  const start = text.search(ROOT)
  if (start === -1) return null
  const cutOff = endsInEntry(text)
  const whole = ordered(text.slice(start), cutOff)
  const found = whole === null ? null : parsed(whole)
  if (found === null) return null
  const what = cutOff
    ? 'It was cut off in the middle of an entry, which was left out.'
    : 'It was not well-formed; what could be made out was read.'
  return { ...found, problems: [...problems, what] }
}

/** Whether the last entry that begins in it does not end in it. */
function endsInEntry(text: string): boolean {
  const begins = lastPlace(text, /<(\w+:)?(item|entry)[\s>]/gi)
  return begins > lastPlace(text, /<\/(\w+:)?(item|entry)\s*>/gi)
}

function lastPlace(text: string, pattern: RegExp): number {
  let last = -1
  for (const { index } of text.matchAll(pattern)) last = index
  return last
}

/** The last entry of a text that was cut off is a part of one: it would be taken for another than the whole. */
function ordered(text: string, cutOff: boolean): string | null {
  try {
    const $ = load(text, { xml: true })
    if (cutOff) removeLastEntry($)
    return $.xml()
  } catch (error) {
    // Nested more deeply than any feed is.
    if (error instanceof RangeError) return null
    throw error
  }
}

/** In its own way through the tree: what is nested without end would take a selector too long. */
function removeLastEntry($: CheerioAPI): void {
  const open = $.root().contents().toArray()
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (!('children' in node)) continue
    if ('name' in node && ENTRY.test(node.name)) {
      $(node).remove()
      return
    }
    for (const child of node.children) open.push(child)
  }
}
