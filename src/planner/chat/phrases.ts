/** Whether a sentence has one of some phrases, outside of what it names and of what it does not want. Pure. */
import type { Keywords } from './entry.ts'
import type { Fact } from './facts/fact.ts'
import { wordPattern } from './facts/pattern.ts'

const OPEN: ReadonlySet<Fact['kind']> = new Set(['topic', 'number'])

export function phraseIn(
  { en, de }: Keywords,
  { sentence, all }: { sentence: string; all: readonly Fact[] },
): boolean {
  const phrases = [...en, ...de].map(phrase => phrase.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  if (phrases.length === 0) return false
  const places = [...sentence.matchAll(wordPattern(phrases.join('|')))]
  return places.some(({ index }) =>
    all.every(({ kind, from, to }) => OPEN.has(kind) || index < from || index >= to),
  )
}
