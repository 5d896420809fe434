import fc from 'fast-check'
import ICAL from 'ical.js'
import { describe, expect, it } from 'vitest'
import { Budget, occurrences, type Rule } from './recurrence.ts'
import { readRule } from './values.ts'

const at = (text: string) => Date.parse(`${text}Z`)
const text = (wall: number) => new Date(wall).toISOString().slice(0, 19)
const rule = (source: string): Rule =>
  readRule(ICAL.Recur.fromString(source), when => Date.parse(`${when.toString().replace('Z', '')}Z`))
const EVER = { from: at('1900-01-01T00:00:00'), to: at('2100-01-01T00:00:00') }

function first(source: string, start: string, most: number, window = EVER): string[] {
  const found: string[] = []
  for (const wall of occurrences(rule(source), at(start), window, new Budget(500_000))) {
    found.push(text(wall))
    if (found.length >= most) break
  }
  return found
}
const days = (source: string, start: string, most: number) =>
  first(source, `${start}T09:00:00`, most).map(found => found.slice(0, 10))

describe('recurrence rules, as RFC 5545 shows them', () => {
  const shown: [rule: string, start: string, expected: string][] = [
    [
      'FREQ=DAILY;INTERVAL=10;COUNT=5',
      '1997-09-02',
      '1997-09-02 1997-09-12 1997-09-22 1997-10-02 1997-10-12',
    ],
    [
      'FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,TH;COUNT=8',
      '1997-09-02',
      '1997-09-02 1997-09-04 1997-09-16 1997-09-18 1997-09-30 1997-10-02 1997-10-14 1997-10-16',
    ],
    ['FREQ=MONTHLY;COUNT=4;BYDAY=1FR', '1997-09-05', '1997-09-05 1997-10-03 1997-11-07 1997-12-05'],
    [
      'FREQ=MONTHLY;INTERVAL=2;COUNT=6;BYDAY=1SU,-1SU',
      '1997-09-07',
      '1997-09-07 1997-09-28 1997-11-02 1997-11-30 1998-01-04 1998-01-25',
    ],
    ['FREQ=MONTHLY;COUNT=4;BYDAY=-2MO', '1997-09-22', '1997-09-22 1997-10-20 1997-11-17 1997-12-22'],
    [
      'FREQ=MONTHLY;BYMONTHDAY=-3',
      '1997-09-28',
      '1997-09-28 1997-10-29 1997-11-28 1997-12-29 1998-01-29 1998-02-26',
    ],
    [
      'FREQ=MONTHLY;COUNT=6;BYMONTHDAY=1,-1',
      '1997-09-30',
      '1997-09-30 1997-10-01 1997-10-31 1997-11-01 1997-11-30 1997-12-01',
    ],
    [
      'FREQ=YEARLY;INTERVAL=3;COUNT=5;BYYEARDAY=1,100,200',
      '1997-01-01',
      '1997-01-01 1997-04-10 1997-07-19 2000-01-01 2000-04-09',
    ],
    ['FREQ=YEARLY;BYDAY=20MO', '1997-05-19', '1997-05-19 1998-05-18 1999-05-17'],
    ['FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO', '1997-05-12', '1997-05-12 1998-05-11 1999-05-17'],
    [
      'FREQ=YEARLY;BYMONTH=3;BYDAY=TH',
      '1997-03-13',
      '1997-03-13 1997-03-20 1997-03-27 1998-03-05 1998-03-12',
    ],
    [
      'FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13',
      '1997-09-03',
      '1998-02-13 1998-03-13 1998-11-13 1999-08-13 2000-10-13',
    ],
    ['FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13', '1997-09-13', '1997-09-13 1997-10-11 1997-11-08'],
    [
      'FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8',
      '1996-11-05',
      '1996-11-05 2000-11-07 2004-11-02',
    ],
    ['FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3', '1997-09-04', '1997-09-04 1997-10-07 1997-11-06'],
    ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2', '1997-09-29', '1997-09-29 1997-10-30 1997-11-27'],
    [
      'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO',
      '1997-08-05',
      '1997-08-05 1997-08-10 1997-08-19 1997-08-24',
    ],
    [
      'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU',
      '1997-08-05',
      '1997-08-05 1997-08-17 1997-08-19 1997-08-31',
    ],
    [
      'FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5',
      '2007-01-15',
      '2007-01-15 2007-01-30 2007-02-15 2007-03-15 2007-03-30',
    ],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29', '2024-02-29', '2024-02-29 2028-02-29 2032-02-29'],
    ['FREQ=MONTHLY', '2026-01-31', '2026-01-31 2026-03-31 2026-05-31'],
    ['FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO', '2024-12-30', '2024-12-30 2025-12-29 2027-01-04'],
    ['FREQ=DAILY;UNTIL=20260103T090000Z', '2026-01-01', '2026-01-01 2026-01-02 2026-01-03'],
  ]
  it.each(shown)('%s from %s', (source, start, expected) => {
    const list = expected.split(' ')
    expect(days(source, start, list.length)).toEqual(list)
  })

  it('with hours, minutes and seconds', () => {
    expect(first('FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z', '1997-09-02T09:00:00', 9)).toEqual([
      '1997-09-02T09:00:00',
      '1997-09-02T12:00:00',
      '1997-09-02T15:00:00',
    ])
    expect(
      first('FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,16', '1997-09-02T09:00:00', 5).map(found =>
        found.slice(11, 16),
      ),
    ).toEqual(['09:00', '09:20', '09:40', '16:00', '16:20'])
    expect(
      first('FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,30', '1997-09-02T09:30:00', 4).map(found =>
        found.slice(8, 16),
      ),
    ).toEqual(['02T09:30', '02T10:00', '02T10:30', '03T09:00'])
    expect(first('FREQ=SECONDLY;INTERVAL=45;BYMONTH=3', '2026-01-01T00:00:00', 2)).toEqual([
      '2026-03-01T00:00:00',
      '2026-03-01T00:00:45',
    ])
  })
})

describe('a window', () => {
  it('in the far future costs no more than one now', () => {
    const far = { from: at('2090-06-01T00:00:00'), to: at('2090-06-02T00:00:00') }
    for (const source of [
      'FREQ=SECONDLY;INTERVAL=7',
      'FREQ=MINUTELY;INTERVAL=7',
      'FREQ=DAILY;INTERVAL=3',
      'FREQ=WEEKLY',
    ]) {
      const budget = new Budget(40_000)
      const found = [...occurrences(rule(source), at('1990-01-01T00:00:00'), far, budget)]
      expect(budget.isSpent, source).toBe(false)
      expect(found.every(wall => wall >= far.from && wall < far.to)).toBe(true)
    }
  })

  const sources = fc.constantFrom(
    'FREQ=DAILY;INTERVAL=3',
    'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH',
    'FREQ=MONTHLY;INTERVAL=5;BYDAY=-1FR',
    'FREQ=MONTHLY;BYMONTHDAY=31',
    'FREQ=YEARLY;INTERVAL=2;BYMONTH=1,6;BYDAY=2TU',
    'FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=SU,MO',
    'FREQ=HOURLY;INTERVAL=7;BYDAY=SA',
    'FREQ=DAILY;COUNT=40',
    'FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1,1',
  )
  it('shows exactly what the whole series has there', () => {
    fc.assert(
      fc.property(sources, fc.nat(4_000), fc.nat(900), fc.nat(200), (source, begun, after, length) => {
        const start = at('2015-01-01T09:30:00') + begun * 86_400_000
        const from = start + (after - 100) * 86_400_000
        const window = { from, to: from + length * 86_400_000 }
        const ever = { from: start, to: window.to }
        const budget = new Budget(1_000_000)
        const all = [...occurrences(rule(source), start, ever, budget)].filter(wall => wall >= from)
        expect([...occurrences(rule(source), start, window, budget)]).toEqual(all)
        expect([...all].sort((a, b) => a - b)).toEqual(all)
      }),
      { numRuns: 150 },
    )
  })

  it('agrees with another reader of rules, where that one can tell', () => {
    const source = fc.constantFrom(
      'FREQ=DAILY',
      'FREQ=DAILY;INTERVAL=4;BYMONTH=3,4',
      'FREQ=WEEKLY;BYDAY=MO,WE,FR',
      'FREQ=WEEKLY;INTERVAL=3;BYDAY=SU;WKST=SU',
      'FREQ=MONTHLY;BYDAY=2MO,-1SU',
      'FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1,15,-1',
      'FREQ=YEARLY;BYMONTH=5,11;BYDAY=1SU',
      'FREQ=YEARLY;BYYEARDAY=1,-1',
    )
    fc.assert(
      fc.property(source, fc.nat(3_000), (chosen, begun) => {
        const start = text(at('2010-01-01T10:00:00') + begun * 86_400_000)
        const other = ICAL.Recur.fromString(chosen).iterator(ICAL.Time.fromDateTimeString(start))
        const theirs = Array.from({ length: 12 }, () => String(other.next())).filter(found => found !== start)
        const ours = first(chosen, start, 13).filter(found => found !== start)
        expect(ours.slice(0, 11)).toEqual(theirs.slice(0, 11))
      }),
      { numRuns: 100 },
    )
  })
})

describe('rules that never or always occur', () => {
  it.each([
    'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31;BYDAY=MO',
    'FREQ=DAILY;INTERVAL=7;BYDAY=MO',
    'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6',
    'FREQ=HOURLY;INTERVAL=24;BYHOUR=3',
  ])('S1 %s ends without an occurrence', source => {
    const budget = new Budget(200_000)
    const start = at('2026-01-01T10:00:00')
    expect([
      ...occurrences(rule(source), start, { from: start, to: at('2030-01-01T00:00:00') }, budget),
    ]).toEqual([])
  })

  it('S1 the densest rule is cut by its budget', () => {
    const list = (most: number) => Array.from({ length: most }, (_, i) => i).join(',')
    const dense = `FREQ=YEARLY;BYHOUR=${list(24)};BYMINUTE=${list(60)};BYSECOND=${list(60)};BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=-1`
    const budget = new Budget(50_000)
    expect([...occurrences(rule(dense), at('2026-01-01T10:00:00'), EVER, budget)].length).toBeLessThan(2)
    expect(budget.isSpent).toBe(true)
  })
})
