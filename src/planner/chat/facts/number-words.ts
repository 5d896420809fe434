/** Numbers as people write them, in words or digits, English and German. Pure. */
const WORDS: Readonly<Record<string, number>> = {
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
  fifteen: 15,
  twenty: 20,
  thirty: 30,
  forty: 40,
  fifty: 50,
  sixty: 60,
  ein: 1,
  eine: 1,
  einen: 1,
  einer: 1,
  eins: 1,
  zwei: 2,
  drei: 3,
  vier: 4,
  fünf: 5,
  fuenf: 5,
  sechs: 6,
  sieben: 7,
  acht: 8,
  neun: 9,
  zehn: 10,
  elf: 11,
  zwölf: 12,
  zwoelf: 12,
  fünfzehn: 15,
  fuenfzehn: 15,
  zwanzig: 20,
  dreißig: 30,
  dreissig: 30,
  vierzig: 40,
  fünfzig: 50,
  fuenfzig: 50,
  sechzig: 60,
}

const byLength = Object.keys(WORDS).toSorted((a, b) => b.length - a.length)

/** For a regular expression: a whole number in words or digits. */
export const WHOLE = String.raw`(?:\d{1,4}|${byLength.join('|')})`

export function wholeOf(text: string): number {
  return WORDS[text.toLowerCase()] ?? Number(text)
}

/** `1.299,50` and `1,299.50` → `1299.5`: two digits after the last sign are cents, three are thousands. */
export function decimalOf(text: string): string {
  const [, whole = text, cents = ''] = /^(.*?)(?:[.,](\d{1,2}))?$/.exec(text) ?? []
  const digits = whole.replaceAll(/\D/g, '').replace(/^0+(?=\d)/, '')
  const rest = cents.replace(/0+$/, '')
  return rest === '' ? digits : `${digits}.${rest}`
}
