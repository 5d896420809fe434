/**
 * The numbers of a text, with their currency where one stands beside them. Whether a point or a comma begins the
 * decimals is told by the number itself, otherwise by the language of the page.
 */

export interface FoundNumber {
  /** As it stands there: "1.299,00 €". */
  text: string
  value: number
  /** Three letters, as EUR; null where none stands beside it. */
  currency: string | null
}

const MOST = 200

const SYMBOLS: Readonly<Record<string, string>> = {
  '€': 'EUR',
  $: 'USD',
  US$: 'USD',
  '£': 'GBP',
  '¥': 'JPY',
  '₹': 'INR',
  '₽': 'RUB',
  '₺': 'TRY',
  '₩': 'KRW',
  '₪': 'ILS',
  zł: 'PLN',
  Kč: 'CZK',
  Ft: 'HUF',
  'Fr.': 'CHF',
}

const CODES =
  'EUR|USD|GBP|CHF|JPY|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|RUB|BRL|MXN|ZAR|KRW|SGD|HKD|ILS|THB|UAH'
const SIGNS = `US\\$|[€$£¥₹₽₺₩₪]|zł|Kč|Ft|Fr\\.|(?:${CODES})(?![A-Za-z])`
/** Groups of three with what sets them apart, or a plain number. */
const DIGITS = `\\d{1,3}(?:[.,'’\\u00a0\\u202f ]\\d{3})+(?!\\d)(?:[.,]\\d{1,2}(?!\\d))?|\\d{1,15}(?:[.,]\\d{1,10})?`
const NUMBER = new RegExp(
  `(?<![\\p{L}\\d.,])(?<before>${SIGNS})?[\\u00a0 ]?(?<sign>[-−–])?[\\u00a0 ]?(?<digits>${DIGITS})(?:,[-–—])?[\\u00a0 ]?(?<after>${SIGNS})?`,
  'gu',
)

export function numbersIn(text: string, language: string | null): FoundNumber[] {
  const found: FoundNumber[] = []
  for (const match of text.matchAll(NUMBER)) {
    const { before, sign, digits = '', after } = match.groups ?? {}
    const value = valueOf(digits, usesComma(language))
    const negative = sign !== undefined && value !== 0
    found.push({
      text: match[0].trim(),
      value: negative ? -value : value,
      currency: currencyOf(before ?? after),
    })
    if (found.length === MOST) return found
  }
  return found
}

function currencyOf(sign: string | undefined): string | null {
  return sign === undefined ? null : (SYMBOLS[sign] ?? sign)
}

/** Whether the language writes 1.234,56; null where it is not known. */
function usesComma(language: string | null): boolean | null {
  if (language === null) return null
  return !/^(en|zh|ja|ko|th|he|hi)\b/i.test(language) && !/^de-(ch|li)\b/i.test(language)
}

function valueOf(digits: string, comma: boolean | null): number {
  const bare = digits.replaceAll(/['’\u00a0\u202f ]/g, '')
  const decimals = decimalMark(bare, comma)
  const whole = decimals === null ? bare : bare.slice(0, bare.lastIndexOf(decimals))
  const rest = decimals === null ? '' : bare.slice(bare.lastIndexOf(decimals) + 1)
  return Number(`${whole.replaceAll(/[.,]/g, '')}.${rest === '' ? '0' : rest}`)
}

/** The mark that begins the decimals; null where there are none. */
function decimalMark(digits: string, comma: boolean | null): '.' | ',' | null {
  const [points, commas] = [digits.split('.').length - 1, digits.split(',').length - 1]
  if (points > 0 && commas > 0) return digits.lastIndexOf('.') > digits.lastIndexOf(',') ? '.' : ','
  if (points + commas !== 1) return null
  const mark = points === 1 ? '.' : ','
  // 1.234 is a thousand and more in most of Europe, and one and a quarter elsewhere.
  const mayGroup = /^[1-9]\d{0,2}[.,]\d{3}$/.test(digits)
  return mayGroup && comma !== (mark === ',') ? null : mark
}
