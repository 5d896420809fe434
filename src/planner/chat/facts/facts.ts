/** Everything a sentence names that a slot could take. What belongs to one fact is not read as another. Pure. */
import { addressesIn } from './addresses.ts'
import { daysIn } from './days.ts'
import type { Fact, Found } from './fact.ts'
import { pathsIn } from './folders.ts'
import { durationsIn, intervalsIn } from './intervals.ts'
import { negationsIn } from './negations.ts'
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
    found.push(...read(text).filter(fact => !before.some(other => overlap(fact, other))))
  }
  const negations = negationsIn(text)
  const taken = [...found.filter(fact => !mayBeInTopic(fact)), ...negations]
  found.push(...topicsIn(text).filter(topic => !taken.some(other => overlap(topic, other))), ...negations)
  return found.map(fact => placed(text, fact, negations)).toSorted((a, b) => a.from - b.from)
}

function placed(text: string, fact: Found, negations: readonly Found[]): Fact {
  const { kind, from, to } = fact
  const negated = kind !== 'not' && negations.some(not => from >= not.from && to <= not.to)
  return { ...fact, said: text.slice(from, to).trim(), lead: leadOf(text, from), negated }
}

/** A topic is what is said after “about”, whatever that is; “über 20 €” is none. */
function mayBeInTopic(fact: Found): boolean {
  return fact.kind === 'quoted' || (fact.kind === 'number' && fact.unit === null && fact.than === null)
}

function overlap(a: Found, b: Found): boolean {
  return a.from < b.to && b.from < a.to
}

function leadOf(text: string, from: number): string {
  const words = text
    .slice(Math.max(0, from - 40), from)
    .toLowerCase()
    .trim()
    .split(/\s+/)
  return words.slice(-2).join(' ')
}
