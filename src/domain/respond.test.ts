import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { breakerEventOf, breakerNext, CLOSED } from './breaker.ts'
import type { BreakerState } from './breaker.ts'
import type { Failure, FailureKind } from './failure.ts'
import { backoff, classify, decideResponse, RETRY_LIMITS } from './respond.ts'
import type { FailedTry, FailureClass } from './respond.ts'

const message = 'It did not work.'

/** One of every kind: the type demands it, so a new kind cannot be left out. */
const SAMPLES: { [K in FailureKind]: Extract<Failure, { kind: K }> } = {
  network: { kind: 'network', message, host: 'a.com' },
  timeout: { kind: 'timeout', message, host: 'a.com', afterMs: 30_000 },
  'rate-limited': { kind: 'rate-limited', message, host: 'a.com', retryAfterMs: 5_000 },
  unavailable: { kind: 'unavailable', message, host: 'a.com', status: 503, retryAfterMs: null },
  offline: { kind: 'offline', message },
  'script-error': { kind: 'script-error', message, name: 'TypeError' },
  'bad-response': { kind: 'bad-response', message },
  rejected: { kind: 'rejected', message, status: 422 },
  'invalid-input': { kind: 'invalid-input', message },
  'script-limit': { kind: 'script-limit', message, limit: 'cpu', allowed: 10_000 },
  divergence: { kind: 'divergence', message, expected: 'a', found: 'b' },
  'outcome-missing': { kind: 'outcome-missing', message, check: 'file-exists' },
  'not-connected': { kind: 'not-connected', message, setting: 'gmail' },
  'auth-expired': { kind: 'auth-expired', message, connection: 'gmail:ada' },
  'auth-revoked': { kind: 'auth-revoked', message, connection: 'gmail:ada' },
  'scope-missing': { kind: 'scope-missing', message, connection: 'gmail:ada', scope: 'send' },
  'not-permitted': { kind: 'not-permitted', message, clause: 'reads.hosts' },
  'approval-expired': { kind: 'approval-expired', message, approval: 'apr_1' },
  'budget-exceeded': { kind: 'budget-exceeded', message, budget: 'actionsPerRun', resetsAt: null },
  'outcome-unknown': { kind: 'outcome-unknown', message, tool: 'http.request' },
  'input-needed': { kind: 'input-needed', message, question: 'Which folder?' },
  'vault-locked': { kind: 'vault-locked', message },
  internal: { kind: 'internal', message },
  'disk-full': { kind: 'disk-full', message },
  unknown: { kind: 'unknown', message },
}
const samples = Object.values(SAMPLES)
const of = (wanted: FailureClass) => samples.filter(failure => classify(failure) === wanted)

function respond(failure: Failure, parts: Partial<FailedTry> = {}) {
  const now = parts.now ?? 1_000_000
  return decideResponse({
    failure,
    tries: 1,
    firstTriedAt: now,
    now,
    random: 0.5,
    repairAvailable: false,
    ...parts,
  })
}

describe('what a failure becomes', () => {
  it('R5 each kind has the class of the specification', () => {
    const kinds = (wanted: FailureClass) => of(wanted).map(({ kind }) => kind)
    expect(kinds('retry')).toEqual(['network', 'timeout', 'rate-limited', 'unavailable', 'offline'])
    expect(kinds('repair')).toEqual([
      'script-error',
      'bad-response',
      'rejected',
      'invalid-input',
      'script-limit',
      'divergence',
      'outcome-missing',
    ])
    expect(kinds('stop')).toEqual(['internal', 'disk-full', 'unknown'])
    expect(kinds('action')).toHaveLength(10)
  })

  it('R5 repair where it is to be had; otherwise an action that says it is not', () => {
    for (const failure of of('repair')) {
      expect(respond(failure, { repairAvailable: true })).toEqual({ answer: 'repair' })
      const answer = respond(failure)
      expect(answer.answer === 'action' && answer.action.effect).toContain('not available yet')
    }
  })

  it('J4 an unknown outcome asks whether it went out and never retries', () => {
    const answer = respond(SAMPLES['outcome-unknown'], { repairAvailable: true, tries: 1 })
    if (answer.answer !== 'action') throw new Error('expected an action')
    expect(answer.action.cause).toContain('Did this go out?')
    expect(answer.action.choices.map(({ id }) => id)).toEqual(['it-went-out', 'it-did-not', 'skip'])
  })

  it.each(samples)('R5 $kind in words: cause, effect and choices a person can act on', failure => {
    const hostile = { ...failure, message: 'bad\u001b[31m\u202e\nnews' }
    const answer = respond(hostile, { tries: 99 })
    if (answer.answer !== 'action' && answer.answer !== 'stop') {
      expect(failure.kind).toBe('offline')
      return
    }
    const { cause, effect, choices, kind } = answer.action
    expect(kind).toBe(failure.kind)
    expect(choices.length).toBeGreaterThan(1)
    expect(new Set(choices.map(({ id }) => id)).size).toBe(choices.length)
    expect(choices.filter(({ style }) => style === 'primary').length).toBeLessThanOrEqual(1)
    for (const text of [cause, effect]) {
      expect(text).not.toMatch(/[^\P{C}]|!|\b(?:I|we|our|us|oops)\b|undefined|null/iu)
      expect(text).toMatch(/[.?›]$/)
    }
  })

  it('R5 one cause is one action; what is a step’s own is not shared', () => {
    const key = (failure: Failure, owner?: string) => {
      const answer = respond(failure, { tries: 99, ...(owner === undefined ? {} : { owner }) })
      return 'action' in answer ? answer.action.causeKey : ''
    }
    const expired = SAMPLES['auth-expired']
    expect(key(expired, 'run_1')).toBe(key(expired, 'run_2'))
    expect(key(expired)).not.toBe(key({ ...expired, connection: 'gmail:bo' }))
    expect(key(SAMPLES.network, 'run_1')).toBe(key({ ...SAMPLES.network, message: 'other' }, 'run_2'))
    const unknown = SAMPLES['outcome-unknown']
    expect(key(unknown, 'stp_1')).not.toBe(key(unknown, 'stp_2'))
    expect(key({ ...unknown, step: 'stp_1' })).not.toBe(key({ ...unknown, step: 'stp_2' }))
  })
})

describe('retrying', () => {
  const now = 1_800_000_000_000
  const retryable = fc.constantFrom(...of('retry').filter(({ kind }) => kind !== 'offline'))
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

  it('R5 every wait lies within its bounds and honours Retry-After up to a day', () => {
    const asked = fc.option(fc.integer({ min: 0, max: 5 * 86_400_000 }), { nil: null })
    fc.assert(
      fc.property(
        retryable,
        fc.integer({ min: 1, max: 5 }),
        random,
        asked,
        (failure, tries, chance, retryAfterMs) => {
          const given = 'retryAfterMs' in failure ? { ...failure, retryAfterMs } : failure
          const answer = respond(given, { tries, now, firstTriedAt: now - 60_000, random: chance })
          if (answer.answer !== 'retry') throw new Error('expected a retry')
          const wait = 'retryAfterMs' in failure ? Math.min(retryAfterMs ?? 0, 86_400_000) : 0
          expect(answer.at).toBeGreaterThanOrEqual(now + wait)
          expect(answer.at).toBeLessThanOrEqual(now + wait + RETRY_LIMITS.capMs)
          expect(answer).toMatchObject({ tries, firstTriedAt: now - 60_000 })
        },
      ),
    )
  })

  it('R5 waits grow with the tries up to the cap, and jitter fills them from zero', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), random, (tries, chance) => {
        const wait = backoff(tries, chance)
        expect(Number.isSafeInteger(wait)).toBe(true)
        expect(wait).toBeGreaterThanOrEqual(0)
        expect(wait).toBeLessThanOrEqual(RETRY_LIMITS.capMs)
        expect(backoff(tries + 1, chance)).toBeGreaterThanOrEqual(wait)
      }),
    )
    expect(backoff(1, 0)).toBe(0)
    expect(backoff(1, 0.999)).toBe(999)
    expect(backoff(9, 0.5)).toBe(RETRY_LIMITS.capMs / 2)
  })

  it('R5 tries and time run out into one action', () => {
    const limits = { maxTries: 3, maxElapsedMs: 1_000, baseMs: 10, factor: 2, capMs: 100 }
    const answer = (tries: number, elapsed: number) =>
      respond(SAMPLES.network, { tries, now, firstTriedAt: now - elapsed, retryLimits: limits }).answer
    expect([answer(1, 0), answer(2, 0), answer(3, 0)]).toEqual(['retry', 'retry', 'action'])
    expect([answer(1, 999), answer(1, 1_000)]).toEqual(['retry', 'action'])
    expect(answer(1, -5_000)).toBe('retry')
  })

  it('R5 being offline is looked at again within 60 s, for days, and uses up nothing', () => {
    let [tries, firstTriedAt, at] = [3, now - 5_000, now]
    for (let turn = 0; turn < 10_000; turn++) {
      const answer = respond(SAMPLES.offline, {
        tries: tries + 1,
        firstTriedAt,
        now: at,
        random: (turn % 10) / 10,
      })
      if (answer.answer !== 'retry') throw new Error('expected a retry')
      expect(answer.at - at).toBeGreaterThan(0)
      expect(answer.at - at).toBeLessThanOrEqual(60_000)
      ;[tries, firstTriedAt, at] = [answer.tries, answer.firstTriedAt, answer.at]
    }
    expect(tries).toBe(3)
    expect(at - firstTriedAt).toBe(5_000)
    expect(respond(SAMPLES.network, { tries: tries + 1, firstTriedAt, now: at }).answer).toBe('retry')
  })
})

describe('the breaker of a host', () => {
  const after = (events: ('success' | 'failure')[], now = 0): BreakerState =>
    events.reduce<BreakerState>((state, event) => breakerNext(state, event, now).state, CLOSED)
  const FIVE = Array.from({ length: 5 }, () => 'failure' as const)

  it('R5 opens after five failures in a row, not after five with a success between', () => {
    expect(breakerNext(after(FIVE.slice(1)), 'call', 0).allowed).toBe(true)
    expect(breakerNext(after(FIVE), 'call', 0)).toMatchObject({ allowed: false, retryAt: 30_000 })
    const mixed = after([...FIVE.slice(1), 'success', ...FIVE.slice(1)])
    expect(breakerNext(mixed, 'call', 0).allowed).toBe(true)
  })

  it('R5 lets one call through when the time is up, and closes when it succeeds', () => {
    const probing = breakerNext(after(FIVE), 'call', 30_000)
    expect(probing.allowed).toBe(true)
    expect(breakerNext(probing.state, 'call', 30_001)).toMatchObject({ allowed: false })
    expect(breakerNext(probing.state, 'success', 30_002).state).toEqual(CLOSED)
    const lost = breakerNext(probing.state, 'call', 60_000)
    expect(lost.allowed).toBe(true)
  })

  it('R5 stays shut twice as long after each failed look, up to 15 minutes', () => {
    let state = after(FIVE)
    let now = 0
    const waits: number[] = []
    for (let turn = 0; turn < 8; turn++) {
      const refused = breakerNext(state, 'call', now)
      waits.push((refused.retryAt ?? now) - now)
      now = refused.retryAt ?? now
      state = breakerNext(breakerNext(refused.state, 'call', now).state, 'failure', now).state
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900, 900].map(seconds => seconds * 1_000))
  })

  it('R5 a clock that is set back keeps no host shut for longer', () => {
    const state = after(FIVE, 3_600_000)
    expect(breakerNext(state, 'call', 0)).toMatchObject({ allowed: false, retryAt: 30_000 })
  })

  it('R5 whatever happens, a refused call is told a time within 15 minutes, and is let through then', () => {
    const event = fc.record({
      event: fc.constantFrom('call' as const, 'success' as const, 'failure' as const),
      passed: fc.integer({ min: -3_600_000, max: 3_600_000 }),
    })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), events => {
        let state: BreakerState = CLOSED
        let now = 1_000_000_000
        for (const { event, passed } of events) {
          now += passed
          const step = breakerNext(state, event, now)
          state = step.state
          if (step.allowed) continue
          expect(step.retryAt).toBeGreaterThan(now)
          expect(step.retryAt).toBeLessThanOrEqual(now + 900_000)
          expect(breakerNext(state, 'call', step.retryAt ?? now).allowed).toBe(true)
        }
      }),
    )
  })

  it('R5 only failures to reach or be served count against a host', () => {
    const saying = (wanted: string | null) =>
      samples.filter(f => breakerEventOf(f) === wanted).map(({ kind }) => kind)
    expect(saying('failure')).toEqual(['network', 'timeout', 'unavailable'])
    expect(saying('success')).toEqual(['rate-limited', 'bad-response', 'rejected'])
    expect(breakerEventOf(SAMPLES.offline)).toBeNull()
  })
})
