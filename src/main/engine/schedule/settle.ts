/**
 * The ledger step (R4): which due instants there are since the last one, and what becomes of each.
 * It owns the decision only, as data; the caller commits rows, events and `settledTo` in one transaction, so a
 * kill before it leaves nothing and a kill after it leaves all. Clocks that jump forward look like downtime;
 * for one that jumped back nothing is due until it has passed `settledTo` again.
 */
import type { Contract } from '../../../domain/contract.ts'
import { dueInstants, nextDue } from './due.ts'
import type { ScheduleSpec } from './spec.ts'

/** An instant noticed within this time was on time. */
export const GRACE_MS = 60_000
/** The most ledger rows of one step; a longer absence is settled in several. */
export const ROWS_PER_STEP = 1_000

export type CatchUp = Contract['catchUp']
export type Fate = 'ran' | 'caught-up' | 'merged' | 'skipped'

/** When Steward was off or the computer asleep. */
export interface Absence {
  from: number
  to: number
}

export interface SettleInput {
  spec: ScheduleSpec
  zone: string
  catchUp: CatchUp
  /** Every due instant up to here has its row; at activation, the activation: the past never fires. */
  settledTo: number
  now: number
  /** The last one there was. */
  off: Absence | null
  graceMs: number
  /** An event of this schedule waits in the inbox, unclaimed. */
  pending: boolean
  /** Ledger rows merged into a catch-up that has not been fired yet: those at the end without an event. */
  owed: number
  limit?: number
}

export interface LedgerRow {
  dueAt: number
  fate: Fate
  /** For people; null where there is nothing to explain. */
  reason: string | null
  /** Whose event serves it: the fired instant's, the one `waiting` in the inbox, or none (yet). */
  servedBy: number | 'waiting' | null
}

export interface FiredEvent {
  dueAt: number
  kind: 'ran' | 'caught-up'
  /** How many other instants this event serves. */
  merged: number
}

export interface Settled {
  rows: LedgerRow[]
  /** Never before the input's. */
  settledTo: number
  /** The first instant that is not settled; null when the schedule is spent. */
  nextDue: number | null
  fire: FiredEvent[]
  owed: number
  /** More is due already: commit, then settle again. */
  more: boolean
}

interface Due {
  missed: number[]
  moreMissed: boolean
  onTime: number[]
  more: boolean
}

export function settle(input: SettleInput): Settled {
  const due = findDue(input)
  const rows = input.catchUp === 'all' ? eachOnItsOwn(input, due) : coalesced(input, due)
  const settledTo = due.more ? (rows.at(-1)?.dueAt ?? input.settledTo) : Math.max(input.settledTo, input.now)
  const carried = input.pending ? 0 : input.owed
  const fire = eventsOf(rows, carried)
  return {
    rows,
    settledTo,
    nextDue: nextDue(input.spec, input.zone, settledTo),
    fire,
    owed: fire.length > 0 || input.pending ? 0 : carried + rows.filter(row => row.fate === 'merged').length,
    more: due.more,
  }
}

function findDue({ spec, zone, settledTo, now, graceMs, limit = ROWS_PER_STEP }: SettleInput): Due {
  const lastMissed = now - graceMs - 1
  const missed = dueInstants(spec, zone, settledTo, lastMissed, limit)
  if (missed.more) return { missed: missed.instants, moreMissed: true, onTime: [], more: true }
  const room = limit - missed.instants.length
  const onTime = dueInstants(spec, zone, Math.max(settledTo, lastMissed), now, room)
  return { missed: missed.instants, moreMissed: false, onTime: onTime.instants, more: onTime.more }
}

/** Under `all` every instant has a run of its own, whatever waits: that is what the policy promises. */
function eachOnItsOwn(input: SettleInput, due: Due): LedgerRow[] {
  const caughtUp = due.missed.map(dueAt => fired(dueAt, 'caught-up', whyMissed(input, dueAt)))
  return [...caughtUp, ...due.onTime.map(dueAt => fired(dueAt, 'ran', null))]
}

/** Under `skip` and `once` at most one event of a schedule waits at a time (R3): ticks coalesce into it. */
function coalesced(input: SettleInput, due: Due): LedgerRow[] {
  const carrier = input.pending ? 'waiting' : catchUpCarrier(input, due)
  const missed = due.missed.map(dueAt => missedRow(input, dueAt, carrier))
  const waiting = carrier ?? due.onTime[0] ?? null
  const onTime = due.onTime.map(dueAt =>
    dueAt === waiting
      ? fired(dueAt, 'ran', null)
      : merged(dueAt, waiting, 'An earlier run had not started yet; it served this time too.'),
  )
  return [...missed, ...onTime]
}

/** The missed instant that is caught up; null for none in this step. */
function catchUpCarrier(input: SettleInput, due: Due): number | null {
  if (input.catchUp === 'once') return due.moreMissed ? null : (due.missed.at(-1) ?? null)
  // The policy became `skip` while earlier rows were already merged into a catch-up: that one is still owed.
  return input.owed > 0 ? (due.missed[0] ?? null) : null
}

function missedRow(input: SettleInput, dueAt: number, carrier: number | 'waiting' | null): LedgerRow {
  const why = whyMissed(input, dueAt)
  if (dueAt === carrier) return fired(dueAt, 'caught-up', why)
  if (input.catchUp === 'once')
    return merged(dueAt, carrier, `${why} One run caught up for all that was missed.`)
  return { dueAt, fate: 'skipped', reason: `${why} This automation skips what it missed.`, servedBy: null }
}

function fired(dueAt: number, fate: 'ran' | 'caught-up', reason: string | null): LedgerRow {
  return { dueAt, fate, reason, servedBy: dueAt }
}

function merged(dueAt: number, servedBy: LedgerRow['servedBy'], reason: string): LedgerRow {
  return { dueAt, fate: 'merged', reason, servedBy }
}

function whyMissed({ off }: SettleInput, dueAt: number): string {
  return off !== null && dueAt >= off.from && dueAt <= off.to
    ? 'Steward was off or the computer was asleep.'
    : 'This time was noticed late: the clock was moved or the computer was busy.'
}

function eventsOf(rows: readonly LedgerRow[], carried: number): FiredEvent[] {
  const events = new Map<number, FiredEvent>()
  for (const { dueAt, fate } of rows) {
    if (fate === 'ran' || fate === 'caught-up') {
      events.set(dueAt, { dueAt, kind: fate, merged: events.size === 0 ? carried : 0 })
    }
  }
  for (const { fate, servedBy } of rows) {
    const event = fate === 'merged' && typeof servedBy === 'number' ? events.get(servedBy) : undefined
    if (event !== undefined) event.merged++
  }
  return [...events.values()]
}
