/** Amounts in a sentence: “under 50 €”, “more than 90 %”, “keep 7 copies”, “10 GB free”, “on the 15th”. Pure. */
import type { FactOf, Found, Unit } from './fact.ts'
import { decimalOf } from './number-words.ts'
import { matches, wordPattern } from './pattern.ts'

const AMOUNT =
  /(?<![\p{L}\p{N}.,:/-])(?:(?<before>[€$£]|eur|usd|chf)\s?)?(?<number>\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{1,2})?|\d{1,9}(?:[.,]\d{1,2})?)(?![\d:])(?:\s?(?<unit>[€$£%]|(?:euros?|eur|dollars?|usd|pounds?|francs?|franken|chf|percent|prozent|[kmgt]i?b|(?:kilo|mega|giga|tera)bytes?)(?!\p{L}))|(?!\p{L}))/giu
const NTH = wordPattern(String.raw`(?:the )?(\d{1,2})(?:st|nd|rd|th)|(?:am|zum|jeden) (\d{1,2})\.(?! ?\d)`)

const BYTES: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9, t: 1e12 }

const LESS = String.raw`below|under|(?:less|fewer|cheaper|lower|smaller) than|at most|(?:no|not) more than|max(?:imum)?|up to|only|(?:drops?|falls?|sinks?|goes down|comes down|down) (?:to|below|under)|unter|(?:weniger|billiger|günstiger|niedriger|kleiner) als|höchstens|nicht mehr als|maximal|bis zu|nur noch|(?:fällt|sinkt|fallen|sinken) (?:auf|unter)`
const MORE = String.raw`above|over|(?:more|greater|larger|bigger|higher|dearer|more expensive) than|exceeds?|exceeding|beyond|at least|(?:no|not) less than|(?:rises?|climbs?|goes up|go up|increases?|grows?) (?:to|above|over|past)|past|über|(?:mehr|größer|grösser|teurer|höher) als|mindestens|übersteigt|überschreitet|ab|(?:steigt|klettert|steigen|klettern) (?:auf|über)`
const AMID = String.raw`\s*(?:(?:the|an?|about|around|etwa|rund|circa|ca\.?|den|die|das)\s+)?$`
const LESS_BEFORE = before(LESS)
const MORE_BEFORE = before(MORE)
const LESS_AFTER =
  /^\s*(?:or (?:less|cheaper|lower)|oder (?:weniger|billiger|günstiger)|(?:fällt|sinkt|fallen|sinken|unterschreitet))(?!\p{L})/iu
const MORE_AFTER =
  /^\s*(?:or (?:more(?! (?:expensive|than))|above|higher)|oder (?:mehr|teurer)|(?:steigt|steigen|klettert|übersteigt|überschreitet))(?!\p{L})/iu
/** Turns a comparison into one that is not certain. */
const NEGATED = /(?:\bnot|\bnicht|n['’]t)\s+(?:\S+\s+)?$/iu

/** How many characters before and after a number may speak of it. */
const AROUND = 80
const NEAR_BEFORE = 4
const NEAR_AFTER = 4

export function numbersIn(text: string): Found<FactOf<'number'>>[] {
  const days = matches(NTH, text, match => {
    const [, en, de] = match
    return { ...common(text, match), number: decimalOf(en ?? de ?? ''), unit: 'nth' as const }
  })
  const amounts = matches(AMOUNT, text, match => {
    const { before: sign, number = '', unit: said } = match.groups ?? {}
    const unit = unitOf(sign ?? said)
    const decimal = decimalOf(number)
    const is = unit === 'size' ? String(Math.round(Number(decimal) * bytesOf(said ?? ''))) : decimal
    return { ...common(text, match), number: is, unit }
  })
  return [...amounts.filter(({ from, to }) => !days.some(day => from < day.to && day.from < to)), ...days]
}

function common(text: string, match: RegExpExecArray) {
  const end = match.index + match[0].length
  const head = text.slice(Math.max(0, match.index - AROUND), match.index)
  const tail = text.slice(end, end + AROUND)
  return { kind: 'number' as const, than: comparisonOf(head, tail), near: nearOf(head, tail) }
}

function unitOf(said: string | undefined): Unit | null {
  if (said === undefined) return null
  if (/^(?:%|percent|prozent)/i.test(said)) return 'percent'
  return /^(?:[kmgt]i?b|kilo|mega|giga|tera)/i.test(said) ? 'size' : 'money'
}

function bytesOf(unit: string): number {
  return BYTES[unit.slice(0, 1).toLowerCase()] ?? 1
}

function before(words: string): RegExp {
  return new RegExp(String.raw`(?<![\p{L}\p{N}])(?:${words.replaceAll(' ', String.raw`\s+`)})${AMID}`, 'iu')
}

/** What is compared with the number: less than it, or more; null where nothing says so, or two things do. */
function comparisonOf(head: string, tail: string): 'less' | 'more' | null {
  const less = LESS_BEFORE.exec(head)
  const more = MORE_BEFORE.exec(head)
  // “not more than” has “more than” in it.
  const match = less === null || (more !== null && more.index < less.index) ? more : less
  if (match !== null && NEGATED.test(head.slice(0, match.index))) return null
  const said = [
    ...(match === null ? [] : [match === less ? ('less' as const) : ('more' as const)]),
    ...(LESS_AFTER.test(tail) ? ['less' as const] : []),
    ...(MORE_AFTER.test(tail) ? ['more' as const] : []),
  ]
  const [first] = said
  return first !== undefined && said.every(one => one === first) ? first : null
}

function nearOf(head: string, tail: string): string {
  const last = head.split(/[,;!?]/).at(-1) ?? ''
  const [next = ''] = tail.split(/[,;!?]/)
  const words = [
    ...last.trim().split(/\s+/).slice(-NEAR_BEFORE),
    '#',
    ...next.trim().split(/\s+/).slice(0, NEAR_AFTER),
  ]
  return words.join(' ').toLowerCase()
}
