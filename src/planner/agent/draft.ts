/**
 * What a plan has come to so far, as data: the contract and the script, what was checked and shown, what may be looked
 * at, what is asked. Everything a task needs to go on is in here and in its thread, so it can be put down after any
 * step and taken up by another life of the core.
 */
import { z } from 'zod'
import { hashJson } from '../../domain/json.ts'
import type { Json } from '../../domain/json.ts'
import { PLAYED_WITH } from '../chat/talk/stages.ts'

const looks = z.strictObject({
  hosts: z.array(z.string()),
  paths: z.array(z.string()),
  accounts: z.array(z.string()),
})
export type Looks = z.output<typeof looks>

const answer = z.strictObject({ callId: z.string(), tool: z.string(), text: z.string() })

const open = z.strictObject({
  /**
   * model: the planner asks · look: it may look somewhere · tell: it may ask a host although it has read private
   * things · connect: a connection is to be made (of `looks`) · confirm: what is shown becomes live.
   */
  about: z.enum(['model', 'look', 'tell', 'connect', 'confirm']),
  callId: z.string(),
  text: z.string(),
  example: z.string().nullable(),
  choices: z.array(z.strictObject({ value: z.string(), label: z.string() })),
  looks: looks.nullable(),
  /** The turn at which it was asked: a yes that was said before it is none. */
  turn: z.int(),
})
export type Open = z.output<typeof open>

const dryRun = z.strictObject({
  state: z.enum(['returned', 'failed', 'stopped']),
  given: z.enum(PLAYED_WITH).default('own'),
  hash: z.string(),
  counts: z.strictObject({ reads: z.int(), changes: z.int(), asks: z.int(), refused: z.int() }),
  lines: z.array(z.string()),
  linesLeftOut: z.int(),
  missed: z.array(z.string()),
  failure: z.string().nullable(),
  untouched: z.array(z.string()).default([]),
})

export const draftSchema = z.object({
  language: z.enum(['en', 'de']),
  name: z.string().nullable(),
  contract: z.json(),
  source: z.string().nullable(),
  /** What the model says it assumed. */
  assumptions: z.array(z.string()),
  /** What the host made of its contract, in words. */
  notes: z.array(z.string()),
  /** Why it is to be shown although the dry run missed something. */
  despite: z.string().nullable(),
  /** Of script and contract, as they were when they passed all checks. */
  checked: z.string().nullable(),
  rehearsed: z.strictObject({ of: z.string(), dryRun }).nullable(),
  /** What a person let it look at, while it plans. */
  looks,
  /** The person's own free words: what they name in them, they named. */
  said: z.array(z.string()),
  /** Their files or accounts were read: what is asked of a host afterwards could tell of them. */
  isPrivy: z.boolean(),
  /** It follows another plan: what was made in that one may be the word of what was read from outside. */
  isTainted: z.boolean().default(true),
  /** Hosts that may be asked all the same. */
  told: z.array(z.string()),
  /** Clauses that a card has shown as asking first, without their approval: only these may be made not to ask. */
  askedFirst: z.array(z.string()),
  open: open.nullable(),
  /** The connection that a person just said is there. */
  expected: z.string().nullable().default(null),
  /** To calls of the model's last message. */
  answers: z.array(answer),
  /** The script version that it changes; null for something new. */
  base: z.string().nullable(),
  /** Times the model was asked since a person last said something. */
  steps: z.int(),
  /** The last call and how often it was made in a row. */
  repeated: z.strictObject({ call: z.string(), times: z.int() }),
})
export type Draft = z.output<typeof draftSchema>

export const NO_LOOKS: Looks = { hosts: [], paths: [], accounts: [] }

export const NEW_DRAFT: Draft = {
  language: 'en',
  name: null,
  contract: null,
  source: null,
  assumptions: [],
  notes: [],
  despite: null,
  checked: null,
  rehearsed: null,
  looks: NO_LOOKS,
  said: [],
  isPrivy: false,
  isTainted: false,
  told: [],
  askedFirst: [],
  open: null,
  expected: null,
  answers: [],
  base: null,
  steps: 0,
  repeated: { call: '', times: 0 },
}

/** What the next plan of a conversation begins with: what was said and allowed in it, and what is live, `base`. */
export function followUp(done: Draft, base: string | null): Draft {
  const { language, name, contract, source, looks, said, isPrivy, told, askedFirst } = done
  const kept = { language, name, contract, source, looks, said, isPrivy, told, askedFirst }
  return { ...NEW_DRAFT, ...kept, isTainted: true, base }
}

/** Tells what was checked and shown from anything else. */
export function identityOf({ source, contract }: Pick<Draft, 'source' | 'contract'>): string {
  return hashJson([source, contract] as Json)
}
