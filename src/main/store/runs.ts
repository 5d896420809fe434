/** Runs: one execution of one script version for one event, and whose turn it is in its workflow's order (R3). */
import type { Failure } from '../../domain/failure.ts'
import type { Json } from '../../domain/json.ts'
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import { tallyRun } from './tallies.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

export type RunRow = Row<'script_runs'>
export type RunState = RunRow['state']

const insert = insertion('script_runs', [
  'id',
  'workflow_id',
  'script_id',
  'intent_id',
  'inbox_id',
  'state',
  'slot',
  'boot',
  'engine',
  'seed',
  'created_at',
  'started_at',
])
const byId = statement((p: { id: string }) =>
  query.selectFrom('script_runs').selectAll().where('id', '=', p.id),
)
const live = statement((_p: object) =>
  query.selectFrom('script_runs').selectAll().where('slot', 'is not', null).orderBy('id'),
)
const liveOf = statement((p: { workflowId: string }) =>
  query
    .selectFrom('script_runs')
    .selectAll()
    .where('workflow_id', '=', p.workflowId)
    .where('slot', 'is not', null),
)
const failedSince = statement((p: { workflowId: string; since: number }) =>
  query
    .selectFrom('script_runs')
    .select('id')
    .where('workflow_id', '=', p.workflowId)
    .where('state', '=', 'failed')
    .where('ended_at', '>=', p.since)
    .orderBy('id'),
)
const anySuccess = statement((p: { workflowId: string }) =>
  query
    .selectFrom('script_runs')
    .select('id')
    .where('workflow_id', '=', p.workflowId)
    .where('state', '=', 'succeeded')
    .limit(1),
)
const fence = statement((p: { id: string; attempt: number }) =>
  query
    .selectFrom('script_runs')
    .select('cancelling')
    .where('id', '=', p.id)
    .where('attempt', '=', p.attempt),
)
const take = statement(
  (p: { id: string; boot: string; engine: string; slot: number; demand: RunRow['demand'] }) =>
    query
      .updateTable('script_runs')
      .set(({ eb }) => ({
        state: 'running',
        slot: p.slot,
        boot: p.boot,
        engine: p.engine,
        demand: p.demand,
        attempt: eb('attempt', '+', 1),
        ended_at: null,
        sealed_failure: null,
      }))
      .where('id', '=', p.id),
)
const reenter = statement((p: { id: string; boot: string; slot: number }) =>
  query
    .updateTable('script_runs')
    .set(({ eb }) => ({ slot: p.slot, boot: p.boot, attempt: eb('attempt', '+', 1) }))
    .where('id', '=', p.id),
)
const rest = statement((p: { id: string; state: RunState; cpu_ms: number; wall_ms: number }) =>
  query
    .updateTable('script_runs')
    .set({ state: p.state, cpu_ms: p.cpu_ms, wall_ms: p.wall_ms })
    .where('id', '=', p.id),
)
const computed = statement((p: { id: string; cpu_ms: number }) =>
  query.updateTable('script_runs').set({ cpu_ms: p.cpu_ms }).where('id', '=', p.id),
)
const forgive = statement((p: { id: string }) =>
  query.updateTable('script_runs').set({ cpu_ms: 0, wall_ms: 0 }).where('id', '=', p.id),
)
const leave = statement((p: { id: string; waiting_items: number }) =>
  query
    .updateTable('script_runs')
    .set({ slot: null, cancelling: 0, waiting_items: p.waiting_items })
    .where('id', '=', p.id),
)
const finish = statement(
  (p: {
    id: string
    state: RunState
    at: number
    result: Uint8Array | null
    failure: Uint8Array | null
    waiting_items: number
    open_checks: string | null
    cpu_ms: number
    wall_ms: number
  }) =>
    query
      .updateTable('script_runs')
      .set({
        state: p.state,
        slot: null,
        ended_at: p.at,
        sealed_result: p.result,
        sealed_failure: p.failure,
        waiting_items: p.waiting_items,
        open_checks: p.open_checks,
        cpu_ms: p.cpu_ms,
        wall_ms: p.wall_ms,
        cancelling: 0,
      })
      .where('id', '=', p.id),
)
const judge = statement(
  (p: { id: string; state: RunState; failure: Uint8Array | null; ended_at: number; open_checks: string }) =>
    query
      .updateTable('script_runs')
      .set({ state: p.state, sealed_failure: p.failure, ended_at: p.ended_at, open_checks: p.open_checks })
      .where('id', '=', p.id),
)
const markCancelling = statement((p: { id: string }) =>
  query.updateTable('script_runs').set({ cancelling: 1 }).where('id', '=', p.id),
)

/** What a run has used of its time, over all its lives (S2). */
export interface Used {
  cpuMs: number
  /** At work; waiting does not count. */
  wallMs: number
}

export interface NewRun {
  workflowId: string
  scriptId: string
  intentId: string
  inboxId: string
  slot: number
  boot: string
  engine: string
  at: number
}

export function createRun(store: Store, tx: Tx, run: NewRun): string {
  const id = store.ids.next('run')
  tx.run(insert, {
    id,
    workflow_id: run.workflowId,
    script_id: run.scriptId,
    intent_id: run.intentId,
    inbox_id: run.inboxId,
    state: 'running',
    slot: run.slot,
    boot: run.boot,
    engine: run.engine,
    seed: id,
    created_at: run.at,
    started_at: run.at,
  })
  return id
}

export function runById(reader: Reader, id: string): RunRow | undefined {
  return reader.get(byId, { id })
}

/** Runs that hold a turn: running or waiting. */
export function liveRuns(reader: Reader): RunRow[] {
  return reader.all(live, {})
}

export function liveRunsOf(reader: Reader, workflowId: string): RunRow[] {
  return reader.all(liveOf, { workflowId })
}

/** The lowest free turn of a workflow, or undefined when all are held. */
export function freeSlot(reader: Reader, workflowId: string, concurrency: number): number | undefined {
  const held = new Set(liveRunsOf(reader, workflowId).map(run => run.slot))
  for (let slot = 0; slot < concurrency; slot++) if (!held.has(slot)) return slot
  return undefined
}

/** Failed runs of a workflow that ended at or after `since`, oldest first. */
export function failedRunsSince(reader: Reader, workflowId: string, since: number): string[] {
  return reader.all(failedSince, { workflowId, since }).map(run => run.id)
}

export function everSucceeded(reader: Reader, workflowId: string): boolean {
  return reader.get(anySuccess, { workflowId }) !== undefined
}

/** False when this executor is no longer the run's: a later boot or attempt took it over (J11). */
export function stillOwns(reader: Reader, id: string, attempt: number): boolean {
  return reader.get(fence, { id, attempt }) !== undefined
}

/** A new attempt of a run by this boot; answers with the run as it now is. */
export function takeRun(
  tx: Tx,
  run: { id: string; boot: string; engine: string; slot: number; demand: RunRow['demand'] },
): RunRow {
  tx.run(take, run)
  return existing(tx, run.id)
}

/** Lets an ended run be entered again for its waiting items; its state and end stay as they were (J7). */
export function reenterRun(tx: Tx, run: { id: string; boot: string; slot: number }): RunRow {
  tx.run(reenter, run)
  return existing(tx, run.id)
}

export function leaveRun(tx: Tx, id: string, waitingItems: number): void {
  tx.run(leave, { id, waiting_items: waitingItems })
}

export function restRun(tx: Tx, id: string, state: 'running' | 'waiting', used: Used): void {
  tx.run(rest, { id, state, cpu_ms: used.cpuMs, wall_ms: used.wallMs })
}

/** What an ended run's items computed when they were gone on with. */
export function noteComputed(tx: Tx, id: string, cpuMs: number): void {
  tx.run(computed, { id, cpu_ms: cpuMs })
}

/** A person gives it another try: it has its whole time again. */
export function forgiveUsed(tx: Tx, id: string): void {
  tx.run(forgive, { id })
}

export function usedBy(run: RunRow): Used {
  return { cpuMs: run.cpu_ms, wallMs: run.wall_ms }
}

export interface RunEnding {
  state: 'succeeded' | 'failed' | 'cancelled' | 'declined'
  at: number
  result: Json | null
  failure: Failure | null
  waitingItems: number
  /** What has to be judged again as its waiting items end; null where nothing has. */
  openChecks: readonly number[] | null
  used: Used
}

export function finishRun(store: Store, tx: Tx, id: string, ending: RunEnding): void {
  tx.run(finish, {
    id,
    state: ending.state,
    at: ending.at,
    result: ending.result === null ? null : store.seal(ending.result, `run:${id}:result`),
    failure: sealedFailure(store, id, ending.failure),
    waiting_items: ending.waitingItems,
    open_checks: ending.openChecks === null ? null : JSON.stringify(ending.openChecks),
    cpu_ms: ending.used.cpuMs,
    wall_ms: ending.used.wallMs,
  })
  tallyRun(tx, ending.state)
}

/** Its items have ended since, and with that its *Done when* is told anew (O1). */
export function rejudgeRun(
  store: Store,
  tx: Tx,
  run: RunRow,
  judged: { failure: Failure | null; at: number; openChecks: readonly number[] },
): void {
  const { failure, at, openChecks } = judged
  tx.run(judge, {
    id: run.id,
    state: failure === null ? 'succeeded' : 'failed',
    failure: sealedFailure(store, run.id, failure),
    ended_at: at,
    open_checks: JSON.stringify(openChecks),
  })
  if (failure !== null) tallyRun(tx, 'failed')
}

/** Null where nothing of it has to be judged later. */
export function openChecksOf(run: RunRow): number[] | null {
  return run.open_checks === null ? null : (JSON.parse(run.open_checks) as number[])
}

function sealedFailure(store: Store, id: string, failure: Failure | null): Uint8Array | null {
  return failure === null ? null : store.sealText(JSON.stringify(failure), `run:${id}:failure`)
}

export function requestCancel(tx: Tx, id: string): void {
  tx.run(markCancelling, { id })
}

export function resultOf(store: Store, run: RunRow): Json | null {
  return run.sealed_result === null ? null : store.open(run.sealed_result, `run:${run.id}:result`)
}

export function failureOfRun(store: Store, run: RunRow): Failure | null {
  if (run.sealed_failure === null) return null
  return JSON.parse(store.openText(run.sealed_failure, `run:${run.id}:failure`)) as Failure
}

function existing(reader: Reader, id: string): RunRow {
  const row = runById(reader, id)
  if (row === undefined) throw new Error(`run ${id} is missing`)
  return row
}
