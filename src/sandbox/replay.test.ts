import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Effect, Outcome } from '../domain/tool.ts'
import type { RecordedStep } from './protocol.ts'
import { type Delivery, type RecordedDelivery, ReplayDriver, type ReplayPlan } from './replay.ts'
import { itemScope } from './scopes.ts'

/**
 * A guest as the driver sees it: call n may be made once everything it needs was delivered. Calls are made in order of
 * their number, all that can be made at each rest.
 */
interface GuestModel {
  calls: { needs: number[]; effect: Effect; kind: number }[]
}

const guestModel: fc.Arbitrary<GuestModel> = fc
  .array(
    fc.record({
      needs: fc.array(fc.nat(), { maxLength: 3 }),
      effect: fc.constantFrom<Effect>('read', 'write', 'local'),
      // Few kinds: equal tool and arguments occur, so that occurrences matter.
      kind: fc.nat(2),
    }),
    { minLength: 1, maxLength: 14 },
  )
  .map(calls => ({
    calls: calls.map((call, n) => ({
      ...call,
      needs: n === 0 ? [] : [...new Set(call.needs.map(need => need % n))],
    })),
  }))

/** What is held back is the instance's affair: the driver only says when its turn is. */
function given({ callId, outcome, at }: RecordedDelivery): Delivery {
  if (outcome === 'held') throw new Error('nothing was held back')
  return { callId, outcome, at }
}

interface Trace {
  journal: RecordedStep[]
  deliveries: number[]
  released: string[]
}

/** Plays the model against a driver and a host that answers in the order `pick` says, until `stopAfter` completions. */
function play(
  model: GuestModel,
  plan: ReplayPlan,
  pick: (waiting: number) => number,
  stopAfter = Infinity,
): Trace {
  const driver = new ReplayDriver(plan)
  const trace: Trace = { journal: [...plan.recorded], deliveries: [], released: [] }
  const issued = new Map<number, RecordedStep>()
  const delivered = new Set<number>()
  const flying: number[] = []
  let turn = Math.max(0, ...plan.recorded.map(step => step.turn ?? 0))

  const rest = (): void => {
    for (;;) {
      model.calls.forEach(({ needs, effect, kind }, n) => {
        if (issued.has(n) || !needs.every(need => delivered.has(need))) return
        const call = { callId: n, scope: '', tool: `t.${effect}`, argHash: String(kind), item: null }
        const occurrence = driver.issue(call)
        issued.set(n, step({ ...call, effect, occurrence }))
      })
      const next = driver.next()
      if (!next) break
      driver.deliver(given(next))
      delivered.add(next.callId)
      trace.deliveries.push(next.callId)
    }
    const released = driver.release()
    expect(released.failure).toBeNull()
    for (const { callId, recorded } of released.calls) {
      trace.released.push(`${String(callId)} ${recorded ?? 'new'}`)
      flying.push(callId)
    }
  }

  rest()
  for (let count = 0; flying.length > 0 && count < stopAfter; count++) {
    const [n = 0] = flying.splice(pick(flying.length), 1)
    turn += 1
    const outcome: Outcome = { ok: true, value: n }
    const begun = issued.get(n)
    if (begun)
      trace.journal = [
        ...trace.journal.filter(each => each.stepId !== begun.stepId),
        { ...begun, turn, outcome },
      ]
    driver.deliver({ callId: n, outcome, at: turn })
    delivered.add(n)
    trace.deliveries.push(n)
    rest()
  }
  const begun = flying.flatMap(n => issued.get(n) ?? []).filter(each => each.effect === 'write')
  trace.journal.push(...begun.filter(each => !trace.journal.some(known => known.stepId === each.stepId)))
  return trace
}

function step(of: Partial<RecordedStep> & { tool: string; argHash: string }): RecordedStep {
  const full = {
    scope: '',
    effect: 'read' as Effect,
    occurrence: 0,
    turn: null,
    outcome: null,
    at: 0,
    inherited: false,
    ...of,
  }
  const stepId = of.stepId ?? `${full.scope}/${full.tool}/${full.argHash}/${String(full.occurrence)}`
  return {
    stepId,
    scope: full.scope,
    tool: full.tool,
    effect: full.effect,
    argHash: full.argHash,
    occurrence: full.occurrence,
    turn: full.turn,
    outcome: full.outcome,
    at: full.at,
    inherited: full.inherited,
  }
}

const done: Outcome = { ok: true, value: null }
const nothing = { recorded: [], demand: 'exact' as const, reenter: null }
const schedule = fc.infiniteStream(fc.nat())

function picker(order: Iterable<number>): (waiting: number) => number {
  const numbers = order[Symbol.iterator]()
  return waiting => {
    const next = numbers.next()
    return next.done ? 0 : next.value % waiting
  }
}

describe('replay', () => {
  it('J3 a run that was cut anywhere is delivered the same completions in the same order, and issues only the rest', () => {
    fc.assert(
      fc.property(
        guestModel,
        schedule,
        schedule,
        fc.nat(14),
        fc.constantFrom('exact' as const, 'writes' as const),
        (model, first, second, cut, demand) => {
          const before = play(model, nothing, picker(first), cut)
          const plan = { recorded: before.journal, demand, reenter: null }
          const after = play(model, plan, picker(second))
          const recorded = before.journal.filter(each => each.outcome).length
          expect(after.deliveries.slice(0, recorded)).toEqual(before.deliveries)
          expect(new Set(after.deliveries).size).toBe(model.calls.length)
          for (const released of after.released) {
            const [n] = released.split(' ')
            expect(before.deliveries).not.toContain(Number(n))
          }
          for (const begun of before.journal.filter(each => each.outcome === null)) {
            expect(after.released.filter(released => released.endsWith(` ${begun.stepId}`))).toHaveLength(1)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('J3 a whole recorded run replays twice to the identical calls and deliveries, whatever order it completed in', () => {
    fc.assert(
      fc.property(guestModel, schedule, (model, order) => {
        const live = play(model, nothing, picker(order))
        const plan = { recorded: live.journal, demand: 'exact' as const, reenter: null }
        const once = play(model, plan, () => 0)
        expect(once.deliveries).toEqual(live.deliveries)
        expect(once.released).toEqual([])
        expect(play(model, plan, () => 0)).toEqual(once)
      }),
      { numRuns: 300 },
    )
  })

  it('J5 a recorded call that is not asked for stops the run before any new call leaves', () => {
    fc.assert(
      fc.property(guestModel, schedule, fc.nat(), (model, order, lost) => {
        const live = play(model, nothing, picker(order))
        const driver = new ReplayDriver({ recorded: live.journal, demand: 'exact', reenter: null })
        const missing = live.journal[lost % live.journal.length]
        for (const each of live.journal.filter(other => other !== missing)) {
          driver.issue({ callId: 100, scope: '', tool: each.tool, argHash: `${each.argHash}!`, item: null })
        }
        const released = driver.release()
        expect(released.failure?.kind).toBe('divergence')
        expect(released.calls).toEqual([])
      }),
      { numRuns: 100 },
    )
  })

  it('J5 a new write waits behind the recorded one, and the failure names both', () => {
    const driver = new ReplayDriver({
      recorded: [step({ tool: 'mail.send', argHash: 'a', effect: 'write', turn: 1, outcome: done })],
      demand: 'writes',
      reenter: null,
    })
    driver.issue({ callId: 1, scope: '', tool: 'mail.send', argHash: 'b', item: null })
    const { failure, calls } = driver.release()
    expect(calls).toEqual([])
    expect(failure).toMatchObject({
      kind: 'divergence',
      expected: 'the recorded call of mail.send',
      found: 'a new call of mail.send',
    })
  })

  it('J5 a call that is asked for more often than recorded is new, not the recorded one again', () => {
    const driver = new ReplayDriver({
      recorded: [step({ tool: 'mail.send', argHash: 'a', effect: 'write', turn: 1, outcome: done })],
      demand: 'exact',
      reenter: null,
    })
    expect(driver.issue({ callId: 1, scope: '', tool: 'mail.send', argHash: 'a', item: null })).toBe(0)
    expect(driver.issue({ callId: 2, scope: '', tool: 'mail.send', argHash: 'a', item: null })).toBe(1)
    expect(driver.next()?.callId).toBe(1)
    expect(driver.release().calls).toEqual([{ callId: 2, recorded: null }])
  })

  it('J8 with demand “writes”, unasked reads are reported and let go; a later call of theirs is new', () => {
    const driver = new ReplayDriver({
      recorded: [step({ tool: 'http.get', argHash: 'a', turn: 1, outcome: done, stepId: 'old' })],
      demand: 'writes',
      reenter: null,
    })
    expect(driver.release()).toMatchObject({ failure: null, unconsumed: ['old'] })
    driver.issue({ callId: 1, scope: '', tool: 'http.get', argHash: 'a', item: null })
    expect(driver.next()).toBeNull()
    expect(driver.release().calls).toEqual([{ callId: 1, recorded: null }])
  })

  it('J4 a write that was begun and has no end is released under its own name', () => {
    const driver = new ReplayDriver({
      recorded: [step({ tool: 'mail.send', argHash: 'a', effect: 'write', stepId: 'stp_1' })],
      demand: 'exact',
      reenter: null,
    })
    driver.issue({ callId: 1, scope: '', tool: 'mail.send', argHash: 'a', item: null })
    expect(driver.release().calls).toEqual([{ callId: 1, recorded: 'stp_1' }])
  })
})

describe('items in replay', () => {
  const item = itemScope('', 'mail', 'k1')
  const opening = { callId: 1, scope: '', tool: 'flow.open', argHash: 'o', item }
  const settling = { callId: 2, scope: '', tool: 'flow.settle', argHash: 's', item }
  const opened = (driver: ReplayDriver, inherits: RecordedStep[] = []): void => {
    driver.issue(opening)
    driver.release()
    driver.inherit(inherits)
    driver.deliver({ callId: 1, outcome: { ok: true, value: { run: true } }, at: 1 })
    driver.issue(settling)
  }
  const inherited = (of: Partial<RecordedStep> & { tool: string; argHash: string }): RecordedStep =>
    step({ scope: item, inherited: true, ...of })

  it('J7 what an earlier run recorded for the item is delivered first, in its order, before anything of this run', () => {
    const driver = new ReplayDriver(nothing)
    opened(driver, [
      inherited({ tool: 'http.get', argHash: 'b', turn: 9, outcome: done }),
      inherited({ tool: 'http.get', argHash: 'a', turn: 4, outcome: done }),
    ])
    driver.issue({ callId: 3, scope: item, tool: 'http.get', argHash: 'b', item: null })
    driver.issue({ callId: 4, scope: item, tool: 'http.get', argHash: 'a', item: null })
    expect([driver.next()?.callId, driver.next()?.callId, driver.next()]).toEqual([4, 3, null])
    expect(driver.release().calls.map(call => call.callId)).toEqual([2])
  })

  it('J7 what an item inherited comes before what this run recorded, whatever the turns', () => {
    const own = step({ tool: 'http.get', argHash: 'own', turn: 1, outcome: done })
    const driver = new ReplayDriver({
      recorded: [own, inherited({ tool: 'http.get', argHash: 'old', turn: 9, outcome: done })],
      demand: 'exact',
      reenter: null,
    })
    driver.issue({ callId: 1, scope: '', tool: 'http.get', argHash: 'own', item: null })
    driver.issue({ callId: 2, scope: item, tool: 'http.get', argHash: 'old', item: null })
    expect([driver.next()?.callId, driver.next()?.callId]).toEqual([2, 1])
  })

  it('J8 an item that does not repeat an inherited write is closed as diverged; the run goes on', () => {
    const driver = new ReplayDriver(nothing)
    opened(driver, [inherited({ tool: 'mail.send', argHash: 'a', effect: 'write', turn: 4, outcome: done })])
    driver.issue({ callId: 3, scope: item, tool: 'mail.send', argHash: 'other', item: null })
    driver.issue({ callId: 4, scope: '', tool: 'http.get', argHash: 'a', item: null })
    const released = driver.release()
    expect(released.failure).toBeNull()
    expect(released.calls.map(call => call.callId)).toEqual([2, 4])
    expect(released.closes).toMatchObject([
      { scope: item, outcome: { ok: false, error: { code: 'divergence', failure: { kind: 'divergence' } } } },
    ])
    driver.close({ scope: item, outcome: done })
    driver.issue({ callId: 5, scope: item, tool: 'mail.send', argHash: 'more', item: null })
    expect(driver.release()).toMatchObject({ calls: [], closes: [] })
  })

  it('J8 an item that ends without its inherited write has diverged, too', () => {
    const driver = new ReplayDriver(nothing)
    opened(driver, [inherited({ tool: 'mail.send', argHash: 'a', effect: 'write', turn: 4, outcome: done })])
    driver.close({ scope: item, outcome: done })
    expect(driver.release().closes).toMatchObject([{ outcome: { ok: false, error: { code: 'divergence' } } }])
  })

  it('J7 an item that is waiting for something live is not judged yet', () => {
    const driver = new ReplayDriver(nothing)
    opened(driver, [inherited({ tool: 'mail.send', argHash: 'a', effect: 'write', turn: 4, outcome: done })])
    expect(driver.release()).toMatchObject({ closes: [], failure: null })
    driver.issue({ callId: 3, scope: item, tool: 'mail.send', argHash: 'a', item: null })
    expect(driver.next()?.callId).toBe(3)
  })

  it('J7 the end of an item that the host has recorded is not reported again', () => {
    const settled = step({
      tool: 'flow.settle',
      argHash: 's',
      effect: 'local',
      turn: 2,
      outcome: { ok: true, value: { state: 'done', result: 1 } },
    })
    const open = step({
      tool: 'flow.open',
      argHash: 'o',
      effect: 'local',
      turn: 1,
      outcome: { ok: true, value: { run: true } },
    })
    const driver = new ReplayDriver({ recorded: [open, settled], demand: 'exact', reenter: null })
    driver.issue(opening)
    const first = driver.next()
    if (first) driver.deliver(given(first))
    driver.issue(settling)
    driver.close({ scope: item, outcome: done })
    const second = driver.next()
    if (second) driver.deliver(given(second))
    expect(driver.release()).toMatchObject({ calls: [], closes: [], failure: null })
  })

  it('J6 in re-entry only the items named go on; all else stays parked for ever', () => {
    const other = itemScope('', 'mail', 'k2')
    const driver = new ReplayDriver({ ...nothing, reenter: [item] })
    driver.issue({ callId: 3, scope: '', tool: 'http.get', argHash: 'a', item: null })
    driver.issue({ callId: 4, scope: item, tool: 'http.get', argHash: 'a', item: null })
    driver.issue({
      callId: 5,
      scope: itemScope(item, 'part', 'p'),
      tool: 'http.get',
      argHash: 'a',
      item: null,
    })
    driver.issue({ callId: 6, scope: other, tool: 'http.get', argHash: 'a', item: null })
    driver.close({ scope: other, outcome: done })
    driver.close({ scope: item, outcome: done })
    const released = driver.release()
    expect(released.calls.map(call => call.callId)).toEqual([4, 5])
    expect(released.closes.map(close => close.scope)).toEqual([item])
  })

  it('J7 with demand “writes”, items that are never opened are not asked about', () => {
    const unopened = step({
      scope: item,
      tool: 'mail.send',
      argHash: 'a',
      effect: 'write',
      turn: 4,
      outcome: done,
    })
    const driver = new ReplayDriver({ recorded: [unopened], demand: 'writes', reenter: null })
    expect(driver.release()).toMatchObject({ failure: null, unconsumed: [] })
    driver.issue({ callId: 1, scope: item, tool: 'mail.send', argHash: 'a', item: null })
    expect(driver.next()?.callId).toBe(1)
  })
})
