/** What a sentence names speaks for entries that ask for such a thing, the more the fewer do. Pure. */
import type { SetUpEntry, SetUpSlot } from './entry.ts'
import type { Fact } from './facts/fact.ts'

interface Speaking {
  worth: number
  /** `facts` is all that the sentence names. */
  of: (fact: Fact, facts: readonly Fact[]) => boolean
  for: (slot: SetUpSlot) => boolean
}

/** Names of places where projects are kept. */
const PROJECT = /^https?:\/\/(?:www\.)?(?:github|gitlab|codeberg|pypi|crates)\./i
const CALENDAR = /^webcals?:|\.ics(?:$|\?)/i
const LOG = /\.(?:log|txt|out|err)(?:\.\d+)?$/i

const isAddress = (fact: Fact): boolean => fact.kind === 'address'

const ALL: readonly Speaking[] = [
  { worth: 1.5, of: isAddress, for: ({ kind }) => kind === 'url' || kind === 'urls' || kind === 'releases' },
  {
    worth: 6,
    of: fact => fact.kind === 'address' && fact.feed,
    for: ({ kind, keywords }) => kind === 'urls' && keywords.en.includes('feed'),
  },
  {
    worth: 6,
    of: fact => fact.kind === 'address' && CALENDAR.test(fact.url),
    for: ({ kind, keywords }) => kind === 'urls' && keywords.en.includes('calendar'),
  },
  {
    worth: 4,
    of: fact => fact.kind === 'address' && PROJECT.test(fact.url),
    for: ({ kind }) => kind === 'releases',
  },
  { worth: 1.5, of: ({ kind }) => kind === 'path', for: ({ kind }) => kind === 'folder' || kind === 'file' },
  {
    worth: 4,
    of: fact => fact.kind === 'path' && fact.candidates.some(path => LOG.test(path)),
    for: ({ kind }) => kind === 'file',
  },
  { worth: 10, of: ({ kind }) => kind === 'topic', for: ({ kind }) => kind === 'words' },
  { worth: 4, of: ({ kind }) => kind === 'rules', for: ({ kind }) => kind === 'rules' },
  {
    worth: 6,
    of: (fact, facts) => fact.kind === 'number' && fact.unit === 'money' && facts.some(isAddress),
    for: ({ unit }) => unit === 'money',
  },
  {
    worth: 2,
    of: fact => fact.kind === 'number' && fact.than !== null && (fact.unit === null || fact.unit === 'money'),
    for: ({ unit }) => unit === 'money',
  },
  {
    worth: 3,
    of: fact => fact.kind === 'number' && fact.unit === 'size',
    for: ({ unit }) => unit === 'gb' || unit === 'kb',
  },
]

/** What that is worth beside the words, and for which slots something is named. */
export function spokenFor({ slots }: SetUpEntry, facts: readonly Fact[]): { worth: number; slots: string[] } {
  const wanted = facts.filter(({ negated }) => !negated)
  const speaking = ALL.filter(({ of }) => wanted.some(fact => of(fact, facts)))
  const named = slots.filter(slot => speaking.some(one => one.for(slot))).map(({ name }) => name)
  const worth = speaking.filter(one => slots.some(one.for)).reduce((sum, one) => sum + one.worth, 0)
  return { worth, slots: named }
}
