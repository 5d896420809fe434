/**
 * Which ready-made automations fit what someone said, best first, with the words that speak for each. No model: words
 * are compared after folding, stemming, synonyms, taking compounds apart and mending slips of typing, and weighed by
 * how few entries have them (BM25). What the sentence names, such as an address, speaks for entries that ask for one.
 */
import MiniSearch from 'minisearch'
import { alike } from './synonyms.ts'
import { distance } from './distance.ts'
import type { SetUpEntry } from './entry.ts'
import type { Fact } from './facts/fact.ts'
import { factsIn } from './facts/facts.ts'
import { contentWords, stemsOf } from './words.ts'
import type { Word } from './words.ts'

export interface Fit {
  id: string
  /** Comparable within one answer only. */
  score: number
  why: {
    /** Words of the sentence that the entry knows, as they were written. */
    words: string[]
    /** Slots for which the sentence names something. */
    slots: string[]
  }
}

/** Below this a fit is chance: a word or two in common. */
const LEAST_SCORE = 5
/** Of the words that say something, how many must be known. */
const LEAST_COVERED = 0.3
const LEAST_COVERED_BY_ONE = 0.51
/** Further behind the best than this, an entry is not offered. */
const LEAST_OF_BEST = 0.45
const MOST = 3

const FIELDS = ['title', 'keywords', 'promise', 'labels', 'alike'] as const
const WEIGHTS = { title: 2, keywords: 3, promise: 1, labels: 0.5, alike: 1.2 }

/** Where at least one word has to be known: settings and examples alone are no reason to offer an entry. */
const CENTRAL: ReadonlySet<string> = new Set(['title', 'keywords', 'alike'])

/** What stands in these is heard like any other word. */
const OPEN: ReadonlySet<Fact['kind']> = new Set(['number', 'not'])

type Document = { id: string } & Record<(typeof FIELDS)[number], string>

interface Heard {
  word: Word
  terms: { term: string; weight: number }[]
  /** Speaks against an entry that does not know it. */
  counts: boolean
}

export class EntryIndex {
  readonly #search: MiniSearch<Document>
  readonly #entries: ReadonlyMap<string, SetUpEntry>
  readonly #vocabulary: ReadonlySet<string>

  constructor(entries: readonly SetUpEntry[]) {
    const documents = entries.map(documentOf)
    this.#entries = new Map(entries.map(entry => [entry.id, entry]))
    this.#vocabulary = new Set(
      documents.flatMap(document => FIELDS.flatMap(field => document[field].split(' '))),
    )
    this.#search = new MiniSearch<Document>({
      fields: [...FIELDS],
      tokenize: text => text.split(' ').filter(stem => stem !== ''),
      processTerm: stem => stem,
    })
    this.#search.addAll(documents)
  }

  /** The entries that fit, best first; none where nothing does. */
  fits(sentence: string): Fit[] {
    const found = this.rank(sentence)
    const best = found[0]?.score ?? 0
    return found.filter(({ score }) => score >= LEAST_SCORE && score >= best * LEAST_OF_BEST).slice(0, MOST)
  }

  /** Every entry with a word in common, also below what is offered. */
  rank(sentence: string): Fit[] {
    const facts = factsIn(sentence)
    const heard = contentWords(sentence).map(word => this.#hear(word, facts))
    const weights = new Map(
      heard.flatMap(({ terms }) => terms.map(({ term, weight }) => [term, weight] as const)),
    )
    if (weights.size === 0) return []
    const found = this.#search.search([...weights.keys()].join(' '), {
      boost: WEIGHTS,
      boostTerm: term => weights.get(term) ?? 1,
    })
    return found
      .filter(({ match }) => Object.values(match).some(fields => fields.some(field => CENTRAL.has(field))))
      .map(({ id, score, queryTerms }) => this.#fit(String(id), score, { heard, facts, queryTerms }))
      .filter(({ score }) => score > 0)
      .toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
  }

  #fit(
    id: string,
    score: number,
    { heard, facts, queryTerms }: { heard: readonly Heard[]; facts: readonly Fact[]; queryTerms: string[] },
  ): Fit {
    const matched = heard.filter(({ terms }) => terms.some(({ term }) => queryTerms.includes(term)))
    const counted = heard.filter(({ counts }) => counts)
    const speaking = matched.filter(({ counts }) => counts).length
    const covered = speaking / Math.max(counted.length, 1)
    const slots = this.#slotsFor(id, facts)
    const words = matched.map(({ word }) => word.text)
    const least = speaking === 1 && slots.length === 0 ? LEAST_COVERED_BY_ONE : LEAST_COVERED
    if (counted.length > 0 && covered < least) return { id, score: 0, why: { words, slots } }
    const named = this.#worthOf(id, facts)
    return { id, score: score * (0.4 + 0.6 * covered + named / 15) + named, why: { words, slots } }
  }

  /** What a word of the sentence is to the index; in an address it only helps, and unknown it says nothing. */
  #hear(word: Word, facts: readonly Fact[]): Heard {
    const inside = facts.find(({ kind, from, to }) => word.at >= from && word.at < to && !OPEN.has(kind))
    if (inside === undefined) return { word, terms: this.#termsOf(word), counts: true }
    if (inside.kind === 'address') {
      const terms = this.#vocabulary.has(word.stem) ? [{ term: word.stem, weight: 0.5 }] : []
      return { word, terms, counts: false }
    }
    if (inside.kind !== 'topic' && inside.kind !== 'path') return { word, terms: [], counts: false }
    const terms = this.#termsOf(word)
    return { word, terms, counts: terms.length > 0 }
  }

  /** Terms of the index that a word stands for: itself, the parts of a compound, or what it is a slip of. */
  #termsOf({ stem }: Word): { term: string; weight: number }[] {
    if (this.#vocabulary.has(stem)) return [{ term: stem, weight: 1 }]
    const parts = this.#partsOf(stem)
    if (parts.length > 0) return parts.map(term => ({ term, weight: 0.8 }))
    const slip = this.#slipOf(stem)
    return slip === null ? [] : [{ term: slip, weight: 0.7 }]
  }

  /** `preisander` → `prei`, `ander`: German writes several words as one. */
  #partsOf(stem: string): string[] {
    if (stem.length < 8) return []
    const inside = [...this.#vocabulary].filter(term => term.length >= 4 && stem.includes(term))
    const first = longest(inside.filter(term => stem.startsWith(term)))
    const last = longest(inside.filter(term => stem.endsWith(term) && term !== first))
    const found = [first, last].filter(term => term !== null)
    const length = found.reduce((sum, term) => sum + term.length, 0)
    return length >= stem.length / 2 && length <= stem.length ? found : []
  }

  #slipOf(stem: string): string | null {
    if (stem.length < 4) return null
    const allowed = stem.length >= 8 ? 2 : 1
    const near = [...this.#vocabulary].flatMap(term => {
      if (!isLikelySlip(term, stem)) return []
      const far = distance(term, stem)
      return far <= allowed ? [{ term, far }] : []
    })
    const [best] = near.toSorted((a, b) => a.far - b.far || (a.term < b.term ? -1 : 1))
    return best?.term ?? null
  }

  /** What it says for an entry that it asks for what the sentence names. */
  #worthOf(id: string, facts: readonly Fact[]): number {
    const kinds = new Set(this.#entries.get(id)?.slots.map(({ kind }) => kind))
    const named = Object.entries(SPEAKS_FOR).filter(
      ([kind, { slots }]) => slots.some(slot => kinds.has(slot)) && facts.some(fact => fact.kind === kind),
    )
    return named.reduce((sum, [, { worth }]) => sum + worth, 0)
  }

  #slotsFor(id: string, facts: readonly Fact[]): string[] {
    const slots = this.#entries.get(id)?.slots ?? []
    return slots
      .filter(slot => facts.some(fact => SPEAKS_FOR[fact.kind]?.slots.includes(slot.kind) === true))
      .map(({ name }) => name)
  }
}

/** Kinds of facts that only some entries have a use for: the slots they fill, and what that is worth. */
const SPEAKS_FOR: Partial<Record<Fact['kind'], { slots: readonly string[]; worth: number }>> = {
  address: { slots: ['url', 'urls'], worth: 1.5 },
  path: { slots: ['folder', 'file'], worth: 1.5 },
  topic: { slots: ['words'], worth: 8 },
}

function documentOf(entry: SetUpEntry): Document {
  const { id, title, promise, slots } = entry
  const own = {
    title: stemsOf(title),
    keywords: [...entry.keywords.en, ...entry.keywords.de].flatMap(stemsOf),
    promise: stemsOf(promise),
    labels: slots.flatMap(({ label, choices }) =>
      [label, ...choices.map(choice => choice.label)].flatMap(stemsOf),
    ),
  }
  const central = new Set([...own.title, ...own.keywords])
  const more = new Set([...central].flatMap(alike).filter(stem => !central.has(stem)))
  return {
    id,
    title: own.title.join(' '),
    keywords: own.keywords.join(' '),
    promise: own.promise.join(' '),
    labels: own.labels.join(' '),
    alike: [...more].join(' '),
  }
}

/** People get the first letter right, or swap it; of a short word, they only swap letters. */
function isLikelySlip(term: string, stem: string): boolean {
  if (term.length < 4 || Math.abs(term.length - stem.length) > 2) return false
  if (stem.length === 4) return lettersOf(term) === lettersOf(stem)
  return term[0] === stem[0] || (term[0] === stem[1] && term[1] === stem[0])
}

function lettersOf(word: string): string {
  return Array.from(word).toSorted().join('')
}

function longest(terms: readonly string[]): string | null {
  return terms.reduce<string | null>((best, term) => (term.length > (best?.length ?? 0) ? term : best), null)
}
