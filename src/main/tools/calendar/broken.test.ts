/** Calendars as they come: broken, cut off, endless. Nothing in one may cost more than itself. */
import fc from 'fast-check'
import { DateTime } from 'luxon'
import { describe, expect, it } from 'vitest'
import { expandCalendar, type CalendarEvents, type CalendarText } from './expand.ts'

const at = (text: string, zone = 'Europe/Berlin') => DateTime.fromISO(text, { zone }).toMillis()

function calendar(...lines: string[]): string {
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', 'X-WR-CALNAME:Team', ...lines, 'END:VCALENDAR', ''].join('\r\n')
}

function event(...lines: string[]): string[] {
  return ['BEGIN:VEVENT', ...lines, 'END:VEVENT']
}

function expand(text: string, from: string, to: string, more: Partial<CalendarText> = {}): CalendarEvents {
  const zone = more.zone ?? 'Europe/Berlin'
  return expandCalendar({ text, from: at(from, zone), to: at(to, zone), zone, limit: 1_000, ...more })
}

describe('broken files', () => {
  it('lose what is broken and no more', () => {
    const text = calendar(
      ...event('UID:1', 'DTSTART:20260302T090000Z', 'SUMMARY:fine'),
      ...event('UID:2', 'DTSTART:garbage', 'SUMMARY:no time'),
      ...event('UID:3', 'DTSTART:20261301T990000Z', 'SUMMARY:no month'),
      ...event('UID:4', 'DTSTART:20260303T090000Z', 'DTEND:20260301T090000Z', 'SUMMARY:backwards'),
      ...event('UID:5', 'DTSTART:20260304T090000Z', 'RRULE:FREQ=SOMETIMES', 'SUMMARY:odd rule'),
      'this is no line',
      'BEGIN:VEVENT',
      'UID:6',
      'DTSTART:20260305T090000Z',
      'SUMMARY:never ended',
      ...event('UID:7', 'DTSTART:20260306T090000Z', 'X;Y', 'SUMMARY:after'),
      'END:VTODO',
    )
    const found = expand(text, '2026-03-01', '2026-04-01', { zone: 'UTC' })
    expect(found.events.map(one => one.title)).toEqual([
      'fine',
      'backwards',
      'odd rule',
      'never ended',
      'after',
    ])
    expect(found.problems.join(' ')).toMatch(/“no time”.*left out/)
    expect(found.problems.join(' ')).toMatch(/“no month”.*left out/)
    expect(found.problems.join(' ')).toMatch(/“backwards”.*ends before it begins/)
    expect(found.problems.length).toBeGreaterThan(5)
  })

  it('that break off still show what came before', () => {
    const whole = calendar(
      ...event('UID:1', 'DTSTART:20260302T090000Z', 'SUMMARY:one'),
      ...event('UID:2', 'DTSTART:20260303T090000Z', 'SUMMARY:two'),
    )
    const found = expand(whole.slice(0, whole.indexOf('SUMMARY:two')), '2026-03-01', '2026-04-01')
    expect(found.events.map(one => one.title)).toEqual(['one'])
    expect(found.problems.join(' ')).toContain('does not end')
  })

  it.each([
    '',
    'hello',
    '<!doctype html><html></html>',
    'BEGIN:VCARD\nFN:x\nEND:VCARD',
    '\u0000'.repeat(100),
  ])('%j is no calendar', text => {
    expect(expand(text, '2026-03-01', '2026-04-01')).toMatchObject({ isCalendar: false, events: [] })
  })

  const parts = fc.constantFrom(
    'BEGIN:VEVENT',
    'END:VEVENT',
    'BEGIN:VTIMEZONE',
    'END:VTIMEZONE',
    'BEGIN:STANDARD',
    'END:STANDARD',
    'END:VCALENDAR',
    'DTSTART:20260302T090000Z',
    'DTSTART;TZID=X:20260302T090000',
    'DTSTART;VALUE=DATE:20260302',
    'DTEND:20260101T000000Z',
    'RRULE:FREQ=DAILY',
    'RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
    'RRULE:FREQ=SECONDLY;COUNT=100000',
    'RRULE:BYDAY=MO',
    'RRULE:FREQ=DAILY;INTERVAL=0',
    'RRULE:FREQ=DAILY;COUNT=-1',
    'RRULE:FREQ=MONTHLY;BYSETPOS=0;BYDAY=MO',
    'DURATION:-P1D',
    'DURATION:P99999999W',
    'RECURRENCE-ID:20260303T090000Z',
    'RECURRENCE-ID;RANGE=THISANDFUTURE:20260303T090000Z',
    'UID:1',
    'UID:__proto__',
    'SUMMARY:\ud800',
    'EXDATE:1,2,3',
    'TZID:X',
    'TZOFFSETFROM:+9999',
    'TZOFFSETTO:-0100',
    'TZOFFSETFROM:+0100',
    ' folded',
    'RDATE;VALUE=PERIOD:20260302T090000Z/PT1H',
    ':',
    ';',
    '=',
    'DTSTART',
  )
  it('S1 of any kind are read to an end, in order and within the window', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 40 }), lines => {
        const found = expand(calendar(...lines), '2026-03-01', '2026-03-20', { limit: 50 })
        expect(found.events.length).toBeLessThanOrEqual(50)
        const starts = found.events.map(one => one.start.ms)
        expect([...starts].sort((a, b) => a - b)).toEqual(starts)
        expect(found.events.every(one => one.end.ms >= one.start.ms && one.start.ms < at('2026-03-20'))).toBe(
          true,
        )
      }),
      { numRuns: 150 },
    )
  })

  it('S2 an endless series of seconds is cut, and that is told', () => {
    const text = calendar(
      ...event('UID:s', 'DTSTART:20200101T000000Z', 'RRULE:FREQ=SECONDLY', 'SUMMARY:tick'),
    )
    const found = expand(text, '2026-03-01', '2026-05-01', { limit: 100 })
    expect(found.events).toHaveLength(100)
    expect(found.truncated).toBe(true)
  })

  it('S2 very many endless series share one budget', () => {
    const series = Array.from({ length: 200 }, (_, i) =>
      event(`UID:${String(i)}`, 'DTSTART:19700101T000000Z', 'RRULE:FREQ=SECONDLY;COUNT=999999999'),
    )
    const found = expand(calendar(...series.flat()), '2026-03-01', '2026-03-02')
    expect(found.truncated).toBe(true)
    expect(found.problems[0]).toMatch(/repeats too often/)
  })
})
