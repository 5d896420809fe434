import fc from 'fast-check'
import { expect, test } from 'vitest'
import { oracleDue } from '../../../../test/support/cron-oracle.ts'
import {
  GRACE_MS,
  settle,
  type Absence,
  type CatchUp,
  type FiredEvent,
  type LedgerRow,
  type Settled,
} from './settle.ts'
import type { ScheduleSpec } from './spec.ts'

const MINUTE = 60_000
const ZONE = 'Europe/Berlin'
/** Two hours before the clocks are moved on. */
const START = Date.parse('2026-03-28T23:00Z')

type Step =
  | { kind: 'advance'; minutes: number; busy: boolean }
  | { kind: 'sleep' | 'jump-on' | 'jump-back'; minutes: number }
  | { kind: 'restart' | 'claim' }
  | { kind: 'kill'; afterCommits: number }
  | { kind: 'policy'; catchUp: CatchUp }

const policies = fc.constantFrom<CatchUp>('skip', 'once', 'all')
const minutes = fc.oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 90, max: 1_500 }))
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('advance' as const), minutes, busy: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('sleep' as const, 'jump-on' as const, 'jump-back' as const), minutes }),
  fc.record({ kind: fc.constantFrom('restart' as const, 'claim' as const) }),
  fc.record({ kind: fc.constant('kill' as const), afterCommits: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ kind: fc.constant('policy' as const), catchUp: policies }),
)

const schedules: fc.Arbitrary<ScheduleSpec> = fc.oneof(
  fc.record({
    kind: fc.constant('interval' as const),
    everyMs: fc.integer({ min: 2, max: 200 }).map(minutes => minutes * MINUTE),
    anchor: fc.constant(START),
  }),
  fc.record({
    kind: fc.constant('cron' as const),
    expression: fc.constantFrom('*/7 * * * *', '0,30 2 * * *', '30 * * * *', '15 1-4 * * *', '0 8 * * 1-5'),
  }),
)

/** A core as far as one schedule sees it: what is on its disk, its clock, and the kills that befall it. */
class OneSchedule {
  readonly spec: ScheduleSpec
  catchUp: CatchUp
  now = START
  settledTo = START
  off: Absence | null = null
  pending = false
  readonly rows: LedgerRow[] = []
  readonly events: FiredEvent[] = []

  constructor(spec: ScheduleSpec, catchUp: CatchUp) {
    this.spec = spec
    this.catchUp = catchUp
  }

  /** Settles all that is due; a kill falls between the decision and the commit after that many commits. */
  settleAll(killAfter = Infinity): void {
    for (let commits = 0; ; commits++) {
      const decided = this.decide()
      if (commits === killAfter) return
      this.commit(decided)
      if (!decided.more) break
    }
    this.off = null
  }

  /** Time passes while the core is awake: it is woken at each due instant, a little late; busy, it claims nothing. */
  advance(ms: number, busy: boolean): void {
    const target = this.now + ms
    for (let next = this.decide().nextDue; next !== null && next <= target; next = this.decide().nextDue) {
      this.now = Math.max(this.now, next + 3)
      this.settleAll()
      this.pending &&= busy
    }
    this.now = Math.max(this.now, target)
    this.settleAll()
  }

  sleep(ms: number): void {
    this.off = { from: this.off?.from ?? this.now, to: this.now + ms }
    this.now += ms
  }

  /** As a boot would read it back: the rows at the end of the ledger that no event serves. */
  owed(): number {
    const served = this.rows.findLastIndex(row => row.fate !== 'merged' || row.servedBy !== null)
    return this.rows.length - 1 - served
  }

  decide(): Settled {
    const { spec, catchUp, settledTo, now, off, pending } = this
    const input = { spec, zone: ZONE, catchUp, settledTo, now, off, pending, owed: this.owed() }
    return settle({ ...input, graceMs: GRACE_MS, limit: 10 })
  }

  /** Is this fate right for this instant, now, under this policy? */
  allows({ dueAt, fate, reason, servedBy }: LedgerRow): boolean {
    const late = this.now - dueAt > GRACE_MS
    const fits = {
      ran: !late && servedBy === dueAt && reason === null,
      'caught-up': late && servedBy === dueAt && reason !== null,
      merged: this.catchUp !== 'all' && (servedBy !== 'waiting' || this.pending) && reason !== null,
      skipped: late && this.catchUp === 'skip' && servedBy === null && reason !== null,
    }
    return dueAt <= this.now && fits[fate]
  }

  commit({ rows, fire, settledTo, owed }: Settled): void {
    expect(settledTo).toBeGreaterThanOrEqual(this.settledTo)
    expect(rows.filter(row => !this.allows(row))).toEqual([])
    if (this.pending && this.catchUp !== 'all') expect(fire).toEqual([])
    this.rows.push(...rows)
    this.events.push(...fire)
    this.pending ||= fire.length > 0
    this.settledTo = settledTo
    expect(this.owed()).toBe(owed)
  }
}

function apply(core: OneSchedule, step: Step): void {
  switch (step.kind) {
    case 'advance':
      return core.advance(step.minutes * MINUTE, step.busy)
    case 'sleep':
      return core.sleep(step.minutes * MINUTE)
    case 'jump-on':
    case 'jump-back':
      core.now += (step.kind === 'jump-on' ? 1 : -1) * step.minutes * MINUTE
      return core.settleAll()
    case 'restart':
      return core.settleAll()
    case 'claim':
      core.pending = false
      return
    case 'kill':
      core.settleAll(step.afterCommits)
      core.off ??= { from: core.now, to: core.now }
      return
    case 'policy':
      core.catchUp = step.catchUp
      return
  }
}

function expectedInstants(spec: ScheduleSpec, until: number): number[] {
  if (spec.kind === 'cron')
    return oracleDue(spec.expression, ZONE, START, Math.floor(until / MINUTE) * MINUTE)
  const instants: number[] = []
  const everyMs = spec.kind === 'interval' ? spec.everyMs : Infinity
  for (let at = START + everyMs; at <= until; at += everyMs) instants.push(at)
  return instants
}

test('R4 whatever happens to core and clock, every due instant ends in exactly one row and fires at most once', () => {
  fc.assert(
    fc.property(schedules, policies, fc.array(steps, { maxLength: 14 }), (spec, catchUp, story) => {
      const core = new OneSchedule(spec, catchUp)
      for (const step of story) apply(core, step)
      core.now = Math.max(core.now, core.settledTo)
      core.settleAll()
      core.advance(4 * 1_440 * MINUTE, false)

      expect(core.rows.map(row => row.dueAt)).toEqual(expectedInstants(spec, core.settledTo))
      const firedRows = core.rows.filter(row => row.fate === 'ran' || row.fate === 'caught-up')
      expect(core.events.map(({ dueAt, kind }) => `${dueAt} ${kind}`)).toEqual(
        firedRows.map(({ dueAt, fate }) => `${dueAt} ${fate}`),
      )
    }),
    { numRuns: 150 },
  )
})

test('R4 every merged instant is served by an event, and the events account for all of them', () => {
  fc.assert(
    fc.property(schedules, policies, fc.array(steps, { maxLength: 25 }), (spec, catchUp, story) => {
      const core = new OneSchedule(spec, catchUp)
      for (const step of story) apply(core, step)
      core.now = Math.max(core.now, core.settledTo)
      core.pending = false
      core.settleAll()
      core.advance(4 * 1_440 * MINUTE, false)

      const merged = core.rows.filter(row => row.fate === 'merged')
      const fired = new Set(core.events.map(event => event.dueAt))
      expect(core.owed()).toBe(0)
      expect(merged.every(row => typeof row.servedBy !== 'number' || fired.has(row.servedBy))).toBe(true)
      const accounted = core.events.reduce((sum, event) => sum + event.merged, 0)
      const unaccounted = merged.length - accounted
      const withWaiting = merged.filter(row => row.servedBy === 'waiting').length
      const promised = merged.filter(row => row.servedBy === null).length
      // A promise is kept by the next event fired, or by one that waited when the promise came due.
      expect(unaccounted).toBeGreaterThanOrEqual(withWaiting)
      expect(unaccounted).toBeLessThanOrEqual(withWaiting + promised)
    }),
    { numRuns: 200 },
  )
})

test.each(['skip', 'once', 'all'] as const)(
  'R4 under %s alone, a day of absence ends as the policy says',
  policy => {
    const core = new OneSchedule({ kind: 'interval', everyMs: 20 * MINUTE, anchor: START }, policy)
    core.now = START + 1_440 * MINUTE + 10 * MINUTE
    core.off = { from: START, to: core.now }
    // Killed in the middle of catching up, with some of it committed.
    core.settleAll(3)
    core.settleAll()
    const kinds = core.events.map(event => event.kind)
    expect(core.rows).toHaveLength(72)
    if (policy === 'skip') expect(kinds).toEqual([])
    if (policy === 'once')
      expect(core.events).toEqual([{ dueAt: START + 1_440 * MINUTE, kind: 'caught-up', merged: 71 }])
    if (policy === 'all') expect(kinds).toEqual(Array.from({ length: 72 }, () => 'caught-up'))
  },
)
