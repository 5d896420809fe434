/**
 * Notes and their search index. A note is sealed; the index holds codes of words under a key of its own, so that
 * words can be found by who knows them and not be read from the file (J12). Written only by scopes that succeeded (J2).
 * Owns: `notes`, `note_words` and the key between them. Does not own: how a change alters a note (`domain/note.ts`).
 */
import { createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { sql } from 'kysely'
import {
  changedNote,
  foundOf,
  NO_NOTES,
  type Note,
  type NoteChange,
  type NoteFound,
  type NoteHead,
  type NotesView,
} from '../../domain/note.ts'
import { wordsOf, type Query } from '../../domain/note-words.ts'
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

const HEAD = [
  'number',
  'id',
  'workflow_id',
  'sealed_head',
  'characters',
  'outside',
  'created_at',
  'updated_at',
] as const
type HeadRow = Pick<Row<'notes'>, (typeof HEAD)[number]>

const newest = () =>
  query.selectFrom('notes').select(HEAD).orderBy('updated_at', 'desc').orderBy('id', 'desc')
const byId = statement((p: { workflowId: string; id: string }) =>
  query.selectFrom('notes').selectAll().where('id', '=', p.id).where('workflow_id', '=', p.workflowId),
)
const anyOutside = statement((p: { workflowId: string }) =>
  query
    .selectFrom('notes')
    .select('id')
    .where('workflow_id', '=', p.workflowId)
    .where('outside', '=', 1)
    .limit(1),
)
const latest = statement((p: { workflowId: string; limit: number }) =>
  newest().where('workflow_id', '=', p.workflowId).limit(p.limit),
)
const titled = statement((p: { workflowId: string; titleMac: string; limit: number }) =>
  newest().where('workflow_id', '=', p.workflowId).where('title_mac', '=', p.titleMac).limit(p.limit),
)
const tagged = statement((p: { match: string; limit: number }) =>
  query
    .selectFrom('note_words')
    .innerJoin('notes', 'notes.number', 'note_words.rowid')
    .select(HEAD)
    .where(sql<boolean>`note_words MATCH ${p.match}`)
    .orderBy('updated_at', 'desc')
    .orderBy('id', 'desc')
    .limit(p.limit),
)
/** A word in the title counts most, then one in a tag. */
const matching = statement((p: { match: string; limit: number; skip: number }) =>
  query
    .selectFrom('note_words')
    .innerJoin('notes', 'notes.number', 'note_words.rowid')
    .selectAll('notes')
    .where(sql<boolean>`note_words MATCH ${p.match}`)
    .orderBy(sql`bm25(note_words, 0, 8, 1, 4)`)
    .orderBy('updated_at', 'desc')
    .orderBy('id', 'desc')
    .limit(p.limit)
    .offset(p.skip),
)
const ofId = statement((p: { id: string }) => query.selectFrom('notes').selectAll().where('id', '=', p.id))
interface Place {
  at: number
  id: string
}
const NEWEST: Place = { at: Number.MAX_SAFE_INTEGER, id: '' }
const beforePlace = (p: Place) => sql<boolean>`(updated_at, id) < (${p.at}, ${p.id})`
const allBefore = statement((p: Place & { limit: number }) => newest().where(beforePlace(p)).limit(p.limit))
const ownBefore = statement((p: Place & { workflowId: string; limit: number }) =>
  newest().where('workflow_id', '=', p.workflowId).where(beforePlace(p)).limit(p.limit),
)
const taggedBefore = statement((p: Place & { match: string; limit: number }) =>
  query
    .selectFrom('note_words')
    .innerJoin('notes', 'notes.number', 'note_words.rowid')
    .select(HEAD)
    .where(sql<boolean>`note_words MATCH ${p.match}`)
    .where(beforePlace(p))
    .orderBy('updated_at', 'desc')
    .orderBy('id', 'desc')
    .limit(p.limit),
)
const insert = insertion('notes', [
  'id',
  'workflow_id',
  'title_mac',
  'sealed_head',
  'sealed_text',
  'characters',
  'outside',
  'created_at',
  'updated_at',
])
const update = statement(
  (p: {
    number: number
    head: Uint8Array
    text: Uint8Array
    characters: number
    outside: number
    at: number
  }) =>
    query
      .updateTable('notes')
      .set({
        sealed_head: p.head,
        sealed_text: p.text,
        characters: p.characters,
        outside: p.outside,
        updated_at: p.at,
      })
      .where('number', '=', p.number),
)
const remove = statement((p: { number: number }) => query.deleteFrom('notes').where('number', '=', p.number))
const indexWords = insertion('note_words', ['rowid', 'owner', 'title', 'text', 'tags'])
const forgetWords = statement((p: { number: number }) =>
  query.deleteFrom('note_words').where('rowid', '=', p.number),
)
const indexKey = statement((_: object) => query.selectFrom('note_index_keys').select('sealed_key'))
const putIndexKey = insertion('note_index_keys', ['id', 'sealed_key'])

const KEY_CONTEXT = 'note-index-key'

/** The committed notes of one automation. */
export function notesOf(store: Store, workflowId: string): NotesView {
  const withCodes = <T>(use: (codes: Codes) => T[]): T[] => {
    const codes = codesOf(store, store)
    return codes === null ? [] : use(codes)
  }
  return {
    get: id => {
      const row = store.get(byId, { workflowId, id })
      return row === undefined ? NO_NOTES.get(id) : noteOf(store, row)
    },
    list: (filter, limit) =>
      withCodes(codes => {
        const { tag, title } = filter
        const rows =
          title !== undefined
            ? store.all(titled, {
                workflowId,
                titleMac: codes.code('title', title),
                limit: tag === undefined ? limit : ALL,
              })
            : tag !== undefined
              ? store.all(tagged, { match: codes.tagged(workflowId, tag), limit })
              : store.all(latest, { workflowId, limit })
        const heads = rows.map(row => headFrom(store, row))
        return (tag === undefined ? heads : heads.filter(head => head.tags.includes(tag))).slice(0, limit)
      }),
    search: (words, limit) =>
      withCodes(codes => {
        if (words.length === 0) return []
        const rows = store.all(matching, { match: codes.matching(workflowId, words), limit, skip: 0 })
        return rows.map(row => foundOf(noteOf(store, row), words))
      }),
  }
}

/** Of one title there are few. */
const ALL = 100_000

/** A note as its owner finds it, among those of all automations. */
export interface Filed {
  workflowId: string
  /** Whether a run wrote in it that had read content from outside (P6). */
  outside: boolean
}

export interface NotesWanted {
  workflowId?: string | undefined
  tag?: string | undefined
  /** Below the note that was changed then. */
  before?: Place | undefined
  limit: number
}

/** The committed notes of all automations or one, the one changed last first. */
export function listNotes(store: Store, wanted: NotesWanted): (NoteHead & Filed)[] {
  const { workflowId, tag, before = NEWEST, limit } = wanted
  const page = { ...before, limit }
  const codes = codesOf(store, store)
  if (codes === null) return []
  const rows =
    tag !== undefined
      ? store.all(taggedBefore, { ...page, match: codes.tagged(workflowId, tag) })
      : workflowId === undefined
        ? store.all(allBefore, page)
        : store.all(ownBefore, { ...page, workflowId })
  return rows.map(row => ({ ...headFrom(store, row), ...filed(row) }))
}

/** Best first, of all automations or one. */
export function searchNotes(
  store: Store,
  words: Query,
  { workflowId, skip, limit }: { workflowId?: string | undefined; skip: number; limit: number },
): (NoteFound & Filed)[] {
  const codes = codesOf(store, store)
  if (codes === null || words.length === 0) return []
  const rows = store.all(matching, { match: codes.matching(workflowId, words), skip, limit })
  return rows.map(row => ({ ...foundOf(noteOf(store, row), words), ...filed(row) }))
}

export function noteById(store: Store, id: string): (Note & Filed) | undefined {
  const row = store.get(ofId, { id })
  return row === undefined ? undefined : { ...noteOf(store, row), ...filed(row) }
}

function filed({ workflow_id: workflowId, outside }: HeadRow): Filed {
  return { workflowId, outside: outside === 1 }
}

/** Makes a staged change real. `outside`: its run had read content from outside (P6). */
export function commitNoteChange(
  store: Store,
  tx: Tx,
  workflowId: string,
  change: NoteChange,
  outside: boolean,
): void {
  const row = tx.get(byId, { workflowId, id: change.id })
  const before = row === undefined ? undefined : noteOf(store, row)
  const after = changedNote(before, change)
  if (row !== undefined) tx.run(forgetWords, { number: row.number })
  if (after === undefined) {
    if (row !== undefined) tx.run(remove, { number: row.number })
    return
  }
  const codes = codesOf(store, tx) ?? makeCodes(store, tx)
  const number = row === undefined ? add(store, tx, codes, workflowId, after, outside) : row.number
  if (row !== undefined) {
    tx.run(update, {
      number,
      ...sealed(store, after),
      characters: after.characters,
      outside: Number(outside || row.outside === 1),
      at: after.updatedAt,
    })
  }
  tx.run(indexWords, { rowid: number, ...codes.indexed(workflowId, after) })
}

function add(store: Store, tx: Tx, codes: Codes, workflowId: string, note: Note, outside: boolean): number {
  const { head, text } = sealed(store, note)
  tx.run(insert, {
    id: note.id,
    workflow_id: workflowId,
    title_mac: codes.code('title', note.title),
    sealed_head: head,
    sealed_text: text,
    characters: note.characters,
    outside: Number(outside),
    created_at: note.createdAt,
    updated_at: note.updatedAt,
  })
  const row = tx.get(byId, { workflowId, id: note.id })
  if (row === undefined) throw new Error('a note that was just added is not there')
  return row.number
}

function sealed(store: Store, note: Note): { head: Uint8Array; text: Uint8Array } {
  return {
    head: store.seal({ title: note.title, tags: [...note.tags] }, `note:${note.id}:head`),
    text: store.sealText(note.text, `note:${note.id}:text`),
  }
}

function headFrom(store: Store, row: HeadRow): NoteHead {
  const { title, tags } = store.open(row.sealed_head, `note:${row.id}:head`) as {
    title: string
    tags: string[]
  }
  const { id, characters } = row
  return { id, title, tags, characters, createdAt: row.created_at, updatedAt: row.updated_at }
}

function noteOf(store: Store, row: Row<'notes'>): Note {
  return { ...headFrom(store, row), text: store.openText(row.sealed_text, `note:${row.id}:text`) }
}

/** Whether a note holds something a run wrote that had read outside content (P6). */
export function isOutsideNote(store: Store, workflowId: string, id: string): boolean {
  return store.get(byId, { workflowId, id })?.outside === 1
}

export function hasOutsideNotes(store: Store, workflowId: string): boolean {
  return store.get(anyOutside, { workflowId }) !== undefined
}

function codesOf(store: Store, reader: Reader): Codes | null {
  const row = reader.get(indexKey, {})
  return row === undefined
    ? null
    : new Codes(Buffer.from(store.openText(row.sealed_key, KEY_CONTEXT), 'base64'))
}

function makeCodes(store: Store, tx: Tx): Codes {
  const key = randomBytes(32)
  tx.run(putIndexKey, { id: 1, sealed_key: store.sealText(key.toString('base64'), KEY_CONTEXT) })
  return new Codes(key)
}

/** Words as the index knows them: hexadecimal codes, so that nothing in a search has a meaning to SQLite. */
class Codes {
  readonly #key: KeyObject
  readonly #known = new Map<string, string>()

  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key)
  }

  code(kind: 'owner' | 'title' | 'tag' | 'word', text: string): string {
    const name = `${kind}\n${text}`
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const code = createHmac('sha256', this.#key).update(name).digest('hex').slice(0, 16)
    this.#known.set(name, code)
    return code
  }

  indexed(workflowId: string, note: Note): { owner: string; title: string; text: string; tags: string } {
    return {
      owner: this.code('owner', workflowId),
      title: this.#words(wordsOf(note.title)),
      text: this.#words(wordsOf(note.text)),
      tags: [this.#words(note.tags.flatMap(wordsOf)), ...note.tags.map(tag => this.code('tag', tag))].join(
        ' ',
      ),
    }
  }

  /** Of one automation, or of all. */
  tagged(workflowId: string | undefined, tag: string): string {
    return [...this.#owned(workflowId), `tags : ${quoted(this.code('tag', tag))}`].join(' AND ')
  }

  matching(workflowId: string | undefined, words: Query): string {
    const phrases = words.map(phrase => `{title text tags} : ${quoted(this.#words(phrase))}`)
    return [...this.#owned(workflowId), ...phrases].join(' AND ')
  }

  #owned(workflowId: string | undefined): string[] {
    return workflowId === undefined ? [] : [`owner : ${quoted(this.code('owner', workflowId))}`]
  }

  #words(words: readonly string[]): string {
    return words.map(word => this.code('word', word)).join(' ')
  }
}

function quoted(codes: string): string {
  return `"${codes}"`
}
