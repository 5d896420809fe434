import { afterEach, describe, expect, it } from 'vitest'
import type { Json } from '../domain/json.ts'
import {
  type HostDouble,
  type HostOptions,
  runBody,
  stepOf,
  withLimits,
} from '../../test/support/host-double.ts'
import { createSandboxPool, type SandboxPool, type SandboxPoolOptions } from './pool.ts'

const pools: SandboxPool[] = []
afterEach(async () => {
  await Promise.all(pools.splice(0).map(pool => pool.close()))
})

function newPool(options: SandboxPoolOptions = {}): SandboxPool {
  const pool = createSandboxPool({ workers: 1, ...options })
  pools.push(pool)
  return pool
}

const run = (body: string, pool: SandboxPool, options?: HostOptions): HostDouble =>
  runBody(pool, body, options)

/** How often the main loop went round while something else happened. */
function heartbeat(): { stop: () => number } {
  let beats = 0
  const timer = setInterval(() => (beats += 1), 5)
  return {
    stop: () => {
      clearInterval(timer)
      return beats
    },
  }
}

describe('S1 a run can hurt nobody but itself', () => {
  it('S1 a script that loops ends within its CPU limit while the core answers', async () => {
    const heart = heartbeat()
    expect(await run('while (true) {}', newPool(), withLimits({ cpuMs: 200 })).failure()).toMatchObject({
      kind: 'script-limit',
      limit: 'cpu',
      allowed: 200,
    })
    expect(heart.stop()).toBeGreaterThan(5)
  })

  it('S1 a loop in native code is ended by the watchdog; neighbours go on by replay, with the same calls', async () => {
    const pool = newPool({ watchdogGraceMs: 100 })
    const answer: HostOptions['answer'] = call =>
      call.args.includes('"step":2') ? 'hold' : { ok: true, value: 7 }
    const body = `const a = await get({ step: 1, dice: Math.random() }); const b = await post({ step: 2, a }); return [a, b, Math.random()]`
    const neighbour = run(body, pool, { answer })
    await expect.poll(() => neighbour.calls.length).toBe(2)
    const culprit = run(
      `Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)`,
      pool,
      withLimits({ cpuMs: 100 }),
    )
    expect(await culprit.ended).toMatchObject({
      is: 'lost',
      reason: { is: 'failure', failure: { kind: 'script-limit', limit: 'cpu' } },
    })
    expect(await neighbour.ended).toEqual({ is: 'lost', reason: { is: 'neighbour' } })

    const [, inFlight] = neighbour.calls
    const recorded = [...neighbour.journal, ...(inFlight ? [stepOf(inFlight, null, null, 0)] : [])]
    const again = run(body, pool, { start: { recorded }, answer: () => ({ ok: true, value: 8 }) })
    const [a, b] = (await again.value()) as Json[]
    expect([a, b]).toEqual([7, 8])
    expect(again.asked).toEqual(neighbour.asked.slice(1))
    expect(again.calls[0]?.recorded).toBe(recorded[1]?.stepId)
    expect(pool.stats().killed).toBe(1)
  })

  it('S1 what does not fit waits in order, and is taken when there is room', async () => {
    const pool = newPool({ instancesPerWorker: 1, evictIdleAfterMs: 60_000 })
    const first = run('return get({})', pool, { answer: () => 'hold' })
    const others = [1, 2, 3].map(n => run(`return ${String(n)}`, pool))
    await expect.poll(() => first.calls.length).toBe(1)
    expect(pool.stats()).toMatchObject({ instances: 1, queued: 3 })
    expect(others.map(other => other.instance.started)).toEqual([false, false, false])
    first.instance.drop()
    for (const [index, other] of others.entries()) {
      expect(await other.value()).toBe(index + 1)
      other.instance.drop()
    }
  })

  it('S1 a run that only waits gives its place to one that has none, and goes on by replay', async () => {
    const pool = newPool({ instancesPerWorker: 1, evictIdleAfterMs: 30 })
    const waiting = run('return get({})', pool, { answer: () => 'hold' })
    await expect.poll(() => waiting.calls.length).toBe(1)
    expect(await run('return 5', pool).value()).toBe(5)
    expect(await waiting.ended).toEqual({ is: 'lost', reason: { is: 'evicted' } })
    expect(pool.stats().evicted).toBe(1)
  })

  it('S1 when memory is short, one that only waits gives up its instance, and no more than needed', async () => {
    const pool = newPool({ memoryMb: 64, evictIdleAfterMs: 30 })
    const hoard = `const kept = []; for (let i = 0; i < 40; i++) kept.push(new Uint8Array(1e6).fill(1)); await get({}); return kept.length`
    const first = run(hoard, pool, { answer: () => 'hold' })
    await expect.poll(() => first.calls.length).toBe(1)
    const second = run(hoard, pool, { answer: () => 'hold' })
    expect(await first.ended).toEqual({ is: 'lost', reason: { is: 'evicted' } })
    expect(await run('return 5', pool).value()).toBe(5)
    const [call] = second.calls
    if (call) second.complete(call, { ok: true, value: null })
    expect(await second.value()).toBe(40)
    expect(pool.stats().evicted).toBe(1)
  })

  it('S1 a run that is alone keeps what its limit allows', async () => {
    const pool = newPool({ memoryMb: 8, evictIdleAfterMs: 30 })
    const hoard = `const kept = new Uint8Array(2e7).fill(1); await get({}); return kept.length`
    const alone = run(hoard, pool, {
      answer: () => new Promise(done => setTimeout(done, 200, { ok: true, value: null })),
    })
    expect(await alone.value()).toBe(2e7)
    expect(pool.stats().evicted).toBe(0)
  })

  it('S1 a dropped run in mid-computation makes room at once', async () => {
    const pool = newPool()
    const looping = run('while (true) {}', pool, withLimits({ cpuMs: 60_000 }))
    await expect.poll(() => pool.stats().computing).toBe(1)
    looping.instance.drop()
    expect(await run('return 1', pool).value()).toBe(1)
    expect(pool.stats().killed).toBe(0)
  })

  it('S1 a second worker is used when the first computes', async () => {
    const pool = newPool({ workers: 2 })
    await pool.warm()
    expect(pool.stats().workers).toBe(1)
    const busy = run('while (true) {}', pool, withLimits({ cpuMs: 1_000 }))
    expect(await run('return 1', pool).value()).toBe(1)
    await expect.poll(() => pool.stats().workers).toBe(2)
    expect(await busy.failure()).toMatchObject({ limit: 'cpu' })
  })

  it('S1 runs that come together with a long one do not wait for it', async () => {
    const pool = newPool({ workers: 2 })
    await pool.warm()
    let isOver = false
    const long = run('while (true) {}', pool, withLimits({ cpuMs: 60_000 }))
    void long.ended.then(() => (isOver = true))
    const short = [1, 2, 3].map(n => run(`return ${String(n)}`, pool))
    expect(await Promise.all(short.map(each => each.value()))).toEqual([1, 2, 3])
    expect(isOver).toBe(false)
    long.instance.drop()
  })

  it('S1 a worker that breaks on a run it is just given: that run is to blame, its neighbours are not', async () => {
    const pool = newPool({ workerFile: new URL('../../test/support/breaking-worker.ts', import.meta.url) })
    const neighbours = [1, 2].map(n => run(`return ${String(n)}`, pool))
    for (const neighbour of neighbours) await expect.poll(() => neighbour.messages.length).toBe(1)
    expect(await run('BREAK', pool).ended).toMatchObject({
      is: 'lost',
      reason: { is: 'failure', failure: { kind: 'internal' } },
    })
    for (const neighbour of neighbours)
      expect(await neighbour.ended).toEqual({ is: 'lost', reason: { is: 'neighbour' } })
  })

  it('S1 a worker that cannot start fails its runs instead of keeping them waiting', async () => {
    const pool = newPool({ workerFile: new URL('./no-such-worker.ts', import.meta.url) })
    expect(await run('return 1', pool).ended).toMatchObject({
      is: 'lost',
      reason: { is: 'failure', failure: { kind: 'internal' } },
    })
  })
})

describe('S5 nothing is kept', () => {
  it('S5 hundreds of runs leave no instance behind, and none sees another', async () => {
    const pool = newPool()
    for (let round = 0; round < 30; round++) {
      const hosts = Array.from({ length: 10 }, () =>
        run(
          `globalThis.left = (globalThis.left ?? 0) + 1; Array.prototype.left = 1; return [globalThis.left, await get({})]`,
          pool,
        ),
      )
      for (const host of hosts) {
        expect(await host.value()).toEqual([1, null])
        host.instance.drop()
      }
    }
    expect(pool.stats()).toMatchObject({ instances: 0, queued: 0, computing: 0, started: 300, workers: 1 })
  })
})
