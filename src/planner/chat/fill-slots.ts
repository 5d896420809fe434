/**
 * What a sentence says for the slots of one entry, each value in the form its slot reads, and judged by that slot: a
 * value that does not pass is not filled in, and why is said. Pure; `judge` may look at the disk.
 */
import type { SetUpEntry, SetUpSlot } from './entry.ts'
import { isNeeded } from './entry.ts'
import type { Fact, FactOf } from './facts/fact.ts'
import { factsIn } from './facts/facts.ts'
import { alike } from './synonyms.ts'
import { isCommand, numberIn } from './talk/commands.ts'
import { stemsOf } from './words.ts'

/** What is wrong with a text for a slot, as the end of a sentence about it; null where it may stand. */
export type Judge = (slot: SetUpSlot, text: string) => string | null

export interface Filled {
  slot: string
  text: string
}

export interface Unfit extends Filled {
  problem: string
}

export interface Prefill {
  filled: Filled[]
  /** Named in the sentence, and refused by the slot. */
  unfit: Unfit[]
}

export function prefill(entry: SetUpEntry, sentence: string, judge: Judge): Prefill {
  return fillFrom(entry.slots, new Facts(sentence), judge)
}

/** An answer to the question for one slot: as it stands where the slot takes it, otherwise what is found in it. */
export function answerFor(slot: SetUpSlot, answer: string, judge: Judge): Prefill {
  const bare = unquoted(answer.trim())
  const problem = judge(slot, bare)
  if (problem === null) return { filled: [{ slot: slot.name, text: bare }], unfit: [] }
  const found = chosenIn(slot, bare) ?? choiceIn(slot, answer) ?? textFor(slot, new Facts(answer), true)
  const [first] = found === null ? [] : candidates(slot, found, judge)
  if (first?.problem === null) return { filled: [{ slot: slot.name, text: first.text }], unfit: [] }
  return { filled: [], unfit: [{ slot: slot.name, text: bare, problem }] }
}

/** The facts of a sentence, each of which fills one slot at most. */
class Facts {
  readonly sentence: string
  readonly all: readonly Fact[]
  readonly #used = new Set<Fact>()

  constructor(sentence: string) {
    this.sentence = sentence
    this.all = factsIn(sentence)
  }

  of<K extends Fact['kind']>(kind: K): FactOf<K>[] {
    return this.all.filter((fact): fact is FactOf<K> => fact.kind === kind && !this.#used.has(fact))
  }

  use(facts: readonly Fact[]): void {
    for (const fact of facts) this.#used.add(fact)
  }
}

function fillFrom(slots: readonly SetUpSlot[], facts: Facts, judge: Judge): Prefill {
  const filled: Filled[] = []
  const unfit: Unfit[] = []
  // What must be known comes first: a fact that could serve two slots serves the one that would be asked for.
  const order = slots.toSorted((a, b) => Number(isNeeded(b)) - Number(isNeeded(a)))
  for (const slot of order) {
    const found = choiceIn(slot, facts.sentence) ?? textFor(slot, facts, false)
    if (found === null) continue
    facts.use(found.facts)
    const [best] = candidates(slot, found, judge)
    if (best === undefined) continue
    if (best.problem === null) filled.push({ slot: slot.name, text: best.text })
    else unfit.push({ slot: slot.name, text: best.text, problem: best.problem })
  }
  return { filled, unfit }
}

interface Suggestion {
  /** The first of these that the slot takes. */
  texts: readonly string[]
  facts: readonly Fact[]
}

function candidates(slot: SetUpSlot, { texts }: Suggestion, judge: Judge) {
  const judged = texts.map(text => ({ text, problem: judge(slot, text) }))
  return judged.toSorted((a, b) => Number(a.problem !== null) - Number(b.problem !== null))
}

type Read = (slot: SetUpSlot, facts: Facts, asked: boolean) => Suggestion | null

/** By the kind of slot. `asked`: the text is an answer to this very slot, so nothing has to point to it. */
const READERS: Readonly<Record<string, Read>> = {
  url: (_, facts) => first(facts.of('address'), ({ url }) => [url]),
  urls: (_, facts) => {
    const found = facts.of('address')
    return found.length === 0 ? null : { texts: [found.map(({ url }) => url).join(' ')], facts: found }
  },
  folder: pathFor,
  file: pathFor,
  time: (_, facts) => first(facts.of('time'), ({ time }) => [time]),
  cron: (_, facts) => cronFor(facts),
  minutes: minutesFor,
  number: numberFor,
  words: (_, facts) => wordsFor(facts),
  text: quoteFor,
  rules: (_, facts) => first(facts.of('rules'), ({ rules }) => [rules]),
}

function textFor(slot: SetUpSlot, facts: Facts, asked: boolean): Suggestion | null {
  return READERS[slot.kind]?.(slot, facts, asked) ?? null
}

function first<F extends Fact>(
  found: readonly F[],
  texts: (fact: F) => readonly string[],
): Suggestion | null {
  const [fact] = found
  return fact === undefined ? null : { texts: texts(fact), facts: [fact] }
}

const WHERE_TO = /(?:^| )(?:to|into|onto|nach|auf|in)(?: (?:the|my|den|die|das|meine[nm]?))?$/

/** Where something goes is named after “to”; everything else in the order of the sentence. */
function pathFor(slot: SetUpSlot, facts: Facts): Suggestion | null {
  const found = facts.of('path')
  const isGoal = /target|dest|backup|into|goes|keep|archive|report|output/i.test(`${slot.name} ${slot.label}`)
  const preferred = found.filter(({ lead }) => WHERE_TO.test(lead) === isGoal)
  const isLeft = found.length === 1 && isGoal && preferred.length === 0
  return isLeft ? null : first(preferred.length > 0 ? preferred : found, path => path.candidates)
}

/** Five fields from a time, days, or a rhythm. */
function cronFor(facts: Facts): Suggestion | null {
  const [days] = facts.of('days')
  const [time] = facts.of('time')
  const [rhythm] = facts.of('interval')
  if (time === undefined && days === undefined) return rhythm === undefined ? null : cronOfRhythm(rhythm)
  const [hour, minute] = (time?.time ?? '08:00').split(':').map(Number)
  const used = [days, time, rhythm].filter(fact => fact !== undefined)
  const weekly = rhythm?.minutes === 10_080 && days === undefined ? [1] : days?.days
  return { texts: [`${String(minute)} ${String(hour)} * * ${weekly?.join(',') ?? '*'}`], facts: used }
}

function cronOfRhythm(rhythm: FactOf<'interval'>): Suggestion | null {
  const { minutes } = rhythm
  const made = (expression: string) => ({ texts: [expression], facts: [rhythm] })
  if (minutes === 1_440) return made('0 8 * * *')
  if (minutes === 10_080) return made('0 8 * * 1')
  if (minutes < 60 && 60 % minutes === 0) return made(`*/${String(minutes)} * * * *`)
  const hours = minutes / 60
  return Number.isInteger(hours) && 24 % hours === 0 ? made(`0 */${String(hours)} * * *`) : null
}

const IS_RHYTHM = /every|often|interval|oft/i

function minutesFor(slot: SetUpSlot, facts: Facts, asked: boolean): Suggestion | null {
  const texts = ({ minutes }: { minutes: number }) => [String(minutes)]
  if (IS_RHYTHM.test(`${slot.name} ${slot.label} ${slot.question}`)) {
    const rhythm = first(facts.of('interval'), texts)
    return rhythm ?? (asked ? first(facts.of('duration'), texts) : null)
  }
  if (asked) return first(facts.of('duration'), texts) ?? first(facts.of('interval'), texts)
  return first(
    facts.of('duration').filter(({ lead }) => WAITED.test(lead) || isCued(slot, lead)),
    texts,
  )
}

const WAITED = /older|than|after|untouched|unchanged|left|älter|als|nach|seit/

/** What stands before a value is one of the words that point to the slot. */
function isCued({ keywords }: SetUpSlot, lead: string): boolean {
  return [...keywords.en, ...keywords.de].some(cue => ` ${lead} `.includes(` ${cue} `))
}

/** An amount of money goes where money is asked for, a count where what is counted is named. */
function numberFor(slot: SetUpSlot, facts: Facts, asked: boolean): Suggestion | null {
  const found = facts.of('number')
  const fitting = asked ? found : found.filter(number => speaksOf(slot, number))
  return first(fitting, ({ number }) => [number])
}

function speaksOf(slot: SetUpSlot, { unit, after, lead }: FactOf<'number'>): boolean {
  const about = `${slot.name} ${slot.label} ${slot.question}`
  if (unit === 'money') return /price|cost|money|amount|limit|below|threshold/i.test(about)
  if (unit === 'percent') return /percent|%|share|full|drop/i.test(about)
  if (isCued(slot, lead)) return true
  const own = new Set(
    stemsOf([slot.label, slot.question, ...slot.keywords.en, ...slot.keywords.de].join(' ')),
  )
  const near = [...stemsOf(after), ...stemsOf(lead)]
  return near.some(stem => own.has(stem) || alike(stem).some(other => own.has(other)))
}

function wordsFor(facts: Facts): Suggestion | null {
  const topics = facts.of('topic')
  const quoted = facts
    .of('quoted')
    .filter(quote => !topics.some(topic => quote.from >= topic.from && quote.to <= topic.to))
  const words = [...topics.flatMap(topic => topic.words), ...quoted.map(({ text }) => text)]
  return words.length === 0
    ? null
    : { texts: [[...new Set(words)].join(', ')], facts: [...topics, ...quoted] }
}

const SAYS = /contain|text|says?|word|enthält|enthalten|steht|pattern|line|phrase/i

function quoteFor(slot: SetUpSlot, facts: Facts, asked: boolean): Suggestion | null {
  const quoted = facts.of('quoted')
  const isMeant = asked || isNeeded(slot) || SAYS.test(`${slot.name} ${slot.label} ${slot.question}`)
  return isMeant ? first(quoted, ({ text }) => [text]) : null
}

/** The choice whose words all occur, or that means the same rhythm or days; none where several do. */
function choiceIn(slot: SetUpSlot, text: string): Suggestion | null {
  if (slot.kind !== 'choice') return null
  const said = new Set(stemsOf(text).flatMap(stem => [stem, ...alike(stem)]))
  const when = whenIn(text)
  const fitting = slot.choices.filter(
    ({ value, label }) =>
      (when !== '' && whenIn(label) === when) ||
      [value, label].some(words => {
        const stems = stemsOf(words)
        return stems.length > 0 && stems.every(stem => said.has(stem))
      }),
  )
  const [only] = fitting
  return only === undefined || fitting.length > 1 ? null : { texts: [only.value], facts: [] }
}

/** Days, or else a rhythm, to compare; '' where neither is said. */
function whenIn(text: string): string {
  const facts = factsIn(text)
  const days = facts.find(({ kind }) => kind === 'days')
  if (days?.kind === 'days') return `days ${days.days.join()}`
  const rhythm = facts.find(({ kind }) => kind === 'interval')
  return rhythm?.kind === 'interval' ? `every ${String(rhythm.minutes)}` : ''
}

/** Yes or no in either language, a choice by its label, or by its number in the list. */
function chosenIn({ choices }: SetUpSlot, answer: string): Suggestion | null {
  const said = answer.toLowerCase()
  const number = numberIn(answer, choices.length)
  const spoken = isCommand(answer, 'yes') ? 'yes' : isCommand(answer, 'no') ? 'no' : said
  const chosen =
    choices.find(({ value, label }) => value.toLowerCase() === spoken || label.toLowerCase() === said) ??
    (number === null ? undefined : choices[number - 1])
  return chosen === undefined ? null : { texts: [chosen.value], facts: [] }
}

/** Quotation marks around the whole of an answer say that it is meant as it stands. */
export function unquoted(text: string): string {
  const [, inside] = /^["“„«](.*)["”“»]$/su.exec(text) ?? []
  return inside ?? text
}
