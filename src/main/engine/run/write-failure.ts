/** What the failure of a write says about whether it was done (J4). Pure. */
import type { Failure, FailureKind } from '../../../domain/failure.ts'
import { isJsonObject } from '../../../domain/json.ts'
import { classify } from '../../../domain/respond.ts'

/**
 * not-sent: nothing was done · fixable: refused, until a person puts something right · refused: for good ·
 * doubt: it may have been done.
 */
export type WriteFailure = 'not-sent' | 'fixable' | 'refused' | 'doubt'

export function meaningOf(failure: Failure): WriteFailure {
  if (neverLeft(failure)) return 'not-sent'
  if (!DEFINITE.has(failure.kind)) return 'doubt'
  return failure.kind !== 'not-permitted' && classify(failure) === 'action' ? 'fixable' : 'refused'
}

function neverLeft({ kind, detail }: Failure): boolean {
  if (kind === 'offline' || kind === 'rate-limited') return true
  return isJsonObject(detail) && detail['sent'] === 'no'
}

/** The remote, or this machine, said no before anything changed. */
const DEFINITE: ReadonlySet<FailureKind> = new Set([
  'rejected',
  'invalid-input',
  'not-permitted',
  'bad-response',
  'disk-full',
  'not-connected',
  'auth-expired',
  'auth-revoked',
  'scope-missing',
  'vault-locked',
])

/** How a write that may be repeated is tried again: as what failed it, where that passes or can be put right. */
export function passing(failure: Failure, tool: string): Failure {
  if (classify(failure) === 'retry' || meaningOf(failure) === 'fixable') return failure
  return { kind: 'unavailable', host: tool, status: null, retryAfterMs: null, message: failure.message }
}
