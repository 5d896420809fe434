/**
 * A conversation that sets one ready-made automation up, as data: where it stands and what is known. Everything it
 * needs to go on is in here, so it can be put down after any message and taken up by another process.
 */
import { z } from 'zod'
import type { ContractSection } from '../../../domain/contract-text.ts'
import type { SetUpEntry, SetUpSlot } from '../entry.ts'
import { STAGES } from './stages.ts'
import type { PlayedWith } from './stages.ts'

const given = z.strictObject({
  slot: z.string(),
  text: z.string(),
  from: z.enum(['sentence', 'answer']),
})
export type Given = z.output<typeof given>

const doubt = z.strictObject({
  slot: z.string().nullable(),
  said: z.array(z.string()),
  problem: z.string().nullable(),
  choices: z.array(z.string()),
})

export const talkSchema = z.strictObject({
  language: z.enum(['en', 'de']),
  stage: z.enum(STAGES),
  /** What was asked for, as it was said. */
  sentence: z.string(),
  /** Entries that are offered now, best first. */
  offers: z.array(z.string()),
  /** Entries that were offered and not wanted. */
  refused: z.array(z.string()),
  entry: z.string().nullable(),
  given: z.array(given),
  /** What was said and not taken, and is still to be asked about. */
  doubts: z.array(doubt).default([]),
  /** Slots that were asked for and answered, in order: the way back. */
  asked: z.array(z.string()),
  /** The slot that is asked for now; null while `asking`: whether to go on without what no slot takes. */
  open: z.string().nullable(),
  /** What it is to be called; null: as the entry says. */
  name: z.string().nullable(),
  /** What was shown and rehearsed, script and contract, as a hash: only that is added (O2). */
  hash: z.string().nullable(),
})
export type Talk = z.output<typeof talkSchema>

export const NEW_TALK: Talk = {
  language: 'en',
  stage: 'listening',
  sentence: '',
  offers: [],
  refused: [],
  entry: null,
  given: [],
  doubts: [],
  asked: [],
  open: null,
  name: null,
  hash: null,
}

export interface Choice {
  /** What to answer for it. */
  value: string
  label: string
}

/** At most one is open at a time. */
export interface Question {
  text: string
  example: string | null
  choices: Choice[]
}

export interface Offer {
  id: string
  title: string
  promise: string
  /** Words of the sentence that speak for it. */
  words: string[]
}

export interface Setting {
  slot: string
  label: string
  value: string
  from: 'sentence' | 'answer' | 'usual' | 'empty'
}

/** What came of playing the script without changing anything. */
export interface DryRun {
  state: 'returned' | 'failed' | 'stopped'
  given: PlayedWith
  /** SHA-256 of the script that was played, as versions have it. */
  hash: string
  counts: { reads: number; changes: number; asks: number; refused: number }
  /** What was read, and what would have been done, in words. */
  lines: string[]
  linesLeftOut: number
  /** Clauses of “Done when” that did not hold. */
  missed: string[]
  failure: string | null
  /** Of a script that came to its end: what the contract grants and it neither names nor touched, in words. */
  untouched: string[]
}

/** What is said to the person. */
export interface Said {
  text: string
  question: Question | null
  offers: Offer[]
  settings: Setting[]
  contract: ContractSection[]
  dryRun: DryRun | null
}

export interface Turn {
  talk: Talk
  said: Said
  /** What the host has to do now. `install` and `rehearse` answer through `turns.ts` as well. */
  effect: 'none' | 'rehearse' | 'install'
}

/** What the automation would be; or why it cannot be, and the slot that is at fault where one is. */
export type Draft =
  | { ok: true; name: string; title: string; promise: string; contract: ContractSection[]; hash: string }
  | { ok: false; slot: string | null; message: string }

/** The gallery, as the conversation sees it. */
export interface Shelf {
  /** In English unless another language is named; found by the same ids. */
  entries(language?: Talk['language']): readonly SetUpEntry[]
  /** What is wrong with a text for a slot, as the end of a sentence about it; null where it may stand. */
  judge(slot: SetUpSlot, text: string): string | null
  draft(talk: Talk): Draft
}

export function entryOf(talk: Talk, shelf: Shelf): SetUpEntry | undefined {
  return shelf.entries(talk.language).find(({ id }) => id === talk.entry)
}

export function valueOf(talk: Talk, slot: SetUpSlot): string | null {
  return talk.given.find(given => given.slot === slot.name)?.text ?? slot.default
}

export function withGiven(talk: Talk, more: readonly Given[]): Talk {
  const slots = new Set<string | null>(more.map(({ slot }) => slot))
  const given = [...talk.given.filter(({ slot }) => !slots.has(slot)), ...more]
  return { ...withoutDoubts(talk, slots), given, hash: null }
}

/** About these slots there is none any more. */
export function withoutDoubts(talk: Talk, slots: ReadonlySet<string | null>): Talk {
  return { ...talk, doubts: talk.doubts.filter(({ slot }) => !slots.has(slot)) }
}
