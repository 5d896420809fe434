/**
 * Taking back what runs did, as it is recorded: one row for each time a person asked for it, one for each step that
 * was asked for. The database lets no step be taken back twice, and one undo of an automation go at a time.
 */
import { sql } from 'kysely'
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

export type UndoRow = Row<'undos'>
export type UndoStepRow = Row<'undo_steps'>
export type UndoStepState = UndoStepRow['state']

export interface NewUndoStep {
  stepId: string
  position: number
  /** Why there is no way back; null where there is one. */
  impossible: string | null
}

const LEFT = sql<boolean>`state IN ('planned', 'begun')`

const insert = insertion('undos', ['id', 'run_id', 'workflow_id', 'state', 'created_at'])
const insertStep = insertion('undo_steps', ['undo_id', 'position', 'step_id', 'state', 'sealed_reason', 'at'])
const byId = statement((p: { id: string }) => query.selectFrom('undos').selectAll().where('id', '=', p.id))
const ofRun = statement((p: { runId: string; before: string; limit: number }) =>
  query
    .selectFrom('undos')
    .selectAll()
    .where('run_id', '=', p.runId)
    .where('id', '<', p.before)
    .orderBy('id', 'desc')
    .limit(p.limit),
)
const goingOf = statement((p: { workflowId: string }) =>
  query.selectFrom('undos').selectAll().where('workflow_id', '=', p.workflowId).where('state', '=', 'going'),
)
const going = statement((_p: object) =>
  query.selectFrom('undos').selectAll().where('state', '=', 'going').orderBy('id'),
)
const nextLeft = statement((p: { undoId: string }) =>
  query
    .selectFrom('undo_steps')
    .selectAll()
    .where('undo_id', '=', p.undoId)
    .where(LEFT)
    .orderBy('position', 'desc')
    .limit(1),
)
const left = statement((p: { undoId: string }) =>
  query.selectFrom('undo_steps').selectAll().where('undo_id', '=', p.undoId).where(LEFT),
)
const steps = statement((p: { undoId: string; below: number; limit: number }) =>
  query
    .selectFrom('undo_steps')
    .selectAll()
    .where('undo_id', '=', p.undoId)
    .where('position', '<', p.below)
    .orderBy('position', 'desc')
    .limit(p.limit),
)
const counts = statement((p: { undoId: string }) =>
  query
    .selectFrom('undo_steps')
    .select(({ fn }) => ['state', fn.countAll<number>().as('count')])
    .where('undo_id', '=', p.undoId)
    .groupBy('state'),
)
const taken = statement((p: { stepId: string }) =>
  query
    .selectFrom('undo_steps')
    .select('state')
    .where('step_id', '=', p.stepId)
    .where(sql<boolean>`state IN ('planned', 'begun', 'undone')`),
)
const move = statement(
  (p: { undoId: string; position: number; state: UndoStepState; reason: Uint8Array | null; at: number }) =>
    query
      .updateTable('undo_steps')
      .set({ state: p.state, sealed_reason: p.reason, at: p.at })
      .where('undo_id', '=', p.undoId)
      .where('position', '=', p.position),
)
const end = statement((p: { id: string; at: number }) =>
  query.updateTable('undos').set({ state: 'ended', ended_at: p.at }).where('id', '=', p.id),
)

export function createUndo(
  store: Store,
  tx: Tx,
  undo: { runId: string; workflowId: string; steps: readonly NewUndoStep[]; at: number },
): string {
  const id = store.ids.next('und')
  const { runId, workflowId, at } = undo
  tx.run(insert, { id, run_id: runId, workflow_id: workflowId, state: 'going', created_at: at })
  for (const { stepId, position, impossible } of undo.steps) {
    const state = impossible === null ? 'planned' : 'impossible'
    const reason = sealedReason(store, id, position, impossible)
    tx.run(insertStep, { undo_id: id, position, step_id: stepId, state, sealed_reason: reason, at })
  }
  return id
}

export function undoById(reader: Reader, id: string): UndoRow | undefined {
  return reader.get(byId, { id })
}

/** Newest first, from below `before`. */
export function undosOfRun(reader: Reader, runId: string, limit: number, before = '~'): UndoRow[] {
  return reader.all(ofRun, { runId, before, limit })
}

export function goingUndos(reader: Reader): UndoRow[] {
  return reader.all(going, {})
}

/** The undo that has the automation's turn. */
export function goingUndoOf(reader: Reader, workflowId: string): UndoRow | undefined {
  return reader.get(goingOf, { workflowId })
}

/** The newest step that is still to be taken back, or is being. */
export function nextUndoStep(reader: Reader, undoId: string): UndoStepRow | undefined {
  return reader.get(nextLeft, { undoId })
}

export function undoStepsLeft(reader: Reader, undoId: string): UndoStepRow[] {
  return reader.all(left, { undoId })
}

/** Newest first, from below the position. */
export function undoSteps(
  reader: Reader,
  undoId: string,
  limit: number,
  below = Number.MAX_SAFE_INTEGER,
): UndoStepRow[] {
  return reader.all(steps, { undoId, below, limit })
}

export function countUndoSteps(reader: Reader, undoId: string): Partial<Record<UndoStepState, number>> {
  return Object.fromEntries(reader.all(counts, { undoId }).map(row => [row.state, row.count]))
}

/** Whether the step was taken back, or is about to be. */
export function takenBack(reader: Reader, stepId: string): 'undone' | 'under-way' | null {
  const row = reader.get(taken, { stepId })
  if (row === undefined) return null
  return row.state === 'undone' ? 'undone' : 'under-way'
}

export function moveUndoStep(
  store: Store,
  tx: Tx,
  step: UndoStepRow,
  to: { state: UndoStepState; reason: string | null; at: number },
): void {
  const { undo_id: undoId, position } = step
  const reason = sealedReason(store, undoId, position, to.reason)
  tx.run(move, { undoId, position, state: to.state, reason, at: to.at })
}

export function endUndo(tx: Tx, id: string, at: number): void {
  tx.run(end, { id, at })
}

export function undoReason(store: Store, step: UndoStepRow): string | null {
  if (step.sealed_reason === null) return null
  return store.openText(step.sealed_reason, reasonContext(step.undo_id, step.position))
}

function sealedReason(store: Store, id: string, position: number, reason: string | null): Uint8Array | null {
  return reason === null ? null : store.sealText(reason, reasonContext(id, position))
}

function reasonContext(undoId: string, position: number): string {
  return `undo:${undoId}:${String(position)}`
}
