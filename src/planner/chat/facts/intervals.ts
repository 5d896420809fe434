/** How often, and for how long: “every 10 minutes”, “alle zwei Stunden”, “twice a day”, “older than 3 days”. Pure. */
import type { FactOf, Found } from './fact.ts'
import { WHOLE, wholeOf } from './number-words.ts'
import { matches, wordPattern } from './pattern.ts'

const HOUR = 60
const DAY = 1_440
const WEEK = 10_080
const MONTH = 30 * DAY
const YEAR = 365 * DAY

const UNIT = String.raw`(seconds?|secs?|sekunden?|minutes?|mins?|minuten?|hours?|hrs?|h|stunden?|std|days?|tage?n?|weeks?|wochen?|months?|monate?n?s?|quarters?|quartale?|years?|jahre?n?)\.?`
const EVERY_MANY = wordPattern(String.raw`(?:every|alle|all|jede[rns]?|each) (${WHOLE}) ${UNIT}`)
const EVERY_ONE = wordPattern(
  String.raw`(?:every|each|once an?|per|pro|jede[rnsm]?|once per|(?:on )?the (?:first|1st)(?: day)? of (?:every|each|the)|(?:am |zum |jeden )(?:ersten|1\.)(?: tag)? (?:des|jedes|eines jeden|im)|einmal (?:pro|am|in der|die|jede[ns]?|im)) (other |second |third |zweiten? |zweites |dritten? )?${UNIT}`,
)
const SOME_TIMES = wordPattern(
  String.raw`(once|twice|thrice|${WHOLE} times|${WHOLE} ?mal|einmal|zweimal|dreimal|viermal) (?:a|an|per|every|am|pro|jede[rns]?|die|in der|im) ${UNIT}`,
)
const TIMES_DAILY = wordPattern(
  '(zweimal|dreimal|viermal|twice|once|einmal) (hourly|daily|weekly|täglich|stündlich|wöchentlich)',
)
const LASTING = wordPattern(String.raw`(${WHOLE}) ${UNIT}`)
const NAMED: readonly (readonly [RegExp, number])[] = [
  [
    wordPattern(
      '(?:every|each) half (?:an )?hour|jede halbe stunde|alle halbe[n]? stunden?|halbstündlich|half-hourly',
    ),
    30,
  ],
  [
    wordPattern(
      '(?:every|each) quarter (?:of an )?hour|jede viertelstunde|viertelstündlich|alle viertelstunden?',
    ),
    15,
  ],
  [wordPattern('minütlich|jede minute'), 1],
  [wordPattern('hourly|stündlich'), HOUR],
  [wordPattern('daily|täglich|tagtäglich|everyday'), DAY],
  [wordPattern('weekly|wöchentlich'), WEEK],
  [wordPattern('fortnightly|every fortnight'), 2 * WEEK],
  [wordPattern('monthly|monatlich'), MONTH],
  [wordPattern('quarterly|vierteljährlich|quartalsweise'), 3 * MONTH],
  [wordPattern('yearly|annually|jährlich'), YEAR],
]

export function intervalsIn(text: string): Found<FactOf<'interval'>>[] {
  const found = [
    ...matches(SOME_TIMES, text, ([, times = '', unit = '']) => interval(minutesOf(unit) / timesOf(times))),
    ...matches(TIMES_DAILY, text, ([, times = '', rhythm = '']) =>
      interval((RHYTHMS[rhythm.slice(0, 2).toLowerCase()] ?? DAY) / timesOf(times)),
    ),
    ...matches(EVERY_MANY, text, ([, number = '', unit = '']) => interval(wholeOf(number) * minutesOf(unit))),
    ...NAMED.flatMap(([pattern, minutes]) => matches(pattern, text, () => interval(minutes))),
    ...matches(EVERY_ONE, text, ([, other, unit = '']) => interval(minutesOf(unit) * everyHowMany(other))),
  ]
  const first = found.filter(
    (one, place) => !found.slice(0, place).some(other => one.from < other.to && other.from < one.to),
  )
  return first.toSorted((a, b) => a.from - b.from)
}

/** Spans of time that are no rhythm. */
export function durationsIn(text: string): Found<FactOf<'duration'>>[] {
  const rhythms = intervalsIn(text)
  return matches(LASTING, text, ([, number = '', unit = '']) => ({
    kind: 'duration' as const,
    minutes: wholeOf(number) * minutesOf(unit),
  })).filter(({ from, to }) => !rhythms.some(rhythm => from < rhythm.to && rhythm.from < to))
}

const RHYTHMS: Readonly<Record<string, number>> = { ho: HOUR, st: HOUR, da: DAY, tä: DAY, we: WEEK, wö: WEEK }

/** Less than a minute stays a part of one, so that it is never taken for something else. */
function interval(minutes: number): Omit<Found<FactOf<'interval'>>, 'from' | 'to'> {
  return { kind: 'interval', minutes: minutes >= 1 ? Math.round(minutes) : minutes }
}

function everyHowMany(other: string | undefined): number {
  if (other === undefined) return 1
  return /^(?:third|dritt)/i.test(other) ? 3 : 2
}

function minutesOf(unit: string): number {
  const begin = unit.toLowerCase()
  return UNITS.find(([pattern]) => pattern.test(begin))?.[1] ?? 1
}

const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^se[ck]/, 1 / 60],
  [/^(?:h|st)/, HOUR],
  [/^(?:d|t)/, DAY],
  [/^w/, WEEK],
  [/^mo/, MONTH],
  [/^q/, 3 * MONTH],
  [/^[yj]/, YEAR],
]

function timesOf(said: string): number {
  const word = said.toLowerCase()
  if (/^(?:once|einmal)/.test(word)) return 1
  if (/^(?:twice|zweimal)/.test(word)) return 2
  if (/^(?:thrice|dreimal)/.test(word)) return 3
  if (word.startsWith('viermal')) return 4
  return Math.max(1, wholeOf(word.replace(/\s*(?:times|mal)$/, '')))
}
