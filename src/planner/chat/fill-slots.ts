/**
 * What a sentence says for the slots of one entry, each value in the form its slot reads, and judged by that slot. A
 * value is taken only where it is certain. What was said and not taken is a doubt: it is named to the person, and asked
 * about, instead of going on with what is usual. Pure; `judge` may look at the disk.
 */
import { doubtsLeft } from './doubts.ts'
import type { Doubt } from './doubts.ts'
import type { SetUpEntry, SetUpSlot } from './entry.ts'
import { isNeeded } from './entry.ts'
import { Facts } from './facts-left.ts'
import { choiceIn, readSlotIn } from './read-slot.ts'
import type { Reading } from './read-slot.ts'
import { isCommand, numberIn } from './talk/commands.ts'

/** What is wrong with a text for a slot, as the end of a sentence about it; null where it may stand. */
export type Judge = (slot: SetUpSlot, text: string) => string | null

export interface Filled {
  slot: string
  text: string
}

export interface Unfit extends Filled {
  problem: string
}

export interface Prefill {
  filled: Filled[]
  doubts: Doubt[]
  /** Said, understood to be nothing that has to be asked about, and not taken. */
  unheard: string[]
}

export function prefill(entry: SetUpEntry, sentence: string, judge: Judge): Prefill {
  const facts = new Facts(sentence)
  const filled: Filled[] = []
  const doubts: Doubt[] = []
  // What must be known comes first: a fact that could serve two slots serves the one that would be asked for.
  for (const slot of entry.slots.toSorted((a, b) => Number(isNeeded(b)) - Number(isNeeded(a)))) {
    const reading = readSlotIn(slot, { entry, facts, asked: false })
    if (reading === null) continue
    facts.use(reading.facts)
    const answer = taken(slot, reading, judge)
    if ('text' in answer) filled.push({ slot: slot.name, text: answer.text })
    else doubts.push(...answer.doubts)
  }
  const left = doubtsLeft(entry, facts, new Set([...filled, ...doubts].map(({ slot }) => slot ?? '')))
  return { filled, doubts: [...doubts, ...left.doubts], unheard: left.unheard }
}

/** An answer to the question for one slot: as it stands where the slot takes it, otherwise what is found in it. */
export function answerFor(
  slot: SetUpSlot,
  answer: string,
  judge: Judge,
): { filled: Filled[]; unfit: Unfit[] } {
  const bare = unquoted(answer.trim())
  const problem = judge(slot, bare)
  if (problem === null) return { filled: [{ slot: slot.name, text: bare }], unfit: [] }
  const chosen = chosenIn(slot, bare)
  if (chosen !== null) return { filled: [{ slot: slot.name, text: chosen }], unfit: [] }
  const reading = readSlotIn(slot, { entry: null, facts: new Facts(answer), asked: true })
  if (reading?.sure === true) {
    const answered = taken(slot, reading, judge)
    if ('text' in answered) return { filled: [{ slot: slot.name, text: answered.text }], unfit: [] }
  }
  return { filled: [], unfit: [{ slot: slot.name, text: bare, problem }] }
}

/** The first text that the slot takes; where none is certain, those that it would take are offered. */
function taken(slot: SetUpSlot, reading: Reading, judge: Judge): { text: string } | { doubts: Doubt[] } {
  const judged = reading.texts.map(text => ({ text, problem: judge(slot, text) }))
  const fitting = judged.filter(({ problem }) => problem === null)
  const [best] = fitting
  if (reading.sure && best !== undefined) return { text: best.text }
  const said = reading.facts.map(fact => fact.said)
  if (!reading.sure) {
    return { doubts: [{ slot: slot.name, said, problem: null, choices: fitting.map(({ text }) => text) }] }
  }
  const [first] = judged
  const problem = first?.problem ?? null
  return {
    doubts: [{ slot: slot.name, said: said.length === 0 ? [first?.text ?? ''] : said, problem, choices: [] }],
  }
}

/** Yes or no in either language, a choice by its label, or by its number in the list. */
function chosenIn(slot: SetUpSlot, answer: string): string | null {
  const { choices } = slot
  const said = answer.toLowerCase()
  const number = numberIn(answer, choices.length)
  const spoken = isCommand(answer, 'yes') ? 'yes' : isCommand(answer, 'no') ? 'no' : said
  const chosen =
    choices.find(({ value, label }) => value.toLowerCase() === spoken || label.toLowerCase() === said) ??
    (number === null ? undefined : choices[number - 1])
  return chosen?.value ?? choiceIn(slot, answer)
}

/** Quotation marks around the whole of an answer say that it is meant as it stands. */
export function unquoted(text: string): string {
  const [, inside] = /^["“„«](.*)["”“»]$/su.exec(text) ?? []
  return inside ?? text
}
