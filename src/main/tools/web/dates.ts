/**
 * Dates as feeds and pages write them, in UTC ms: RFC 822 with every zone name ever used in one, ISO 8601 with and
 * without a time, and what broken generators make of both. What names no zone is taken for UTC: the machine's own
 * zone never plays a part. Null where no date can be made out.
 */
import { DateTime } from 'luxon'

const LONGEST = 100

/** Zone names and the offset each most often means. */
const ZONES: Readonly<Record<string, string>> = {
  GMT: '+0000',
  UT: '+0000',
  Z: '+0000',
  EST: '-0500',
  EDT: '-0400',
  CST: '-0600',
  CDT: '-0500',
  MST: '-0700',
  MDT: '-0600',
  PST: '-0800',
  PDT: '-0700',
  UTC: '+0000',
  WET: '+0000',
  BST: '+0100',
  CET: '+0100',
  MEZ: '+0100',
  CEST: '+0200',
  MESZ: '+0200',
  EET: '+0200',
  EEST: '+0300',
  MSK: '+0300',
  IST: '+0530',
  JST: '+0900',
  KST: '+0900',
  AEST: '+1000',
  AEDT: '+1100',
  NZST: '+1200',
  NZDT: '+1300',
}

/** Tried in this order, after RFC 822 and ISO 8601. */
const FORMATS = [
  'd LLL yyyy HH:mm:ss',
  'd LLL yyyy HH:mm',
  'd LLL yyyy',
  'd LLLL yyyy HH:mm:ss',
  'd LLLL yyyy',
  'LLL d, yyyy',
  'LLLL d, yyyy',
  'LLL d yyyy HH:mm:ss',
  'yyyy/MM/dd HH:mm:ss',
  'yyyy/MM/dd',
  'dd.MM.yyyy HH:mm',
  'dd.MM.yyyy',
]

export function readDate(text: string | null | undefined): number | null {
  if (text === null || text === undefined) return null
  const plain = text.slice(0, LONGEST).replaceAll(/\s+/g, ' ').trim()
  if (plain === '') return null
  return readIso(isoLike(plain)) ?? readMail(plain)
}

const UTC = { zone: 'utc', setZone: false } as const
const ENGLISH = { ...UTC, locale: 'en' } as const

/** Only with its date: a time alone would be one of today. */
function readIso(text: string): number | null {
  return /^\d{4}(-|\d{4})/.test(text) ? read(DateTime.fromISO(text, UTC)) : null
}

/** It follows from the date, and is often wrong. */
const WEEKDAY = /^(mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? +/i

function readMail(text: string): number | null {
  const { rest, offset } = zoneOf(text.replace(WEEKDAY, '').replaceAll(/\bSept\b/gi, 'Sep'))
  for (const format of FORMATS) {
    const local = read(DateTime.fromFormat(rest, format, ENGLISH))
    if (local !== null) return local - offset
  }
  return read(DateTime.fromRFC2822(text, UTC))
}

/** A space for the T, and offsets written with a space before them. */
function isoLike(text: string): string {
  return text
    .replace(/^(\d{4}-\d\d-\d\d) (\d)/, '$1T$2')
    .replace(/ ?(UTC|GMT)$/i, 'Z')
    .replace(/ ([+-]\d\d:?\d\d)$/, '$1')
}

function zoneOf(text: string): { rest: string; offset: number } {
  const found = /^(.*?\d) ?(?:GMT|UTC)?([+-]\d\d):?(\d\d)$/.exec(text)
  if (found !== null) return { rest: found[1] ?? '', offset: offsetOf(found[2] ?? '', found[3] ?? '') }
  const named = /^(.*\d) ([A-Z]{1,5})$/i.exec(text)
  const offset = ZONES[named?.[2]?.toUpperCase() ?? '']
  if (named === null || offset === undefined) return { rest: text, offset: 0 }
  return { rest: named[1] ?? '', offset: offsetOf(offset.slice(0, 3), offset.slice(3)) }
}

function offsetOf(hours: string, minutes: string): number {
  const sign = hours.startsWith('-') ? -1 : 1
  return sign * (Math.abs(Number(hours)) * 60 + Number(minutes)) * 60_000
}

/** Years that are no dates of anything on the web are misreadings. */
function read(moment: DateTime): number | null {
  return moment.isValid && moment.year >= 1970 && moment.year < 2200 ? moment.toMillis() : null
}
