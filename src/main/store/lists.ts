/**
 * Lists for people, a page at a time, newest first unless said otherwise: read by index alone, whatever the size of
 * the table, with no sealed column opened. A page begins below (`before`) or above (`after`) the last id seen.
 */
import type { ItemRow, ItemState } from './items.ts'
import { stepsWithTries } from './list-steps.ts'
import type { ListedStep } from './list-steps.ts'
import type { RunRow, RunState } from './runs.ts'
import type { Row } from './schema.ts'
import { ledgerOf } from './schedules.ts'
import type { InstantRow } from './schedules.ts'
import { query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader } from './tx.ts'
import type { Script, Workflow } from './workflows.ts'

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

interface Stretch {
  before: string
  limit: number
}

const pageOfRuns = (p: Stretch) =>
  query
    .selectFrom('script_runs')
    .select(RUN_COLUMNS)
    .where('id', '<', p.before)
    .orderBy('id', 'desc')
    .limit(p.limit)
const allRuns = statement((p: Stretch) => pageOfRuns(p))
const runsOfWorkflow = statement((p: Stretch & { workflowId: string }) =>
  pageOfRuns(p).where('workflow_id', '=', p.workflowId),
)
const runsInState = statement((p: Stretch & { state: RunState }) =>
  pageOfRuns(p).where('state', '=', p.state),
)
const runsOfWorkflowInState = statement((p: Stretch & { workflowId: string; state: RunState }) =>
  pageOfRuns(p).where('workflow_id', '=', p.workflowId).where('state', '=', p.state),
)
const lastSuccess = statement((p: { workflowId: string; before: string }) =>
  query
    .selectFrom('script_runs')
    .selectAll()
    .where('workflow_id', '=', p.workflowId)
    .where('state', '=', 'succeeded')
    .where('id', '<', p.before)
    .orderBy('id', 'desc')
    .limit(1),
)
const stateOfRun = statement((p: { id: string }) =>
  query.selectFrom('script_runs').select(['workflow_id', 'state']).where('id', '=', p.id),
)
const stateOfAction = statement((p: { id: string }) =>
  query.selectFrom('actions').select(['workflow_id', 'state']).where('id', '=', p.id),
)
const runOfInbox = statement((p: { inboxId: string }) =>
  query.selectFrom('script_runs').selectAll().where('inbox_id', '=', p.inboxId),
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
const itemsOfRunInState = statement((p: { runId: string; state: ItemState; after: string; limit: number }) =>
  query
    .selectFrom('items')
    .selectAll()
    .where('run_id', '=', p.runId)
    .where('state', '=', p.state)
    .where('id', '>', p.after)
    .orderBy('id')
    .limit(p.limit),
)
const itemsOfWorkflow = statement((p: { workflowId: string; name: string; key: string; limit: number }) =>
  query
    .selectFrom('items')
    .selectAll()
    .where('workflow_id', '=', p.workflowId)
    .where(({ eb, refTuple, tuple }) => eb(refTuple('name', 'key'), '>', tuple(p.name, p.key)))
    .orderBy('name')
    .orderBy('key')
    .limit(p.limit),
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
const automationsByName = (p: { name: string; limit: number }) =>
  query
    .selectFrom('workflows')
    .selectAll()
    .where('state', '!=', 'deleted')
    .where('name', '>', p.name)
    .orderBy('name')
    .limit(p.limit)
const automationsAfter = statement((p: { name: string; limit: number }) => automationsByName(p))
const automationsInState = statement((p: { name: string; state: Workflow['state']; limit: number }) =>
  automationsByName(p).where('state', '=', p.state),
)
const versionsBefore = statement((p: { workflowId: string; major: number; minor: number; limit: number }) =>
  query
    .selectFrom('scripts')
    .selectAll()
    .where('workflow_id', '=', p.workflowId)
    .where(({ eb, refTuple, tuple }) => eb(refTuple('major', 'minor'), '<', tuple(p.major, p.minor)))
    .orderBy('major', 'desc')
    .orderBy('minor', 'desc')
    .limit(p.limit),
)
const auditBefore = statement((p: { before: number; limit: number }) =>
  query.selectFrom('audit_log').selectAll().where('seq', '<', p.before).orderBy('seq', 'desc').limit(p.limit),
)
const auditOfRunBefore = statement((p: { runId: string; before: number; limit: number }) =>
  query
    .selectFrom('audit_log')
    .selectAll()
    .where('run_id', '=', p.runId)
    .where('seq', '<', p.before)
    .orderBy('seq', 'desc')
    .limit(p.limit),
)
const countOfWaiting = statement((p: { most: number }) =>
  query
    .selectFrom(
      query
        .selectFrom('inbox')
        .select('id')
        .where('target_type', '=', 'workflow')
        .where('state', '=', 'new')
        .limit(p.most)
        .as('some'),
    )
    .select(({ fn }) => fn.countAll<number>().as('count')),
)
const countOfLive = statement((p: { state: RunState; most: number }) =>
  query
    .selectFrom(
      query.selectFrom('script_runs').select('id').where('state', '=', p.state).limit(p.most).as('some'),
    )
    .select(({ fn }) => fn.countAll<number>().as('count')),
)
const schedulesEver = statement((p: { workflowId: string }) =>
  query.selectFrom('schedules').select('id').where('workflow_id', '=', p.workflowId),
)

export interface RunFilter {
  workflowId?: string
  state?: RunState
  /** Below this id. */
  before?: string
  limit: number
}

export function listRuns(reader: Reader, filter: RunFilter): RunListed[] {
  const { workflowId, state, limit, before = NEWEST } = filter
  const stretch = { before, limit }
  if (workflowId !== undefined && state !== undefined)
    return reader.all(runsOfWorkflowInState, { workflowId, state, ...stretch })
  if (workflowId !== undefined) return reader.all(runsOfWorkflow, { workflowId, ...stretch })
  if (state !== undefined) return reader.all(runsInState, { state, ...stretch })
  return reader.all(allRuns, stretch)
}

/** The automation's last run before this one that succeeded. */
export function lastSuccessBefore(
  reader: Reader,
  run: Pick<RunRow, 'id' | 'workflow_id'>,
): RunRow | undefined {
  return reader.get(lastSuccess, { workflowId: run.workflow_id, before: run.id })
}

export function automationOfRun(
  reader: Reader,
  id: string,
): Pick<Row<'script_runs'>, 'workflow_id' | 'state'> | undefined {
  return reader.get(stateOfRun, { id })
}

export function automationOfAction(
  reader: Reader,
  id: string,
): Pick<Row<'actions'>, 'workflow_id' | 'state'> | undefined {
  return reader.get(stateOfAction, { id })
}

/** The run an event led to, once it was claimed. */
export function runOfEvent(reader: Reader, inboxId: string): Row<'script_runs'> | undefined {
  return reader.get(runOfInbox, { inboxId })
}

/** What the run did to the outside, and what it told the user: the first `entries` entries of its journal that say so. */
export function listEffects(store: Store, runId: string, entries: number): ListedStep[] {
  return stepsWithTries(store, store.all(entriesWithEffect, { runId, limit: entries }))
}

const ITEM_STATES: readonly ItemState[] = ['open', 'waiting', 'done', 'aside', 'declined']

/** Items that this run was the last to open, by id, from above `after`. */
export function listItems(
  reader: Reader,
  runId: string,
  limit: number,
  { after = '', state }: { after?: string; state?: ItemState } = {},
): ItemRow[] {
  // Those of each state come in order by index; the first of them all are among the first of each.
  return (state === undefined ? ITEM_STATES : [state])
    .flatMap(each => reader.all(itemsOfRunInState, { runId, state: each, after, limit }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, limit)
}

/** Items that the automation ever had, by name and key. */
export function listItemsOfWorkflow(
  reader: Reader,
  workflowId: string,
  limit: number,
  after: { name: string; key: string } = { name: '', key: '' },
): ItemRow[] {
  return reader.all(itemsOfWorkflow, { workflowId, ...after, limit })
}

/** Automations by name, from above `after`. */
export function listAutomations(
  reader: Reader,
  limit: number,
  { after = '', state }: { after?: string | undefined; state?: Workflow['state'] | undefined } = {},
): Workflow[] {
  return state === undefined
    ? reader.all(automationsAfter, { name: after, limit })
    : reader.all(automationsInState, { name: after, state, limit })
}

export interface VersionPlace {
  major: number
  minor: number
}

/** The script versions of an automation, newest first. */
export function listVersions(
  reader: Reader,
  workflowId: string,
  limit: number,
  before: VersionPlace = { major: Number.MAX_SAFE_INTEGER, minor: 0 },
): Script[] {
  return reader.all(versionsBefore, { workflowId, ...before, limit })
}

/** What was decided, newest first. */
export function listAudit(
  reader: Reader,
  limit: number,
  { runId, before = Number.MAX_SAFE_INTEGER }: { runId?: string; before?: number } = {},
): Row<'audit_log'>[] {
  return runId === undefined
    ? reader.all(auditBefore, { before, limit })
    : reader.all(auditOfRunBefore, { runId, before, limit })
}

export function countItems(reader: Reader, runId: string): Partial<Record<ItemState, number>> {
  return Object.fromEntries(reader.all(itemCounts, { runId }).map(row => [row.state, row.count]))
}

export function openActionsOf(reader: Reader, workflowId: string): number {
  return reader.get(openCount, { workflowId })?.count ?? 0
}

/** Events that no automation has taken up yet, counted up to `most`. */
export function countWaitingEvents(reader: Reader, most: number): number {
  return reader.get(countOfWaiting, { most })?.count ?? 0
}

/** Runs in this state, counted up to `most`. */
export function countRuns(reader: Reader, state: RunState, most: number): number {
  return reader.get(countOfLive, { state, most })?.count ?? 0
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
