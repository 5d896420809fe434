/** Amounts in a sentence: “under 50 €”, “more than 90 %”, “keep 7 copies”. Pure. */
import type { FactOf, Found } from './fact.ts'
import { decimalOf } from './number-words.ts'
import { matches } from './pattern.ts'

const AMOUNT =
  /(?<![\p{L}\p{N}.,:/-])(?:(?<before>[€$£]|eur|usd|chf)\s?)?(?<number>\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{1,2})?|\d{1,9}(?:[.,]\d{1,2})?)(?![\d:\p{L}])(?:\s?(?<unit>[€$£%]|(?:euros?|eur|dollars?|usd|pounds?|francs?|franken|chf|percent|prozent)(?!\p{L})))?/giu

export function numbersIn(text: string): Found<FactOf<'number'>>[] {
  return matches(AMOUNT, text, match => {
    const { before, number = '', unit } = match.groups ?? {}
    const next = /^\s*([\p{L}-]+)/u.exec(text.slice(match.index + match[0].length))?.[1] ?? ''
    const is = { number: decimalOf(number), unit: unitOf(before ?? unit), after: next.toLowerCase() }
    return { kind: 'number' as const, ...is }
  })
}

function unitOf(said: string | undefined): 'money' | 'percent' | null {
  if (said === undefined) return null
  return /^(?:%|percent|prozent)/i.test(said) ? 'percent' : 'money'
}
