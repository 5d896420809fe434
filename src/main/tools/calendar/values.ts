/** Times, lengths and rules of calendar properties, as the rest of this folder works with them. */
import ICAL from 'ical.js'
import type { Property } from './components.ts'
import type { Frequency, Rule } from './recurrence.ts'
import { UTC, type Zone, type Zones } from './zones.ts'

/** A moment as a calendar says it: what the wall shows, and where the wall is. */
export interface When {
  wall: number
  isDate: boolean
  zone: Zone
}

export function instantOf(when: When): number {
  return when.zone.toUtc(when.wall)
}

/** The times of a property; those that are no real times are left out. */
export function timesOf(property: Property, zones: Zones): When[] {
  const raw = property.raw.split(',')
  return property.values.flatMap((value, place) => {
    const time = value instanceof ICAL.Period ? value.start : value
    if (!(time instanceof ICAL.Time)) return []
    const written = raw[place]?.split('/')[0]
    // The library makes the 5th of January of “20261301T990000”.
    if (written !== time.toICALString()) return []
    return [whenOf(time, property.zone, zones)]
  })
}

function whenOf(time: ICAL.Time, zone: string | null, zones: Zones): When {
  const wall = wallOf(time)
  if (time.isDate) return { wall, isDate: true, zone: zones.reader }
  if (isUtc(time)) return { wall, isDate: false, zone: UTC }
  return { wall, isDate: false, zone: zones.named(zone) }
}

function wallOf(time: ICAL.Time): number {
  return Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute, time.second)
}

function isUtc(time: ICAL.Time): boolean {
  return time.toICALString().endsWith('Z')
}

/** In milliseconds, and separately in whole days where it is said in days or weeks. */
export function lengthOf(property: Property | undefined): number | null {
  const value = property?.values[0]
  if (!(value instanceof ICAL.Duration)) return null
  const ms = value.toSeconds() * 1_000
  return Number.isSafeInteger(ms) && ms >= 0 ? ms : null
}

/** Hours and minutes from UTC, in milliseconds. */
export function offsetOf(property: Property | undefined): number | null {
  const value = property?.values[0]
  if (!(value instanceof ICAL.UtcOffset)) return null
  const ms = value.toSeconds() * 1_000
  return Math.abs(ms) <= 24 * 3_600_000 ? ms : null
}

/** `untilWall` tells what the wall of the series shows at the rule's end. */
export function readRule(recur: ICAL.Recur, untilWall: (until: ICAL.Time) => number): Rule {
  const numbers = (name: string) => listOf(recur, name).filter(value => typeof value === 'number')
  const { until, count } = recur as { until: ICAL.Time | null; count: number | null }
  return {
    freq: frequencyOf(recur),
    interval:
      Number.isSafeInteger(recur.interval) && recur.interval > 0 ? Math.min(recur.interval, 1_000_000) : 1,
    count,
    until: until === null ? null : untilWall(until),
    weekStart: (recur.wkst + 6) % 7,
    bySecond: numbers('BYSECOND'),
    byMinute: numbers('BYMINUTE'),
    byHour: numbers('BYHOUR'),
    byDay: listOf(recur, 'BYDAY').flatMap(weekdayOf),
    byMonthDay: numbers('BYMONTHDAY'),
    byYearDay: numbers('BYYEARDAY'),
    byWeekNo: numbers('BYWEEKNO'),
    byMonth: numbers('BYMONTH'),
    bySetPos: numbers('BYSETPOS'),
  }
}

const FREQUENCIES: readonly Frequency[] = [
  'SECONDLY',
  'MINUTELY',
  'HOURLY',
  'DAILY',
  'WEEKLY',
  'MONTHLY',
  'YEARLY',
]

function frequencyOf(recur: ICAL.Recur): Frequency {
  const found = FREQUENCIES.find(name => name === recur.freq)
  if (found === undefined) throw new RangeError('a rule without a frequency')
  return found
}

export function wallOfUntil(until: ICAL.Time, zone: Zone): number {
  // A day as the end of a series of times is the whole day.
  if (until.isDate) return wallOf(until) + 86_400_000 - 1
  return isUtc(until) ? zone.toWall(wallOf(until)) : wallOf(until)
}

function listOf(recur: ICAL.Recur, name: string): unknown[] {
  const parts = recur.parts as Record<string, unknown>
  const part = parts[name]
  return Array.isArray(part) ? part : []
}

const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA']

function weekdayOf(text: unknown): { ordinal: number; weekday: number }[] {
  const [, ordinal = '', day = ''] = /^([+-]?\d{0,2})([A-Z]{2})$/.exec(String(text)) ?? []
  const weekday = WEEKDAYS.indexOf(day)
  return weekday === -1 ? [] : [{ ordinal: Number(ordinal === '' ? 0 : ordinal), weekday }]
}
