/** Times of day in a sentence: “at 8:30”, “8 pm”, “um halb neun”, “every morning”. Pure. */
import type { FactOf, Found } from './fact.ts'
import { WHOLE, wholeOf } from './number-words.ts'
import { matches, wordPattern } from './pattern.ts'

type Time = Found<FactOf<'time'>>

const PART_AFTER = String.raw`(?: (?:in the |am |at )?(morning|afternoon|evening|night|morgens?|früh|vormittags?|nachmittags?|abends?|nachts?))?`
const CLOCK = wordPattern(
  String.raw`(?:(at|by|um|gegen|ab|@) )?(\d{1,2})(?:[:.](\d{2}))?(?: ?(uhr)(?: (\d{1,2})(?!\d))?| ?(a\.?m\.?|p\.?m\.?)| (o['’]?clock))?${PART_AFTER}`,
)
const WORDED = wordPattern(
  String.raw`(?:at |um |gegen )?(half past|quarter past|quarter to|halb|viertel nach|viertel vor|dreiviertel) (${WHOLE})(?: uhr)?${PART_AFTER}`,
)
const SPELLED = wordPattern(
  String.raw`(?:at|um|gegen) (${WHOLE})(?: (?:uhr|o['’]?clock))?${PART_AFTER}(?! (?:minut|min|stund|hour|tag|day))`,
)
const NAMED: readonly (readonly [RegExp, string, boolean])[] = [
  [wordPattern('noon|midday|mittags?'), '12:00', true],
  [wordPattern('midnight|mitternachts?'), '00:00', true],
  [
    wordPattern(
      '(?:every|each|in the|on the) morning|mornings|(?:jeden|am) morgen|morgens|jeden früh|frühmorgens|breakfast',
    ),
    '08:00',
    false,
  ],
  [wordPattern('(?:every|each|in the) afternoon|(?:jeden|am) nachmittag|nachmittags'), '15:00', false],
  [wordPattern('(?:every|each|in the) evening|evenings|(?:jeden|am) abend|abends'), '18:00', false],
  [wordPattern('(?:every|each|at) night|nightly|nights|(?:jede|in der) nacht|nachts'), '22:00', false],
]

/** Clock times first: a part of the day next to one only says which half of it is meant. */
export function timesIn(text: string): Time[] {
  const clocks = [...clockTimes(text), ...wordedTimes(text), ...spelledTimes(text)]
  const distinct = clocks.filter(
    (time, place) => !clocks.slice(0, place).some(other => overlaps(other, time)),
  )
  const named = NAMED.flatMap(([pattern, time, exact]) =>
    matches(pattern, text, () => ({ kind: 'time' as const, time, exact, open: false })),
  ).filter(time => !distinct.some(other => overlaps(other, time)))
  return [...distinct.map(time => ofItsHalf(time, named)), ...named].toSorted(
    (a, b) => Number(b.exact) - Number(a.exact) || a.from - b.from,
  )
}

/** “every evening at 8”: which half of the day a clock time is in may be said apart from it. */
function ofItsHalf(time: Time, named: readonly Time[]): Time {
  const hour = Number(time.time.slice(0, 2))
  const parts = named.filter(({ exact }) => !exact)
  const isLate = parts.length > 0 && parts.every(part => Number(part.time.slice(0, 2)) >= 12)
  if (!time.open || !isLate || hour >= 12 || hour < 5) return time
  return { ...time, time: `${two(hour + 12)}${time.time.slice(2)}` }
}

function overlaps(a: Time, b: Time): boolean {
  return a.from < b.to && b.from < a.to
}

function clockTimes(text: string): Time[] {
  return matches(CLOCK, text, match => {
    const [, lead, hour = '', minute, uhr, uhrMinute, half, oclock, part] = match
    const isTime = lead !== undefined || uhr !== undefined || half !== undefined || oclock !== undefined
    const isClock = minute !== undefined && match[0].includes(':')
    if (!isTime && !isClock) return null
    if (isAmount(text, match)) return null
    return timeOf(Number(hour), Number(minute ?? uhrMinute ?? 0), half, part)
  })
}

/** “by 10 percent”, “um 20 €”, “ab 3 Dateien”: a number, not a time. */
function isAmount(text: string, match: RegExpExecArray): boolean {
  const [said, , , minute, uhr, , half, oclock, part] = match
  if (minute !== undefined || uhr !== undefined || half !== undefined || oclock !== undefined) return false
  if (part !== undefined) return false
  return /^\s*(?:[%€$£]|[.,]\d|(?:percent|prozent|euro|dollar|minute|min|stunde|hour|tag|day|file|datei|time|mal|mb|gb|kb)\p{L}*)/iu.test(
    text.slice(match.index + said.length),
  )
}

function wordedTimes(text: string): Time[] {
  return matches(WORDED, text, ([, how = '', hourText = '', part]) => {
    const hour = wholeOf(hourText)
    const [shift, minute] = WORDED_MINUTES[how.toLowerCase().replaceAll(/\s+/g, ' ')] ?? [0, 0]
    return timeOf((hour + shift + 24) % 24, minute, undefined, part)
  })
}

const WORDED_MINUTES: Readonly<Record<string, readonly [hours: number, minute: number]>> = {
  'half past': [0, 30],
  'quarter past': [0, 15],
  'quarter to': [-1, 45],
  halb: [-1, 30],
  'viertel nach': [0, 15],
  'viertel vor': [-1, 45],
  dreiviertel: [-1, 45],
}

function spelledTimes(text: string): Time[] {
  return matches(SPELLED, text, ([, hourText = '', part]) =>
    /^(?:\d+|an?|eine?[nr]?)$/i.test(hourText) ? null : timeOf(wholeOf(hourText), 0, undefined, part),
  )
}

function timeOf(
  hour: number,
  minute: number,
  half: string | undefined,
  part: string | undefined,
): Omit<Time, 'from' | 'to'> | null {
  if (half !== undefined && (hour < 1 || hour > 12)) return null
  const full = (halfOfDay(hour, `${half ?? ''} ${part ?? ''}`.toLowerCase().trim()) + hour) % 24
  if (hour > 24 || minute > 59 || (hour === 24 && minute > 0)) return null
  return {
    kind: 'time',
    time: `${two(full)}:${two(minute)}`,
    exact: true,
    open: half === undefined && part === undefined,
  }
}

/** Hours to add for “pm”, “abends” and the like. */
function halfOfDay(hour: number, said: string): number {
  if (hour > 12) return 0
  if (/^(?:a|mor|früh|vorm)/.test(said) && !said.startsWith('af') && !said.startsWith('ab'))
    return hour === 12 ? 12 : 0
  if (/^(?:night|nacht)/.test(said)) return hour < 6 ? 0 : 12
  if (/^(?:p|afternoon|evening|nachm|abend)/.test(said)) return hour === 12 ? 0 : 12
  return 0
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
