/**
 * A model, as one call of a tool is given it: what it answered before is given again; else whose cost it is and the
 * contract's caps are added here, and what it cost is put on the bill that is settled with the call's outcome (J2).
 * Owns nothing; a bill is its call's.
 */
import type { Contract } from '../../domain/contract.ts'
import type { Clock } from '../../domain/clock.ts'
import { isJsonObject } from '../../domain/json.ts'
import type { Json } from '../../domain/json.ts'
import type { AskModel, CostCap, CostEntry, CostOf, Models, PaidReply, Question } from '../../domain/model.ts'
import { dayStart, nextDay } from '../../domain/zone.ts'
import { settleCost } from '../store/cost-entries.ts'
import { answerKey, keepAnswer, learntAnswer } from '../store/model-answers.ts'
import type { Learnt } from '../store/model-answers.ts'
import type { SealedPicture } from '../store/pictures.ts'
import type { Store } from '../store/store.ts'
import type { Tx } from '../store/tx.ts'

/** What one call has cost so far. */
export interface Bill {
  /** To be settled with its outcome. */
  readonly entries: CostEntry[]
  /** To be kept with it, where it is of use. */
  readonly learnt: Learnt[]
  readonly pictures: SealedPicture[]
  micros: number
  /** An answer was given that had been given before. */
  isRecalled: boolean
  /** About what it would have cost, where a rehearsal only imagined it. */
  imagined: number | null
}

export interface Asking {
  readonly context: { readonly store: Store; readonly models: Models; readonly clock: Clock }
  readonly of: CostOf
  readonly caps: readonly CostCap[]
  readonly bill: Bill
  /** caller: with the outcome · at-once: there is no outcome to be recorded. */
  readonly settles: 'caller' | 'at-once'
  readonly signal: AbortSignal
}

const ROLE = 'small'
/** A little less than tools that ask are given. */
const LONGEST_MS = 120_000

export function newBill(): Bill {
  return { entries: [], learnt: [], pictures: [], micros: 0, isRecalled: false, imagined: null }
}

export function askerFor(asking: Asking): AskModel {
  const { context, of, bill } = asking
  return async question => {
    const model = context.models.serving(ROLE)
    const key = model === null ? null : answerKey(of.tool, model, question)
    const known = key === null ? undefined : learntAnswer(context.store, key, context.clock.now())
    if (known !== undefined) {
      bill.isRecalled = true
      return known
    }
    const answer = await ask(asking, question)
    if (key !== null) bill.learnt.push({ key, answer })
    return answer
  }
}

async function ask({ context, of, caps, bill, settles, signal }: Asking, question: Question): Promise<Json> {
  const { system, text, answer, maxOutputTokens } = question
  const reply = await context.models.ask({
    role: ROLE,
    system,
    messages: [{ from: 'user', text }],
    answer,
    temperature: 0,
    maxOutputTokens,
    timeoutMs: LONGEST_MS,
    of,
    capped: caps,
    signal,
    ...(settles === 'caller' ? { settles } : {}),
  })
  putOnBill(bill, reply)
  return reply.value
}

export function putOnBill(bill: Bill, { micros, unsettled }: PaidReply): void {
  bill.micros += micros
  if (unsettled !== undefined) bill.entries.push(unsettled)
}

export function settleBill(tx: Tx, { entries }: Bill): void {
  for (const entry of entries) settleCost(tx, entry)
}

/** Of a call that was of use: what was no answer to it is asked for again. */
export function keepLearnt(store: Store, tx: Tx, { learnt }: Bill, at: number): void {
  for (const each of learnt) keepAnswer(store, tx, each, at)
}

/** What the record says beside the outcome; null where there is nothing to say. */
export function noteOf({ isRecalled }: Bill): Json {
  return isRecalled ? { recalled: true } : null
}

/** The sentence about a step that asked a model, by its note. */
export function saidOf(sentence: string, note: Json): string {
  return isJsonObject(note) && note['recalled'] === true
    ? `${sentence} (answered before, at no cost)`
    : sentence
}

/**
 * What the contract lets a run cost, all its lives together, and the runs of a day of its zone. A rehearsal has the room
 * that a run has, and takes none of it away.
 */
export function contractCaps(
  { budget, zone }: Contract,
  run: { runId: string; workflowId: string; isRehearsed?: boolean },
  now: number,
): CostCap[] {
  const { runId, workflowId, isRehearsed = false } = run
  const ofDay = { workflowId, since: dayStart(now, zone) }
  return [
    { name: RUN_BUDGET, micros: budget.costPerRunMicros, over: { runId }, resetsAt: null },
    {
      name: DAY_BUDGET,
      micros: budget.costPerDayMicros,
      over: isRehearsed ? { ...ofDay, rehearsal: runId } : ofDay,
      resetsAt: nextDay(now, zone),
    },
  ]
}

export const DAY_BUDGET = 'costPerDayMicros'
const RUN_BUDGET = 'costPerRunMicros'

/** Of a contract, not of the person who uses Steward. */
export function isContractCap(name: string): boolean {
  return name === RUN_BUDGET || name === DAY_BUDGET
}
