/**
 * Failure: everything that can go wrong with delegated work, as data. A closed union made at the source of
 * the failure, never by matching messages; what answers it is derived once, in `respond.ts`.
 * It does not own exceptions for bugs: those are ordinary `Error`s and become `internal` at the boundary.
 */
import type { Json } from './json.ts'

/** Where in the script: 1-based line and column of the text the planner or contributor wrote. */
export interface SourcePosition {
  line: number
  column: number
}

interface Common {
  /** For people: past tense, specific, no secrets. */
  message: string
  position?: SourcePosition
  /** The step that failed, where one did. */
  step?: string
  /** Evidence for the maintainer and the run view; redacted by its maker. */
  detail?: Json
}

export type Failure = Common &
  (
    | { kind: 'network'; host: string }
    | { kind: 'timeout'; host?: string; afterMs: number }
    | { kind: 'rate-limited'; host: string; retryAfterMs: number | null }
    | { kind: 'unavailable'; host: string; status: number | null; retryAfterMs: number | null }
    | { kind: 'offline' }
    | { kind: 'script-error'; name: string }
    | { kind: 'bad-response'; host?: string }
    | { kind: 'rejected'; host?: string; status?: number }
    | { kind: 'invalid-input'; path?: string }
    | { kind: 'script-limit'; limit: ScriptLimit; allowed: number }
    | { kind: 'divergence'; expected: string; found: string }
    | { kind: 'outcome-missing'; check: string }
    | { kind: 'not-connected'; setting: string }
    | { kind: 'auth-expired'; connection: string }
    | { kind: 'auth-revoked'; connection: string }
    | { kind: 'scope-missing'; connection: string; scope: string }
    | { kind: 'not-permitted'; clause: string }
    | { kind: 'approval-expired'; approval: string }
    | { kind: 'budget-exceeded'; budget: string; resetsAt: number | null }
    | { kind: 'outcome-unknown'; tool: string }
    | { kind: 'input-needed'; question: string }
    | { kind: 'vault-locked' }
    | { kind: 'internal' }
    | { kind: 'disk-full' }
    | { kind: 'unknown' }
  )

export type FailureKind = Failure['kind']
export type ScriptLimit = 'cpu' | 'wall' | 'memory' | 'stack' | 'calls' | 'bytes-in' | 'bytes-out'

const BRAND = Symbol.for('steward.failure')

/** Carries a Failure through code that only knows exceptions. Recognised by brand, so it survives realms. */
export class FailureError extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.name = 'FailureError'
    this.failure = failure
    Object.defineProperty(this, BRAND, { value: true })
  }
}

export function isFailureError(error: unknown): error is FailureError {
  return typeof error === 'object' && error !== null && BRAND in error
}

export function fail(failure: Failure): never {
  throw new FailureError(failure)
}

/** Whatever was thrown, as a Failure. What is not one already is a bug of ours, and says so without its stack. */
export function failureOf(thrown: unknown): Failure {
  if (isFailureError(thrown)) return thrown.failure
  if (isDiskFull(thrown)) {
    return {
      kind: 'disk-full',
      message: 'The disk is full. Nothing was changed by this step. Free some space, then resume.',
    }
  }
  return { kind: 'internal', message: 'An internal error stopped this step. Its cause is in the log.' }
}

function isDiskFull(thrown: unknown): boolean {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL'
}
