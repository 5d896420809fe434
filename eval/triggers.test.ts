/** Schedules are the same when they come to the same instants, however they are written. */
import { describe, expect, it } from 'vitest'
import { contractSchema } from '../src/domain/contract.ts'
import type { Trigger } from '../src/domain/contract.ts'
import { at, every, onceAt, ZONE } from './triggers.ts'

const cron = (expression: string, zone?: string): Trigger => ({
  kind: 'cron',
  expression,
  ...(zone === undefined ? {} : { zone }),
})

describe('when something is to happen', () => {
  it.each([
    ['0 8 * * 1-5', ZONE, true],
    ['0 8 * * MON-FRI', ZONE, true],
    ['00 8 * * 1,2,3,4,5', ZONE, true],
    ['0 8 * * *', ZONE, false],
    ['0 8 * * 1-6', ZONE, false],
    ['0 7 * * 1-5', 'UTC', false],
    ['0 8 * * 1-5', 'UTC', false],
    ['not a schedule', ZONE, false],
  ])('weekdays at eight: %s in %s', (expression, zone, fits) => {
    expect(at('0 8 * * 1-5').fits(cron(expression), zone)).toBe(fits)
    expect(at('0 8 * * 1-5').fits(cron(expression, zone), 'Asia/Tokyo')).toBe(fits)
  })

  it('tells one rhythm and one instant from another', () => {
    const [interval, once] = contractSchema.shape.when.parse([
      { kind: 'interval', everyMs: 900_000 },
      { kind: 'once', local: '2031-03-01T09:00:00' },
    ])
    if (interval === undefined || once === undefined) throw new Error('both were given')
    expect([every(900_000).fits(interval, ZONE), every(60_000).fits(interval, ZONE)]).toEqual([true, false])
    expect([
      onceAt('2031-03-01T09:00').fits(once, ZONE),
      onceAt('2031-03-01T10:00').fits(once, ZONE),
    ]).toEqual([true, false])
  })
})
