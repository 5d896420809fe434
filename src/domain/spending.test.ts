import { describe, expect, it } from 'vitest'
import type { CostOf } from './model.ts'
import { cappedBy, dollars, overFailure, spendingCaps, spendingCause, spendingSchema } from './spending.ts'

const SPENDING = spendingSchema.parse({})
const OF: CostOf = {
  purpose: 'build',
  workflowId: null,
  taskId: 'tsk_1',
  runId: null,
  stepId: null,
  tool: 'planner',
}
const caps = (now: string, zone: string, of = OF) => spendingCaps(SPENDING, of, Date.parse(now), zone)
const iso = (at: number | null | undefined) =>
  at === null || at === undefined ? at : new Date(at).toISOString()
const span = (cap: ReturnType<typeof caps>[number] | undefined) =>
  cap !== undefined && 'since' in cap.over ? [iso(cap.over.since), iso(cap.resetsAt)] : undefined

describe('spending caps', () => {
  it('are of the task, the day and the month, with careful amounts', () => {
    expect(caps('2026-03-10T12:00:00Z', 'UTC').map(cap => [cap.name, cap.micros])).toEqual([
      ['spending.perTask', 2_000_000],
      ['spending.perDay', 5_000_000],
      ['spending.perMonth', 50_000_000],
    ])
    expect(caps('2026-03-10T12:00:00Z', 'UTC', { ...OF, taskId: null })).toHaveLength(2)
  })

  it('count days and months on the clock of the zone, also where it is moved and across the year', () => {
    const [, day, month] = caps('2026-03-29T12:00:00Z', 'Europe/Berlin')
    expect(span(day)).toEqual(['2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'])
    expect(span(month)).toEqual(['2026-02-28T23:00:00.000Z', '2026-03-31T22:00:00.000Z'])
    const [, , december] = caps('2026-12-31T23:30:00Z', 'Asia/Kolkata')
    expect(span(december)).toEqual(['2026-12-31T18:30:00.000Z', '2027-01-31T18:30:00.000Z'])
  })

  it('have one action each, which names them', () => {
    const [task, day] = caps('2026-03-10T12:00:00Z', 'UTC')
    const causes = [task, day].map(cap => (cap === undefined ? null : spendingCause(cap)))
    expect(causes).toEqual(['budget-exceeded:spending.perTask:tsk_1', 'budget-exceeded:spending.perDay'])
    expect(causes.map(cause => cappedBy(cause ?? ''))).toEqual([
      { cap: 'spending.perTask', taskId: 'tsk_1' },
      { cap: 'spending.perDay', taskId: null },
    ])
    expect(cappedBy('budget-exceeded:stp_1')).toBeNull()
    expect(spendingCause({ name: 'costPerDayMicros', over: { since: 0 } })).toBeNull()
  })

  it('say what was spent, when they start anew and how they are raised', () => {
    const [, day] = caps('2026-03-10T12:00:00Z', 'UTC')
    if (day === undefined) throw new Error('there is no cap of the day')
    const { message } = overFailure(day, 4_900_000, 350_000)
    expect(message).toContain('The cap spending.perDay is $5.00; $4.90 of it are spent or reserved')
    expect(message).toContain('can cost $0.35. Nothing was sent. It starts anew at 2026-03-11 00:00 UTC.')
    expect(message).toContain('steward models cap day DOLLARS')
  })

  it('are told in dollars, and what is small exactly', () => {
    expect([0, 12, 9_999, 10_000, 2_500_000].map(dollars)).toEqual([
      '$0.00',
      '$0.000012',
      '$0.009999',
      '$0.01',
      '$2.50',
    ])
  })
})
