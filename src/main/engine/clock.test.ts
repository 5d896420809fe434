import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../../../test/support/manual-clock.ts'
import { Alarms, systemClock } from './clock.ts'

const DAY = 86_400_000
const START = Date.UTC(2026, 0, 1)

describe('the machine clock', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: START })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('J6 a wake-up further away than a timer can wait comes once, at its time and not before', () => {
    const rang: number[] = []
    const clock = systemClock()
    clock.wakeAt(START + 40 * DAY, () => rang.push(clock.now()))
    vi.advanceTimersByTime(40 * DAY - 1)
    expect(rang).toEqual([])
    vi.advanceTimersByTime(DAY)
    expect(rang).toEqual([START + 40 * DAY])
  })

  test('R4 a clock that was moved on, as by sleep, is noticed within the re-check although timers stood still', () => {
    let rang = 0
    const clock = systemClock()
    clock.wakeAt(START + DAY, () => rang++)
    vi.setSystemTime(START + 2 * DAY)
    expect(rang).toBe(0)
    vi.advanceTimersByTime(30_000)
    expect(rang).toBe(1)
  })

  test('R4 a clock that was set back does not ring early', () => {
    let rang = 0
    const clock = systemClock()
    clock.wakeAt(START + 60_000, () => rang++)
    vi.setSystemTime(START - DAY)
    vi.advanceTimersByTime(DAY)
    expect(rang).toBe(0)
    vi.advanceTimersByTime(60_000)
    expect(rang).toBe(1)
  })

  test('nothing ticks while nothing waits, and a cancelled callback neither rings nor ticks', () => {
    const clock = systemClock()
    expect(vi.getTimerCount()).toBe(0)
    const cancel = clock.wakeAt(START + 1_000, () => expect.unreachable())
    expect(vi.getTimerCount()).toBe(1)
    cancel()
    cancel()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(DAY)
  })

  test('one timer serves all callbacks, in the order of their times', () => {
    const rang: string[] = []
    const clock = systemClock()
    clock.wakeAt(START + 300, () => rang.push('third'))
    clock.wakeAt(START + 100, () => rang.push('first'))
    clock.wakeAt(START + 100, () => rang.push('second'))
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(300)
    expect(rang).toEqual(['first', 'second', 'third'])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('a callback that throws keeps no other from ringing', () => {
    let rang = 0
    const clock = systemClock()
    clock.wakeAt(START + 100, () => {
      throw new Error('broken')
    })
    clock.wakeAt(START + 100, () => rang++)
    expect(() => vi.advanceTimersByTime(100)).toThrow('broken')
    vi.advanceTimersByTime(1)
    expect(rang).toBe(1)
  })

  test('a callback that always asks for now leaves other work its turn', () => {
    let [rang, others] = [0, 0]
    const clock = systemClock()
    const again = (): void => {
      rang++
      if (rang < 1_000) clock.wakeAt(clock.now(), again)
    }
    clock.wakeAt(START, again)
    setTimeout(() => (others = rang), 5)
    vi.advanceTimersByTime(10)
    expect(others).toBeGreaterThan(0)
    expect(others).toBeLessThan(1_000)
  })
})

test('a waiting callback does not keep the process alive', () => {
  const module = new URL('./clock.ts', import.meta.url).href
  const program = `const { systemClock } = await import(${JSON.stringify(module)})
    systemClock().wakeAt(Date.now() + 3_600_000, () => console.log('rang'))
    console.log('armed')`
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    timeout: 20_000,
    encoding: 'utf8',
  })
  expect(printed).toBe('armed\n')
})

test('alarms leave in the order of their times, those of one time in the order they came, cancelled ones never', () => {
  const plans = fc.array(fc.record({ at: fc.integer({ min: 0, max: 20 }), cancelled: fc.boolean() }))
  fc.assert(
    fc.property(plans, fc.integer({ min: -1, max: 21 }), (alarms, now) => {
      const queue = new Alarms()
      const rang: number[] = []
      const cancels = alarms.map(({ at }, place) => queue.add(at, () => rang.push(place)))
      alarms.forEach(({ cancelled }, place) => cancelled && cancels[place]?.())
      for (let call = queue.takeDue(now); call !== null; call = queue.takeDue(now)) call()
      const expected = [...alarms.entries()]
        .filter(([, { at, cancelled }]) => at <= now && !cancelled)
        .sort(([, one], [, other]) => one.at - other.at)
      expect(rang).toEqual(expected.map(([place]) => place))
    }),
  )
  expect(() => new Alarms().add(Number.NaN, () => undefined)).toThrow(RangeError)
})

describe('the manual clock', () => {
  test('advance lets each callback see the time it asked for, also one set on the way', () => {
    const clock = new ManualClock(0)
    const seen: number[] = []
    clock.wakeAt(50, () => seen.push(clock.now()))
    clock.wakeAt(10, () => {
      seen.push(clock.now())
      clock.wakeAt(20, () => seen.push(clock.now()))
    })
    clock.advance(49)
    expect([seen, clock.waiting, clock.nextAt]).toEqual([[10, 20], 1, 50])
    clock.advance(1)
    expect(seen).toEqual([10, 20, 50])
    expect(() => clock.advance(-1)).toThrow(RangeError)
  })

  test('jump runs what became due at the new time, and nothing when the clock is set back', () => {
    const clock = new ManualClock(100)
    const seen: number[] = []
    const cancel = clock.wakeAt(150, () => seen.push(clock.now()))
    clock.wakeAt(160, () => seen.push(clock.now()))
    clock.jump(-1_000)
    expect(seen).toEqual([])
    cancel()
    clock.jump(5_000)
    expect(seen).toEqual([4_100])
  })
})
