/**
 * Settles what a schedule was due for into the ledger, and its events into the inbox, in one transaction (R4). Whoever
 * changes what the ledger's rows depend on (the state of an automation, its schedules) settles first, so that every
 * instant is told by the rules that held when it was due.
 */
import { dueKey, duePayload } from '../../domain/triggers/due.ts'
import { hasPendingFrom } from '../store/inbox.ts'
import { advanceSchedule, recordInstant, scheduleById, schedulesOf } from '../store/schedules.ts'
import type { ScheduleRow } from '../store/schedules.ts'
import type { Tx } from '../store/tx.ts'
import { workflowById } from '../store/workflows.ts'
import type { EngineContext } from './context.ts'
import { acceptFor, raiseFull } from './events.ts'
import type { Accepted } from './events.ts'
import { GRACE_MS, settle } from './schedule/settle.ts'
import type { Absence, LedgerRow, Settled } from './schedule/settle.ts'
import { scheduleSpecSchema } from './schedule/spec.ts'

/** A backlog longer than this is left to the scheduler, which lets other work run between its steps. */
const MOST_STEPS = 20

/** One step; true where more of it is due already. */
export function settleSchedule(context: EngineContext, tx: Tx, id: string, off: Absence | null): boolean {
  const now = context.clock.now()
  const row = scheduleById(tx, id)
  // Somebody else settled or retired it meanwhile.
  if (row?.active !== 1 || row.next_due === null || row.next_due > now) return false
  const paused = workflowById(tx, row.workflow_id)?.state !== 'active'
  const found = decide(tx, row, now, off)
  const settled = paused ? skipped(found) : found
  const events = fire(context, tx, row, settled, now)
  for (const ledgerRow of settled.rows) {
    const event = typeof ledgerRow.servedBy === 'number' ? events.get(ledgerRow.servedBy) : undefined
    recordInstant(tx, { scheduleId: row.id, dueAt: ledgerRow.dueAt, ...endOf(ledgerRow, event), at: now })
  }
  advanceSchedule(tx, row.id, settled)
  tx.afterCommit.push(() => {
    for (const { dueAt } of settled.fire) context.observer.noticed(now - dueAt)
  })
  return settled.more
}

function decide(tx: Tx, row: ScheduleRow, now: number, off: Absence | null): Settled {
  return settle({
    spec: scheduleSpecSchema.parse(JSON.parse(row.spec)),
    zone: row.zone,
    catchUp: row.catch_up,
    settledTo: row.settled_to,
    now,
    off,
    graceMs: GRACE_MS,
    pending: hasPendingFrom(tx, row.workflow_id, row.id),
    owed: row.owed,
  })
}

function endOf({ fate, reason }: LedgerRow, event: Accepted | undefined) {
  if (event?.is === 'full') return { fate: 'skipped' as const, reason: event.reason, inboxId: null }
  return { fate, reason, inboxId: event?.row.id ?? null }
}

/** All that an automation was due for until now. */
export function settleAllOf(context: EngineContext, tx: Tx, workflowId: string): void {
  for (const { id } of schedulesOf(tx, workflowId))
    for (let step = 0; step < MOST_STEPS && settleSchedule(context, tx, id, null); step++);
}

function fire(
  context: EngineContext,
  tx: Tx,
  row: ScheduleRow,
  settled: Settled,
  now: number,
): Map<number, Accepted> {
  const events = new Map<number, Accepted>()
  const workflow = workflowById(tx, row.workflow_id)
  if (workflow === undefined) return events
  for (const { dueAt, kind, merged } of settled.fire) {
    const payload = duePayload.parse({ dueAt, kind, merged })
    const accepted = acceptFor(context, tx, workflow, {
      sourceType: 'schedule',
      sourceId: row.id,
      target: { type: 'workflow', id: row.workflow_id },
      type: 'schedule',
      dedupeKey: `${row.id}:${dueKey(payload)}`,
      payload,
      causes: [],
      at: now,
    })
    // It should have run and does not: a person is told (O3).
    if (accepted.is === 'full')
      raiseFull(context, tx, workflow, { what: 'a time that was due', reason: accepted.reason, at: now })
    events.set(dueAt, accepted)
  }
  return events
}

/** What was due while an automation was paused is accounted for, and not made up for. */
function skipped(settled: Settled): Settled {
  const rows = settled.rows.map(row => ({
    ...row,
    fate: 'skipped' as const,
    reason: 'The automation was paused.',
    servedBy: null,
  }))
  return { ...settled, rows, fire: [], owed: 0 }
}
