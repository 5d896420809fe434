import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Json } from '../domain/json.ts'
import { HostDouble, type HostOptions, runBody } from '../../test/support/host-double.ts'
import { createSandboxPool, type SandboxPool } from './pool.ts'

let pool: SandboxPool
const zone = process.env['TZ']
beforeAll(() => {
  process.env['TZ'] = 'America/New_York'
  pool = createSandboxPool({ workers: 1 })
})
afterAll(async () => {
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
  await pool.close()
})

const run = (body: string, options?: HostOptions): HostDouble => runBody(pool, body, options)

describe('S3 the guest is a function of its journal', () => {
  const CHANCE = `
    const facts = () => [Math.random(), crypto.randomUUID(), Date.now(), new Date().toString(), Date(), new Date(2020, 0, 1).getTime(),
      new Date('2020-01-01T00:00:00').getTimezoneOffset(), new Date(0).toLocaleString(), (1234.5).toLocaleString(), ['b', 'ä', 'a'].sort((x, y) => x.localeCompare(y))]
    const seen = [facts()]
    const results = await Promise.all([get({ n: 1, r: Math.random() }), get({ n: 2 }), get({ n: 3, id: crypto.randomUUID() })].map(p => p.then(v => [v, Math.random()])))
    seen.push(facts(), results)
    await post({ seen })
    await each('n', [1, 2], n => n, async n => post({ n, r: Math.random(), at: Date.now() }), { concurrency: 2 })
    return seen`

  it('S3 replaying gives byte-identical calls, whatever order completions came in', async () => {
    for (const seed of ['a', 'b', 'c']) {
      let state = seed.charCodeAt(0)
      const pick = (waiting: number): number => (state = (state * 7919) % 1_000_003) % waiting
      const live = run(CHANCE, {
        start: { seed },
        pick,
        answer: call => ({ ok: true, value: call.callId }),
      })
      const result = await live.value()
      const replay = run(CHANCE, { start: { seed, recorded: live.journal } })
      expect(await replay.value()).toEqual(result)
      expect(replay.asked).toEqual([])

      const cut = live.journal.slice(0, 3)
      const resumed = run(CHANCE, {
        start: { seed, recorded: cut },
        answer: () => ({ ok: true, value: 0 }),
      })
      await resumed.ended
      const [first] = resumed.messages
      expect(first?.end).toBeNull()
      expect(live.asked).toEqual(expect.arrayContaining(resumed.asked.slice(0, 1)))
    }
  })

  it('S3 a script that was here before begins anew, down to its first line', async () => {
    const source = `const first = Math.random(); globalThis.left = (globalThis.left ?? 0) + 1
export default () => [first, Math.random(), left]`
    const results = []
    for (const seed of ['s', 't', 's']) {
      const host = new HostDouble(pool, source, { start: { seed } })
      results.push(await host.value())
      host.instance.drop()
    }
    const plain = (seed: string) =>
      run('return [Math.random(), Math.random(), 1]', { start: { seed } }).value()
    expect(results).toEqual(await Promise.all(['s', 't', 's'].map(plain)))
    expect(results[0]).not.toEqual(results[1])
  })

  it('S3 another seed gives other chance, the same one the same', async () => {
    const body = 'return [Math.random(), Math.random(), crypto.randomUUID()]'
    const [one, same, other] = await Promise.all(
      ['s', 's', 't'].map(seed => run(body, { start: { seed } }).value()),
    )
    expect(same).toEqual(one)
    expect(other).not.toEqual(one)
    expect((one as string[])[2]).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    expect((one as number[])[0]).not.toBe((one as number[])[1])
  })

  it('S3 the test’s own machine is not in UTC', () => {
    expect(new Date(2020, 0, 1).getTimezoneOffset()).toBe(300)
  })

  it('S3 the clock is that of the last delivered completion, and always UTC', async () => {
    const host = run(
      'const before = Date.now(); await get({}); return [before, Date.now(), new Date().getHours(), new Date().getUTCHours(), new Date(2020, 5, 1).toISOString()]',
    )
    const [before, after, local, utc, june] = (await host.value()) as Json[]
    expect([before, after]).toEqual([1_000_000, 1_000_001])
    expect(local).toBe(utc)
    expect(june).toBe('2020-06-01T00:00:00.000Z')
  })

  it('S3 nothing that tells of the host is there', async () => {
    const names = [
      'performance',
      'WeakRef',
      'FinalizationRegistry',
      'SharedArrayBuffer',
      'Atomics',
      'setTimeout',
      'setInterval',
      'queueMicrotask',
      'eval',
      'process',
      'require',
      'fetch',
      'post',
      'receive',
      'Intl',
      'navigator',
    ]
    const body = `return [${names.map(name => `'${name}' in globalThis`).join()}].concat(typeof console.log('x'))`
    expect(await run(body).value()).toEqual([...names.map(() => false), 'undefined'])
  })
})
