/** What happened, as files: runs, their steps, actions, the audit log, costs and notes, narrowed by what their lists are. */
import { Hono } from 'hono'
import type { Context } from 'hono'
import { z } from 'zod'
import type { Engine } from '../engine/engine.ts'
import { actionsPage } from '../engine/views/actions.ts'
import type { ActionView } from '../engine/views/actions.ts'
import { auditPage } from '../engine/views/audit.ts'
import type { AuditView } from '../engine/views/audit.ts'
import { costsPage } from '../engine/views/costs.ts'
import type { CostView } from '../engine/views/costs.ts'
import { notesPage, noteView } from '../engine/views/notes.ts'
import type { NoteView } from '../engine/views/notes.ts'
import { runsPage, stepsPage } from '../engine/views/runs.ts'
import type { RunSummary, StepView } from '../engine/views/runs.ts'
import type { Log } from '../store/log-file.ts'
import { cutOff } from './connection.ts'
import { EXPORT_TYPES, exportStream, pagesOf, timeCell } from './export.ts'
import type { Columns, Exported, ExportFormat } from './export.ts'
import { ACTION_STATES, MOST_ROWS, named, oneOf, runFilter } from './input.ts'
import { operation } from './operation.ts'
import { problemOf } from './problem.ts'
import { idOf } from './routes-actions.ts'

const format = { format: oneOf(['ndjson', 'csv']).default('ndjson') }
const FILE = {
  answers: {},
  streams: {
    [EXPORT_TYPES.ndjson]: 'One JSON document per line, each as the list of them shows it',
    [EXPORT_TYPES.csv]:
      'A line of names, then one line each (RFC 4180); what a spreadsheet would take for a formula begins with an apostrophe',
  },
}
/** They may be large. */
const STEPS_AT_ONCE = 20
const NOTES_AT_ONCE = 5
const runsQuery = z.strictObject({ ...format, ...runFilter })
const actionsQuery = z.strictObject({
  ...format,
  automation: named().optional(),
  state: oneOf(ACTION_STATES).optional(),
})
const auditQuery = z.strictObject({ ...format, run: named().optional() })
const costsQuery = z.strictObject({ ...format, automation: named().optional() })

const notesQuery = z.strictObject({ ...format, automation: named().optional(), tag: named().optional() })

type RunsQuery = Omit<z.output<typeof runsQuery>, 'format'>

export function exportRoutes(engine: Engine, log: Log, closing: AbortSignal) {
  const answer = <T>(c: Context, name: string, as: ExportFormat, exported: Exported<T>): Response => {
    c.header('content-type', `${EXPORT_TYPES[as]}; charset=utf-8`)
    c.header('content-disposition', `attachment; filename="steward-${name}.${as}"`)
    const cut = (error: unknown) => {
      if (!closing.aborted) problemOf(error, log)
      cutOff(c)
    }
    return c.body(exportStream(exported, as, cut))
  }
  return new Hono()
    .get('/runs', operation({ ...FILE, summary: 'Runs as a file', query: runsQuery }), c => {
      const { format, ...query } = c.req.valid('query')
      return answer(c, 'runs', format, { pages: runPages(engine, query), columns: RUN })
    })
    .get('/steps', operation({ ...FILE, summary: 'The steps of runs as a file', query: runsQuery }), c => {
      const { format, ...query } = c.req.valid('query')
      return answer(c, 'steps', format, { pages: stepPages(engine, runPages(engine, query)), columns: STEP })
    })
    .get(
      '/actions',
      operation({ ...FILE, summary: 'What needed you, as a file', query: actionsQuery }),
      c => {
        const { format, automation, state } = c.req.valid('query')
        const states = state === undefined ? ACTION_STATES : [state]
        const pages = actionPages(engine, idOf(engine, automation), states)
        return answer(c, 'actions', format, { pages, columns: ACTION })
      },
    )
    .get('/audit', operation({ ...FILE, summary: 'The audit log as a file', query: auditQuery }), c => {
      const { format, run } = c.req.valid('query')
      const pages = pagesOf(cursor => auditPage(engine, { limit: MOST_ROWS, cursor, runId: run }))
      return answer(c, 'audit', format, { pages, columns: AUDIT })
    })
    .get('/costs', operation({ ...FILE, summary: 'What work cost, as a file', query: costsQuery }), c => {
      const { format, automation } = c.req.valid('query')
      const workflowId = idOf(engine, automation)
      const pages = pagesOf(cursor => costsPage(engine, { limit: MOST_ROWS, cursor, workflowId }))
      return answer(c, 'costs', format, { pages, columns: COST })
    })
    .get('/notes', operation({ ...FILE, summary: 'Notes as a file', query: notesQuery }), c => {
      const { format, automation, tag } = c.req.valid('query')
      const pages = notePages(engine, { workflowId: idOf(engine, automation), tag })
      return answer(c, 'notes', format, { pages, columns: NOTE })
    })
}

function runPages(engine: Engine, { automation, state, since, until }: RunsQuery) {
  const filter = { limit: MOST_ROWS, workflowId: idOf(engine, automation), state, since, until }
  return pagesOf(cursor => runsPage(engine, { ...filter, cursor }))
}

type ExportedStep = { runId: string; automation: string } & StepView

function* stepPages(
  engine: Engine,
  pagesOfRuns: Iterable<readonly RunSummary[]>,
): Generator<readonly ExportedStep[]> {
  for (const runs of pagesOfRuns)
    for (const { id, automation } of runs)
      for (const steps of pagesOf(cursor => stepsPage(engine, id, { limit: STEPS_AT_ONCE, cursor })))
        yield steps.map(step => ({ runId: id, automation: automation.name, ...step }))
}

function* actionPages(
  engine: Engine,
  workflowId: string | undefined,
  states: readonly ActionView['state'][],
): Generator<readonly ActionView[]> {
  for (const state of states)
    yield* pagesOf(cursor => actionsPage(engine, { limit: MOST_ROWS, cursor, state, workflowId }))
}

function* notePages(
  engine: Engine,
  filter: { workflowId: string | undefined; tag: string | undefined },
): Generator<readonly NoteView[]> {
  for (const heads of pagesOf(cursor => notesPage(engine, { ...filter, limit: NOTES_AT_ONCE, cursor })))
    yield heads.flatMap(({ id }) => noteView(engine, id) ?? [])
}

const RUN: Columns<RunSummary> = {
  id: run => run.id,
  automation: run => run.automation.name,
  version: run => run.version,
  state: run => run.state,
  attempt: run => run.attempt,
  createdAt: run => timeCell(run.createdAt),
  startedAt: run => timeCell(run.startedAt),
  endedAt: run => timeCell(run.endedAt),
  waitingItems: run => run.waitingItems,
  cpuMs: run => run.cpuMs,
}

const STEP: Columns<ExportedStep> = {
  runId: step => step.runId,
  automation: step => step.automation,
  position: step => step.position,
  id: step => step.id,
  tool: step => step.tool,
  effect: step => step.effect,
  state: step => step.state,
  ok: step => step.ok,
  scope: step => step.scope,
  sentence: step => step.sentence,
  error: step => step.error?.message ?? null,
  tries: step => step.tries,
  costMicros: step => step.costMicros,
  begunAt: step => timeCell(step.begunAt),
  endedAt: step => timeCell(step.endedAt),
  input: step => step.input,
  output: step => step.output,
}

const ACTION: Columns<ActionView> = {
  id: action => action.id,
  kind: action => action.kind,
  state: action => action.state,
  automation: action => action.automation?.name ?? null,
  runId: action => action.runId,
  cause: action => action.cause,
  effect: action => action.effect,
  choice: action => action.choice,
  createdAt: action => timeCell(action.createdAt),
  resolvedAt: action => timeCell(action.resolvedAt),
  expiresAt: action => timeCell(action.expiresAt),
}

const AUDIT: Columns<AuditView> = {
  seq: row => row.seq,
  at: row => timeCell(row.at),
  kind: row => row.kind,
  automation: row => row.automation?.name ?? null,
  runId: row => row.runId,
  body: row => row.body,
}

const COST: Columns<CostView> = {
  id: cost => cost.id,
  at: cost => timeCell(cost.at),
  automation: cost => cost.automation?.name ?? null,
  runId: cost => cost.runId,
  stepId: cost => cost.stepId,
  taskId: cost => cost.taskId,
  purpose: cost => cost.purpose,
  tool: cost => cost.tool,
  connection: cost => cost.connection,
  model: cost => cost.model,
  micros: cost => cost.micros,
  inputTokens: cost => cost.tokens.input,
  cachedTokens: cost => cost.tokens.cached,
  outputTokens: cost => cost.tokens.output,
  reasoningTokens: cost => cost.tokens.reasoning,
  isEstimate: cost => cost.isEstimate,
  state: cost => cost.state,
}

const NOTE: Columns<NoteView> = {
  id: note => note.id,
  automation: note => note.automation.name,
  title: note => note.title,
  tags: note => note.tags.join(', '),
  outside: note => note.outside,
  createdAt: note => timeCell(note.createdAt),
  updatedAt: note => timeCell(note.updatedAt),
  text: note => note.text,
}
