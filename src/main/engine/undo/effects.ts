/**
 * What a run did that stands, newest first, and whether there is a way back: by what is recorded alone. Whether the
 * world is still as the run left it is found out when a step is taken back.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LocalChange, ToolDeclaration, Undoable } from '../../../domain/tool.ts'
import { itemById } from '../../store/items.ts'
import type { Step } from '../../store/journal.ts'
import { listMarks, wholeStep } from '../../store/list-steps.ts'
import type { RunRow } from '../../store/runs.ts'
import { takenBack } from '../../store/undos.ts'
import type { ViewSource } from '../views/common.ts'

export interface Effect {
  readonly step: Step
  /** Where the run's journal says how it ended. */
  readonly position: number
  readonly undo: { is: 'yes' } | { is: 'no'; because: string } | { is: 'undone' } | { is: 'under-way' }
}

export interface Wanted {
  below?: number
  limit: number
  /** Of these steps only. */
  steps?: ReadonlySet<string> | undefined
}

const LOOKED_AT = 100

/** Other work goes on between the pieces of a long journal. */
export async function effectsOf(source: ViewSource, run: RunRow, wanted: Wanted): Promise<Effect[]> {
  const effects: Effect[] = []
  let below = wanted.below ?? Number.MAX_SAFE_INTEGER
  for (;;) {
    const marks = listMarks(source.store, run.id, below, LOOKED_AT)
    for (const mark of marks) {
      below = mark.position
      const isAsked = wanted.steps === undefined || wanted.steps.has(mark.step_id)
      const effect = isAsked ? effectAt(source, run, mark) : undefined
      if (effect !== undefined) effects.push(effect)
      if (effects.length >= wanted.limit) return effects
    }
    if (marks.length < LOOKED_AT) return effects
    await nextTurn()
  }
}

type Mark = ReturnType<typeof listMarks>[number]

function effectAt(source: ViewSource, run: RunRow, mark: Mark): Effect | undefined {
  if (!mayStand(source, run, mark)) return undefined
  const step = wholeStep(source.store, mark.step_id)
  if (step === undefined || step.state === 'unsent' || step.outcome?.ok === false) return undefined
  // One that ended is met where it ended, which may be in another run's journal.
  if (mark.kind === 'begin' && step.outcome !== null) return undefined
  const { position } = mark
  const taken = takenBack(source.store, step.stepId)
  if (taken !== null) return { step, position, undo: { is: taken } }
  const undo = wayBack(step, source.tools.get(step.tool))
  return step.state === 'dropped' || undo.is === 'nothing' ? undefined : { step, position, undo }
}

/** It did not fail, is no check of *Done when*, and is seen from outside its scope. */
function mayStand(source: ViewSource, run: RunRow, mark: Mark): boolean {
  if (mark.ok === 0 || mark.owner.startsWith(`${run.id}/`)) return false
  return mark.effect === 'write' || isCommitted(source, run, mark.owner)
}

/** What a scope stages is seen once it has succeeded, and never before (J2). */
function isCommitted(source: ViewSource, run: RunRow, owner: string): boolean {
  if (owner === run.id) return run.state === 'succeeded'
  return itemById(source.store, owner)?.state === 'done'
}

export function wayBack(step: Step, tool: ToolDeclaration | undefined): Undoable {
  if (step.effect === 'local' && step.changes.length === 0) return { is: 'nothing' }
  if (step.outcome?.ok !== true)
    return { is: 'no', because: 'Nobody saw how it ended. Answer that first: see steward inbox.' }
  if (tool === undefined) return { is: 'no', because: `There is no tool ${step.tool} any more.` }
  if (tool.undo === undefined) return { is: 'no', because: noWayBack(step.changes) }
  return tool.undoable?.(step.args, step.outcome.value, step.evidence) ?? { is: 'yes' }
}

function noWayBack(changes: readonly LocalChange[]): string {
  const kinds = new Set(changes.map(change => change.kind))
  if (kinds.has('notice')) return 'It was shown already.'
  if (kinds.has('publish')) return 'Other automations were told of it already.'
  return 'It has left this computer, or its tool knows no way back.'
}
