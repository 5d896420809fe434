/**
 * Which ready-made automations fit what someone said, best first, with the words that speak for each. No model: words
 * are compared after folding, stemming, synonyms, taking compounds apart and mending slips of typing, and weighed by
 * how few entries have them (BM25). What the sentence names, such as an address, speaks for entries that ask for one.
 */
import MiniSearch from 'minisearch'
import type { SearchResult } from 'minisearch'
import { wordsOf } from '../../domain/note-words.ts'
import { alike } from './synonyms.ts'
import { lacksDeed } from './deeds.ts'
import { distance } from './distance.ts'
import type { SetUpEntry } from './entry.ts'
import type { Fact } from './facts/fact.ts'
import { factsIn } from './facts/facts.ts'
import { spokenFor } from './speaks-for.ts'
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

/** What many entries do, said in many sentences: these hardly tell one from another. */
const WEAK: ReadonlySet<string> = new Set(
  stemsOf(
    'check watch monitor find save read keep notify notice alert warn ping store write prüfe prüfen beobachte überwache finde benachrichtige melde warne speichere speichern schreib achte',
  ),
)

/** Below this a fit is chance: a word or two in common. */
const LEAST_SCORE = 5
/** Of the words that say something, how many must be known: where one of them is decisive, and otherwise. */
const LEAST_COVERED = 0.4
const LEAST_COVERED_BY_ANY = 0.51
/** Words that no more entries than this are called by are decisive. */
const FEW = 2
/** What a sentence names can be reason enough. */
const ENOUGH_NAMED = 6
/** What it is worth that an entry is called by several words of the sentence in their order. */
const CALLED = 6
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
  /** Which entries use a word for themselves. */
  readonly #calledBy = new Map<string, string[]>()
  /** What an entry says of itself, by its id. */
  readonly #does = new Map<string, ReadonlySet<string>>()

  readonly #phrases: ReadonlyMap<string, readonly string[]>

  constructor(entries: readonly SetUpEntry[]) {
    this.#phrases = new Map(entries.map(entry => [entry.id, phrasesOf(entry)]))
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
    for (const entry of entries) {
      for (const stem of namesOf(entry))
        this.#calledBy.set(stem, [...(this.#calledBy.get(stem) ?? []), entry.id])
    }
    for (const { id, title, keywords, promise } of documents) {
      this.#does.set(id, new Set(`${title} ${keywords} ${promise}`.split(' ')))
    }
  }

  /** The entries that fit, best first; none where nothing does. */
  fits(sentence: string): Fit[] {
    const found = this.rank(sentence)
    const best = found[0]?.score ?? 0
    return found.filter(({ score }) => score >= LEAST_SCORE && score >= best * LEAST_OF_BEST).slice(0, MOST)
  }

  /** Every entry that something speaks for, also below what is offered. */
  rank(sentence: string): Fit[] {
    const facts = factsIn(sentence)
    const heard = contentWords(sentence).map(word => this.#hear(word, facts))
    const weights = new Map(
      heard.flatMap(({ terms }) => terms.map(({ term, weight }) => [term, weight] as const)),
    )
    const found = this.#search.search([...weights.keys()].join(' '), {
      boost: WEIGHTS,
      boostTerm: term => weights.get(term) ?? 1,
    })
    const byId = new Map(found.map(result => [String(result.id), result]))
    return [...this.#entries.values()]
      .filter(entry => !lacksDeed(sentence, this.#does.get(entry.id) ?? new Set()))
      .map(entry => this.#fit(entry, byId.get(entry.id), { sentence, heard, facts }))
      .filter(({ score }) => score > 0)
      .toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
  }

  #fit(
    entry: SetUpEntry,
    found: SearchResult | undefined,
    { sentence, heard, facts }: { sentence: string; heard: readonly Heard[]; facts: readonly Fact[] },
  ): Fit {
    const { id } = entry
    const { worth: named, slots } = spokenFor(entry, facts)
    const worth = named + (this.#isCalled(id, sentence) ? CALLED : 0)
    const fieldsOf = (one: Heard) => one.terms.flatMap(({ term }) => found?.match[term] ?? [])
    const matched = heard.filter(one => fieldsOf(one).length > 0)
    const words = matched.map(({ word }) => word.text)
    const counted = heard.filter(({ counts }) => counts)
    const speaking = matched.filter(({ counts }) => counts)
    const covered =
      speaking.reduce((sum, one) => sum + strengthOf(fieldsOf(one)), 0) / Math.max(counted.length, 1)
    const isKnown = matched.some(one => fieldsOf(one).some(field => CENTRAL.has(field)))
    const least =
      slots.length > 0 || speaking.some(one => this.#isDecisive(id, one))
        ? LEAST_COVERED
        : LEAST_COVERED_BY_ANY
    const isNamed = worth >= ENOUGH_NAMED && facts.some(({ kind }) => kind === 'address' || kind === 'path')
    const isFit = isNamed || (isKnown && (counted.length === 0 || covered >= least))
    const score = isFit ? (found?.score ?? 0) * (0.4 + 0.6 * covered + worth / 15) + worth : 0
    return { id, score, why: { words, slots } }
  }

  /** Few entries are called by it: it may stand alone among words that nobody knows. */
  #isDecisive(id: string, { terms }: Heard): boolean {
    return terms.some(({ term }) => {
      const called = this.#calledBy.get(term) ?? []
      return called.includes(id) && called.length <= FEW
    })
  }

  /** What a word of the sentence is to the index; in an address it only helps, and unknown it says nothing. */
  #hear(word: Word, facts: readonly Fact[]): Heard {
    const inside = facts.find(({ kind, from, to }) => word.at >= from && word.at < to && !OPEN.has(kind))
    if (inside === undefined) {
      const terms = this.#termsOf(word)
      if (!WEAK.has(word.stem)) return { word, terms, counts: true }
      return { word, terms: terms.map(({ term }) => ({ term, weight: 0.3 })), counts: false }
    }
    if (inside.kind === 'address' || (inside.kind === 'path' && inside.written)) {
      const terms = this.#vocabulary.has(word.stem) ? [{ term: word.stem, weight: 0.5 }] : []
      return { word, terms, counts: false }
    }
    if (inside.kind !== 'topic' && inside.kind !== 'path') return { word, terms: [], counts: false }
    const terms = this.#termsOf(word)
    return { word, terms, counts: terms.length > 0 }
  }

  /** Several words that an entry is called by, said one after the other. */
  #isCalled(id: string, sentence: string): boolean {
    const said = ` ${wordsOf(sentence).join(' ')} `
    return (this.#phrases.get(id) ?? []).some(phrase => said.includes(` ${phrase} `))
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

/** The words of its title, and those that stand alone for it. */
function namesOf({ title, keywords }: SetUpEntry): ReadonlySet<string> {
  const alone = [...keywords.en, ...keywords.de].filter(words => !/[ -]/.test(words))
  return new Set([title, ...alone].flatMap(stemsOf))
}

/** Of more than one word, one of which says something. */
function phrasesOf({ title, keywords }: SetUpEntry): string[] {
  return [title, ...keywords.en, ...keywords.de]
    .filter(words => stemsOf(words).length > 0)
    .map(words => wordsOf(words).join(' '))
    .filter(words => words.includes(' '))
}

/** How much it says that an entry knows a word there. */
function strengthOf(fields: readonly string[]): number {
  return Math.max(0, ...fields.map(field => STRENGTHS[field] ?? 0))
}

const STRENGTHS: Readonly<Record<string, number>> = {
  title: 1,
  keywords: 1,
  promise: 0.8,
  alike: 0.8,
  labels: 0.4,
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
