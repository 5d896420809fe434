import fc from 'fast-check'
import { Settings } from 'luxon'
import { describe, expect, it } from 'vitest'
import { isFailureError } from '../../../domain/failure.ts'
import { compareMoments, formatMoment, parseDateText, shiftDate } from './dates.ts'
import { instantIn, parseIso, zoneName } from './instant.ts'

const berlin = 'Europe/Berlin'

describe('an instant in a zone', () => {
  it('is told by the wall clock of the zone, on both sides of a change of summer time', () => {
    expect(instantIn(Date.UTC(2026, 2, 29, 0, 59, 59), berlin)).toEqual({
      ms: Date.UTC(2026, 2, 29, 0, 59, 59),
      iso: '2026-03-29T00:59:59.000Z',
      zone: berlin,
      local: '2026-03-29T01:59:59',
      date: '2026-03-29',
      time: '01:59:59',
      weekday: 7,
      offsetMinutes: 60,
    })
    expect(instantIn(Date.UTC(2026, 2, 29, 1), berlin)).toMatchObject({
      local: '2026-03-29T03:00:00',
      offsetMinutes: 120,
    })
    expect(instantIn(Date.UTC(2026, 9, 25, 0, 30), berlin)).toMatchObject({
      local: '2026-10-25T02:30:00',
      offsetMinutes: 120,
    })
    expect(instantIn(Date.UTC(2026, 9, 25, 1, 30), berlin)).toMatchObject({
      local: '2026-10-25T02:30:00',
      offsetMinutes: 60,
    })
    expect(instantIn(0, 'Asia/Kathmandu')).toMatchObject({ local: '1970-01-01T05:30:00', weekday: 4 })
  })

  it("S3 does not depend on the machine's language", () => {
    Settings.defaultLocale = 'ar-EG'
    try {
      expect(instantIn(0, 'UTC')).toMatchObject({
        local: '1970-01-01T00:00:00',
        date: '1970-01-01',
        time: '00:00:00',
      })
      expect(formatMoment(0, 'd MMMM yyyy', 'UTC')).toBe('1 January 1970')
      expect(parseDateText({ text: '1 January 1970', format: 'd MMMM yyyy', zone: 'UTC' }).ms).toBe(0)
    } finally {
      Settings.defaultLocale = 'en'
    }
  })

  it('is read back from its own ISO text, whatever the zone', () => {
    const ms = fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2100, 0, 1) })
    fc.assert(
      fc.property(ms, fc.constantFrom('UTC', berlin, 'America/St_Johns', 'Pacific/Apia'), (instant, zone) => {
        expect(parseIso(instantIn(instant, zone).iso, berlin)?.toMillis()).toBe(instant)
      }),
    )
  })
})

describe('a local time in ISO 8601', () => {
  const cases: [text: string, utc: string | undefined][] = [
    ['2026-03-29T02:30', '2026-03-29T01:30:00.000Z'],
    ['2026-10-25T02:30', '2026-10-25T00:30:00.000Z'],
    ['2026-10-25T02:30+01:00', '2026-10-25T01:30:00.000Z'],
    ['2026-10-25T02:30Z', '2026-10-25T02:30:00.000Z'],
    ['2026-07-01', '2026-06-30T22:00:00.000Z'],
    ['10:30', undefined],
    ['2026-02-30', undefined],
    ['tomorrow', undefined],
  ]
  it.each(cases)('%s in Berlin', (text, utc) => {
    expect(parseIso(text, berlin)?.toUTC().toISO() ?? undefined).toBe(utc)
  })

  it('takes only zones there are', () => {
    expect(zoneName.safeParse(berlin).success).toBe(true)
    expect(zoneName.safeParse('Mars/Olympus').success).toBe(false)
  })
})

describe('dates', () => {
  it('are read in the forms of mail, HTTP and SQL, and exactly in a given format', () => {
    const read = (text: string, format?: string, locale?: string) =>
      parseDateText({ text, zone: berlin, format, locale }).iso
    expect(read('Tue, 1 Jul 2025 13:23:12 -0600')).toBe('2025-07-01T19:23:12.000Z')
    expect(read('Sun, 06 Nov 1994 08:49:37 GMT')).toBe('1994-11-06T08:49:37.000Z')
    expect(read('2017-05-15 09:24:15')).toBe('2017-05-15T07:24:15.000Z')
    expect(read(' 2017-05-15T09:24 ')).toBe('2017-05-15T07:24:00.000Z')
    expect(read('1.2.2026', 'd.M.yyyy')).toBe('2026-01-31T23:00:00.000Z')
    expect(read('3. März 2026', 'd. MMMM yyyy', 'de')).toBe('2026-03-02T23:00:00.000Z')
    expect(read('25.10.2026 02:30', 'dd.MM.yyyy HH:mm')).toBe('2026-10-25T00:30:00.000Z')
    expect(read('25.10.2026 02:30 +01:00', 'dd.MM.yyyy HH:mm ZZ')).toBe('2026-10-25T01:30:00.000Z')
  })

  it.each(['soon', '10:30', '30', '2026-13-01', '1/2/2026', ''])('are not guessed from %j', text => {
    expect.assertions(1)
    try {
      parseDateText({ text, zone: 'UTC' })
    } catch (error) {
      expect(isFailureError(error) && error.failure).toEqual({
        kind: 'invalid-input',
        path: 'text',
        message: `“${text}” was not a date in a form that is known.`,
      })
    }
  })

  it('keep the wall clock when days are added, and the exact time when hours are', () => {
    const from = { date: '2026-03-28T12:00', zone: berlin }
    expect(shiftDate({ ...from, days: 1 }).iso).toBe('2026-03-29T10:00:00.000Z')
    expect(shiftDate({ ...from, hours: 24 }).iso).toBe('2026-03-29T11:00:00.000Z')
    expect(shiftDate({ date: '2026-01-31', months: 1, zone: 'UTC' }).date).toBe('2026-02-28')
    expect(shiftDate({ date: '2024-02-29', years: 1, zone: 'UTC' }).date).toBe('2025-02-28')
    expect(() => shiftDate({ date: '2026-01-01', years: 9000, zone: 'UTC' })).toThrow('outside the years')
  })

  it('are compared as instants, and by the midnights between them', () => {
    expect(compareMoments('2026-03-28T23:59', '2026-03-29T00:01', berlin)).toEqual({
      order: -1,
      ms: 120_000,
      days: 1,
    })
    expect(compareMoments('2026-03-29T12:00', '2026-03-28T12:00', berlin)).toEqual({
      order: 1,
      ms: -82_800_000,
      days: -1,
    })
    expect(compareMoments(0, '1970-01-01T00:00Z', berlin)).toEqual({ order: 0, ms: 0, days: 0 })
    expect(() => compareMoments('x', 0, 'UTC')).toThrow('“x” was not an ISO date')
  })

  it('are written in a format, a zone and a language', () => {
    expect(formatMoment('2026-03-29T01:00Z', "EEEE, d MMMM yyyy 'at' HH:mm", berlin)).toBe(
      'Sunday, 29 March 2026 at 03:00',
    )
    expect(formatMoment(0, 'd. MMMM', 'UTC', 'de')).toBe('1. Januar')
  })
})
