/** What a sentence names and no slot took: for which slot it may have been meant, or for none. Pure. */
import type { SetUpEntry, SetUpSlot } from './entry.ts'
import { isNeeded } from './entry.ts'
import type { Fact } from './facts/fact.ts'
import type { Facts } from './facts-left.ts'
import { isRhythm } from './read-slot.ts'
import { stemsOf } from './words.ts'

export interface Doubt {
  /** Asked for because of it; null: nothing here takes such a thing. */
  slot: string | null
  /** As it was written. */
  said: string[]
  /** What is wrong with it, as the end of a sentence; null where only its meaning is not certain. */
  problem: string | null
  /** What may have been meant, as the slot takes it. */
  choices: string[]
}

/** Whether a slot is asked for: nothing stands for it, or what was said of it is not certain. */
export function isOpen(
  slot: SetUpSlot,
  given: ReadonlySet<string>,
  doubts: readonly { slot: string | null }[],
): boolean {
  if (doubts.some(doubt => doubt.slot === slot.name)) return true
  if (given.has(slot.name)) return false
  return isNeeded(slot) || (slot.goesWith !== null && given.has(slot.goesWith))
}

/** Kinds that somebody said for a reason, and the slots that might have been meant. */
const MEANT: Partial<Record<Fact['kind'], (slot: SetUpSlot) => boolean>> = {
  number: ({ kind }) => kind === 'number',
  days: isRhythm,
  interval: isRhythm,
  time: ({ kind, ...slot }) => kind === 'time' || kind === 'cron' || isRhythm({ kind, ...slot }),
  duration: slot => slot.kind === 'minutes' && !isRhythm(slot),
  path: ({ kind }) => kind === 'folder' || kind === 'file',
  address: ({ kind }) => kind === 'url' || kind === 'urls' || kind === 'releases',
  rules: ({ kind }) => kind === 'rules',
  not: ({ kind }) => kind === 'words',
}

export function doubtsLeft(
  entry: SetUpEntry,
  facts: Facts,
  known: ReadonlySet<string>,
): { doubts: Doubt[]; unheard: string[] } {
  const left = facts.left().filter((fact, _, all) => !isInside(fact, all))
  const bySlot = new Map<string | null, string[]>()
  for (const fact of left) {
    const isMeant = MEANT[fact.kind]
    if (isMeant === undefined) continue
    const slot =
      entry.slots.find(one => !known.has(one.name) && isMeant(one) && isLikely(fact, one))?.name ?? null
    bySlot.set(slot, [...(bySlot.get(slot) ?? []), fact.said])
  }
  const doubts = [...bySlot].map(([slot, said]) => ({ slot, said, problem: null, choices: [] }))
  return { doubts, unheard: left.filter(fact => isWorthSaying(entry, fact)).map(({ said }) => said) }
}

/** What is not wanted is named as a whole. */
function isInside(fact: Fact, all: readonly Fact[]): boolean {
  return all.some(
    other => other !== fact && other.kind === 'not' && fact.from >= other.from && fact.to <= other.to,
  )
}

function isLikely(fact: Fact, { unit }: SetUpSlot): boolean {
  if (fact.kind !== 'number') return true
  return unit !== null && fact.unit !== null && fact.unit !== 'nth'
}

function isWorthSaying(entry: SetUpEntry, fact: Fact): boolean {
  if (fact.kind === 'quoted') return true
  if (fact.kind !== 'topic') return false
  const { title, promise, keywords } = entry
  const own = new Set([title, promise, ...keywords.en, ...keywords.de].flatMap(stemsOf))
  return !fact.words.some(words => stemsOf(words).some(stem => own.has(stem)))
}
