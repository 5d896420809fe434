/** The action of runs that failed: one for each automation and cause, which closes when its cause has cleared. */
import { draftAction } from '../../../domain/action-draft.ts'
import type { Contract } from '../../../domain/contract.ts'
import type { Failure } from '../../../domain/failure.ts'
import { raiseAction } from '../../store/actions.ts'
import type { RunRow } from '../../store/runs.ts'
import type { Tx } from '../../store/tx.ts'
import type { EngineContext } from '../context.ts'

/** One open row for each automation and cause. */
export function failedCause(workflowId: string, failure: Failure): string {
  return `run-failed:${workflowId}:${draftAction(failure, { tries: 1, owner: workflowId }).causeKey}`
}

export function raiseFailed(
  { store }: EngineContext,
  tx: Tx,
  failed: { row: RunRow; contract: Contract; failure: Failure; at: number },
): void {
  const { row, contract, failure, at } = failed
  const action = draftAction(failure, { tries: 1, owner: row.workflow_id })
  raiseAction(store, tx, {
    kind: 'run-failed',
    causeKey: failedCause(row.workflow_id, failure),
    workflowId: row.workflow_id,
    runId: row.id,
    itemId: null,
    stepId: failure.step ?? null,
    choices: action.choices,
    body: { cause: `${contract.title}: ${action.cause}`, effect: action.effect },
    expiresAt: null,
    at,
  })
}
