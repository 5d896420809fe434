/**
 * Sortable, prefixed ids: `run_01J…`. Later ids of one process sort after earlier ones, also within a millisecond.
 * Shape after ULID: 48 bits of UTC milliseconds and 80 random bits in Crockford base 32, lower case.
 */
import { drawBytes } from './random.ts'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const TIME_LENGTH = 10
const RANDOM_LENGTH = 16
/** 48 bits. */
const LATEST = 2 ** 48 - 1

export type IdPrefix =
  | 'wf'
  | 'int'
  | 'scr'
  | 'run'
  | 'stp'
  | 'itm'
  | 'evt'
  | 'sch'
  | 'wch'
  | 'hook'
  | 'act'
  | 'apr'
  | 'grt'
  | 'cht'
  | 'cev'
  | 'ntf'
  | 'cst'
  | 'con'
  | 'boot'
  | 'epo'
  | 'reh'
  | 'und'
  | 'tsk'
  | 'trn'
  | 'thr'

/** Makes ids from a clock: monotonic within one maker, whatever the clock does. */
export class IdMaker {
  readonly #now: () => number
  #lastTime = 0
  #lastRandom: number[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  next(prefix: IdPrefix): string {
    const time = Math.max(this.#now(), this.#lastTime)
    this.#lastRandom =
      time === this.#lastTime && this.#lastRandom.length > 0 ? increment(this.#lastRandom) : freshDigits()
    this.#lastTime = time
    return `${prefix}_${encodeTime(time)}${this.#lastRandom.map(digit => ALPHABET[digit]).join('')}`
  }
}

/** Below every id of this prefix made at `time` (UTC milliseconds) or later, and above all made before. */
export function lowestId(prefix: IdPrefix, time: number): string {
  return `${prefix}_${encodeTime(Math.max(0, Math.min(time, LATEST)))}`
}

function freshDigits(): number[] {
  const digits = Array.from(drawBytes(RANDOM_LENGTH), byte => byte & 31)
  digits[0] = (digits[0] ?? 0) & 15
  return digits
}

function increment(digits: readonly number[]): number[] {
  const next = [...digits]
  for (let place = next.length - 1; place >= 0; place--) {
    const digit = next[place] ?? 0
    if (digit < 31) {
      next[place] = digit + 1
      return next
    }
    next[place] = 0
  }
  return next
}

function encodeTime(time: number): string {
  let rest = time
  let text = ''
  for (let place = 0; place < TIME_LENGTH; place++) {
    text = (ALPHABET[rest % 32] ?? '0') + text
    rest = Math.floor(rest / 32)
  }
  return text
}
