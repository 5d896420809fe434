/** What of a run can be taken back, and what became of taking it back, as clients see it. */
import { z } from 'zod'
import { wholeStep } from '../../store/list-steps.ts'
import type { Step } from '../../store/journal.ts'
import type { RunRow } from '../../store/runs.ts'
import { countUndoSteps, undoReason, undoSteps, undosOfRun } from '../../store/undos.ts'
import type { UndoRow, UndoStepState } from '../../store/undos.ts'
import { effectsOf } from '../undo/effects.ts'
import type { Effect } from '../undo/effects.ts'
import { automationName, cursorText, pageOf, placeIn, sentenceOf } from './common.ts'
import type { AutomationName, Page, PageRequest, ViewSource } from './common.ts'
import { scopeOf } from './runs.ts'

interface Said {
  stepId: string
  tool: string
  sentence: string
  /** The item it belongs to; null for the run itself. */
  item: string | null
}

/** Something a run did that stands, or stood until it was taken back. */
export interface UndoableView extends Said {
  undo: Effect['undo']['is']
  /** Why it cannot be taken back. */
  because: string | null
  at: number
}

export interface UndoView {
  id: string
  runId: string
  automation: AutomationName
  state: UndoRow['state']
  counts: Partial<Record<UndoStepState, number>>
  createdAt: number
  endedAt: number | null
}

export interface UndoStepView extends Said {
  state: UndoStepState
  /** Why it stands. */
  reason: string | null
  at: number
}

/** Newest first: the order in which it would be taken back. */
export async function undoablePage(
  source: ViewSource,
  run: RunRow,
  page: PageRequest & { steps?: readonly string[] | undefined },
): Promise<Page<UndoableView>> {
  const [below] = placeIn(page, 'undoable', z.int()) ?? []
  const steps = page.steps === undefined ? undefined : new Set(page.steps)
  const wanted = { limit: page.limit + 1, steps, ...(below === undefined ? {} : { below }) }
  return pageOf(
    await effectsOf(source, run, wanted),
    page.limit,
    ({ step, undo }) => ({
      ...said(source, run.id, step),
      undo: undo.is,
      because: undo.is === 'no' ? undo.because : null,
      at: step.at,
    }),
    ({ position }) => cursorText('undoable', position),
  )
}

export function undoView(source: ViewSource, undo: UndoRow): UndoView {
  return {
    id: undo.id,
    runId: undo.run_id,
    automation: automationName(source, undo.workflow_id),
    state: undo.state,
    counts: countUndoSteps(source.store, undo.id),
    createdAt: undo.created_at,
    endedAt: undo.ended_at,
  }
}

export function undosPage(source: ViewSource, runId: string, page: PageRequest): Page<UndoView> {
  const [before] = placeIn(page, 'undos', z.string()) ?? []
  return pageOf(
    undosOfRun(source.store, runId, page.limit + 1, before),
    page.limit,
    row => undoView(source, row),
    row => cursorText('undos', row.id),
  )
}

export function undoStepsPage(source: ViewSource, undo: UndoRow, page: PageRequest): Page<UndoStepView> {
  const [below] = placeIn(page, 'undo-steps', z.int()) ?? []
  return pageOf(
    undoSteps(source.store, undo.id, page.limit + 1, below),
    page.limit,
    row => ({
      ...said(source, undo.run_id, wholeStep(source.store, row.step_id), row.step_id),
      state: row.state,
      reason: undoReason(source.store, row),
      at: row.at,
    }),
    row => cursorText('undo-steps', row.position),
  )
}

function said(source: ViewSource, runId: string, step: Step | undefined, stepId = step?.stepId ?? ''): Said {
  if (step === undefined)
    return { stepId, tool: '', sentence: 'A step that is no longer recorded', item: null }
  const output = step.outcome?.ok === true ? step.outcome.value : undefined
  return {
    stepId,
    tool: step.tool,
    sentence: sentenceOf(source.tools.get(step.tool), step.tool, step.args, output),
    item: scopeOf(source, step.owner, runId, new Map()),
  }
}
