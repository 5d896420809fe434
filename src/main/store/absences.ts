/** When Steward was off or the computer asleep, and what became of what was due meanwhile (O3). */
import type { Row } from './schema.ts'
import type { InstantRow } from './schedules.ts'
import { query, statement } from './statement.ts'
import type { Reader, Tx } from './tx.ts'

export type AbsenceRow = Row<'absences'>
export type Fates = Readonly<Record<InstantRow['fate'], number>>

const KEPT = 200

const put = statement((p: { from_at: number; to_at: number; why: AbsenceRow['why'] }) =>
  query
    .insertInto('absences')
    .values({ from_at: p.from_at, to_at: p.to_at, why: p.why })
    .onConflict(conflict => conflict.column('from_at').doUpdateSet({ to_at: p.to_at, why: p.why })),
)
const forget = statement((p: { kept: number }) =>
  query
    .deleteFrom('absences')
    .where(
      'from_at',
      '<=',
      query.selectFrom('absences').select('from_at').orderBy('from_at', 'desc').limit(1).offset(p.kept),
    ),
)
const listed = statement((p: { before: number; limit: number }) =>
  query
    .selectFrom('absences')
    .selectAll()
    .where('from_at', '<', p.before)
    .orderBy('from_at', 'desc')
    .limit(p.limit),
)
const dropOld = statement((p: { until: number }) => query.deleteFrom('absences').where('to_at', '<', p.until))
const fates = statement((p: { from: number; to: number }) =>
  query
    .selectFrom('schedules')
    .innerJoin('instants', 'instants.schedule_id', 'schedules.id')
    .select(({ fn }) => ['fate', fn.countAll<number>().as('count')])
    .where('due_at', '>', p.from)
    .where('due_at', '<=', p.to)
    .groupBy('fate'),
)
const fatesOf = statement((p: { workflowId: string; from: number; to: number }) =>
  query
    .selectFrom('schedules')
    .innerJoin('instants', 'instants.schedule_id', 'schedules.id')
    .select(({ fn }) => ['fate', fn.countAll<number>().as('count')])
    .where('schedules.workflow_id', '=', p.workflowId)
    .where('due_at', '>', p.from)
    .where('due_at', '<=', p.to)
    .groupBy('fate'),
)

/** The oldest go when there are very many. */
export function recordAbsence(tx: Tx, absence: { from: number; to: number; why: AbsenceRow['why'] }): void {
  tx.run(put, { from_at: absence.from, to_at: absence.to, why: absence.why })
  tx.run(forget, { kept: KEPT })
}

/** Newest first. */
export function listAbsences(reader: Reader, limit: number, before = Number.MAX_SAFE_INTEGER): AbsenceRow[] {
  return reader.all(listed, { before, limit })
}

/** Of an absence whose instants are no longer in the ledger, nothing true could be told. */
export function dropAbsences(tx: Tx, until: number): void {
  tx.run(dropOld, { until })
}

/** What became of the instants that were due in an absence: of all automations, or of one. */
export function fatesWithin(
  reader: Reader,
  { from_at: from, to_at: to }: AbsenceRow,
  workflowId?: string,
): Fates {
  const rows =
    workflowId === undefined ? reader.all(fates, { from, to }) : reader.all(fatesOf, { workflowId, from, to })
  const none: Record<InstantRow['fate'], number> = { ran: 0, 'caught-up': 0, merged: 0, skipped: 0 }
  return { ...none, ...Object.fromEntries(rows.map(({ fate, count }) => [fate, count])) }
}
