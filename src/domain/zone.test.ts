import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOpen, nextOpening } from './windows.ts'
import type { TimeWindow } from './windows.ts'
import { dayStart, hourStart, nextDay, nextHour, wallTime } from './zone.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** The slow, obvious oracle: asks the platform what the clock on the wall shows, one minute after the other. */
const clocks = new Map<string, Intl.DateTimeFormat>()
function fields(at: number, zone: string) {
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
  clocks.set(zone, clock)
  const [date = '', time = ''] = clock.format(at).split(' ')
  const weekday = ((new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7) + 1
  return { date, minute: time.slice(0, 5), weekday }
}

function firstMinute(from: number, until: number, holds: (at: number) => boolean): number | null {
  for (let at = from; at <= until; at += MINUTE) if (holds(at)) return at
  return null
}

const floorMinute = (at: number) => Math.floor(at / MINUTE) * MINUTE

/** Days on which clocks do odd things: set at midnight, by half an hour, to another date, or not at all. */
const ODD_TIMES: [zone: string, around: string][] = [
  ['Europe/Berlin', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00Z'],
  ['America/New_York', '2026-11-01T06:00Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00Z'],
  ['America/Sao_Paulo', '2018-02-18T02:00Z'],
  ['Africa/Cairo', '2024-04-25T22:00Z'],
  ['Asia/Beirut', '2022-03-26T22:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00Z'],
  ['America/St_Johns', '2010-11-07T02:31Z'],
  ['Asia/Kolkata', '2026-06-01T00:00Z'],
  ['Asia/Kathmandu', '2026-06-01T00:00Z'],
  ['UTC', '2026-01-01T00:00Z'],
]

const moment = fc
  .tuple(fc.constantFrom(...ODD_TIMES), fc.integer({ min: -26 * 60, max: 26 * 60 }), fc.nat(59_999))
  .map(([[zone, around], minutes, ms]) => ({ zone, at: Date.parse(around) + minutes * MINUTE + ms }))

describe('days of a zone', () => {
  it('P2 a day begins and ends where the oracle says, on odd days too', () => {
    fc.assert(
      fc.property(moment, ({ zone, at }) => {
        const today = fields(floorMinute(at), zone).date
        const start = firstMinute(floorMinute(at) - 50 * HOUR, at, t => fields(t, zone).date === today)
        const end = firstMinute(floorMinute(at) + MINUTE, at + 50 * HOUR, t => fields(t, zone).date > today)
        expect({ start: dayStart(at, zone), end: nextDay(at, zone) }).toEqual({ start, end })
      }),
      { numRuns: 25 },
    )
  })

  it('P2 an hour has 60 minutes, holds its moment, and begins on the full hour of the wall', () => {
    fc.assert(
      fc.property(moment, ({ zone, at }) => {
        const start = hourStart(at, zone)
        expect(start).toBeLessThanOrEqual(at)
        expect(nextHour(at, zone)).toBe(start + HOUR)
        expect(nextHour(at, zone)).toBeGreaterThan(at)
        expect((wallTime(at, zone) - (at - start)) % HOUR).toBe(0)
      }),
    )
  })
})

const time = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom('00', '15', '30', '45', '59'))
  .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${minute}`)
const days = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 7 })
const timeWindow = fc
  .record({ from: time, to: time, days: fc.option(days, { nil: undefined }) })
  .filter(({ from, to }) => from !== to)
  .map(({ from, to, days }): TimeWindow => (days === undefined ? { from, to } : { from, to, days }))

function openByOracle(windows: readonly TimeWindow[], at: number, zone: string): boolean {
  const { minute, weekday } = fields(floorMinute(at), zone)
  const yesterday = weekday === 1 ? 7 : weekday - 1
  return windows.some(({ from, to, days }) => {
    const on = (day: number) => days === undefined || days.includes(day)
    if (from < to) return from <= minute && minute < to && on(weekday)
    return (minute >= from && on(weekday)) || (minute < to && on(yesterday))
  })
}

describe('time windows', () => {
  it('P2 open and next opening agree with the oracle, minute by minute', () => {
    fc.assert(
      fc.property(moment, fc.array(timeWindow, { minLength: 1, maxLength: 2 }), ({ zone, at }, windows) => {
        // A Samoan day that never was has no yesterday either: the oracle's weekday arithmetic ends there.
        fc.pre(zone !== 'Pacific/Apia')
        const open = openByOracle(windows, at, zone)
        expect(isOpen(windows, at, zone)).toBe(open)
        if (open) return
        const limit = at + 3 * 24 * HOUR
        const expected = firstMinute(floorMinute(at) + MINUTE, limit, t => openByOracle(windows, t, zone))
        const found = nextOpening(windows, at, zone)
        if (expected === null) expect(found === null || found > limit).toBe(true)
        else expect(found).toBe(expected)
      }),
      { numRuns: 60 },
    )
  })

  it('P2 a window inside a skipped hour opens the week after; no windows are always open', () => {
    const windows: TimeWindow[] = [{ from: '02:15', to: '02:45', days: [7] }]
    const before = Date.parse('2026-03-28T12:00Z')
    expect(nextOpening(windows, before, 'Europe/Berlin')).toBe(Date.parse('2026-04-05T00:15Z'))
    expect(isOpen([], before, 'Europe/Berlin')).toBe(true)
  })

  it('P2 a window in the repeated hour opens twice, and one around its start opens when the clocks are set', () => {
    const inside: TimeWindow[] = [{ from: '02:30', to: '02:45' }]
    const passed = Date.parse('2026-10-25T00:50Z')
    expect(nextOpening(inside, passed, 'Europe/Berlin')).toBe(Date.parse('2026-10-25T01:30Z'))
    const around: TimeWindow[] = [{ from: '01:30', to: '02:30' }]
    expect(nextOpening(around, passed, 'Europe/Berlin')).toBe(Date.parse('2026-10-25T01:00Z'))
  })

  it('P2 a window over the skipped hour opens when the clocks are set', () => {
    const windows: TimeWindow[] = [{ from: '02:30', to: '05:00' }]
    const before = Date.parse('2026-03-28T23:00Z')
    expect(nextOpening(windows, before, 'Europe/Berlin')).toBe(Date.parse('2026-03-29T01:00Z'))
  })
})
