/** What work cost, as people see it: its entries, and its sums by purpose, automation, tool, model, connection and day (UTC). */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { z } from 'zod'
import type { Tokens } from '../../../domain/model.ts'
import { listCosts } from '../../store/costs.ts'
import type { CostPlace, CostRow } from '../../store/costs.ts'
import { automationName, cursorText, pageOf, placeIn } from './common.ts'
import type { AutomationName, Page, PageRequest, ViewSource } from './common.ts'

export interface CostView {
  id: string
  automation: AutomationName | null
  runId: string | null
  stepId: string | null
  /** The plan or repair whose it is. */
  taskId: string | null
  purpose: CostRow['purpose']
  tool: string
  connection: string | null
  model: string | null
  micros: number
  tokens: Tokens
  /** The price or the count of tokens is not known exactly. */
  isEstimate: boolean
  /** reserved: not settled (yet), and then the most it can have cost. */
  state: CostRow['state']
  at: number
}

export interface CostSum {
  key: string
  micros: number
  entries: number
}

export interface CostsSummary {
  since: number
  until: number
  /** Micro-dollars. */
  micros: number
  entries: number
  byPurpose: CostSum[]
  byAutomation: CostSum[]
  byTool: CostSum[]
  byModel: CostSum[]
  byConnection: CostSum[]
  byDay: CostSum[]
}

interface CostFilter {
  workflowId?: string | undefined
}

const ROWS_AT_ONCE = 2_000

export function costsPage(source: ViewSource, filter: PageRequest & CostFilter): Page<CostView> {
  const [at, id] = placeIn(filter, 'costs', z.int(), z.string()) ?? []
  const before = at === undefined || id === undefined ? undefined : { at, id }
  return pageOf(
    rowsOf(source, filter, before, filter.limit + 1),
    filter.limit,
    row => costView(source, row),
    row => cursorText('costs', row.at, row.id),
  )
}

/** Adds up in small pieces between other work, however many entries there are. */
export async function costsSummary(
  source: ViewSource,
  filter: CostFilter & { since: number; until: number },
): Promise<CostsSummary> {
  const sums = sumsOfAll()
  const all = new Sums()
  let before: CostPlace | undefined = { at: filter.until, id: '' }
  while (before !== undefined) {
    const rows = rowsOf(source, filter, before, ROWS_AT_ONCE)
    for (const row of rows) {
      if (row.at < filter.since) continue
      all.add('', row.micros)
      sums.purpose.add(row.purpose, row.micros)
      sums.automation.add(row.workflow_id ?? '', row.micros)
      sums.tool.add(row.tool, row.micros)
      sums.model.add(row.model ?? '', row.micros)
      sums.connection.add(row.connection ?? '', row.micros)
      sums.day.add(new Date(row.at).toISOString().slice(0, 10), row.micros)
    }
    const last: CostRow | undefined = rows.length < ROWS_AT_ONCE ? undefined : rows.at(-1)
    before = last === undefined || last.at < filter.since ? undefined : last
    await nextTurn()
  }
  const [total = { micros: 0, entries: 0 }] = all.list()
  return {
    since: filter.since,
    until: filter.until,
    micros: total.micros,
    entries: total.entries,
    byPurpose: sums.purpose.list(),
    byAutomation: sums.automation.list(),
    byTool: sums.tool.list(),
    byModel: sums.model.list(),
    byConnection: sums.connection.list(),
    byDay: sums.day.list(),
  }
}

function rowsOf(
  source: ViewSource,
  { workflowId }: CostFilter,
  before: CostPlace | undefined,
  limit: number,
): CostRow[] {
  return listCosts(source.store, limit, {
    ...(workflowId === undefined ? {} : { workflowId }),
    ...(before === undefined ? {} : { before }),
  })
}

function sumsOfAll() {
  return {
    purpose: new Sums(),
    automation: new Sums(),
    tool: new Sums(),
    model: new Sums(),
    connection: new Sums(),
    day: new Sums(),
  }
}

class Sums {
  readonly #sums = new Map<string, CostSum>()

  add(key: string, micros: number): void {
    const sum = this.#sums.get(key) ?? { key, micros: 0, entries: 0 }
    sum.micros += micros
    sum.entries++
    this.#sums.set(key, sum)
  }

  /** By key. */
  list(): CostSum[] {
    return [...this.#sums.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  }
}

function costView(source: ViewSource, row: CostRow): CostView {
  return {
    id: row.id,
    automation: row.workflow_id === null ? null : automationName(source, row.workflow_id),
    // What a rehearsal cost is held together by its name, which is no run's.
    runId: row.purpose === 'run' ? row.run_id : null,
    stepId: row.step_id,
    taskId: row.task_id,
    purpose: row.purpose,
    tool: row.tool,
    connection: row.connection,
    model: row.model,
    micros: row.micros,
    tokens: {
      input: row.input_tokens,
      cached: row.cached_tokens,
      output: row.output_tokens,
      reasoning: row.reasoning_tokens,
    },
    isEstimate: row.estimated === 1,
    state: row.state,
    at: row.at,
  }
}
