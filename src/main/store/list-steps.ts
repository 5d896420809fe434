/**
 * The journal of one run a page at a time, by index alone, however long it is: as steps, in the order in which they
 * were begun, or as the bare entries they are folded from.
 */
import { sql } from 'kysely'
import { foldSteps } from './journal.ts'
import type { Step } from './journal.ts'
import type { Row } from './schema.ts'
import { query, statement } from './statement.ts'
import type { Store } from './store.ts'

export type EntryRow = Row<'script_run_steps'>

export interface ListedStep extends Step {
  /** How often it was issued. */
  tries: number
}

/**
 * The first entry of each step: what began it, or what this run first added to a step that another had begun.
 * The unary plus keeps SQLite from reading through the whole run for one step of it.
 */
const openings = statement((p: { runId: string; after: number; limit: number }) =>
  query
    .selectFrom('script_run_steps as entry')
    .selectAll()
    .where('entry.run_id', '=', p.runId)
    .where('entry.position', '>', p.after)
    .where(({ and, or, eb, not, exists, selectFrom }) =>
      or([
        eb('entry.kind', 'in', ['call', 'begin']),
        and([
          not(
            exists(
              selectFrom('script_run_steps as earlier')
                .select('earlier.position')
                .where(sql<string>`+earlier.run_id`, '=', p.runId)
                .whereRef('earlier.step_id', '=', 'entry.step_id')
                .where('earlier.kind', '!=', 'call')
                .whereRef('earlier.position', '<', 'entry.position'),
            ),
          ),
          not(
            exists(
              selectFrom('script_run_steps as whole')
                .select('whole.position')
                .whereRef('whole.step_id', '=', 'entry.step_id')
                .where('whole.kind', 'in', ['call', 'end'])
                .where('whole.run_id', '=', p.runId)
                .whereRef('whole.position', '<', 'entry.position'),
            ),
          ),
        ]),
      ]),
    )
    .orderBy('entry.position')
    .limit(p.limit),
)
const wholeOfStep = statement((p: { stepId: string }) =>
  query
    .selectFrom('script_run_steps')
    .selectAll()
    .where('step_id', '=', p.stepId)
    .where('kind', 'in', ['call', 'end']),
)
const partsOfStep = statement((p: { runId: string; stepId: string }) =>
  query
    .selectFrom('script_run_steps')
    .selectAll()
    .where(sql<string>`+run_id`, '=', p.runId)
    .where('step_id', '=', p.stepId)
    .where('kind', '!=', 'call'),
)
const entriesAfter = statement((p: { runId: string; after: number; limit: number }) =>
  query
    .selectFrom('script_run_steps')
    .selectAll()
    .where('run_id', '=', p.runId)
    .where('position', '>', p.after)
    .orderBy('position')
    .limit(p.limit),
)

const marks = statement((p: { runId: string; below: number; limit: number }) =>
  query
    .selectFrom('script_run_steps')
    .select(['position', 'kind', 'step_id', 'owner', 'effect', 'ok'])
    .where('run_id', '=', p.runId)
    .where('position', '<', p.below)
    .where('kind', 'in', ['call', 'begin', 'end'])
    .where('effect', 'in', ['write', 'local'])
    .orderBy('position', 'desc')
    .limit(p.limit),
)
const everyPart = statement((p: { stepId: string }) =>
  query
    .selectFrom('script_run_steps')
    .selectAll()
    .where('step_id', '=', p.stepId)
    .where('kind', '!=', 'call')
    .orderBy('at')
    .orderBy('run_id')
    .orderBy('position'),
)

/** Steps in the order they were begun, from above position `after`. */
export function listSteps(store: Store, runId: string, after: number, limit: number): ListedStep[] {
  return store.all(openings, { runId, after, limit }).flatMap(opening => {
    const parts = partsOf(store, runId, opening.step_id)
    return stepsWithTries(store, opening.kind === 'call' ? [opening, ...parts] : parts)
  })
}

export function stepOf(store: Store, runId: string, stepId: string): ListedStep | undefined {
  const call = store.all(wholeOfStep, { stepId }).filter(row => row.kind === 'call' && row.run_id === runId)
  return stepsWithTries(store, [...call, ...partsOf(store, runId, stepId)])[0]
}

/** A step as all runs that had to do with it recorded it. */
export function wholeStep(store: Store, stepId: string): Step | undefined {
  const call = store.all(wholeOfStep, { stepId }).filter(row => row.kind === 'call')
  return foldSteps(store, [...call, ...store.all(everyPart, { stepId })])[0]
}

/** Where a run's writes and local steps began and ended, newest first, without what they were about. */
export function listMarks(store: Store, runId: string, below: number, limit: number) {
  return store.all(marks, { runId, below, limit })
}

function partsOf(store: Store, runId: string, stepId: string): EntryRow[] {
  return store.all(partsOfStep, { runId, stepId }).sort((a, b) => a.position - b.position)
}

/** The journal as it was written, from above position `after`. */
export function listEntries(store: Store, runId: string, after: number, limit: number): EntryRow[] {
  return store.all(entriesAfter, { runId, after, limit })
}

export function stepsWithTries(store: Store, rows: readonly EntryRow[]): ListedStep[] {
  const tries = new Map<string, number>()
  for (const row of rows) {
    const issued = row.kind === 'begin' || row.kind === 'again' || row.kind === 'call'
    tries.set(row.step_id, (tries.get(row.step_id) ?? 0) + Number(issued))
  }
  return foldSteps(store, rows).map(step => ({ ...step, tries: tries.get(step.stepId) ?? 0 }))
}
