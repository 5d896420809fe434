/** Whether doing a write once more is the same as having done it once (J4). */
import type { Idempotency } from '../../../domain/tool.ts'
import type { ActiveRun, Call } from './call.ts'

export function idempotencyOf(run: ActiveRun, call: Call): Idempotency {
  const { idempotency } = call.tool
  return typeof idempotency === 'function' ? idempotency(call.args, run.contract) : idempotency
}

/** How long after a write began its key counts once. */
export function keyWindowOf(run: ActiveRun, call: Call): number {
  return call.tool.keyWindowMs?.(call.args, run.contract) ?? 0
}

/** Until when it may be repeated. */
export function repeatableUntil(run: ActiveRun, call: Call): number {
  const idempotency = idempotencyOf(run, call)
  if (idempotency === 'natural') return Infinity
  if (idempotency !== 'key') return -Infinity
  return (run.journal.find(call.step.stepId)?.begunAt ?? call.begunAt) + keyWindowOf(run, call)
}
