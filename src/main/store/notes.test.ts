import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NO_NOTES, overlayNotes, type NoteChange, type NotesView } from '../../domain/note.ts'
import { parseQuery } from '../../domain/note-words.ts'
import { commitNoteChange, isOutsideNote, notesOf } from './notes.ts'
import { insertion } from './statement.ts'
import { DATABASE_FILE, openStore, type Store } from './store.ts'

let folder: string
let store: Store

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-notes-'))
  store = openStore({ folder, now: () => 1_000 })
  await withWorkflows('wf_1', 'wf_2')
})
afterEach(async () => {
  await store.close()
  fs.rmSync(folder, { recursive: true, force: true })
})

async function withWorkflows(...ids: string[]): Promise<void> {
  const chat = insertion('chats', ['id', 'title', 'created_at'])
  const workflow = insertion('workflows', ['id', 'name', 'state', 'chat_id', 'created_at', 'updated_at'])
  await store.write(tx => {
    for (const id of ids) {
      tx.run(chat, { id: `cht_${id}`, title: id, created_at: 0 })
      const row = {
        id,
        name: id,
        state: 'active' as const,
        chat_id: `cht_${id}`,
        created_at: 0,
        updated_at: 0,
      }
      tx.run(workflow, row)
    }
  })
}

const commit = (changes: readonly NoteChange[], workflowId = 'wf_1', outside = false) =>
  store.write(tx => {
    for (const change of changes) commitNoteChange(store, tx, workflowId, change, outside)
  })
const written = (
  id: string,
  title: string,
  text: string,
  more: { tags?: string[]; at?: number } = {},
): NoteChange => ({
  kind: 'note-append',
  id,
  title,
  text,
  separator: '\n',
  tags: more.tags ?? [],
  at: more.at ?? 1,
})
const found = (query: string, workflowId = 'wf_1') =>
  notesOf(store, workflowId)
    .search(parseQuery(query), 50)
    .map(note => note.id)

describe('the search index', () => {
  it('finds words in title, text and tags, phrases together, and the better match first', async () => {
    await commit([
      written('a', 'Invoice of Acme', 'Paid in March.'),
      written('b', 'March', 'An invoice came; acme wrote about corp things.', { tags: ['Money in'] }),
      written('c', 'Shopping', 'Milk'),
    ])
    expect(found('invoice')).toEqual(['a', 'b'])
    expect(found('INVOICE march')).toEqual(['a', 'b'])
    expect(found('money')).toEqual(['b'])
    expect(found('"wrote about"')).toEqual(['b'])
    expect(found('"about wrote"')).toEqual([])
    expect(found('invoices')).toEqual([])
    expect(found('milk bread')).toEqual([])
  })

  it('forgets what was changed and removed', async () => {
    await commit([written('a', 'One', 'alpha')])
    await commit([written('a', 'One', 'beta', { at: 2 })])
    expect(found('alpha beta')).toEqual(['a'])
    await commit([{ kind: 'note-cut', id: 'a', text: 'beta', separator: '\n', at: 3 }])
    expect(found('beta')).toEqual([])
    expect(found('alpha')).toEqual(['a'])
    await commit([{ kind: 'note-remove', id: 'a' }])
    expect(found('alpha')).toEqual([])
    expect(notesOf(store, 'wf_1').get('a')).toBeUndefined()
    expect(store.integrity()).toEqual([])
  })

  it.each([
    '"',
    '" OR owner:x',
    "'; DROP TABLE notes; --",
    'alpha AND NOT alpha',
    'NEAR(alpha beta, 5)',
    'title : alpha',
    '* OR *',
    '{title}:x',
    '^alpha',
    '\u0000alpha',
    '('.repeat(400),
  ])('takes %j as words, never as a command', async query => {
    await commit([written('a', 'Mine', 'alpha')])
    await commit(
      [written('b', 'Theirs', 'alpha beta title x or not and near 5 owner drop table notes')],
      'wf_2',
    )
    expect(found(query)).not.toContain('b')
    expect(found('alpha')).toEqual(['a'])
    expect(found('alpha', 'wf_2')).toEqual(['b'])
  })

  it('J12 neither the notes nor their words can be read from the file', async () => {
    await commit([written('a', 'Canarytitle', 'canarytext', { tags: ['canarytag'] })])
    expect(found('canarytext')).toEqual(['a'])
    await store.close()
    for (const name of fs.readdirSync(folder)) {
      if (!name.startsWith(DATABASE_FILE)) continue
      expect(fs.readFileSync(path.join(folder, name)).toString('latin1').toLowerCase()).not.toContain(
        'canary',
      )
    }
    store = openStore({ folder, now: () => 1_000 })
    expect(found('canarytext')).toEqual(['a'])
  })
})

describe('notes', () => {
  it('belong to the automation that wrote them', async () => {
    await commit([written('a', 'Mine', 'text')])
    const others = notesOf(store, 'wf_2')
    expect([others.get('a'), others.list({}, 10), others.search([['text']], 10)]).toEqual([undefined, [], []])
    await commit([{ kind: 'note-remove', id: 'a' }], 'wf_2')
    expect(notesOf(store, 'wf_1').get('a')).toMatchObject({ text: 'text' })
  })

  it('P6 remember that a run wrote in them which had read outside content, for good', async () => {
    await commit([written('a', 'A', 'own')])
    expect(isOutsideNote(store, 'wf_1', 'a')).toBe(false)
    await commit([written('a', 'A', 'from a page')], 'wf_1', true)
    await commit([written('a', 'A', 'own again')])
    expect(isOutsideNote(store, 'wf_1', 'a')).toBe(true)
  })

  it('a change that fails with its transaction leaves no key, note or word', async () => {
    const failing = store.write(tx => {
      commitNoteChange(store, tx, 'wf_1', written('a', 'A', 'x'), false)
      throw new Error('undone')
    })
    await expect(failing).rejects.toThrow('undone')
    expect(notesOf(store, 'wf_1').list({}, 10)).toEqual([])
    await commit([written('b', 'B', 'x')])
    expect(found('x')).toEqual(['b'])
  })

  const ids = fc.constantFrom('a', 'b', 'c')
  const word = fc.constantFrom('red', 'green', 'blue', 'Rot Grün')
  const labels = fc.uniqueArray(fc.constantFrom('t1', 't2', 't3'), { maxLength: 3 })
  const change: fc.Arbitrary<NoteChange> = fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .record({ id: ids, title: word, text: word, tags: labels })
        .map(n => ({ ...n, kind: 'note-append' as const, separator: ' ', at: 0 })),
    },
    fc.record({ id: ids, text: word }).map(n => ({ ...n, kind: 'note-cut' as const, separator: ' ', at: 0 })),
    fc
      .record({ id: ids, add: labels, remove: labels })
      .map(n => ({ ...n, kind: 'note-tags' as const, at: 0 })),
    ids.map(id => ({ kind: 'note-remove' as const, id })),
  )
  const timed = fc
    .array(change, { maxLength: 12 })
    .map(changes => changes.map((one, at): NoteChange => (one.kind === 'note-remove' ? one : { ...one, at })))
  const seen = (view: NotesView) => ({
    whole: ['a', 'b', 'c'].map(id => view.get(id)),
    all: view.list({}, 10),
    first: view.list({}, 1),
    tagged: view.list({ tag: 't1' }, 10),
    titled: view.list({ title: 'Rot Grün', tag: 't2' }, 10),
    found: ['red', 'rot', 'green t1', '"rot grun"'].map(text =>
      view.search(parseQuery(text), 10).sort((a, b) => (a.id < b.id ? -1 : 1)),
    ),
  })

  it('J2 are seen the same staged, half staged and committed', { timeout: 30_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(timed, fc.nat(12), async (changes, cut) => {
        await commit(['a', 'b', 'c'].map(id => ({ kind: 'note-remove', id })))
        const staged = seen(overlayNotes(NO_NOTES, () => changes))
        await commit(changes.slice(0, cut))
        const half = seen(overlayNotes(notesOf(store, 'wf_1'), () => changes.slice(cut)))
        await commit(changes.slice(cut))
        const committed = seen(notesOf(store, 'wf_1'))
        expect(half).toEqual(staged)
        expect(committed).toEqual(staged)
      }),
      { numRuns: 60 },
    )
  })
})
