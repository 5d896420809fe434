/**
 * Which entries of a feed are new. An entry is recognised by its guid, otherwise by its address, otherwise by its
 * words. Some feeds give the same guid to everything: from the first time that is seen, guid, address and title
 * together tell their entries apart. Pure: what was seen before comes in, what is to be remembered goes out.
 */
import { createHash } from 'node:crypto'
import type { Entry } from './entries.ts'

/** What is remembered of one feed. */
export interface Seen {
  /** Two marks per entry, `guid:all`; the latest seen last. */
  marks: string[]
  /** This feed's guids do not tell its entries apart. */
  sameGuids: boolean
}

export interface Identified {
  entry: Entry
  /** The same in every reading of the feed. */
  id: string
  mark: string
}

export interface Sorted {
  /** In the order they appeared, the oldest first. */
  fresh: Identified[]
  /** How many entries were seen before. */
  known: number
  /** How many new ones are left for the next time. */
  more: number
  seen: Seen
}

/** Enough for a feed that is read whole, and for entries that come back after they had gone. */
const MOST_MARKS = 8_000

export function identify(
  entries: readonly Entry[],
  sameGuids: boolean,
): { all: Identified[]; sameGuids: boolean } {
  const unsure = sameGuids || haveSameGuids(entries)
  const found = new Map<string, Identified>()
  for (const entry of entries) {
    const mark = markOf(entry)
    const id = idOf(entry, unsure)
    const key = keyOf(mark, unsure)
    if (!found.has(key)) found.set(key, { entry, id, mark })
  }
  return { all: [...found.values()], sameGuids: unsure }
}

/** `seen` null: the first reading, after which only what comes later is new. */
export function sortOut(entries: readonly Entry[], seen: Seen | null, limit: number): Sorted {
  const { all, sameGuids } = identify(entries, seen?.sameGuids ?? false)
  const known = new Set((seen?.marks ?? []).map(mark => keyOf(mark, sameGuids)))
  const isKnown = ({ mark }: Identified): boolean => known.has(keyOf(mark, sameGuids))
  // Feeds put the latest first.
  const fresh = all.filter(entry => !isKnown(entry)).toReversed()
  const given = fresh.slice(0, limit)
  const there = [...all.filter(isKnown), ...given].map(({ mark }) => mark)
  return {
    fresh: given,
    known: all.length - fresh.length,
    more: fresh.length - given.length,
    seen: { marks: remembered(seen?.marks ?? [], there), sameGuids },
  }
}

function remembered(before: readonly string[], there: readonly string[]): string[] {
  const now = new Set(there)
  return [...before.filter(mark => !now.has(mark)), ...now].slice(-MOST_MARKS)
}

function haveSameGuids(entries: readonly Entry[]): boolean {
  const all = new Map<string, string>()
  return entries.some(entry => {
    if (entry.guid === null) return false
    const [, whole = ''] = markOf(entry).split(':')
    const other = all.get(entry.guid)
    all.set(entry.guid, whole)
    return other !== undefined && other !== whole
  })
}

function idOf({ guid, link, title, content }: Entry, sameGuids: boolean): string {
  if (sameGuids && guid !== null) return `${guid} ${digest([guid, link, title])}`
  return guid ?? link ?? digest([title, content])
}

function markOf(entry: Entry): string {
  return `${digest([idOf(entry, false)])}:${digest([entry.guid, entry.link, entry.title])}`
}

function keyOf(mark: string, sameGuids: boolean): string {
  const [byId = '', whole = ''] = mark.split(':')
  return sameGuids ? whole : byId
}

/** 66 bits: among thousands of entries no two are taken for one. */
function digest(parts: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 11)
}
