/** Words to look for, as people write them (`bike, city + light, -broken`), read into data. Pure. */

export interface WantedWords {
  /** Any of these: each a list of words or phrases that must all be there. Empty: everything is wanted. */
  any: string[][]
  /** None of these may be there. */
  none: string[]
}

export type WordsAnswer = { ok: true; words: WantedWords } | { ok: false; problem: string }

const MOST = 50
const LONGEST = 100
const SPEAKS = /[\p{L}\p{N}]/u

/** `problem` is the end of a sentence about the text. */
export function parseWords(text: string): WordsAnswer {
  const entries = text.split(/[,;\n]/).flatMap(entry => (entry.trim() === '' ? [] : [entry.trim()]))
  if (entries.length === 0) return { ok: false, problem: 'holds no word' }
  if (entries.length > MOST) return { ok: false, problem: `holds more than ${MOST} entries` }
  const words: WantedWords = { any: [], none: [] }
  for (const entry of entries) {
    const unwanted = entry.startsWith('-')
    const parts = (unwanted ? [entry.slice(1)] : entry.split('+')).map(part => part.trim())
    const odd = parts.find(part => !SPEAKS.test(part))
    if (odd !== undefined) return { ok: false, problem: `has an entry without a word: “${entry}”` }
    if (parts.some(part => part.length > LONGEST)) {
      return { ok: false, problem: `has an entry longer than ${LONGEST} characters` }
    }
    if (unwanted) words.none.push(...parts)
    else words.any.push(parts)
  }
  return { ok: true, words }
}
