/** Which automations wait for what an action asks, and for the vault. Names only: nothing sealed is opened. */
import { query, statement } from './statement.ts'
import type { Reader } from './tx.ts'

export interface Waiter {
  id: string
  name: string
  /** How many of its runs wait. */
  runs: number
}

const ofAction = statement((p: { actionId: string }) =>
  query
    .selectFrom('waits')
    .innerJoin('script_runs', 'script_runs.id', 'waits.run_id')
    .innerJoin('workflows', 'workflows.id', 'script_runs.workflow_id')
    .select(['workflows.id', 'workflows.name'])
    .select(({ fn }) => fn.count<number>('waits.run_id').distinct().as('runs'))
    .where('waits.action_id', '=', p.actionId)
    .groupBy(['workflows.id', 'workflows.name'])
    .orderBy('workflows.name'),
)
const active = statement((_p: object) =>
  query
    .selectFrom('workflows')
    .leftJoin('script_runs', join =>
      join.onRef('script_runs.workflow_id', '=', 'workflows.id').on('script_runs.slot', 'is not', null),
    )
    .select(['workflows.id', 'workflows.name'])
    .select(({ fn }) => fn.count<number>('script_runs.id').as('runs'))
    .where('workflows.state', '=', 'active')
    .groupBy(['workflows.id', 'workflows.name'])
    .orderBy('workflows.name'),
)

/** Whoever waits for this action to be answered, by name. */
export function waitersOf(reader: Reader, actionId: string): Waiter[] {
  return reader.all(ofAction, { actionId })
}

/** Every automation that would run, with its live runs: what waits while nothing can. */
export function allWaiting(reader: Reader): Waiter[] {
  return reader.all(active, {})
}
