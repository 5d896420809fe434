/**
 * Lists for people, a page at a time, newest first unless said otherwise: read by index alone, whatever the size of
 * the table, with no sealed column opened. A page begins below (`before`) or above (`after`) the last id seen.
 */
import type { ItemState } from './items.ts'
import { foldSteps } from './journal.ts'
import type { Step } from './journal.ts'
import type { RunState } from './runs.ts'
import type { Row } from './schema.ts'
import { ledgerOf } from './schedules.ts'
import type { InstantRow } from './schedules.ts'
import { query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader } from './tx.ts'

/** Above every id. */
const NEWEST = '~'

const RUN_COLUMNS = [
  'id',
  'workflow_id',
  'script_id',
  'inbox_id',
  'state',
  'slot',
  'attempt',
  'waiting_items',
  'cancelling',
  'cpu_ms',
  'created_at',
  'started_at',
  'ended_at',
] as const

export type RunListed = Pick<Row<'script_runs'>, (typeof RUN_COLUMNS)[number]>

const pageOfRuns = () => query.selectFrom('script_runs').select(RUN_COLUMNS).orderBy('id', 'desc')
const allRuns = statement((p: { before: string; limit: number }) =>
  pageOfRuns().where('id', '<', p.before).limit(p.limit),
)
const runsOfWorkflow = statement((p: { workflowId: string; before: string; limit: number }) =>
  pageOfRuns().where('workflow_id', '=', p.workflowId).where('id', '<', p.before).limit(p.limit),
)
const runsInState = statement((p: { state: RunState; before: string; limit: number }) =>
  pageOfRuns().where('state', '=', p.state).where('id', '<', p.before).limit(p.limit),
)
const runsOfWorkflowInState = statement(
  (p: { workflowId: string; state: RunState; before: string; limit: number }) =>
    pageOfRuns()
      .where('workflow_id', '=', p.workflowId)
      .where('state', '=', p.state)
      .where('id', '<', p.before)
      .limit(p.limit),
)
const runOfInbox = statement((p: { inboxId: string }) =>
  query.selectFrom('script_runs').selectAll().where('inbox_id', '=', p.inboxId),
)
const entriesOfPage = statement((p: { runId: string; after: number; limit: number }) =>
  query
    .selectFrom('script_run_steps')
    .selectAll()
    .where('run_id', '=', p.runId)
    .where(
      'step_id',
      'in',
      query
        .selectFrom('script_run_steps')
        .select('step_id')
        .where('run_id', '=', p.runId)
        .groupBy('step_id')
        .having(({ fn }) => fn.min('position'), '>', p.after)
        .orderBy(({ fn }) => fn.min('position'))
        .limit(p.limit),
    )
    .orderBy('position'),
)
const entriesOfStep = statement((p: { runId: string; stepId: string }) =>
  query
    .selectFrom('script_run_steps')
    .selectAll()
    .where('run_id', '=', p.runId)
    .where('step_id', '=', p.stepId)
    .orderBy('position'),
)
const entriesWithEffect = statement((p: { runId: string; limit: number }) =>
  query
    .selectFrom('script_run_steps')
    .selectAll()
    .where('run_id', '=', p.runId)
    .where(({ eb, or }) => or([eb('effect', '=', 'write'), eb('tool', '=', 'notify.send')]))
    .orderBy('position')
    .limit(p.limit),
)
const itemsOf = statement((p: { runId: string; limit: number }) =>
  query.selectFrom('items').selectAll().where('run_id', '=', p.runId).orderBy('id').limit(p.limit),
)
const itemCounts = statement((p: { runId: string }) =>
  query
    .selectFrom('items')
    .select(({ fn }) => ['state', fn.countAll<number>().as('count')])
    .where('run_id', '=', p.runId)
    .groupBy('state'),
)
const openCount = statement((p: { workflowId: string }) =>
  query
    .selectFrom('actions')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('state', '=', 'open')
    .where('workflow_id', '=', p.workflowId),
)
const schedulesEver = statement((p: { workflowId: string }) =>
  query.selectFrom('schedules').select('id').where('workflow_id', '=', p.workflowId),
)

export interface RunFilter {
  workflowId?: string
  state?: RunState
  before?: string
  limit: number
}

export function listRuns(reader: Reader, filter: RunFilter): RunListed[] {
  const { workflowId, state, limit } = filter
  const before = filter.before ?? NEWEST
  if (workflowId !== undefined && state !== undefined)
    return reader.all(runsOfWorkflowInState, { workflowId, state, before, limit })
  if (workflowId !== undefined) return reader.all(runsOfWorkflow, { workflowId, before, limit })
  if (state !== undefined) return reader.all(runsInState, { state, before, limit })
  return reader.all(allRuns, { before, limit })
}

/** The run an event led to, once it was claimed. */
export function runOfEvent(reader: Reader, inboxId: string): Row<'script_runs'> | undefined {
  return reader.get(runOfInbox, { inboxId })
}

export interface ListedStep extends Step {
  /** How often it was issued. */
  tries: number
}

/** Steps in the order they were begun, from above position `after`. */
export function listSteps(store: Store, runId: string, after: number, limit: number): ListedStep[] {
  return withTries(store, store.all(entriesOfPage, { runId, after, limit }))
}

export function stepOf(store: Store, runId: string, stepId: string): ListedStep | undefined {
  return withTries(store, store.all(entriesOfStep, { runId, stepId }))[0]
}

/** What the run did to the outside, and what it told the user: the first `entries` entries of its journal that say so. */
export function listEffects(store: Store, runId: string, entries: number): ListedStep[] {
  return withTries(store, store.all(entriesWithEffect, { runId, limit: entries }))
}

function withTries(store: Store, rows: readonly Row<'script_run_steps'>[]): ListedStep[] {
  const tries = new Map<string, number>()
  for (const row of rows) {
    const issued = row.kind === 'begin' || row.kind === 'again' || row.kind === 'call'
    tries.set(row.step_id, (tries.get(row.step_id) ?? 0) + Number(issued))
  }
  return foldSteps(store, rows).map(step => ({ ...step, tries: tries.get(step.stepId) ?? 0 }))
}

export function listItems(reader: Reader, runId: string, limit: number): Row<'items'>[] {
  return reader.all(itemsOf, { runId, limit })
}

export function countItems(reader: Reader, runId: string): Partial<Record<ItemState, number>> {
  return Object.fromEntries(reader.all(itemCounts, { runId }).map(row => [row.state, row.count]))
}

export function openActionsOf(reader: Reader, workflowId: string): number {
  return reader.get(openCount, { workflowId })?.count ?? 0
}

/** A place in the ledger of an automation: several of its schedules may be due at one instant. */
export interface InstantPlace {
  dueAt: number
  scheduleId: string
}

/** What became of an automation's due instants, under all versions of its schedules (R4). */
export function listLedger(
  reader: Reader,
  workflowId: string,
  limit: number,
  before?: InstantPlace,
): InstantRow[] {
  // Each schedule's own rows come in order by index; the first of them all are among the first of each.
  return reader
    .all(schedulesEver, { workflowId })
    .flatMap(({ id }) =>
      ledgerOf(reader, id, limit, before === undefined ? undefined : borderFor(id, before)),
    )
    .sort((a, b) => b.due_at - a.due_at || (a.schedule_id < b.schedule_id ? 1 : -1))
    .slice(0, limit)
}

/** Rows of this schedule that come after the place are due before this instant. */
function borderFor(scheduleId: string, place: InstantPlace): number {
  return scheduleId < place.scheduleId ? place.dueAt + 1 : place.dueAt
}
