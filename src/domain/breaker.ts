/**
 * The circuit breaker of one host (R5), as a pure state machine: a host that failed five times in a row is left alone
 * for a while that doubles, then one call is let through to see. Only failures to reach or be served count; whoever
 * answers, even with a refusal, is there.
 */
import type { Failure } from './failure.ts'

export type BreakerState =
  | { is: 'closed'; failures: number }
  | { is: 'open'; until: number; openForMs: number }
  /** One call is under way; were it lost, another is let through at `until`. */
  | { is: 'half-open'; until: number; openForMs: number }

export type BreakerEvent = 'call' | 'success' | 'failure'

export interface BreakerStep {
  state: BreakerState
  /** Of a `call`: whether it may go out. Otherwise true. */
  allowed: boolean
  /** Of a refused call: when to ask again. */
  retryAt: number | null
}

export const CLOSED: BreakerState = { is: 'closed', failures: 0 }

const OPENS_AFTER = 5
const FIRST_OPEN_MS = 30_000
const LONGEST_OPEN_MS = 15 * 60_000

export function breakerNext(state: BreakerState, event: BreakerEvent, now: number): BreakerStep {
  switch (event) {
    case 'call':
      return admit(state, now)
    case 'success':
      return { state: CLOSED, allowed: true, retryAt: null }
    case 'failure':
      return { state: afterFailure(state, now), allowed: true, retryAt: null }
  }
}

/** What a failure says about its host; null when it says nothing. */
export function breakerEventOf(failure: Failure): BreakerEvent | null {
  switch (failure.kind) {
    case 'network':
    case 'timeout':
    case 'unavailable':
      return 'failure'
    case 'rate-limited':
    case 'rejected':
    case 'bad-response':
      return 'success'
    default:
      return null
  }
}

function admit(state: BreakerState, now: number): BreakerStep {
  if (state.is === 'closed') return { state, allowed: true, retryAt: null }
  // A clock set back must not keep a host shut for longer than it was shut.
  const until = Math.min(state.until, now + state.openForMs)
  if (now < until) return { state: { ...state, until }, allowed: false, retryAt: until }
  const { openForMs } = state
  return { state: { is: 'half-open', until: now + openForMs, openForMs }, allowed: true, retryAt: null }
}

function afterFailure(state: BreakerState, now: number): BreakerState {
  switch (state.is) {
    case 'closed': {
      const failures = state.failures + 1
      return failures < OPENS_AFTER ? { is: 'closed', failures } : openFor(FIRST_OPEN_MS, now)
    }
    case 'half-open':
      return openFor(Math.min(2 * state.openForMs, LONGEST_OPEN_MS), now)
    case 'open':
      return state
  }
}

function openFor(openForMs: number, now: number): BreakerState {
  return { is: 'open', until: now + openForMs, openForMs }
}
