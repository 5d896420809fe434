import { Cron } from 'croner'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { triggerLine } from '../../../domain/contract-text.ts'

describe('cron in words', () => {
  test('says the day and time of the next instant, as cron is read here', () => {
    const numbers = fc.record({
      minute: fc.integer({ min: 0, max: 59 }),
      hour: fc.integer({ min: 0, max: 23 }),
      day: fc.integer({ min: 0, max: 6 }),
    })
    fc.assert(
      fc.property(numbers, ({ minute, hour, day }) => {
        const expression = `${String(minute)} ${String(hour)} * * ${String(day)}`
        const next = new Cron(expression, { timezone: 'UTC' }).nextRun(new Date('2026-01-01T00:00:00Z'))
        const name = next?.toLocaleDateString('en-GB', { weekday: 'long', timeZone: 'UTC' }) ?? ''
        const time = next?.toISOString().slice(11, 16) ?? ''
        expect(triggerLine({ kind: 'cron', expression }, 'UTC')).toBe(`Every ${name} at ${time} (UTC)`)
      }),
    )
  })

  test('the zone of the trigger is named before the zone of the contract', () => {
    const trigger = { kind: 'cron', expression: '0 8 * * *', zone: 'Asia/Kolkata' } as const
    expect(triggerLine(trigger, 'Europe/Berlin')).toBe('Every day at 08:00 (Asia/Kolkata)')
  })
})

describe('other triggers in words', () => {
  test.each([
    [1_000, 'Every second'],
    [90_000, 'Every 90 seconds'],
    [900_000, 'Every 15 minutes'],
    [3_600_000, 'Every hour'],
    [86_400_000, 'Every 24 hours'],
    [172_800_000, 'Every 2 days'],
    [604_800_000, 'Every week'],
    [1_001, 'Every 1001 milliseconds'],
  ])('an interval of %d ms → %s', (everyMs, words) => {
    expect(triggerLine({ kind: 'interval', everyMs }, 'UTC')).toBe(words)
  })

  test('a single instant, a start by hand and an event', () => {
    expect(triggerLine({ kind: 'once', local: '2026-03-29T08:00' }, 'Europe/Berlin')).toBe(
      'Once, on 29 March 2026 at 08:00 (Europe/Berlin)',
    )
    expect(triggerLine({ kind: 'once', local: '2026-03-29T08:00:05' }, 'UTC')).toContain('08:00:05')
    expect(triggerLine({ kind: 'manual' }, 'UTC')).toBe('When you start it')
    expect(triggerLine({ kind: 'event', topic: 'invoice-filed' }, 'UTC')).toBe('When “invoice-filed” happens')
  })
})
