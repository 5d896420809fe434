/** Schedules and the ledger of due instants (R4). */
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

export type ScheduleRow = Row<'schedules'>
export type InstantRow = Row<'instants'>

const insert = insertion('schedules', [
  'id',
  'workflow_id',
  'spec',
  'zone',
  'catch_up',
  'settled_to',
  'next_due',
])
const retire = statement((p: { workflowId: string }) =>
  query.updateTable('schedules').set({ active: 0 }).where('workflow_id', '=', p.workflowId),
)
const due = statement((p: { now: number }) =>
  query
    .selectFrom('schedules')
    .selectAll()
    .where('active', '=', 1)
    .where('next_due', 'is not', null)
    .where('next_due', '<=', p.now)
    .orderBy('next_due')
    .limit(64),
)
const soonest = statement((_p: object) =>
  query
    .selectFrom('schedules')
    .select(({ fn }) => fn.min('next_due').as('at'))
    .where('active', '=', 1)
    .where('next_due', 'is not', null),
)
const ofWorkflow = statement((p: { workflowId: string }) =>
  query.selectFrom('schedules').selectAll().where('workflow_id', '=', p.workflowId).where('active', '=', 1),
)
const byId = statement((p: { id: string }) =>
  query.selectFrom('schedules').selectAll().where('id', '=', p.id),
)
const advance = statement((p: { id: string; settled_to: number; next_due: number | null; owed: number }) =>
  query
    .updateTable('schedules')
    .set({ settled_to: p.settled_to, next_due: p.next_due, owed: p.owed })
    .where('id', '=', p.id),
)
const insertInstant = insertion('instants', ['schedule_id', 'due_at', 'fate', 'reason', 'inbox_id', 'at'])
const ledger = statement((p: { scheduleId: string; before: number; limit: number }) =>
  query
    .selectFrom('instants')
    .selectAll()
    .where('schedule_id', '=', p.scheduleId)
    .where('due_at', '<', p.before)
    .orderBy('due_at', 'desc')
    .limit(p.limit),
)

export function addSchedule(
  store: Store,
  tx: Tx,
  schedule: {
    workflowId: string
    spec: string
    zone: string
    catchUp: ScheduleRow['catch_up']
    from: number
    nextDue: number | null
  },
): void {
  tx.run(insert, {
    id: store.ids.next('sch'),
    workflow_id: schedule.workflowId,
    spec: schedule.spec,
    zone: schedule.zone,
    catch_up: schedule.catchUp,
    settled_to: schedule.from,
    next_due: schedule.nextDue,
  })
}

/** A new version brings its own schedules; the old ones stay for their ledger. */
export function retireSchedules(tx: Tx, workflowId: string): void {
  tx.run(retire, { workflowId })
}

export function dueSchedules(reader: Reader, now: number): ScheduleRow[] {
  return reader.all(due, { now })
}

export function scheduleById(reader: Reader, id: string): ScheduleRow | undefined {
  return reader.get(byId, { id })
}

export function soonestDue(reader: Reader): number | null {
  return reader.get(soonest, {})?.at ?? null
}

export function schedulesOf(reader: Reader, workflowId: string): ScheduleRow[] {
  return reader.all(ofWorkflow, { workflowId })
}

export function advanceSchedule(
  tx: Tx,
  id: string,
  to: { settledTo: number; nextDue: number | null; owed: number },
): void {
  tx.run(advance, { id, settled_to: to.settledTo, next_due: to.nextDue, owed: to.owed })
}

export function recordInstant(
  tx: Tx,
  instant: {
    scheduleId: string
    dueAt: number
    fate: InstantRow['fate']
    reason: string | null
    inboxId: string | null
    at: number
  },
): void {
  tx.run(insertInstant, {
    schedule_id: instant.scheduleId,
    due_at: instant.dueAt,
    fate: instant.fate,
    reason: instant.reason,
    inbox_id: instant.inboxId,
    at: instant.at,
  })
}

/** What became of a schedule's instants, newest first. */
export function ledgerOf(
  reader: Reader,
  scheduleId: string,
  limit: number,
  before = Number.MAX_SAFE_INTEGER,
): InstantRow[] {
  return reader.all(ledger, { scheduleId, before, limit })
}
