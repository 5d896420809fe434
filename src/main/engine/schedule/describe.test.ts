import { describe, expect, test } from 'vitest'
import { describeTrigger } from './describe.ts'

const cron = (expression: string): string => describeTrigger({ kind: 'cron', expression }, 'Europe/Berlin')

describe('cron in words', () => {
  test.each([
    ['0 8 * * 1-5', 'Every weekday at 08:00 (Europe/Berlin)'],
    ['0 8 * * MON-FRI', 'Every weekday at 08:00 (Europe/Berlin)'],
    ['30 7 * * *', 'Every day at 07:30 (Europe/Berlin)'],
    ['0 8,12,18 * * *', 'Every day at 08:00, 12:00 and 18:00 (Europe/Berlin)'],
    ['0 9 * * 0,6', 'Every Saturday and Sunday at 09:00 (Europe/Berlin)'],
    ['0 9 * * 7,1', 'Every Monday and Sunday at 09:00 (Europe/Berlin)'],
    ['0 9 * * 1-7', 'Every day at 09:00 (Europe/Berlin)'],
    ['0 9 1 * *', 'On day 1 of every month at 09:00 (Europe/Berlin)'],
    ['0 9 1,15 * *', 'On day 1 and day 15 of every month at 09:00 (Europe/Berlin)'],
    ['0 9 L * *', 'On the last day of every month at 09:00 (Europe/Berlin)'],
    ['15 30 9 * * *', 'Every day at 09:30:15 (Europe/Berlin)'],
    ['* * * * *', 'Every minute'],
    ['*/15 * * * *', 'Every 15 minutes'],
    ['0 * * * *', 'Every hour'],
    ['5,35 * * * *', 'Every hour at :05 and :35'],
    ['*/20 * * * * *', 'Every 20 seconds'],
    ['* * * * * *', 'Every second'],
    ['*/10 * * * 1-5', 'Every 10 minutes, every weekday (Europe/Berlin)'],
  ])('%s → %s', (expression, words) => {
    expect(cron(expression)).toBe(words)
  })

  test.each([
    '0 8 1-7 * 1',
    '0 8 * 3 *',
    '0 8 * * 1#1',
    '0 8 15W * *',
    '*/7 * * * *',
    '*/10 8-17 * * *',
    '0 8 1-31 * 1',
  ])('what has no short name is quoted: %s', expression => {
    expect(cron(expression)).toBe(`On the schedule "${expression}" (Europe/Berlin)`)
  })

  test('the zone of the trigger is named before the zone of the contract', () => {
    const trigger = { kind: 'cron', expression: '0 8 * * *', zone: 'Asia/Kolkata' } as const
    expect(describeTrigger(trigger, 'Europe/Berlin')).toBe('Every day at 08:00 (Asia/Kolkata)')
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
    expect(describeTrigger({ kind: 'interval', everyMs }, 'UTC')).toBe(words)
  })

  test('a single instant, a start by hand and an event', () => {
    expect(describeTrigger({ kind: 'once', local: '2026-03-29T08:00' }, 'Europe/Berlin')).toBe(
      'Once, on 29 March 2026 at 08:00 (Europe/Berlin)',
    )
    expect(describeTrigger({ kind: 'once', local: '2026-03-29T08:00:05' }, 'UTC')).toContain('08:00:05')
    expect(describeTrigger({ kind: 'manual' }, 'UTC')).toBe('When you start it')
    expect(describeTrigger({ kind: 'event', topic: 'invoice-filed' }, 'UTC')).toBe(
      'When “invoice-filed” happens',
    )
  })
})
