/** Days of the week in a sentence: “on Mondays”, “werktags”, “Montag bis Freitag”. Pure. */
import type { FactOf, Found } from './fact.ts'
import { matches, wordPattern } from './pattern.ts'

const NAMES = [
  'sundays?|sonntage?s?|sonntagen',
  'mondays?|montage?s?|montagen',
  'tuesdays?|dienstage?s?|dienstagen',
  'wednesdays?|mittwochs?|mittwochen',
  'thursdays?|donnerstage?s?|donnerstagen',
  'fridays?|freitage?s?|freitagen',
  'saturdays?|samstage?s?|sonnabende?s?|samstagen',
] as const
const ANY = NAMES.join('|')
const RANGE = wordPattern(String.raw`(${ANY}) ?(?:to|until|through|till|bis|-|–) ?(${ANY})`)
const ONE = wordPattern(ANY)
/** Before a day: not each of them is meant. */
const SOME =
  /(?:other|second|third|first|last|fourth|[1-5](?:st|nd|rd|th)|jeden? (?:zweiten?|dritten?|ersten?|letzten?|vierten?)|(?:am|zum) (?:ersten|zweiten|dritten|vierten|letzten)|alle (?:zwei|drei|vier)|next|this|nächsten?|kommenden?|diesen?)\s+$/iu
const LONGEST_LEAD = 30
const GROUPS: readonly (readonly [RegExp, readonly number[]])[] = [
  [
    wordPattern(
      'weekdays?|working days?|workdays?|business days?|werktags?|werktage[n]?|wochentags?|unter der woche|an arbeitstagen',
    ),
    [1, 2, 3, 4, 5],
  ],
  [wordPattern('weekends?|wochenenden?s?'), [6, 0]],
]

/** All days that are named, as one fact; none where none is. */
export function daysIn(text: string): Found<FactOf<'days'>>[] {
  const ranges = matches(RANGE, text, ([, first = '', last = '']) => ({
    days: between(dayOf(first), dayOf(last)),
  }))
  const groups = GROUPS.flatMap(([pattern, days]) => matches(pattern, text, () => ({ days: [...days] })))
  const single = matches(ONE, text, ([name]) => ({ days: [dayOf(name)] })).filter(
    ({ from }) => !ranges.some(range => from >= range.from && from < range.to),
  )
  const all = [...ranges, ...groups, ...single].toSorted((a, b) => a.from - b.from)
  const [first] = all
  const last = all.at(-1)
  if (first === undefined || last === undefined) return []
  const days = [...new Set(all.flatMap(found => found.days))].toSorted((a, b) => a - b)
  const some = all.some(({ from }) => leadOf(text, from) !== '')
  return [{ kind: 'days', days, some, from: first.from - leadOf(text, first.from).length, to: last.to }]
}

function leadOf(text: string, from: number): string {
  return SOME.exec(text.slice(Math.max(0, from - LONGEST_LEAD), from))?.[0] ?? ''
}

function dayOf(name: string): number {
  return NAMES.findIndex(names => new RegExp(`^(?:${names})$`, 'i').test(name))
}

function between(first: number, last: number): number[] {
  const count = ((last - first + 7) % 7) + 1
  return Array.from({ length: count }, (_, place) => (first + place) % 7)
}
