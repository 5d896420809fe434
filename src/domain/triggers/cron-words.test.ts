import { describe, expect, it } from 'vitest'
import { cronWords } from './cron-words.ts'
import { declarationOf } from './list.ts'

const ZONE = 'Europe/Berlin'

describe('cron in words', () => {
  it.each([
    ['0 8 * * 1-5', 'Every weekday at 08:00 (Z)', 'Von Montag bis Freitag um 08:00 (Z)'],
    ['0 8 * * MON-FRI', 'Every weekday at 08:00 (Z)', 'Von Montag bis Freitag um 08:00 (Z)'],
    ['0 5 * * *', 'Every day at 05:00 (Z)', 'Jeden Tag um 05:00 (Z)'],
    ['0 8,12,18 * * *', 'Every day at 08:00, 12:00 and 18:00 (Z)', 'Jeden Tag um 08:00, 12:00 und 18:00 (Z)'],
    ['0 9 * * 0,6', 'Every Saturday and Sunday at 09:00 (Z)', 'Jeden Samstag und Sonntag um 09:00 (Z)'],
    ['0 9 * * 7,1', 'Every Monday and Sunday at 09:00 (Z)', 'Jeden Montag und Sonntag um 09:00 (Z)'],
    ['0 9 * * 1-7', 'Every day at 09:00 (Z)', 'Jeden Tag um 09:00 (Z)'],
    ['0 9 1 * *', 'On the first of each month at 09:00 (Z)', 'Am Ersten jedes Monats um 09:00 (Z)'],
    [
      '0 9 1,15 * *',
      'On the first and 15th of each month at 09:00 (Z)',
      'Am Ersten und 15. jedes Monats um 09:00 (Z)',
    ],
    ['0 9 22 * *', 'On the 22nd of each month at 09:00 (Z)', 'Am 22. jedes Monats um 09:00 (Z)'],
    ['0 9 L * *', 'On the last day of each month at 09:00 (Z)', 'Am letzten Tag jedes Monats um 09:00 (Z)'],
    ['15 30 9 * * *', 'Every day at 09:30:15 (Z)', 'Jeden Tag um 09:30:15 (Z)'],
    ['* * * * *', 'Every minute', 'Jede Minute'],
    ['*/15 * * * *', 'Every 15 minutes', 'Alle 15 Minuten'],
    ['0 * * * *', 'Every hour', 'Jede Stunde'],
    ['0 */6 * * *', 'Every 6 hours', 'Alle 6 Stunden'],
    ['5,35 * * * *', 'Every hour at :05 and :35', 'Jede Stunde um :05 und :35'],
    ['*/20 * * * * *', 'Every 20 seconds', 'Alle 20 Sekunden'],
    ['* * * * * *', 'Every second', 'Jede Sekunde'],
    ['*/10 * * * 1-5', 'Every 10 minutes, every weekday (Z)', 'Alle 10 Minuten, von Montag bis Freitag (Z)'],
  ])('%s: %s', (expression, english, german) => {
    expect(cronWords(expression, 'Z', 'en')).toBe(english)
    expect(cronWords(expression, 'Z', 'de')).toBe(german)
  })

  it.each([
    '0 8 1-7 * 1',
    '0 8 * 3 *',
    '0 8 * * 1#1',
    '0 8 15W * *',
    '*/7 * * * *',
    '*/10 8-17 * * *',
    'nonsense',
    '',
  ])('what has no short name is quoted: %s', expression => {
    expect(cronWords(expression, ZONE, 'en')).toBeNull()
    const { describe: say } = declarationOf({ kind: 'cron' })
    const shown = say({ kind: 'cron', expression }, ZONE)
    expect(shown).toBe(`At the times “${expression}” (${ZONE})`)
  })
})
