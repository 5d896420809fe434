import { Cron } from 'croner'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cronWords } from './cron-words.ts'

describe('cron in words', () => {
  it.each([
    ['0 5 * * *', 'Every day at 05:00', 'Jeden Tag um 05:00'],
    ['30 7,19 * * *', 'Every day at 07:30 and 19:30', 'Jeden Tag um 07:30 und 19:30'],
    ['0 8 * * 1-5', 'Monday to Friday at 08:00', 'Montag bis Freitag um 08:00'],
    ['0 17 * * 0', 'Every Sunday at 17:00', 'Jeden Sonntag um 17:00'],
    ['0 17 * * 7', 'Every Sunday at 17:00', 'Jeden Sonntag um 17:00'],
    ['0 9 * * mon,thu', 'Every Monday and Thursday at 09:00', 'Jeden Montag und Donnerstag um 09:00'],
    ['0 6 1 * *', 'On the first of each month at 06:00', 'Am Ersten jedes Monats um 06:00'],
    ['0 6 22 * *', 'On the 22nd of each month at 06:00', 'Am 22. jedes Monats um 06:00'],
    ['0 6 13 * *', 'On the 13th of each month at 06:00', 'Am 13. jedes Monats um 06:00'],
    ['*/5 * * * *', 'Every 5 minutes', 'Alle 5 Minuten'],
    ['* * * * *', 'Every minute', 'Jede Minute'],
    ['15 * * * *', 'Every hour, 15 minutes past', 'Jede Stunde, 15 Minuten nach der vollen'],
    ['0 */6 * * *', 'Every 6 hours', 'Alle 6 Stunden'],
    ['0 0 4 * * *', 'Every day at 04:00', 'Jeden Tag um 04:00'],
  ])('%s: %s', (expression, english, german) => {
    expect(cronWords(expression, 'en')).toBe(english)
    expect(cronWords(expression, 'de')).toBe(german)
  })

  it.each([
    '*/7 * * * *',
    '0 5 1 * 1',
    '0 5 * 3 *',
    '0 5 L * *',
    '10 0 5 * * *',
    '0 5 * * 1#2',
    'nonsense',
    '',
  ])('says nothing of “%s”, which has no short words', expression => {
    expect([cronWords(expression, 'en'), cronWords(expression, 'de')]).toEqual([null, null])
  })

  it('says the time of the next instant, as cron reads it', () => {
    const one = fc.record({
      m: fc.integer({ min: 0, max: 59 }),
      h: fc.integer({ min: 0, max: 23 }),
      d: fc.integer({ min: 0, max: 6 }),
    })
    fc.assert(
      fc.property(one, ({ m, h, d }) => {
        const expression = `${String(m)} ${String(h)} * * ${String(d)}`
        const next = new Cron(expression, { timezone: 'UTC' }).nextRun(new Date('2026-01-01T00:00:00Z'))
        const day = next?.toLocaleDateString('en-GB', { weekday: 'long', timeZone: 'UTC' }) ?? ''
        expect(cronWords(expression, 'en')).toBe(`Every ${day} at ${next?.toISOString().slice(11, 16) ?? ''}`)
      }),
    )
  })
})
