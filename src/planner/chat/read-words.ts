/** Words to look for, and those that must not be there. Pure. */
import type { SetUpEntry, SetUpSlot } from './entry.ts'
import { isNeeded } from './entry.ts'
import type { FactOf } from './facts/fact.ts'
import type { Hearing, Reading } from './read-slot.ts'
import { stemsOf } from './words.ts'

const MOST_NOT = 3

export function wordsFor(slot: SetUpSlot, { entry, facts }: Hearing): Reading | null {
  const topics = facts.of('topic').filter(topic => isNeeded(slot) || !isOfTheEntry(topic, entry))
  const quoted = facts
    .of('quoted')
    .filter(quote => !topics.some(topic => quote.from >= topic.from && quote.to <= topic.to))
  const words = [...topics.flatMap(topic => topic.words), ...quoted.map(({ text }) => text)]
  if (words.length === 0) return null
  const not = facts.of('not').filter(isListed)
  const unwanted = not.flatMap(({ words: left }) => left.map(word => `-${word}`))
  const texts = [[...new Set([...words, ...unwanted])].join(', ')]
  return { texts, facts: [...topics, ...quoted, ...not], sure: true }
}

/** “about new releases” says what the automation is for, not which word is looked for. */
function isOfTheEntry({ words }: FactOf<'topic'>, entry: SetUpEntry | null): boolean {
  if (entry === null) return false
  const own = new Set([entry.title, ...entry.keywords.en, ...entry.keywords.de].flatMap(stemsOf))
  return words.some(word => stemsOf(word).some(stem => own.has(stem)))
}

function isListed({ words }: FactOf<'not'>): boolean {
  return words.length > 0 && words.every(word => word.split(/\s+/).length <= MOST_NOT && !/[,;+]/.test(word))
}
