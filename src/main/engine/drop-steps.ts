/** Takes a recorded step back, so that its call may be issued anew, with what the script looked at after it. */
import { appendEntry, journalEnd } from '../store/journal.ts'
import type { Step } from '../store/journal.ts'
import type { RunRow } from '../store/runs.ts'
import type { Tx } from '../store/tx.ts'
import type { EngineContext } from './context.ts'
import type { RunJournal } from './run/run-journal.ts'

/** `among` are the steps of its scope; `journal` is that of its run while it is at work. */
export function dropWithAftermath(
  { store, clock }: EngineContext,
  tx: Tx,
  taken: { run: RunRow; step: Step; among: readonly Step[]; note: string },
  journal?: RunJournal,
): void {
  const { run, note } = taken
  const at = clock.now()
  // What the script did about it is taken back with it: it may not come to that again.
  const after = taken.among.filter(step => isAftermath(step, taken.step))
  for (const step of [taken.step, ...after]) {
    if (journal !== undefined) {
      journal.mark(tx, step, 'drop', { note, begunAt: step.begunAt, at })
      continue
    }
    appendEntry(store, tx, {
      ...step,
      runId: run.id,
      workflowId: run.workflow_id,
      position: journalEnd(tx, run.id).position + 1,
      kind: 'drop',
      turn: null,
      actions: 0,
      costMicros: 0,
      at,
      attempt: run.attempt,
      body: { note },
    })
  }
}

/** Whether a step of the same scope came after another. What was changed outside stays as it is. */
function isAftermath(step: Step, other: Step): boolean {
  if (step.owner !== other.owner || step.state !== 'done' || step.tool === 'flow.open') return false
  if (step.tool === 'flow.settle' || step.seq <= other.seq) return false
  return step.effect !== 'write' || step.outcome?.ok === false
}
