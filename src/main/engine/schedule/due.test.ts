import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { oracleDue } from '../../../../test/support/cron-oracle.ts'
import { dueInstants, nextDue } from './due.ts'
import type { ScheduleSpec } from './spec.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

const cron = (expression: string): ScheduleSpec => ({ kind: 'cron', expression })
const utc = (text: string): number => Date.parse(`${text}Z`)
const texts = (instants: number[]): string[] => instants.map(at => new Date(at).toISOString().slice(0, 16))

/** Days around which the clocks of a zone were or will be moved. */
const MOVES: Record<string, string[]> = {
  'Europe/Berlin': ['2024-03-31', '2024-10-27', '2026-03-29', '2026-10-25', '2027-01-01'],
  'America/New_York': ['2023-03-12', '2023-11-05', '2026-03-08', '2026-11-01', '2028-02-29'],
  'Australia/Lord_Howe': ['2025-04-06', '2025-10-05', '2026-04-05', '2026-10-04'],
  'Asia/Kolkata': ['2024-02-29', '2026-12-31'],
  'Pacific/Apia': ['2011-12-30', '2011-04-02', '2020-09-27', '2021-04-04'],
  'Africa/Casablanca': ['2024-03-10', '2024-04-14', '2025-02-23', '2025-04-06', '2026-03-22'],
  'America/Nuuk': ['2024-03-31', '2024-10-27', '2026-03-29'],
  'America/Santiago': ['2025-04-06', '2025-09-07'],
}

const windows = fc.constantFrom(...Object.entries(MOVES)).chain(([zone, days]) =>
  fc.record({
    zone: fc.constant(zone),
    after: fc
      .tuple(fc.constantFrom(...days), fc.integer({ min: -2 * 1_440, max: 1_440 }))
      .map(([day, minutes]) => utc(`${day}T00:00`) + minutes * 60_000),
    length: fc.integer({ min: 1, max: 3 * 1_440 }).map(minutes => minutes * 60_000),
  }),
)

const list = (lowest: number, highest: number) =>
  fc
    .uniqueArray(fc.integer({ min: lowest, max: highest }), { minLength: 1, maxLength: 3 })
    .map(values => values.join(','))
const range = (lowest: number, highest: number) =>
  fc
    .tuple(fc.integer({ min: lowest, max: highest }), fc.integer({ min: lowest, max: highest }))
    .map(([one, other]) => `${Math.min(one, other)}-${Math.max(one, other)}`)
const field = (lowest: number, highest: number) =>
  fc.oneof(
    list(lowest, highest),
    range(lowest, highest),
    fc.tuple(range(lowest, highest), fc.integer({ min: 1, max: 5 })).map(([span, step]) => `${span}/${step}`),
    fc.integer({ min: 2, max: 20 }).map(step => `*/${Math.min(step, highest - 1)}`),
  )

const expressions = fc
  .tuple(
    fc.oneof(fc.constant('*'), fc.constantFrom('0', '30', '0,30'), field(0, 59)),
    fc.oneof(fc.constant('*'), fc.constant('0-23'), list(0, 3), range(0, 3), field(0, 23)),
    fc.oneof({ arbitrary: fc.constant('*'), weight: 3 }, { arbitrary: field(1, 31), weight: 1 }),
    fc.oneof({ arbitrary: fc.constant('*'), weight: 5 }, { arbitrary: range(1, 12), weight: 1 }),
    fc.oneof(
      { arbitrary: fc.constant('*'), weight: 3 },
      { arbitrary: fc.constantFrom('MON-FRI', '0', '7', 'SUN,WED', '6-7', '1-5'), weight: 1 },
    ),
  )
  .map(fields => fields.join(' '))

describe('due instants against the local clock', () => {
  test('R4 a cron schedule is due exactly when the local clock says so, around every kind of clock change', () => {
    fc.assert(
      fc.property(windows, expressions, ({ zone, after, length }, expression) => {
        const until = after + length
        const due = dueInstants(cron(expression), zone, after, until, Infinity)
        expect(texts(due.instants)).toEqual(texts(oracleDue(expression, zone, after, until)))
        expect(due.more).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['Europe/Berlin', '*/30 2 * * *'],
    ['Australia/Lord_Howe', '45 * * * *'],
  ])('R4 a whole year in %s: %s', (zone, expression) => {
    const [after, until] = [utc('2025-01-01T00:00'), utc('2026-01-01T00:00')]
    const due = dueInstants(cron(expression), zone, after, until, Infinity).instants
    expect(due).toEqual(oracleDue(expression, zone, after, until))
    expect(due.length).toBeGreaterThan(100)
  })

  test('R4 asking in pieces gives what asking at once gives', () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(windows, expressions, pieces, ({ zone, after, length }, expression, limits) => {
        const [spec, until] = [cron(expression), after + length]
        const whole = dueInstants(spec, zone, after, until, 400).instants
        const joined: number[] = []
        for (let turn = 0; joined.length < 400; turn++) {
          const from = joined.at(-1) ?? after
          expect(nextDue(spec, zone, from)).toBe(
            dueInstants(spec, zone, from, Infinity, 1).instants[0] ?? null,
          )
          const piece = dueInstants(spec, zone, from, until, limits[turn % limits.length] ?? 1)
          joined.push(...piece.instants)
          if (!piece.more) break
        }
        expect(joined.slice(0, 400)).toEqual(whole)
      }),
      { numRuns: 100 },
    )
  })
})

describe('the rule for moved clocks, case by case', () => {
  const due = (expression: string, zone: string, from: string, to: string): string[] =>
    texts(dueInstants(cron(expression), zone, utc(from), utc(to), 100).instants)

  test('R4 local times inside a gap are due once, at the first instant after it', () => {
    expect(due('0,30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00', '2026-03-29T12:00')).toEqual([
      '2026-03-29T01:00',
    ])
    expect(due('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00', '2026-10-04T00:00')).toEqual([
      '2026-10-03T15:30',
    ])
  })

  test('R4 a gap before midnight is closed on the day after', () => {
    expect(due('30 23 * * *', 'America/Nuuk', '2024-03-30T12:00', '2024-03-31T12:00')).toEqual([
      '2024-03-31T01:00',
    ])
  })

  test('R4 a date the calendar left out is due when the next one begins', () => {
    expect(due('0 8 30 * *', 'Pacific/Apia', '2011-12-01T00:00', '2012-01-15T00:00')).toEqual([
      '2011-12-30T10:00',
    ])
  })

  test('R4 a local time that happens twice is due the first time only', () => {
    expect(due('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00', '2026-10-25T12:00')).toEqual([
      '2026-10-25T00:30',
    ])
    expect(due('30 2 * * *', 'Europe/Berlin', '2026-10-25T00:45', '2026-10-25T12:00')).toEqual([])
  })

  test('R4 a rhythm keeps its beat through both passes of a repeated hour and adds nothing in a gap', () => {
    expect(due('30 * * * *', 'Europe/Berlin', '2026-10-24T23:00', '2026-10-25T03:00')).toEqual([
      '2026-10-24T23:30',
      '2026-10-25T00:30',
      '2026-10-25T01:30',
      '2026-10-25T02:30',
    ])
    expect(due('30 0-23 * * *', 'Europe/Berlin', '2026-03-29T00:00', '2026-03-29T02:00')).toEqual([
      '2026-03-29T00:30',
      '2026-03-29T01:30',
    ])
  })

  test('R4 seconds follow the same rule', () => {
    const berlin = (from: string, to: string) =>
      dueInstants(cron('*/20 59 2 * * *'), 'Europe/Berlin', utc(from), utc(to), 100).instants
    expect(berlin('2026-03-29T00:00', '2026-03-29T12:00')).toEqual([utc('2026-03-29T01:00')])
    expect(berlin('2026-10-25T00:00', '2026-10-25T12:00')).toEqual(
      ['00', '20', '40'].map(second => utc(`2026-10-25T00:59:${second}`)),
    )
  })
})

describe('intervals and single instants', () => {
  test('R4 an interval is due at its anchor and every step after it, and never before', () => {
    const whole = fc.integer({ min: -1_000_000, max: 1_000_000 })
    fc.assert(
      fc.property(whole, fc.integer({ min: 1, max: 5_000 }), whole, whole, (anchor, everyMs, one, other) => {
        const [after, until] = [Math.min(one, other), Math.max(one, other)]
        const expected: number[] = []
        for (let at = anchor; at <= until; at += everyMs) if (at > after) expected.push(at)
        const spec: ScheduleSpec = { kind: 'interval', everyMs, anchor }
        expect(dueInstants(spec, 'UTC', after, until, Infinity).instants).toEqual(expected)
      }),
    )
  })

  test('R4 a single instant is due once, by the local clock of its zone', () => {
    const once = (local: string): ScheduleSpec => ({ kind: 'once', local })
    const due = (local: string) => nextDue(once(local), 'Europe/Berlin', 0)
    expect(due('2026-07-01T08:00')).toBe(utc('2026-07-01T06:00'))
    expect(due('2026-03-29T02:30')).toBe(utc('2026-03-29T01:00'))
    expect(due('2026-10-25T02:30:15.250')).toBe(utc('2026-10-25T00:30:15.250'))
    expect(nextDue(once('2026-07-01T08:00'), 'Europe/Berlin', utc('2026-07-01T06:00'))).toBeNull()
  })

  test('R4 a range that lies behind its own start is empty', () => {
    expect(dueInstants(cron('* * * * *'), 'UTC', DAY, HOUR, 10)).toEqual({ instants: [], more: false })
  })

  test('R4 a limit is never exceeded, and more is true exactly when something was left out', () => {
    const minutes = (limit: number) => dueInstants(cron('* * * * *'), 'UTC', 0, HOUR, limit)
    expect(minutes(59)).toMatchObject({ more: true })
    expect(minutes(59).instants).toHaveLength(59)
    expect(minutes(60)).toMatchObject({ more: false })
    expect(minutes(0)).toEqual({ instants: [], more: true })
  })
})
