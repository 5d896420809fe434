/** What comes next once something is known: the next slot that must be, or the contract and its dry run. */
import { isOpen } from '../doubts.ts'
import type { SetUpEntry, SetUpSlot } from '../entry.ts'
import { doubtSaid, playingSaid, slotSaid } from './say.ts'
import type { Shelf, Talk, Turn } from './talk.ts'
import { textsIn } from './texts.ts'

export function proceed(talk: Talk, entry: SetUpEntry, shelf: Shelf, before: readonly string[]): Turn {
  const given = new Set(talk.given.map(({ slot }) => slot))
  const missing = entry.slots.find(slot => isOpen(slot, given, talk.doubts))
  if (missing !== undefined) return askFor(talk, entry, missing, before)
  if (talk.doubts.length > 0) return askWhether(talk, entry, before)
  const draft = shelf.draft(talk)
  if (!draft.ok) return atFault(talk, entry, draft, before)
  const next: Talk = { ...talk, stage: 'rehearsing', open: null, hash: draft.hash }
  return { talk: next, said: playingSaid(next, entry, draft, before), effect: 'rehearse' }
}

/** Nothing here takes what was said: to go on without it is for the person to say. */
function askWhether(talk: Talk, entry: SetUpEntry, before: readonly string[]): Turn {
  const next: Talk = { ...talk, stage: 'asking', open: null, hash: null }
  return { talk: next, said: doubtSaid(next, entry, before), effect: 'none' }
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
