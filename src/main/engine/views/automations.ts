/** Automations as clients see them: what each promises, whether it runs, what it did last and does next. */
import { z } from 'zod'
import { triggerLine } from '../../../domain/contract-text.ts'
import type { Contract } from '../../../domain/contract.ts'
import { contractText } from '../../../domain/policy.ts'
import { waitingFor } from '../../store/inbox.ts'
import { listAutomations, listLedger, listRuns, openActionsOf } from '../../store/lists.ts'
import type { InstantRow } from '../../store/schedules.ts'
import { watchesOf } from '../../store/watches.ts'
import { deployed } from '../../store/workflows.ts'
import type { Workflow, WorkflowState } from '../../store/workflows.ts'
import { nextDueOf, versionText } from './versions.ts'
import { runSummary } from './runs.ts'
import type { RunSummary } from './runs.ts'
import { lastAbsence, watchViews } from './silence.ts'
import type { AbsenceView, WatchView } from './silence.ts'
import { cursorText, pageOf, placeIn } from './common.ts'
import type { Page, PageRequest, ViewSource } from './common.ts'

export interface AutomationSummary {
  id: string
  name: string
  title: string
  promise: string
  state: WorkflowState
  pauseReason: string | null
  version: string
  when: string[]
  /** The next instant a schedule is due; null while paused, or where nothing is scheduled. */
  nextDue: number | null
  /** When what its triggers watch is looked at next; null while paused, or where nothing is watched. */
  nextLook: number | null
  lastRun: RunSummary | null
  /** Events that wait for their turn, counted up to 100. */
  waitingEvents: number
  needsYou: number
}

export interface AutomationView extends AutomationSummary {
  /** Newest first: what its strip shows. */
  lastRuns: RunSummary[]
  /** What it looks at, when it last did and what was there (O3). */
  watches: WatchView[]
  /** When nobody looked, and what became of its due times; null for never. */
  absence: AbsenceView | null
  contract: Contract
  contractText: { heading: string; lines: string[] }[]
  script: { id: string; version: string; hash: string; note: string; source: string; createdAt: number }
  createdAt: number
  updatedAt: number
}

export interface InstantView {
  dueAt: number
  fate: InstantRow['fate']
  reason: string | null
  eventId: string | null
  at: number
}

const MOST_COUNTED = 100
const STRIP = 20

export function automationsPage(
  source: ViewSource,
  filter: PageRequest & { state?: WorkflowState | undefined },
): Page<AutomationSummary> {
  const { limit, state } = filter
  const [after] = placeIn(filter, 'automations', z.string()) ?? []
  return pageOf(
    listAutomations(source.store, limit + 1, { after, state }),
    limit,
    workflow => automationSummary(source, workflow),
    workflow => cursorText('automations', workflow.name),
  )
}

export function automationSummary(source: ViewSource, workflow: Workflow): AutomationSummary {
  const { store } = source
  const { script, contract } = deployed(store, workflow)
  const [last] = listRuns(store, { workflowId: workflow.id, limit: 1 })
  return {
    id: workflow.id,
    name: workflow.name,
    title: contract.title,
    promise: contract.promise,
    state: workflow.state,
    pauseReason: workflow.pause_reason,
    version: versionText(script),
    when: contract.when.map(trigger => triggerLine(trigger, contract.zone)),
    nextDue: workflow.state === 'active' ? nextDueOf(source, workflow.id) : null,
    nextLook: workflow.state === 'active' ? nextLookOf(source, workflow.id) : null,
    lastRun: last === undefined ? null : runSummary(source, last),
    waitingEvents: waitingFor(store, 'workflow', workflow.id, MOST_COUNTED),
    needsYou: openActionsOf(store, workflow.id),
  }
}

function nextLookOf({ store }: ViewSource, workflowId: string): number | null {
  const looks = watchesOf(store, workflowId).map(watch => watch.next_look)
  return looks.length === 0 ? null : Math.min(...looks)
}

export function automationView(source: ViewSource, workflow: Workflow): AutomationView {
  const { script, contract } = deployed(source.store, workflow)
  const summary = automationSummary(source, workflow)
  return {
    ...summary,
    lastRuns: listRuns(source.store, { workflowId: workflow.id, limit: STRIP }).map(run =>
      runSummary(source, run),
    ),
    watches: watchViews(source, workflow.id, contract.zone),
    absence: lastAbsence(source, workflow.id),
    contract,
    contractText: contractText(contract),
    script: {
      id: script.id,
      version: summary.version,
      hash: script.hash,
      note: script.note,
      source: script.source,
      createdAt: script.created_at,
    },
    createdAt: workflow.created_at,
    updatedAt: workflow.updated_at,
  }
}

export function ledgerPage(source: ViewSource, workflowId: string, page: PageRequest): Page<InstantView> {
  const [dueAt, scheduleId] = placeIn(page, 'ledger', z.int(), z.string()) ?? []
  const before = dueAt === undefined || scheduleId === undefined ? undefined : { dueAt, scheduleId }
  return pageOf(
    listLedger(source.store, workflowId, page.limit + 1, before),
    page.limit,
    row => ({ dueAt: row.due_at, fate: row.fate, reason: row.reason, eventId: row.inbox_id, at: row.at }),
    row => cursorText('ledger', row.due_at, row.schedule_id),
  )
}
