/** An answer to the question for one slot, or a correction of one: taken where the slot takes it. */
import type { SetUpEntry, SetUpSlot } from '../entry.ts'
import { answerFor, prefill } from '../fill-slots.ts'
import { proceed } from './proceed.ts'
import { doubtLines, slotSaid } from './say.ts'
import { withGiven } from './talk.ts'
import type { Given, Shelf, Talk, Turn } from './talk.ts'
import { textsIn } from './texts.ts'

export function answerSlot(
  talk: Talk,
  entry: SetUpEntry,
  slot: SetUpSlot,
  answer: string,
  shelf: Shelf,
): Turn {
  const judge = (of: SetUpSlot, text: string) => shelf.judge(of, text)
  const { filled, unfit } = answerFor(slot, answer, judge)
  const [taken] = filled
  if (taken === undefined) return refused(talk, entry, slot, unfit[0], [])
  const asked = [...talk.asked.filter(name => name !== slot.name), slot.name]
  const next = withGiven({ ...talk, asked, open: null }, [{ ...taken, from: 'answer' }])
  // A longer answer may say more than was asked; what is known already stays.
  if (taken.text === answer.trim()) return proceed(next, entry, shelf, [])
  const more = furtherIn(next, entry, answer, shelf)
  const lines = doubtLines(next, entry, more.doubts, more.unheard)
  const further = withGiven(next, more.given)
  return proceed({ ...further, doubts: [...further.doubts, ...more.doubts] }, entry, shelf, lines)
}

/** Out of turn: what was asked for stays open where the new value is refused. */
export function setSlot(talk: Talk, entry: SetUpEntry, slot: SetUpSlot, answer: string, shelf: Shelf): Turn {
  const texts = textsIn(talk.language)
  const { filled, unfit } = answerFor(slot, answer, (of, text) => shelf.judge(of, text))
  const [taken] = filled
  if (taken === undefined)
    return refused({ ...talk, stage: 'asking', open: slot.name }, entry, slot, unfit[0], [])
  const next = withGiven(talk, [{ ...taken, from: 'answer' }])
  return proceed(next, entry, shelf, [texts.changed(slot.label, taken.text)])
}

function furtherIn(talk: Talk, entry: SetUpEntry, answer: string, shelf: Shelf) {
  const known = new Set<string | null>(talk.given.map(({ slot }) => slot))
  const { filled, doubts, unheard } = prefill(entry, answer, (slot, text) => shelf.judge(slot, text))
  const given: Given[] = filled
    .filter(({ slot }) => !known.has(slot))
    .map(one => ({ ...one, from: 'answer' as const }))
  return { given, doubts: doubts.filter(({ slot }) => !known.has(slot)), unheard }
}

function refused(
  talk: Talk,
  entry: SetUpEntry,
  slot: SetUpSlot,
  unfit: { text: string; problem: string } | undefined,
  before: readonly string[],
): Turn {
  const texts = textsIn(talk.language)
  const why = unfit === undefined ? texts.notUnderstood : texts.refused(slot.label, unfit.text, unfit.problem)
  return { talk, said: slotSaid(talk, entry, slot, [...before, why]), effect: 'none' }
}
