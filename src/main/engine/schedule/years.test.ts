/** Every zone there is, over six decades: where its clocks are moved, and on days like any other. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { oracleDue } from '../../../../test/support/cron-oracle.ts'
import { dueInstants } from './due.ts'

const DAY = 86_400_000
const ZONES = Intl.supportedValuesOf('timeZone')

/** Days of a year on which the clocks of a zone stand otherwise at the end than at the beginning. */
function movesOf(zone: string, year: number): number[] {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' })
  const offsetAt = (at: number) => format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value
  const days = Array.from({ length: 366 }, (_, day) => Date.UTC(year, 0, 1) + day * DAY)
  return days.filter(day => offsetAt(day) !== offsetAt(day + DAY))
}

const windows = fc
  .record({
    zone: fc.constantFrom(...ZONES),
    year: fc.integer({ min: 1976, max: 2037 }),
    pick: fc.nat(365),
    before: fc.integer({ min: 0, max: 20 * 60 }),
  })
  .map(({ zone, year, pick, before }) => {
    const moves = movesOf(zone, year)
    const day = moves[pick % Math.max(1, moves.length)] ?? Date.UTC(year, 0, 1) + pick * DAY
    return { zone, after: day - before * 60_000, until: day + 1.5 * DAY }
  })

/** Times of day and rhythms, dense around the hours at which clocks are moved. */
const expressions = fc
  .tuple(
    fc.constantFrom('*', '*/7', '0', '0,30', '59', '15-45/10'),
    fc.constantFrom('*', '0-23', '0', '2', '1-3', '23', '22-23', '0,3,12', '*/5'),
    fc.constantFrom('*', '*', '*', 'SUN', '1-5', '6-7'),
  )
  .map(([minute, hour, weekday]) => `${minute} ${hour} * * ${weekday}`)

test('R4 in every zone and year a schedule is due exactly when the local clock says so', () => {
  fc.assert(
    fc.property(windows, expressions, ({ zone, after, until }, expression) => {
      const due = dueInstants({ kind: 'cron', expression }, zone, after, until, Infinity)
      expect(due.instants).toEqual(oracleDue(expression, zone, after, until))
    }),
    { numRuns: 60 },
  )
}, 120_000)
