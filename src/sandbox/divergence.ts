/** Divergence in words: what the journal holds that the script did not ask for, and what it asked for instead. */
import type { Failure } from '../domain/failure.ts'
import type { ItemClose, RecordedStep } from './protocol.ts'

export function describeCall(tool: string): string {
  return `a new call of ${tool}`
}

export function runDivergence(step: RecordedStep, found: string | null): Failure {
  return divergence(step, found, 'run')
}

/** The close of an item whose body left its recorded writes unasked. */
export function itemDivergence(step: RecordedStep, found: string | null): ItemClose {
  const failure = divergence(step, found, 'item')
  return {
    scope: step.scope,
    outcome: { ok: false, error: { code: failure.kind, message: failure.message, failure } },
  }
}

function divergence(step: RecordedStep, found: string | null, what: 'run' | 'item'): Failure {
  const expected = `the recorded call of ${step.tool}`
  const instead = found ?? 'no further call'
  return {
    kind: 'divergence',
    expected,
    found: instead,
    step: step.stepId,
    message:
      `The script did not repeat what this ${what} has done before: ${expected} was expected, ${instead} was found. ` +
      `The ${what} stopped there; nothing new was done.`,
  }
}
