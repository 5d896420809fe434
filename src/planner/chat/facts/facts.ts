/** Everything a sentence names that a slot could take. What belongs to one fact is not read as another. Pure. */
import { addressesIn } from './addresses.ts'
import { daysIn } from './days.ts'
import type { Fact, Found } from './fact.ts'
import { pathsIn } from './folders.ts'
import { durationsIn, intervalsIn } from './intervals.ts'
import { numbersIn } from './numbers.ts'
import { rulesIn } from './rules.ts'
import { timesIn } from './times.ts'
import { quotesIn, topicsIn } from './topics.ts'

const LONGEST = 4_000

/** In this order: what an earlier reader took, a later one leaves. */
const READERS: readonly ((text: string) => Found[])[] = [
  addressesIn,
  rulesIn,
  pathsIn,
  quotesIn,
  timesIn,
  intervalsIn,
  durationsIn,
  daysIn,
  numbersIn,
]

export function factsIn(sentence: string): Fact[] {
  const text = sentence.slice(0, LONGEST)
  const found: Found[] = []
  for (const read of READERS) {
    const before = [...found]
    found.push(
      ...read(text).filter(fact => !before.some(other => fact.from < other.to && other.from < fact.to)),
    )
  }
  // A topic may hold a quoted word or a number: it is what is said after “about”, whatever that is.
  const taken = found.filter(({ kind }) => kind !== 'quoted' && kind !== 'number')
  found.push(
    ...topicsIn(text).filter(topic => !taken.some(other => topic.from < other.to && other.from < topic.to)),
  )
  return found.map(fact => ({ ...fact, lead: leadOf(text, fact.from) })).toSorted((a, b) => a.from - b.from)
}

function leadOf(text: string, from: number): string {
  const words = text
    .slice(Math.max(0, from - 40), from)
    .toLowerCase()
    .trim()
    .split(/\s+/)
  return words.slice(-2).join(' ')
}
