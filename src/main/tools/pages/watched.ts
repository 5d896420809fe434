/** The part of a page that is watched, as text, and how it differs from the last one. Pure; runs in a compute host. */
import { createHash } from 'node:crypto'
import { decodeText } from '../web/charset.ts'
import { absoluteLinks } from '../web/links.ts'
import { metadataOf } from '../web/metadata.ts'
import { htmlOf, strip } from '../web/page.ts'
import { plainText } from '../web/plain-text.ts'
import { isMarkup, matches, nothingMatched, openPage, refuseBinary } from '../web/selection.ts'
import { compare, type Comparison } from './compare.ts'

export interface WatchInput {
  body: Uint8Array
  type: string | undefined
  url: string
  selector: string | undefined
  /** What is to be left out of it: what changes with every visit. */
  without: string | undefined
  missing: 'fail' | 'empty'
  /** The text as it was; null where none was seen. */
  before: string | null
}

export interface Watched {
  title: string | null
  language: string | null
  text: string
  /** Of the whole text, also where it was cut. */
  hash: string
  truncated: boolean
  comparison: Comparison | null
}

/** Fits what may be remembered, in any script. */
export const LONGEST_TEXT = 60_000

export function watchPage(input: WatchInput): Watched {
  const { body, type, url, before } = input
  const { text: source } = decodeText(body, type)
  refuseBinary(source, url)
  const { title, language, whole } = isMarkup(source, type) ? partOf(source, input) : plainPart(source, input)
  const visible = whole.replaceAll(/(?![\n\t])\p{Cc}/gu, '')
  const text = visible.slice(0, LONGEST_TEXT).toWellFormed()
  return {
    title,
    language,
    text,
    hash: createHash('sha256').update(visible).digest('hex'),
    truncated: visible.length > LONGEST_TEXT,
    comparison: before === null ? null : compare(before, text),
  }
}

interface Part {
  title: string | null
  language: string | null
  whole: string
}

/** In a text without markup there is nothing to select. */
function plainPart(source: string, { selector, missing, url }: WatchInput): Part {
  if (selector !== undefined && missing === 'fail') nothingMatched(selector, url)
  const whole = selector === undefined ? source.replaceAll('\r\n', '\n').trim() : ''
  return { title: null, language: null, whole }
}

function partOf(source: string, { type, url, selector, without, missing }: WatchInput): Part {
  const $ = openPage(source, type, url)
  absoluteLinks($, url)
  const { title, language } = metadataOf($, url)
  strip($)
  if (without !== undefined) matches($, without).remove()
  const part = selector === undefined ? $('body') : matches($, selector)
  if (part.length === 0 && selector !== undefined && missing === 'fail') nothingMatched(selector, url)
  return { title, language, whole: plainText(htmlOf($, part)) }
}
