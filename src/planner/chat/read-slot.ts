/** What the facts of a sentence say for one slot, by its kind: for certain, or as things that it may mean. Pure. */
import type { SetUpEntry, SetUpSlot } from './entry.ts'
import type { Fact, FactOf } from './facts/fact.ts'
import type { Facts } from './facts-left.ts'
import { numberFor } from './read-number.ts'
import { pathFor } from './read-path.ts'
import { rhythmFor } from './read-rhythm.ts'
import { wordsFor } from './read-words.ts'
import { alike } from './synonyms.ts'
import { stemsOf } from './words.ts'
import { phraseIn } from './phrases.ts'

export interface Reading {
  /** Of one meaning: the first of these that the slot takes. Where it is not sure, several meanings. */
  texts: readonly string[]
  facts: readonly Fact[]
  sure: boolean
}

export interface Hearing {
  /** Null where one slot alone was asked for. */
  entry: SetUpEntry | null
  facts: Facts
  /** The text is an answer to this very slot, so nothing has to point to it. */
  asked: boolean
}

type Read = (slot: SetUpSlot, hearing: Hearing) => Reading | null

const READERS: Readonly<Record<string, Read>> = {
  url: (_, { facts }) =>
    oneOf(
      facts.of('address').filter(({ url }) => /^https?:/i.test(url)),
      ({ url }) => url,
    ),
  urls: allAddresses,
  releases: allAddresses,
  folder: pathFor,
  file: pathFor,
  time: timeFor,
  cron: cronFor,
  minutes: minutesFor,
  number: numberFor,
  words: wordsFor,
  text: textFor,
  choice: choiceFor,
  rules: (_, { facts }) => oneOf(facts.of('rules'), ({ rules }) => rules),
}

export function readSlotIn(slot: SetUpSlot, hearing: Hearing): Reading | null {
  return READERS[slot.kind]?.(slot, hearing) ?? null
}

/** Where several could be meant, none is certain. */
export function oneOf<F extends Fact>(found: readonly F[], text: (fact: F) => string): Reading | null {
  if (found.length === 0) return null
  const texts = [...new Set(found.map(text))]
  return { texts, facts: found, sure: texts.length === 1 }
}

function allAddresses(_: SetUpSlot, { facts }: Hearing): Reading | null {
  const found = facts.of('address')
  const texts = [found.map(({ url }) => url).join(' ')]
  return found.length === 0 ? null : { texts, facts: found, sure: true }
}

/** A part of the day beside a clock time only says the same once more. */
function timeFor(_: SetUpSlot, { facts }: Hearing): Reading | null {
  const found = facts.of('time')
  const exact = found.filter(time => time.exact)
  const reading = oneOf(exact.length > 0 ? exact : found, ({ time }) => time)
  return reading === null ? null : { ...reading, facts: found }
}

/** Five fields from a time, days, or a rhythm. */
function cronFor(slot: SetUpSlot, hearing: Hearing): Reading | null {
  const [days] = hearing.facts.of('days')
  const [rhythm] = hearing.facts.of('interval')
  const time = timeFor(slot, hearing)
  if (time === null && days === undefined) return rhythm === undefined ? null : cronOfRhythm(rhythm)
  const facts = [days, rhythm, ...(time?.facts ?? [])].filter(fact => fact !== undefined)
  const sure = isPlain(rhythm) && time?.sure !== false && days?.some !== true
  return { texts: [cronOf(time, days?.days, rhythm?.minutes === WEEK)], facts, sure }
}

function cronOf(time: Reading | null, days: readonly number[] | undefined, weekly: boolean): string {
  const [hour, minute] = (time?.texts[0] ?? '08:00').split(':').map(Number)
  const named = days ?? (weekly ? [1] : null)
  return `${String(minute)} ${String(hour)} * * ${named?.join(',') ?? '*'}`
}

function isPlain(rhythm: FactOf<'interval'> | undefined): boolean {
  return rhythm === undefined || rhythm.minutes === WEEK || rhythm.minutes === DAY
}

const DAY = 1_440
const WEEK = 10_080

function cronOfRhythm(rhythm: FactOf<'interval'>): Reading | null {
  const { minutes } = rhythm
  const made = (expression: string) => ({ texts: [expression], facts: [rhythm], sure: true })
  if (minutes === DAY) return made('0 8 * * *')
  if (minutes === WEEK) return made('0 8 * * 1')
  if (minutes < 60 && 60 % minutes === 0) return made(`*/${String(minutes)} * * * *`)
  const hours = minutes / 60
  return Number.isInteger(hours) && 24 % hours === 0 ? made(`0 */${String(hours)} * * *`) : null
}

const IS_RHYTHM = /every|often|interval|oft/i

export function isRhythm({ name, kind, choices }: SetUpSlot): boolean {
  return (kind === 'minutes' && IS_RHYTHM.test(name)) || choices.some(({ when }) => when !== null)
}

function minutesFor(slot: SetUpSlot, { facts, asked }: Hearing): Reading | null {
  const texts = ({ minutes }: { minutes: number }) => String(minutes)
  if (isRhythm(slot)) {
    return oneOf(facts.of('interval'), texts) ?? (asked ? oneOf(facts.of('duration'), texts) : null)
  }
  if (asked) return oneOf(facts.of('duration'), texts) ?? oneOf(facts.of('interval'), texts)
  return oneOf(
    facts.of('duration').filter(({ lead }) => WAITED.test(lead)),
    texts,
  )
}

const WAITED = /older|than|after|untouched|unchanged|left|älter|als|nach|seit/

const SAYS = /contain|says?|enthält|enthalten|steht|pattern|phrase/i

function textFor(slot: SetUpSlot, { facts, asked }: Hearing): Reading | null {
  const left = asked ? null : leftOut(slot, facts)
  if (left !== null) return left
  const isMeant = asked || SAYS.test(`${slot.name} ${slot.question}`)
  return isMeant ? oneOf(facts.of('quoted'), ({ text }) => text) : null
}

const FILE_NAME = /^(?:[\p{L}\p{N}.*?_-]*[.*_][\p{L}\p{N}.*?_-]*|\p{L}*\p{N}[\p{L}\p{N}_-]*)$/u

/** “except node_modules and *.tmp”: certain where they are names that no sentence has. */
function leftOut({ keywords }: SetUpSlot, facts: Facts): Reading | null {
  const cues = [...keywords.en, ...keywords.de]
  const [not] = facts.of('not').filter(({ cue }) => cues.some(word => cue.split(' ').includes(word)))
  if (not === undefined) return null
  const sure = not.words.length > 0 && not.words.every(word => FILE_NAME.test(word))
  return { texts: [not.words.join(', ')], facts: [not], sure }
}

function choiceFor(slot: SetUpSlot, hearing: Hearing): Reading | null {
  const rhythm = rhythmFor(slot, hearing)
  if (rhythm !== null) return rhythm
  const ofAmount = choiceOfAmount(slot, hearing.facts)
  if (ofAmount !== null) return ofAmount
  const found = slot.choices.filter(({ keywords }) => phraseIn(keywords, hearing.facts))
  const texts = found.map(({ value }) => value)
  return texts.length === 0 ? null : { texts, facts: [], sure: texts.length === 1 }
}

/** “under 20 €” says both the price and that it is to fall. */
function choiceOfAmount(slot: SetUpSlot, { all }: Facts): Reading | null {
  if (slot.goesWith === null) return null
  const said = new Set(all.flatMap(fact => (fact.kind === 'number' && !fact.negated ? [fact.than] : [])))
  said.delete(null)
  const texts = slot.choices.filter(({ than }) => than !== null && said.has(than)).map(({ value }) => value)
  return texts.length === 1 ? { texts, facts: [], sure: true } : null
}

/** In an answer: the choice whose words all occur, or that means the same rhythm; none where several do. */
export function choiceIn(slot: SetUpSlot, text: string): string | null {
  const said = new Set(stemsOf(text).flatMap(stem => [stem, ...alike(stem)]))
  const fitting = slot.choices.filter(({ value, label }) =>
    [value, label].some(words => {
      const stems = stemsOf(words)
      return stems.length > 0 && stems.every(stem => said.has(stem))
    }),
  )
  const [only] = fitting
  return only === undefined || fitting.length > 1 || slot.choices.some(({ when }) => when !== null)
    ? null
    : only.value
}
