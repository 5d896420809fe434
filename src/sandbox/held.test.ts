/** Recorded outcomes that the host holds back until the replay comes to them (J3). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { effectOf, runBody } from '../../test/support/host-double.ts'
import type { HostDouble } from '../../test/support/host-double.ts'
import type { Outcome } from '../domain/tool.ts'
import { createSandboxPool, type SandboxPool } from './pool.ts'
import type { RecordedStep } from './protocol.ts'

let pool: SandboxPool
beforeAll(() => {
  pool = createSandboxPool({ workers: 1 })
})
afterAll(() => pool.close())

const held = (steps: readonly RecordedStep[]) => steps.map(step => ({ ...step, outcome: 'held' as const }))

describe('outcomes that the host holds back', () => {
  it('J3 are asked for one at a time, in the order of their turns; the run is the same', async () => {
    const body = `
      const order = []
      const one = async n => { const value = await get({ n }); order.push([n, value, Math.random()]); return value }
      await Promise.all([1, 2, 3].map(one))
      const racing = [4, 5, 6].map(one)
      order.push(await Promise.race(racing))
      await Promise.all(racing)
      await get({ failing: true }).catch(error => order.push(error.code))
      return order`
    const answer = (call: { args: string }): Outcome =>
      call.args.includes('failing')
        ? { ok: false, error: { code: 'rejected', message: 'no' } }
        : { ok: true, value: call.args.length + 1 }
    const first = runBody(pool, body, { answer, pick: waiting => waiting - 1 })
    const value = await first.value()

    const wanted: string[] = []
    const byId = new Map(first.journal.map(step => [step.stepId, step.outcome]))
    const again = runBody(pool, body, {
      start: { recorded: held(first.journal) },
      recall: stepId => {
        wanted.push(stepId)
        return byId.get(stepId) as Outcome
      },
    })
    expect(await again.value()).toEqual(value)
    expect(again.asked).toEqual([])
    expect(wanted).toEqual(first.journal.map(step => step.stepId))
  })

  it('J3 J7 what an item inherited comes before what comes live meanwhile', async () => {
    const body = `
      const order = []
      const live = get({ live: true }).then(() => { order.push('live') })
      await each('mail', ['a'], key => key, async () => { await get({ n: 1 }); order.push('inherited') })
      await live
      return order`
    const inherited: RecordedStep = {
      stepId: 'stp_inherited',
      scope: '["mail","a"]',
      tool: 'http.get',
      effect: effectOf('http.get'),
      argHash: '',
      occurrence: 0,
      turn: 1,
      outcome: 'held',
      at: 1,
      inherited: true,
    }
    const probe = runBody(pool, body)
    await probe.value()
    const { argHash = '' } = probe.calls.find(call => call.args.includes('"n"')) ?? {}
    const host: HostDouble = runBody(pool, body, {
      answer: call => (call.args.includes('live') ? 'hold' : { ok: true, value: null }),
      inherits: () => [{ ...inherited, argHash }],
      recall: () => {
        const live = host.calls.find(call => call.args.includes('live'))
        host.instance.deliver(live?.callId ?? 0, { ok: true, value: null }, 2)
        return { ok: true, value: null }
      },
    })
    expect(await host.value()).toEqual(['inherited', 'live'])
  })
})
