/**
 * A model, as one call of a tool is given it: whose cost it is and the contract's caps are added here, and what it cost
 * is put on the bill that is settled with the call's outcome (J2). Owns nothing; a bill is its call's.
 */
import type { Contract } from '../../domain/contract.ts'
import type { AskModel, CostCap, CostEntry, CostOf, Models } from '../../domain/model.ts'
import { dayStart, nextDay } from '../../domain/zone.ts'
import { settleCost } from '../store/cost-entries.ts'
import type { Tx } from '../store/tx.ts'

/** What one call has cost so far. */
export interface Bill {
  /** To be settled with its outcome. */
  readonly entries: CostEntry[]
  micros: number
}

export interface Asking {
  readonly models: Models
  readonly of: CostOf
  readonly caps: readonly CostCap[]
  readonly bill: Bill
  /** caller: with the outcome · at-once: there is no outcome to be recorded. */
  readonly settles: 'caller' | 'at-once'
  readonly signal: AbortSignal
}

/** A little less than tools that ask are given. */
const LONGEST_MS = 120_000

export function newBill(): Bill {
  return { entries: [], micros: 0 }
}

export function askerFor({ models, of, caps, bill, settles, signal }: Asking): AskModel {
  return async ({ system, text, answer, maxOutputTokens }) => {
    const reply = await models.ask({
      role: 'small',
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
    bill.micros += reply.micros
    if (reply.unsettled !== undefined) bill.entries.push(reply.unsettled)
    return reply.value
  }
}

export function settleBill(tx: Tx, { entries }: Bill): void {
  for (const entry of entries) settleCost(tx, entry)
}

/** What the contract lets a run cost, all its lives together, and the runs of a day of its zone. */
export function contractCaps(
  { budget, zone }: Contract,
  run: { runId: string; workflowId: string },
  now: number,
): CostCap[] {
  const { runId, workflowId } = run
  return [
    { name: 'costPerRunMicros', micros: budget.costPerRunMicros, over: { runId }, resetsAt: null },
    {
      name: DAY_BUDGET,
      micros: budget.costPerDayMicros,
      over: { workflowId, since: dayStart(now, zone) },
      resetsAt: nextDay(now, zone),
    },
  ]
}

export const DAY_BUDGET = 'costPerDayMicros'
