import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HostDouble, type HostOptions, runBody, withLimits } from '../../test/support/host-double.ts'
import { createSandboxPool, type SandboxPool } from './pool.ts'
import type { RunLimits } from './protocol.ts'

let pool: SandboxPool
beforeAll(() => {
  pool = createSandboxPool({ workers: 1 })
})
afterAll(() => pool.close())

const run = (body: string, options?: HostOptions): HostDouble => runBody(pool, body, options)

describe('S2 every limit is a typed Failure', () => {
  const cases: [string, string, Partial<RunLimits>, { limit: string; allowed: number }][] = [
    [
      'CPU, over several slices',
      `for (;;) { for (let i = 0; i < 1e5; i++); await get({}) }`,
      { cpuMs: 150 },
      { limit: 'cpu', allowed: 150 },
    ],
    [
      'memory',
      `const kept = []; for (;;) kept.push(new Array(1e5).fill(1))`,
      { memoryMb: 32, cpuMs: 5_000 },
      { limit: 'memory', allowed: 32 },
    ],
    ['stack', `const deep = () => 1 + deep(); deep()`, {}, { limit: 'stack', allowed: 262_144 }],
    ['calls', `for (;;) await get({})`, { calls: 20, cpuMs: 5_000 }, { limit: 'calls', allowed: 20 }],
    ['bytes out', `await get({ text: 'x'.repeat(2e6) })`, {}, { limit: 'bytes-out', allowed: 1_048_576 }],
    [
      'bytes out, counted in UTF-8',
      `await get({ text: 'é'.repeat(6e5) })`,
      {},
      { limit: 'bytes-out', allowed: 1_048_576 },
    ],
    ['bytes out, as the result', `return 'x'.repeat(2e6)`, {}, { limit: 'bytes-out', allowed: 1_048_576 }],
  ]
  it.each(cases)('S2 %s', async (_, body, changes, expected) => {
    const found = await run(body, withLimits(changes)).failure()
    expect(found).toMatchObject({ kind: 'script-limit', ...expected })
  })

  it('S2 CPU, of which earlier instances left too little', async () => {
    const body = 'let sum = 0; for (let i = 0; i < 3e6; i++) sum += i; return sum'
    const { start } = withLimits({ cpuMs: 5_000 })
    await run(body, { start: { ...start, usedCpuMs: 0 } }).value()
    const found = await run(body, { start: { ...start, usedCpuMs: 4_999 } }).failure()
    expect(found).toMatchObject({ limit: 'cpu', allowed: 5_000 })
  })

  it('S2 J3 CPU of a replay that computes far more than was ever allowed', async () => {
    const asking = (work: string) =>
      `let sum = 0; for (let n = 0; n < 200; n++) { ${work} await get({ n }) } return sum`
    const light = run(asking(''), withLimits({}))
    await light.value()
    const heavy = asking('for (let i = 0; i < 3e5; i++) sum += i;')
    const { start } = withLimits({ cpuMs: 300 })
    const found = await run(heavy, { start: { ...start, recorded: light.journal } }).failure()
    expect(found).toMatchObject({ limit: 'cpu', allowed: 300 })
  })

  it('S2 bytes in', async () => {
    const host = run('await get({})', {
      ...withLimits({}),
      answer: () => ({ ok: true, value: 'x'.repeat(2e6) }),
    })
    expect(await host.failure()).toMatchObject({
      kind: 'script-limit',
      limit: 'bytes-in',
      allowed: 1_048_576,
    })
  })

  it.each([
    ['memory', `try { const kept = []; for (;;) kept.push(new Array(1e5).fill(1)) } catch {}`],
    ['stack', `const deep = () => { try { deep() } catch {} }; deep()`],
    ['stack', `const deep = () => { try { return deep() } finally { return 1 } }; deep()`],
    ['stack', `const deep = () => deep(); await Promise.resolve().then(deep).catch(() => 0)`],
    ['stack', `const deep = async () => { await deep() }; await Promise.allSettled([deep()])`],
    ['cpu', `for (;;) try { for (;;); } catch {}`],
    ['bytes-out', `await Promise.race([get({ text: 'x'.repeat(2e6) }).catch(() => 0), 1])`],
  ])('S2 %s cannot be caught and gone on from', async (limit, body) => {
    const host = run(
      `${body}; await get({ after: true }); return 'went on'`,
      withLimits({ memoryMb: 32, cpuMs: limit === 'cpu' ? 300 : 10_000 }),
    )
    expect(await host.failure()).toMatchObject({ kind: 'script-limit', limit })
    expect(host.asked).toEqual([])
  })

  it('J3 time spent in replay is not counted', async () => {
    const body = `for (let n = 0; n < 4; n++) { const until = 3e5; for (let i = 0; i < until; i++); await get({ n }) } return 'done'`
    const live = run(body, withLimits({ cpuMs: 60_000 }))
    await live.ended
    const again = run(body, { start: { recorded: live.journal } })
    await again.ended
    expect(live.cpuMs).toBeGreaterThan(1)
    expect(again.cpuMs).toBe(0)
  })
})
