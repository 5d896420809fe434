/** From where what a run holds may have come (P6), all its scopes taken together. */
import { ANYWHERE, carriedInto, sourcesOf } from '../provenance.ts'
import type { ActiveRun } from './call.ts'

export function carriedBy({ context, row, journal }: ActiveRun): string[] {
  return carriedInto(context.store, { workflowId: row.workflow_id, inboxId: row.inbox_id }, journal.recalls())
}

/** Empty where nothing came from outside. What was read and has no name may have come from anywhere. */
export function sourcesOfRun(run: ActiveRun): string[] {
  const reads = run.journal.reads()
  const named = sourcesOf(run.context.tools, reads)
  const read = reads.length > 0 && named.length === 0 ? [ANYWHERE] : named
  return [...new Set([...read, ...carriedBy(run)])]
}
