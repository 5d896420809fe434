/**
 * Notes: what an automation writes down for people. Their changes are staged like all local state (J2); how a change
 * alters a note is defined once, for those who commit it and for the scope that sees it before.
 */
import { containsPhrase, excerptFor, wordsOf, type Query } from './note-words.ts'

export interface NoteHead {
  id: string
  title: string
  tags: readonly string[]
  /** Length of the text. */
  characters: number
  createdAt: number
  updatedAt: number
}

export interface Note extends NoteHead {
  text: string
}

export interface NoteFound extends NoteHead {
  /** The text around the first word looked for. */
  excerpt: string
}

/** A change of a note, at the time it was asked for. */
export type NoteChange =
  /** Adds to a note; one that is not there, or no more, is made. */
  | {
      kind: 'note-append'
      id: string
      title: string
      text: string
      separator: string
      tags: readonly string[]
      at: number
    }
  /** Takes off again what was appended, if it is still the end. */
  | { kind: 'note-cut'; id: string; text: string; separator: string; at: number }
  | { kind: 'note-tags'; id: string; add: readonly string[]; remove: readonly string[]; at: number }
  | { kind: 'note-remove'; id: string }

export function isNoteChange(change: { kind: string }): change is NoteChange {
  return change.kind.startsWith('note-')
}

export interface NoteFilter {
  tag?: string | undefined
  title?: string | undefined
}

/** The notes of one automation, most recently changed first. */
export interface NotesView {
  get(id: string): Note | undefined
  list(filter: NoteFilter, limit: number): NoteHead[]
  /** Best first. */
  search(query: Query, limit: number): NoteFound[]
}

export const NO_NOTES: NotesView = { get: () => undefined, list: () => [], search: () => [] }

/** The note after a change; undefined when there is none. */
export function changedNote(note: Note | undefined, change: NoteChange): Note | undefined {
  switch (change.kind) {
    case 'note-remove':
      return undefined
    case 'note-append':
      return appended(note, change)
    case 'note-cut':
      return note && withText(note, cutText(note.text, change), change.at)
    case 'note-tags':
      return (
        note && { ...note, tags: changedTags(note.tags, change.add, change.remove), updatedAt: change.at }
      )
  }
}

function appended(note: Note | undefined, change: Extract<NoteChange, { kind: 'note-append' }>): Note {
  const { id, title, text, tags, at } = change
  if (note === undefined) {
    const sorted = changedTags([], tags, [])
    return { id, title, text, tags: sorted, characters: text.length, createdAt: at, updatedAt: at }
  }
  const longer = note.text === '' ? text : note.text + change.separator + text
  return { ...withText(note, longer, at), tags: changedTags(note.tags, tags, []) }
}

function cutText(whole: string, { text, separator }: { text: string; separator: string }): string {
  if (whole === text) return ''
  const end = separator + text
  return whole.endsWith(end) ? whole.slice(0, whole.length - end.length) : whole
}

function withText(note: Note, text: string, at: number): Note {
  return { ...note, text, characters: text.length, updatedAt: at }
}

function changedTags(tags: readonly string[], add: readonly string[], remove: readonly string[]): string[] {
  return [...new Set([...tags, ...add])].filter(tag => !remove.includes(tag)).sort()
}

/** Notes as a scope sees them: what is committed, under what the scope itself has staged. */
export function overlayNotes(committed: NotesView, staged: () => readonly NoteChange[]): NotesView {
  const changed = () => {
    const notes = new Map<string, Note | undefined>()
    for (const change of staged()) {
      const before = notes.has(change.id) ? notes.get(change.id) : committed.get(change.id)
      notes.set(change.id, changedNote(before, change))
    }
    return notes
  }
  const merged = <T extends NoteHead>(
    own: (note: Note) => T[],
    others: (limit: number) => T[],
    limit: number,
  ) => {
    const notes = changed()
    const mine = [...notes.values()].flatMap(note => (note === undefined ? [] : own(note)))
    const rest = others(limit + notes.size).filter(note => !notes.has(note.id))
    return [...mine.sort(newestFirst), ...rest]
  }
  return {
    get: id => {
      const notes = changed()
      return notes.has(id) ? notes.get(id) : committed.get(id)
    },
    list: (filter, limit) =>
      merged(
        note => (passes(note, filter) ? [headOf(note)] : []),
        count => committed.list(filter, count),
        limit,
      )
        .sort(newestFirst)
        .slice(0, limit),
    search: (query, limit) =>
      merged(
        note => (matches(note, query) ? [foundOf(note, query)] : []),
        count => committed.search(query, count),
        limit,
      ).slice(0, limit),
  }
}

export function headOf({ id, title, tags, characters, createdAt, updatedAt }: NoteHead): NoteHead {
  return { id, title, tags, characters, createdAt, updatedAt }
}

export function foundOf(note: Note, query: Query): NoteFound {
  return { ...headOf(note), excerpt: excerptFor(note.text, query) }
}

function newestFirst(a: NoteHead, b: NoteHead): number {
  return b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1)
}

function passes(note: Note, { tag, title }: NoteFilter): boolean {
  return (tag === undefined || note.tags.includes(tag)) && (title === undefined || note.title === title)
}

function matches(note: Note, query: Query): boolean {
  const fields = [note.title, note.text, note.tags.join(' ')].map(wordsOf)
  return query.every(phrase => fields.some(words => containsPhrase(words, phrase)))
}
