import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { callOf, contractOf, GET, judge, POST, UNUSED } from '../../test/support/policy-sample.ts'
import { dayStart, hourStart } from './zone.ts'

describe('quotas', () => {
  it('R5 beyond the hour or day a write is deferred to the next of the contract’s zone', () => {
    const contract = contractOf({ budget: { actionsPerRun: 9, actionsPerHour: 2, actionsPerDay: 3 } })
    expect(judge(POST, { contract, usage: { ...UNUSED, actionsThisHour: 2 } })).toMatchObject({
      verdict: 'defer',
      budget: 'actionsPerHour',
      until: Date.parse('2026-03-10T11:00Z'),
    })
    const spent = { ...UNUSED, actionsThisHour: 2, actionsThisDay: 3 }
    expect(judge(POST, { contract, usage: spent })).toMatchObject({
      verdict: 'defer',
      clause: 'budget.actionsPerDay',
      until: Date.parse('2026-03-10T23:00Z'),
    })
    const beforeSummer = Date.parse('2026-03-29T00:30Z')
    expect(judge(POST, { contract, usage: spent, now: beforeSummer })).toMatchObject({
      until: Date.parse('2026-03-29T22:00Z'),
    })
  })

  it('P2 beyond the run, and where waiting could never help, a call is denied', () => {
    const contract = contractOf({ budget: { actionsPerRun: 5, actionsPerHour: 2, actionsPerDay: 10 } })
    expect(judge(POST, { contract, usage: { ...UNUSED, actionsThisRun: 5 } })).toMatchObject({
      verdict: 'deny',
      clause: 'budget.actionsPerRun',
    })
    const two = callOf({ touches: { ...POST.touches, actions: 2 } })
    expect(judge(two, { contract, usage: { ...UNUSED, actionsThisRun: 4 } })).toMatchObject({
      verdict: 'deny',
    })
    expect(judge(two, { contract, usage: { ...UNUSED, actionsThisRun: 3 } })).toMatchObject({
      verdict: 'allow',
    })
    const three = callOf({ touches: { ...POST.touches, actions: 3 } })
    expect(judge(three, { contract })).toMatchObject({ verdict: 'deny', clause: 'budget.actionsPerHour' })
    const usage = { ...UNUSED, callsThisRun: 10_000 }
    expect(judge(GET, { usage })).toMatchObject({ verdict: 'deny', clause: 'budget.callsPerRun' })
    const negative = callOf({ touches: { ...POST.touches, actions: -1 } })
    expect(judge(negative, { contract })).toMatchObject({ verdict: 'deny' })
  })

  it('P2 cost beyond the run is denied, beyond the day deferred', () => {
    const contract = contractOf({ models: true, budget: { costPerRunMicros: 100, costPerDayMicros: 150 } })
    const model = callOf({ tool: 'llm.extract', effect: 'model', costMicros: 60 })
    expect(judge(model, { contract })).toMatchObject({ verdict: 'allow' })
    const run = { ...UNUSED, costThisRunMicros: 50 }
    expect(judge(model, { contract, usage: run })).toMatchObject({
      verdict: 'deny',
      clause: 'budget.costPerRunMicros',
    })
    const day = { ...UNUSED, costThisDayMicros: 100 }
    expect(judge(model, { contract, usage: day })).toMatchObject({
      verdict: 'defer',
      budget: 'costPerDayMicros',
    })
  })

  it('P2 a model is asked no more on a day whose budget is spent, whatever the next answer would cost', () => {
    const contract = contractOf({ models: true, budget: { costPerRunMicros: 100, costPerDayMicros: 150 } })
    const model = callOf({ tool: 'llm.extract', effect: 'model' })
    const spent = (costThisDayMicros: number) => ({ ...UNUSED, costThisDayMicros })
    expect(judge(model, { contract, usage: spent(149) })).toMatchObject({ verdict: 'allow' })
    expect(judge(model, { contract, usage: spent(150) })).toMatchObject({
      verdict: 'defer',
      budget: 'costPerDayMicros',
    })
    // Of a budget of nothing nothing was spent: what costs nothing may be asked.
    expect(judge(model, { contract: contractOf({ models: true }), usage: spent(0) })).toMatchObject({
      verdict: 'allow',
    })
  })

  it('P2 outside the windows writes are deferred to the next opening and reads are not', () => {
    const contract = contractOf({ windows: [{ from: '22:00', to: '02:00' }] })
    expect(judge(POST, { contract })).toMatchObject({
      verdict: 'defer',
      clause: 'windows',
      until: Date.parse('2026-03-10T21:00Z'),
    })
    expect(judge(GET, { contract })).toMatchObject({ verdict: 'allow' })
    expect(judge(POST, { contract, now: Date.parse('2026-03-10T23:30Z') })).toMatchObject({
      verdict: 'allow',
    })
  })

  it('P2 a random sequence of calls never exceeds any limit, and goes on when it was told to wait', () => {
    const step = fc.record({
      actions: fc.integer({ min: 1, max: 3 }),
      pause: fc.integer({ min: 0, max: 5_000_000 }),
    })
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.constantFrom('Europe/Berlin', 'Asia/Kolkata'),
        (steps, zone) => {
          const contract = contractOf({
            zone,
            budget: { actionsPerRun: 30, actionsPerHour: 4, actionsPerDay: 12 },
          })
          const made: { at: number; actions: number }[] = []
          const since = (start: number) =>
            made.reduce((sum, { at, actions }) => (at >= start ? sum + actions : sum), 0)
          let now = Date.parse('2026-03-28T20:00Z')
          for (const { actions, pause } of steps) {
            now += pause
            const usage = {
              ...UNUSED,
              actionsThisRun: since(0),
              actionsThisHour: since(hourStart(now, zone)),
              actionsThisDay: since(dayStart(now, zone)),
            }
            const call = callOf({ touches: { ...POST.touches, actions } })
            const decision = judge(call, { contract, usage, now })
            if (decision.verdict === 'defer') {
              expect(decision.until).toBeGreaterThan(now)
              now = decision.until
            }
            if (decision.verdict === 'allow') made.push({ at: now, actions })
            expect(since(0)).toBeLessThanOrEqual(30)
            expect(since(hourStart(now, zone))).toBeLessThanOrEqual(4)
            expect(since(dayStart(now, zone))).toBeLessThanOrEqual(12)
          }
        },
      ),
    )
  })
})
