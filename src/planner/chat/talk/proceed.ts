/** What comes next once something is known: the next slot that must be, or the contract and its dry run. */
import type { SetUpEntry, SetUpSlot } from '../entry.ts'
import { isNeeded } from '../entry.ts'
import { playingSaid, slotSaid } from './say.ts'
import type { Shelf, Talk, Turn } from './talk.ts'
import { textsIn } from './texts.ts'

export function proceed(talk: Talk, entry: SetUpEntry, shelf: Shelf, before: readonly string[]): Turn {
  const missing = entry.slots.find(slot => isNeeded(slot) && !isGiven(talk, slot))
  if (missing !== undefined) return askFor(talk, entry, missing, before)
  const draft = shelf.draft(talk)
  if (!draft.ok) return atFault(talk, entry, draft, before)
  const next: Talk = { ...talk, stage: 'rehearsing', open: null, hash: draft.hash }
  return { talk: next, said: playingSaid(next, entry, draft, before), effect: 'rehearse' }
}

function isGiven({ given }: Talk, { name }: SetUpSlot): boolean {
  return given.some(({ slot }) => slot === name)
}

function askFor(talk: Talk, entry: SetUpEntry, slot: SetUpSlot, before: readonly string[]): Turn {
  const next: Talk = { ...talk, stage: 'asking', open: slot.name, hash: null }
  return { talk: next, said: slotSaid(next, entry, slot, before), effect: 'none' }
}

/** What was well when it was said may not be so any more: a folder that went, or two values that do not agree. */
function atFault(
  talk: Talk,
  entry: SetUpEntry,
  { slot, message }: { slot: string | null; message: string },
  before: readonly string[],
): Turn {
  const [first] = entry.slots
  const wrong = entry.slots.find(({ name }) => name === slot) ?? first
  const lines = [...before, textsIn(talk.language).cannotBe(message)]
  if (wrong === undefined) throw new Error(`${entry.id} asks for nothing and cannot be set up: ${message}`)
  return askFor(talk, entry, wrong, lines)
}
