/**
 * Failure → one of three answers (docs/09-failure-repair.md). The class of a failure follows from its kind alone;
 * what is done about it, from the class, the history of the step and whether repair is to be had. Pure: time and
 * chance are arguments, and what a retry has to remember is part of its answer.
 */
import { draftAction } from './action-draft.ts'
import type { ActionDraft } from './action-draft.ts'
import type { Failure, FailureKind } from './failure.ts'

export type { ActionDraft, ActionChoice, ChoiceId } from './action-draft.ts'

export type FailureClass = 'retry' | 'repair' | 'action' | 'stop'

const CLASSES = {
  network: 'retry',
  timeout: 'retry',
  'rate-limited': 'retry',
  unavailable: 'retry',
  offline: 'retry',
  'script-error': 'repair',
  'bad-response': 'repair',
  rejected: 'repair',
  'invalid-input': 'repair',
  'script-limit': 'repair',
  divergence: 'repair',
  'outcome-missing': 'repair',
  'not-connected': 'action',
  'auth-expired': 'action',
  'auth-revoked': 'action',
  'scope-missing': 'action',
  'not-permitted': 'action',
  'approval-expired': 'action',
  'budget-exceeded': 'action',
  'outcome-unknown': 'action',
  'input-needed': 'action',
  'vault-locked': 'action',
  internal: 'stop',
  'disk-full': 'stop',
  unknown: 'stop',
} as const satisfies Record<FailureKind, FailureClass>

/** A `timeout` is of something that may be repeated: of a write it is made `outcome-unknown` at its source (J4). */
export function classify(failure: Failure): FailureClass {
  return CLASSES[failure.kind]
}

export interface RetryLimits {
  maxTries: number
  maxElapsedMs: number
  baseMs: number
  /** Each wait may be this many times longer than the one before. */
  factor: number
  capMs: number
}

/** Six tries over some minutes, so that a host that restarts needs nobody's attention. */
export const RETRY_LIMITS: RetryLimits = {
  maxTries: 6,
  maxElapsedMs: 6 * 3_600_000,
  baseMs: 1_000,
  factor: 4,
  capMs: 15 * 60_000,
}

const LONGEST_RETRY_AFTER_MS = 24 * 3_600_000
const OFFLINE_CHECK_MS = 60_000

export interface FailedTry {
  failure: Failure
  /** How often this was tried, this time included. */
  tries: number
  firstTriedAt: number
  now: number
  /** 0 ≤ random < 1. */
  random: number
  retryLimits?: RetryLimits
  /** Whether a model may be asked to repair the script. */
  repairAvailable: boolean
  /** The run, item or step concerned. Without it and without a step, one failure of each wording has one action. */
  owner?: string
}

/**
 * A retry carries what to store with it: `tries` and `firstTriedAt`. Being offline is nobody's failure, so it leaves
 * `tries` as it was before and moves `firstTriedAt` on by the time waited: it never uses up the limits.
 */
export type Response =
  | { answer: 'retry'; at: number; tries: number; firstTriedAt: number }
  | { answer: 'repair' }
  | { answer: 'action'; action: ActionDraft }
  | { answer: 'stop'; action: ActionDraft }

export function decideResponse(failed: FailedTry): Response {
  const { failure, tries, repairAvailable, owner } = failed
  const action = () => draftAction(failure, { tries, ...(owner === undefined ? {} : { owner }) })
  switch (classify(failure)) {
    case 'retry':
      return laterTry(failed) ?? { answer: 'action', action: action() }
    case 'repair':
      return repairAvailable ? { answer: 'repair' } : { answer: 'action', action: action() }
    case 'action':
      return { answer: 'action', action: action() }
    case 'stop':
      return { answer: 'stop', action: action() }
  }
}

/** How long to wait after so many tries: exponential, capped, with full jitter. */
export function backoff(tries: number, random: number, limits: RetryLimits = RETRY_LIMITS): number {
  const longest = Math.min(limits.capMs, limits.baseMs * limits.factor ** Math.max(0, tries - 1))
  return Math.floor(random * longest)
}

function laterTry(failed: FailedTry): Response | null {
  const { failure, tries, firstTriedAt, now, random, retryLimits = RETRY_LIMITS } = failed
  if (failure.kind === 'offline') {
    const wait = Math.ceil((OFFLINE_CHECK_MS / 2) * (1 + random))
    return {
      answer: 'retry',
      at: now + wait,
      tries: Math.max(0, tries - 1),
      firstTriedAt: firstTriedAt + wait,
    }
  }
  if (tries >= retryLimits.maxTries || now - firstTriedAt >= retryLimits.maxElapsedMs) return null
  const asked = Math.min(askedToWait(failure), LONGEST_RETRY_AFTER_MS)
  return { answer: 'retry', at: now + asked + backoff(tries, random, retryLimits), tries, firstTriedAt }
}

function askedToWait(failure: Failure): number {
  const known =
    failure.kind === 'rate-limited' || failure.kind === 'unavailable' ? failure.retryAfterMs : null
  return Math.max(0, known ?? 0)
}
