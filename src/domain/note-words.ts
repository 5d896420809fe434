/**
 * What a text is searched by: its words, folded so that case, accents and Unicode forms do not matter, in order.
 * Scripts that put no spaces between words are searched by character. One definition for the index and for what is
 * not yet in it.
 */

/** Each character of these is a word of its own. */
const UNSPACED =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]$/u
const WORD = /[\p{L}\p{N}\p{M}]+/gu
/** Those of European scripts; elsewhere a mark makes another word. */
const ACCENTS = /[\u0300-\u036f]/g
const LONGEST_WORD = 64

export interface PlacedWord {
  word: string
  /** Where it begins in the text. */
  at: number
}

export function placedWords(text: string): PlacedWord[] {
  return [...text.matchAll(WORD)].flatMap(match => parts(match[0], match.index))
}

export function wordsOf(text: string): string[] {
  return placedWords(text).map(({ word }) => word)
}

function parts(run: string, start: number): PlacedWord[] {
  const found: PlacedWord[] = []
  let spaced = ''
  let at = start
  for (const character of run) {
    if (UNSPACED.test(character)) {
      if (spaced !== '') found.push(folded(spaced, at - spaced.length))
      spaced = ''
      found.push(folded(character, at))
    } else spaced += character
    at += character.length
  }
  if (spaced !== '') found.push(folded(spaced, at - spaced.length))
  return found.filter(({ word }) => word !== '')
}

function folded(text: string, at: number): PlacedWord {
  const bare = text.normalize('NFKD').replaceAll(ACCENTS, '').normalize('NFKC')
  const word = bare.toLowerCase().replaceAll('ß', 'ss')
  return { word: word.slice(0, LONGEST_WORD), at }
}

/** What must all occur: words that stand alone, and words that stand together in this order. */
export type Query = readonly (readonly string[])[]

/** `invoice "acme corp"`: words, and phrases between quotes. Nothing else in it has a meaning. */
export function parseQuery(text: string): Query {
  return text
    .split('"')
    .flatMap((part, place) => (place % 2 === 1 ? [part] : part.split(/\s+/u)))
    .map(wordsOf)
    .filter(phrase => phrase.length > 0)
}

export function containsPhrase(words: readonly string[], phrase: readonly string[]): boolean {
  return words.some((_, start) => phrase.every((word, offset) => words[start + offset] === word))
}

const EXCERPT = 160

/** A line of the text around the first word looked for. */
export function excerptFor(text: string, query: Query): string {
  const wanted = new Set(query.flat())
  const at = placedWords(text).find(({ word }) => wanted.has(word))?.at ?? 0
  const start = at < EXCERPT / 2 ? 0 : at - EXCERPT / 4
  const cut = text
    .slice(start, start + EXCERPT)
    .toWellFormed()
    .replaceAll('\ufffd', '')
  const line = cut.replaceAll(/\s+/gu, ' ').trim()
  return `${start > 0 ? '…' : ''}${line}${start + EXCERPT < text.length ? '…' : ''}`
}
