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

const told = (found: CalendarEvents) =>
  found.events.map(one => `${one.start.local.slice(0, 16)} ${one.title}`)

const BERLIN = 'TZID=Europe/Berlin'
/** As Outlook names and describes it. */
const WEST_EUROPE = [
  'BEGIN:VTIMEZONE',
  'TZID:W. Europe Standard Time',
  'BEGIN:STANDARD',
  'DTSTART:16010101T030000',
  'TZOFFSETFROM:+0200',
  'TZOFFSETTO:+0100',
  'RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10',
  'END:STANDARD',
  'BEGIN:DAYLIGHT',
  'DTSTART:16010101T020000',
  'TZOFFSETFROM:+0100',
  'TZOFFSETTO:+0200',
  'RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3',
  'END:DAYLIGHT',
  'END:VTIMEZONE',
]

describe('single events', () => {
  it('are read with all that is said of them', () => {
    const text = calendar(
      ...event(
        'UID:1@x',
        `DTSTART;${BERLIN}:20260314T100000`,
        `DTEND;${BERLIN}:20260314T113000`,
        'SUMMARY:Stand-up\\, weekly',
        'DESCRIPTION:Line one\\nline ',
        ' two',
        'LOCATION:Room 1',
        'STATUS:CONFIRMED',
        'ORGANIZER;CN="Ada; B":mailto:ada@example.com',
        'CATEGORIES:work,team',
        'URL:https://example.com/x',
        'BEGIN:VALARM',
        'SUMMARY:not this one',
        'END:VALARM',
      ),
    )
    const found = expand(text, '2026-03-14', '2026-03-15')
    expect(found).toMatchObject({ isCalendar: true, name: 'Team', truncated: false, problems: [] })
    expect(found.events).toEqual([
      expect.objectContaining({
        key: '1@x@2026-03-14T09:00:00.000Z',
        title: 'Stand-up, weekly',
        description: 'Line one\nline two',
        location: 'Room 1',
        status: 'confirmed',
        organizer: 'ada@example.com',
        categories: ['work', 'team'],
        allDay: false,
        recurring: false,
        lastDate: '2026-03-14',
      }),
    ])
    expect(found.events[0]?.end.local).toBe('2026-03-14T11:30:00')
  })

  it('of whole days are days of the reader, wherever that is', () => {
    const text = calendar(
      ...event('UID:d', 'DTSTART;VALUE=DATE:20260329', 'DTEND;VALUE=DATE:20260331', 'SUMMARY:Fair'),
    )
    for (const zone of ['Europe/Berlin', 'America/Los_Angeles', 'Pacific/Kiritimati', 'UTC']) {
      const found = expand(text, '2026-03-29', '2026-03-30', { zone })
      expect(found.events).toMatchObject([
        {
          allDay: true,
          lastDate: '2026-03-30',
          start: { local: '2026-03-29T00:00:00' },
          end: { local: '2026-03-31T00:00:00' },
        },
      ])
      expect(expand(text, '2026-03-31', '2026-04-01', { zone }).events).toEqual([])
    }
  })

  it('are inside the window when they touch it', () => {
    const text = calendar(
      ...event('UID:a', 'DTSTART:20260310T100000Z', 'DTEND:20260310T110000Z', 'SUMMARY:long'),
      ...event('UID:b', 'DTSTART:20260310T110000Z', 'SUMMARY:moment'),
      ...event('UID:c', 'DTSTART:20260310T100000Z', 'DURATION:P1D', 'SUMMARY:day'),
    )
    const titles = (from: string, to: string) =>
      expand(text, from, to, { zone: 'UTC' }).events.map(one => one.title)
    expect(titles('2026-03-10T10:30', '2026-03-10T10:45')).toEqual(['long', 'day'])
    expect(titles('2026-03-10T11:00', '2026-03-10T11:01')).toEqual(['day', 'moment'])
    expect(titles('2026-03-10T09:00', '2026-03-10T10:00')).toEqual([])
    expect(titles('2026-03-11T09:59', '2026-03-11T12:00')).toEqual(['day'])
    expect(titles('2026-03-11T10:00', '2026-03-11T12:00')).toEqual([])
  })
})

describe('series', () => {
  it('keep their wall clock across changes of summer time', () => {
    const text = calendar(
      ...event('UID:s', `DTSTART;${BERLIN}:20260316T090000`, 'RRULE:FREQ=WEEKLY', 'SUMMARY:W'),
    )
    const found = expand(text, '2026-03-20', '2026-04-10')
    expect(told(found)).toEqual(['2026-03-23T09:00 W', '2026-03-30T09:00 W', '2026-04-06T09:00 W'])
    expect(found.events.map(one => one.start.offsetMinutes)).toEqual([60, 120, 120])
  })

  it('keep the wall clock of their own zone when somebody reads them in another', () => {
    const text = calendar(
      ...event('UID:s', 'DTSTART;TZID=America/New_York:20260301T090000', 'RRULE:FREQ=DAILY', 'SUMMARY:N'),
    )
    expect(told(expand(text, '2026-03-07', '2026-03-10'))).toEqual([
      '2026-03-07T15:00 N',
      '2026-03-08T14:00 N',
      '2026-03-09T14:00 N',
    ])
  })

  it('have exceptions, by time, by day, and in another zone than their own', () => {
    const text = calendar(
      ...event(
        'UID:s',
        `DTSTART;${BERLIN}:20260302T090000`,
        'RRULE:FREQ=DAILY;COUNT=7',
        `EXDATE;${BERLIN}:20260303T090000,20260304T090000`,
        'EXDATE:20260305T080000Z',
        'EXDATE;VALUE=DATE:20260306',
        `RDATE;${BERLIN}:20260320T120000`,
        'SUMMARY:S',
      ),
    )
    expect(told(expand(text, '2026-03-01', '2026-04-01'))).toEqual([
      '2026-03-02T09:00 S',
      '2026-03-07T09:00 S',
      '2026-03-08T09:00 S',
      '2026-03-20T12:00 S',
    ])
  })

  it('have occurrences that were moved, renamed or cancelled, into the window and out of it', () => {
    const text = calendar(
      ...event(
        'UID:s',
        `DTSTART;${BERLIN}:20260302T090000`,
        'DURATION:PT1H',
        'RRULE:FREQ=WEEKLY',
        'SUMMARY:S',
      ),
      ...event(
        'UID:s',
        `RECURRENCE-ID;${BERLIN}:20260309T090000`,
        `DTSTART;${BERLIN}:20260310T150000`,
        'SUMMARY:moved',
      ),
      ...event(
        'UID:s',
        'RECURRENCE-ID:20260316T080000Z',
        `DTSTART;${BERLIN}:20260502T090000`,
        'SUMMARY:far away',
      ),
      ...event(
        'UID:s',
        `RECURRENCE-ID;${BERLIN}:20260323T090000`,
        `DTSTART;${BERLIN}:20260323T090000`,
        'STATUS:CANCELLED',
        'SUMMARY:S',
      ),
    )
    const found = expand(text, '2026-03-01', '2026-04-01')
    expect(told(found)).toEqual(['2026-03-02T09:00 S', '2026-03-10T15:00 moved', '2026-03-30T09:00 S'])
    expect(found.events[1]?.key).toBe('s@2026-03-09T08:00:00.000Z')
    expect(told(expand(text, '2026-05-02', '2026-05-03'))).toEqual(['2026-05-02T09:00 far away'])
  })

  it('change from an occurrence on', () => {
    const text = calendar(
      ...event('UID:s', `DTSTART;${BERLIN}:20260302T090000`, 'RRULE:FREQ=WEEKLY', 'SUMMARY:old'),
      ...event(
        'UID:s',
        `RECURRENCE-ID;RANGE=THISANDFUTURE;${BERLIN}:20260316T090000`,
        `DTSTART;${BERLIN}:20260317T140000`,
        'SUMMARY:new',
      ),
    )
    expect(told(expand(text, '2026-03-01', '2026-04-01'))).toEqual([
      '2026-03-02T09:00 old',
      '2026-03-09T09:00 old',
      '2026-03-17T14:00 new',
      '2026-03-24T14:00 new',
      '2026-03-31T14:00 new',
    ])
  })

  it('end with the day or the instant they say', () => {
    const until = (end: string) =>
      told(
        expand(
          calendar(
            ...event(
              'UID:s',
              `DTSTART;${BERLIN}:20260302T230000`,
              `RRULE:FREQ=DAILY;UNTIL=${end}`,
              'SUMMARY:S',
            ),
          ),
          '2026-03-01',
          '2026-04-01',
        ),
      ).length
    expect([
      until('20260304T220000Z'),
      until('20260304T215959Z'),
      until('20260304'),
      until('20260304T230000'),
    ]).toEqual([3, 2, 3, 3])
  })

  it('of whole days have whole-day exceptions', () => {
    const text = calendar(
      ...event(
        'UID:s',
        'DTSTART;VALUE=DATE:20260101',
        'RRULE:FREQ=YEARLY',
        'EXDATE;VALUE=DATE:20270101',
        'SUMMARY:New year',
      ),
    )
    expect(told(expand(text, '2026-01-01', '2029-01-01')).map(one => one.slice(0, 4))).toEqual([
      '2026',
      '2028',
    ])
  })
})

describe('time zones', () => {
  it('that only the file knows are what the file defines', () => {
    const text = calendar(
      ...WEST_EUROPE,
      ...event(
        'UID:s',
        'DTSTART;TZID=W. Europe Standard Time:20260302T090000',
        'RRULE:FREQ=MONTHLY',
        'SUMMARY:S',
      ),
    )
    const found = expand(text, '2026-01-01', '2027-01-01')
    expect(found.problems).toEqual([])
    expect(found.events.every(one => one.start.time === '09:00:00')).toBe(true)
    expect(found.events).toHaveLength(10)
  })

  it('are the same defined by a file as by their name, at every hour of many years', () => {
    const start = Date.UTC(1996, 10, 1)
    fc.assert(
      fc.property(fc.nat(40 * 365 * 24 * 4), quarter => {
        const wall = new Date(start + quarter * 900_000).toISOString().slice(0, 16).replaceAll(/[-:]/g, '')
        const one = (zone: string, definition: string[]) =>
          expandCalendar({
            text: calendar(...definition, ...event('UID:x', `DTSTART;TZID=${zone}:${wall}00`)),
            from: 0,
            to: Date.UTC(2090, 0),
            zone: 'UTC',
            limit: 5,
          }).events.map(found => found.start.iso)
        expect(one('W. Europe Standard Time', WEST_EUROPE)).toEqual(one('Europe/Berlin', []))
      }),
      { numRuns: 300 },
    )
  })

  it('of a known name are that zone, whatever the file says and puts before it', () => {
    const wrong = WEST_EUROPE.map(line => line.replace('W. Europe Standard Time', 'Asia/Tokyo'))
    for (const zone of ['Asia/Tokyo', '/example.org/20200101_1/Asia/Tokyo']) {
      const text = calendar(...wrong, ...event('UID:x', `DTSTART;TZID=${zone}:20260302T090000`, 'SUMMARY:T'))
      expect(told(expand(text, '2026-03-01', '2026-04-01', { zone: 'UTC' }))).toEqual(['2026-03-02T00:00 T'])
    }
  })

  it('that nobody knows are read in the reader’s, and that is told once', () => {
    const text = calendar(
      ...event('UID:x', 'DTSTART;TZID=Mars/Olympus:20260302T090000', 'SUMMARY:M', 'RRULE:FREQ=DAILY;COUNT=2'),
    )
    const found = expand(text, '2026-03-01', '2026-04-01')
    expect(told(found)).toEqual(['2026-03-02T09:00 M', '2026-03-03T09:00 M'])
    expect(found.problems).toEqual([
      'The time zone “Mars/Olympus” is not known: its times were read in your own.',
    ])
  })
})
