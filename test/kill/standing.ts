/** How far the core's work has come, for whoever plays the person: what is unfinished, and what is asked of them. */
import { choicesOf, listActions } from '../../src/main/store/actions.ts'
import type { ActionRow } from '../../src/main/store/actions.ts'
import { itemById } from '../../src/main/store/items.ts'
import { stepsOfRun } from '../../src/main/store/journal.ts'
import { query, statement } from '../../src/main/store/statement.ts'
import type { Store } from '../../src/main/store/store.ts'
import type { Json } from '../../src/domain/json.ts'

export interface Question {
  id: string
  kind: string
  choices: string[]
  runId: string | null
  stepId: string | null
  /** Key of the item it is about. */
  item: string | null
  /** The call it is about, where there is one on record. */
  tool: string | null
  args: Json
}

export interface Standing {
  /** Events, runs and items that have not come to their end. */
  events: number
  runs: number
  items: number
  /** Of all journals: work that goes on adds to them. */
  entries: number
  questions: Question[]
  /** Runs that wait for a signal. */
  signals: { runId: string; name: string }[]
}

const events = statement((_p: object) =>
  query
    .selectFrom('inbox')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('target_type', '=', 'workflow')
    .where('state', 'in', ['new', 'claimed']),
)
const runs = statement((_p: object) =>
  query
    .selectFrom('script_runs')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('slot', 'is not', null),
)
const items = statement((_p: object) =>
  query
    .selectFrom('items')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('state', 'in', ['open', 'waiting']),
)
const entries = statement((_p: object) =>
  query.selectFrom('script_run_steps').select(({ fn }) => fn.countAll<number>().as('count')),
)
const signals = statement((_p: object) =>
  query.selectFrom('waits').select(['run_id', 'name']).where('kind', '=', 'signal'),
)

const MOST = 200

export function standingOf(store: Store): Standing {
  return {
    events: store.get(events, {})?.count ?? 0,
    entries: store.get(entries, {})?.count ?? 0,
    runs: store.get(runs, {})?.count ?? 0,
    items: store.get(items, {})?.count ?? 0,
    questions: listActions(store, 'open', MOST).map(action => questionOf(store, action)),
    signals: store.all(signals, {}).map(row => ({ runId: row.run_id, name: row.name ?? '' })),
  }
}

export function isAtRest(standing: Standing): boolean {
  return (
    standing.events + standing.runs + standing.items + standing.questions.length + standing.signals.length ===
    0
  )
}

function questionOf(store: Store, action: ActionRow): Question {
  const steps =
    action.run_id === null || action.kind !== 'outcome-unknown' ? [] : stepsOfRun(store, action.run_id)
  const step = steps.find(known => known.stepId === action.step_id)
  return {
    id: action.id,
    kind: action.kind,
    choices: choicesOf(action).map(choice => choice.id),
    runId: action.run_id,
    stepId: action.step_id,
    item: action.item_id === null ? null : (itemById(store, action.item_id)?.key ?? null),
    tool: step?.tool ?? null,
    args: step?.args ?? null,
  }
}
