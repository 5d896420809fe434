/** Runs one tool: what it returns is checked, what it throws becomes a Failure at this boundary. */
import { failureOf, isFailureError } from '../../../domain/failure.ts'
import type { Failure } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import type { Outcome } from '../../../domain/tool.ts'
import { validateOutput } from '../../tools/validate.ts'
import type { StepNote } from '../observe/observer.ts'
import { contextFor, thrown, timeoutOf } from './call.ts'
import type { ActiveRun, Call } from './call.ts'

export class ToolFailed {
  readonly failure: Failure
  constructor(failure: Failure) {
    this.failure = failure
  }
}

/** Runs the tool and checks what it returns. A bug in it is logged by name and place, never by its text. */
export async function runTool(
  run: ActiveRun,
  call: Call,
  evidence: Json,
  signal: AbortSignal,
): Promise<Outcome | ToolFailed> {
  return run.context.observer.step(
    noteOf(run, call),
    () => useTool(run, call, evidence, signal),
    end => (end instanceof ToolFailed ? end.failure.kind : undefined),
  )
}

function noteOf({ row }: ActiveRun, { step, scope, tool }: Call): StepNote {
  return {
    automation: row.workflow_id,
    run: row.id,
    attempt: row.attempt,
    step: step.stepId,
    item: scope.itemId ?? undefined,
    tool: tool.name,
  }
}

async function useTool(
  run: ActiveRun,
  call: Call,
  evidence: Json,
  signal: AbortSignal,
): Promise<Outcome | ToolFailed> {
  try {
    const output = await call.tool.run(call.args, contextFor(run, call, evidence, signal))
    const checked = validateOutput(call.tool, output)
    if (!checked.ok) return new ToolFailed(checked.failure)
    const tooLarge = largerThan(run.contract.limits.bytesPerCall, call, checked.value)
    return tooLarge === null ? { ok: true, value: checked.value } : new ToolFailed(tooLarge)
  } catch (error) {
    if (!isFailureError(error) && !signal.aborted) logBug(run, call, error)
    return new ToolFailed(timedOut(error, call) ?? failureOf(error))
  }
}

/** What a write brought is recorded whatever its size: it was done, and that is the evidence (J2). */
function largerThan(allowed: number, call: Call, value: Json): Failure | null {
  if (call.effect === 'write') return null
  const bytes = Buffer.byteLength(JSON.stringify(value))
  if (bytes <= allowed) return null
  return {
    kind: 'script-limit',
    limit: 'bytes-in',
    allowed,
    message: `${call.tool.title} brought ${String(bytes)} bytes, and one call may bring ${String(allowed)}. Nothing of it was kept. Ask for less at once, or allow more in the contract (bytesPerCall).`,
  }
}

/** What the tool notes of the world before a change. */
export async function prepareTool(run: ActiveRun, call: Call): Promise<Json | ToolFailed> {
  if (call.tool.prepare === undefined) return null
  try {
    return await call.tool.prepare(call.args, contextFor(run, call, null, run.abort))
  } catch (error) {
    return new ToolFailed(failureOf(error))
  }
}

/** What came of the work, or that it had not ended by then; it is not stopped. */
export async function withinTime<T>(work: Promise<T>, ms: number): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>(resolve => {
    timer = setTimeout(() => {
      resolve('late')
    }, ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function timedOut(error: unknown, call: Call): Failure | undefined {
  if (!(error instanceof Error) || error.name !== 'TimeoutError') return undefined
  const afterMs = timeoutOf(call)
  return {
    kind: 'timeout',
    afterMs,
    message: `${call.tool.title} took longer than ${String(afterMs / 1000)} s.`,
  }
}

function logBug(run: ActiveRun, call: Call, error: unknown): void {
  run.context.log('error', 'a tool failed unexpectedly', {
    run: run.row.id,
    step: call.step.stepId,
    tool: call.tool.name,
    error,
  })
}

export function denied(call: Call, decision: { clause: string; reason: string }): Outcome {
  return thrown({
    kind: 'not-permitted',
    clause: decision.clause,
    message: decision.reason,
    step: call.step.stepId,
  })
}
