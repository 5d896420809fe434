/** What suspended scopes wait for (J6): found by time, by run, by signal name or by action; no memory is held. */
import { sql } from 'kysely'
import { z } from 'zod'
import type { Json } from '../../domain/json.ts'
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

export type WaitRow = Row<'waits'>
export type WaitKind = WaitRow['kind']

/** Kept as JSON beside the wait: how often it was tried, and whether it is over. */
const detailSchema = z.object({
  tries: z.int().default(0),
  firstTriedAt: z.int().default(0),
  /** The wait is over whatever the clock says; its run has been told. */
  over: z.boolean().default(false),
})
export type WaitDetail = z.output<typeof detailSchema>

/** Before every clock: a wait that is over is due at any time. */
export const OVER = 0

export interface NewWait {
  stepId: string
  runId: string
  itemId: string | null
  kind: WaitKind
  name?: string
  wakeAt: number | null
  localTime?: string
  zone?: string
  actionId?: string
  detail?: Partial<WaitDetail>
  at: number
}

const insert = insertion('waits', [
  'step_id',
  'run_id',
  'item_id',
  'kind',
  'name',
  'wake_at',
  'local_time',
  'zone',
  'action_id',
  'detail',
  'created_at',
])
const remove = statement((p: { stepId: string }) => query.deleteFrom('waits').where('step_id', '=', p.stepId))
const removeOfRun = statement((p: { runId: string }) =>
  query.deleteFrom('waits').where('run_id', '=', p.runId),
)
const removeOfWorkflow = statement((p: { workflowId: string }) =>
  query
    .deleteFrom('waits')
    .where('run_id', 'in', eb =>
      eb.selectFrom('script_runs').select('id').where('workflow_id', '=', p.workflowId),
    ),
)
const removeOfRunItself = statement((p: { runId: string }) =>
  query.deleteFrom('waits').where('run_id', '=', p.runId).where('item_id', 'is', null),
)
const removeOfItem = statement((p: { runId: string; itemId: string }) =>
  query.deleteFrom('waits').where('run_id', '=', p.runId).where('item_id', '=', p.itemId),
)
const byStep = statement((p: { stepId: string }) =>
  query.selectFrom('waits').selectAll().where('step_id', '=', p.stepId),
)
const ofRun = statement((p: { runId: string }) =>
  query.selectFrom('waits').selectAll().where('run_id', '=', p.runId),
)
const ofItem = statement((p: { runId: string; itemId: string }) =>
  query.selectFrom('waits').selectAll().where('run_id', '=', p.runId).where('item_id', '=', p.itemId),
)
const ofAction = statement((p: { actionId: string }) =>
  query.selectFrom('waits').selectAll().where('action_id', '=', p.actionId),
)
const countOfAction = statement((p: { actionId: string }) =>
  query
    .selectFrom('waits')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('action_id', '=', p.actionId),
)
const due = statement((p: { now: number; limit: number }) =>
  query
    .selectFrom('waits')
    .innerJoin('script_runs', 'script_runs.id', 'waits.run_id')
    .innerJoin('workflows', 'workflows.id', 'script_runs.workflow_id')
    .selectAll('waits')
    .where('waits.wake_at', 'is not', null)
    .where('waits.wake_at', '<=', p.now)
    .where('workflows.state', '=', 'active')
    .orderBy('waits.wake_at')
    .limit(p.limit),
)
/** Waits for a signal that has come. */
const signalled = statement((p: { limit: number }) =>
  query
    .selectFrom('inbox')
    .innerJoin('waits', 'waits.run_id', 'inbox.target_id')
    .innerJoin('script_runs', 'script_runs.id', 'waits.run_id')
    .innerJoin('workflows', 'workflows.id', 'script_runs.workflow_id')
    .selectAll('waits')
    .where('inbox.target_type', '=', 'run')
    .where('inbox.state', '=', 'new')
    .where('waits.kind', '=', 'signal')
    .where(({ eb, ref }) => eb('inbox.type', '=', sql<string>`'signal:' || ${ref('waits.name')}`))
    .where('workflows.state', '=', 'active')
    .limit(p.limit),
)
const any = statement((_p: object) => query.selectFrom('waits').select('step_id').limit(1))
const next = statement((p: { after: number }) =>
  query
    .selectFrom('waits')
    .select('wake_at')
    .where('wake_at', 'is not', null)
    .where('wake_at', '>', p.after)
    .orderBy('wake_at')
    .limit(1),
)
const offline = statement((_p: object) =>
  query.selectFrom('waits').selectAll().where('kind', '=', 'retry').where('name', '=', 'offline'),
)
const wake = statement(
  (p: { stepId: string; at: number | null; detail: string; answer: Uint8Array | null }) =>
    query
      .updateTable('waits')
      .set({ wake_at: p.at, detail: p.detail, sealed_answer: p.answer })
      .where('step_id', '=', p.stepId),
)

/** Replaces what this step waited for before. */
export function putWait(tx: Tx, wait: NewWait): void {
  tx.run(remove, { stepId: wait.stepId })
  tx.run(insert, {
    step_id: wait.stepId,
    run_id: wait.runId,
    item_id: wait.itemId,
    kind: wait.kind,
    name: wait.name ?? null,
    wake_at: wait.wakeAt,
    local_time: wait.localTime ?? null,
    zone: wait.zone ?? null,
    action_id: wait.actionId ?? null,
    detail: JSON.stringify(wait.detail ?? {}),
    created_at: wait.at,
  })
}

export function endWait(tx: Tx, stepId: string): void {
  tx.run(remove, { stepId })
}

export function endWaitsOfRun(tx: Tx, runId: string, keepItems: boolean): void {
  tx.run(keepItems ? removeOfRunItself : removeOfRun, { runId })
}

export function endWaitsOfItem(tx: Tx, runId: string, itemId: string): void {
  tx.run(removeOfItem, { runId, itemId })
}

export function endWaitsOfWorkflow(tx: Tx, workflowId: string): void {
  tx.run(removeOfWorkflow, { workflowId })
}

export function waitOf(reader: Reader, stepId: string): WaitRow | undefined {
  return reader.get(byStep, { stepId })
}

export function waitsOfRun(reader: Reader, runId: string): WaitRow[] {
  return reader.all(ofRun, { runId })
}

export function waitsOfItem(reader: Reader, runId: string, itemId: string): WaitRow[] {
  return reader.all(ofItem, { runId, itemId })
}

export function waitsOfAction(reader: Reader, actionId: string): WaitRow[] {
  return reader.all(ofAction, { actionId })
}

export function countWaitsOfAction(reader: Reader, actionId: string): number {
  return reader.get(countOfAction, { actionId })?.count ?? 0
}

/** Whether anything waits at all: asked at every turn, so that nothing more is asked when nothing does. */
export function hasWaits(reader: Reader): boolean {
  return reader.get(any, {}) !== undefined
}

export function dueWaits(reader: Reader, now: number, limit: number): WaitRow[] {
  return reader.all(due, { now, limit })
}

export function signalledWaits(reader: Reader, limit: number): WaitRow[] {
  return reader.all(signalled, { limit })
}

export function nextWake(reader: Reader, after: number): number | null {
  return reader.get(next, { after })?.wake_at ?? null
}

export function offlineWaits(reader: Reader): WaitRow[] {
  return reader.all(offline, {})
}

export function detailOf(wait: WaitRow): WaitDetail {
  return detailSchema.parse(JSON.parse(wait.detail))
}

/** What the person or the world decided; undefined where the wait ended without. */
export function answerOf(store: Store, wait: WaitRow): Json | undefined {
  return wait.sealed_answer === null ? undefined : store.open(wait.sealed_answer, answerContext(wait))
}

/** The wait is over, with what was decided if anything: due from now on, until its script has asked again (J6). */
export function answerWait(store: Store, tx: Tx, wait: WaitRow, answer?: Json): void {
  tx.run(wake, {
    stepId: wait.step_id,
    at: OVER,
    detail: JSON.stringify({ ...detailOf(wait), over: true }),
    answer: answer === undefined ? wait.sealed_answer : store.seal(answer, answerContext(wait)),
  })
}

/** The wait is over and its run has an event that says so: nothing else needs to look at it. */
export function handOnWait(tx: Tx, wait: WaitRow): void {
  tx.run(wake, {
    stepId: wait.step_id,
    at: null,
    detail: JSON.stringify({ ...detailOf(wait), over: true }),
    answer: wait.sealed_answer,
  })
}

function answerContext(wait: WaitRow): string {
  return `wait:${wait.step_id}:answer`
}
