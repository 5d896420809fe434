import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextQuiet, quietHoursSchema, quietText, quietUntil } from './quiet-hours.ts'
import type { QuietHours } from './quiet-hours.ts'
import { DAY, wallTime } from './zone.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

interface Minute {
  at: number
  wall: number
}

/** Every minute of the days around an instant, with what the clock on the wall shows in it. */
function minutesAround(noon: number, zone: string): Minute[] {
  const first = Math.floor((noon - 4 * DAY) / MINUTE) * MINUTE
  return Array.from({ length: 8 * 24 * 60 }, (_, minute) => {
    const at = first + minute * MINUTE
    return { at, wall: wallTime(at, zone) }
  })
}

/**
 * The obvious way: walks minute by minute, looking at the clock on the wall. Each night begins at the first minute at
 * which the clock has reached its beginning, and ends after the last minute at which it had not reached its end.
 */
function walked({ from, to, days }: QuietHours, minutes: readonly Minute[]): (at: number) => boolean {
  const nights: [from: number, until: number][] = []
  const firstDay = Math.floor((minutes[0]?.wall ?? 0) / DAY) + 1
  for (let day = firstDay; day < firstDay + 6; day++) {
    const weekday = new Date(day * DAY).getUTCDay() || 7
    if (days !== null && !days.includes(weekday)) continue
    const begin = day * DAY + clock(from)
    const end = (clock(from) < clock(to) ? day : day + 1) * DAY + clock(to)
    const start = minutes.find(({ wall }) => wall >= begin)?.at ?? Infinity
    const until = (minutes.findLast(({ wall }) => wall < end)?.at ?? -Infinity) + MINUTE
    nights.push([start, until])
  }
  return at => nights.some(([start, until]) => start <= at && at < until)
}

function clock(time: string): number {
  return (Number(time.slice(0, 2)) * 60 + Number(time.slice(3))) * MINUTE
}

/** Zones and days on which their clocks were moved: by an hour, by half of one, at midnight, over a whole day. */
const MOVES: [zone: string, day: string][] = [
  ['Europe/Berlin', '2026-03-29'],
  ['Europe/Berlin', '2026-10-25'],
  ['America/New_York', '2026-03-08'],
  ['America/New_York', '2026-11-01'],
  ['Australia/Lord_Howe', '2026-04-05'],
  ['Australia/Lord_Howe', '2026-10-04'],
  ['America/Sao_Paulo', '2018-02-18'],
  ['America/Sao_Paulo', '2018-11-04'],
  ['Africa/Cairo', '2026-04-24'],
  ['Pacific/Apia', '2011-12-30'],
  ['Asia/Kathmandu', '2026-06-01'],
  ['UTC', '2026-06-01'],
]
const time = fc
  .tuple(fc.constantFrom(0, 1, 2, 3, 4, 12, 22, 23), fc.constantFrom(0, 15, 30, 59))
  .map(parts => parts.map(part => String(part).padStart(2, '0')).join(':'))
const offset = fc.integer({ min: -36 * 60, max: 36 * 60 })
const anyHours = (zone: string) =>
  fc
    .record({
      from: time,
      to: time,
      zone: fc.constant(zone),
      days: fc.option(fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 })),
    })
    .filter(({ from, to }) => from !== to)

describe('quiet hours', () => {
  it.each(MOVES)('are what the clock on the wall says, in %s around %s', (zone, day) => {
    const noon = Date.parse(`${day}T12:00:00Z`)
    const minutes = minutesAround(noon, zone)
    fc.assert(
      fc.property(anyHours(zone), fc.array(offset, { minLength: 10, maxLength: 20 }), (hours, offsets) => {
        const isQuiet = walked(hours, minutes)
        for (const at of offsets.map(minute => noon + minute * MINUTE)) {
          const until = quietUntil(hours, at)
          expect([new Date(at), until !== null]).toEqual([new Date(at), isQuiet(at)])
          if (until === null || until > noon + 60 * HOUR) continue
          const stretch = minutes.filter(minute => minute.at >= at && minute.at < until)
          expect(stretch.every(minute => isQuiet(minute.at)) && !isQuiet(until)).toBe(true)
        }
      }),
      { numRuns: 25 },
    )
  })

  it('come round every week, also where a day is left out', () => {
    const friday = { from: '12:00', to: '13:00', zone: 'Pacific/Apia', days: [5] }
    const after = Date.parse('2011-12-24T12:00:00Z')
    expect(nextQuiet(friday, after)?.from).toBe(Date.parse('2012-01-05T22:00:00Z'))
    for (let day = 1; day <= 7; day++)
      expect(nextQuiet({ ...friday, days: [day] }, after)?.from).toBeGreaterThan(after)
  })

  it('are one stretch in the night in which the clocks are set back, and in the one they are set forward', () => {
    const hours = quietHoursSchema.parse({ from: '22:00', to: '02:30', zone: 'Europe/Berlin' })
    expect(nextQuiet(hours, Date.parse('2026-10-24T12:00:00Z'))).toEqual({
      from: Date.parse('2026-10-24T20:00:00Z'),
      until: Date.parse('2026-10-25T01:30:00Z'),
    })
    expect(nextQuiet(hours, Date.parse('2026-03-28T12:00:00Z'))).toEqual({
      from: Date.parse('2026-03-28T21:00:00Z'),
      until: Date.parse('2026-03-29T01:00:00Z'),
    })
  })

  it('belong to the day on which they begin', () => {
    const hours = quietHoursSchema.parse({ from: '22:00', to: '07:00', zone: 'UTC', days: [5, 6] })
    expect(quietUntil(hours, Date.parse('2026-06-05T23:00:00Z'))).toBe(Date.parse('2026-06-06T07:00:00Z'))
    expect(quietUntil(hours, Date.parse('2026-06-07T06:59:00Z'))).toBe(Date.parse('2026-06-07T07:00:00Z'))
    expect(quietUntil(hours, Date.parse('2026-06-07T23:00:00Z'))).toBe(null)
    expect(nextQuiet(hours, Date.parse('2026-06-07T23:00:00Z'))?.from).toBe(
      Date.parse('2026-06-12T22:00:00Z'),
    )
    expect(quietText(hours)).toBe('from 22:00 to 07:00, Fri, Sat (UTC)')
  })

  it.each([
    { from: '22:00', to: '22:00', zone: 'UTC' },
    { from: '24:00', to: '07:00', zone: 'UTC' },
    { from: '22:00', to: '07:00', zone: 'Mars/Base' },
    { from: '22:00', to: '07:00', zone: 'UTC', days: [] },
    { from: '22:00', to: '07:00', zone: 'UTC', days: [0] },
    { from: '22:00', to: '07:00' },
  ])('are refused as %j', hours => {
    expect(quietHoursSchema.safeParse(hours).success).toBe(false)
  })
})
