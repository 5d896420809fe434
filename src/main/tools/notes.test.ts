import { describe, expect, it } from 'vitest'
import { isNoteChange } from '../../domain/note.ts'
import type { Json } from '../../domain/json.ts'
import { createRegistry } from './registry.ts'
import { notesTools } from './notes.ts'
import { scopeForTests } from '../../../test/support/tool-scope.ts'

const registry = createRegistry(notesTools())

function scope() {
  const { call, staged, context } = scopeForTests({ now: 5 })
  return {
    staged,
    call: (name: string, input: Json) => call(registry.get(name), input) as Promise<Record<string, Json>>,
    undo: (name: string, input: Json, output: Json) => {
      const tool = registry.get(name)
      return tool?.undo?.(tool.input.parse(input), output, context)
    },
    text: async (id: Json | undefined) => context.local.notes.get(id as string)?.text,
  }
}

describe('tools/notes', () => {
  it('J2 stages what it writes and sees it at once', async () => {
    const { call, staged } = scope()
    const made = await call('notes.create', { title: 'Plan', text: 'Buy milk', tags: ['home', 'home'] })
    expect(made).toMatchObject({ title: 'Plan', tags: ['home'], characters: 8, createdAt: 5, updatedAt: 5 })
    expect(staged).toHaveLength(1)
    expect(await call('notes.get', { id: made['id'] ?? '' })).toEqual({ ...made, text: 'Buy milk' })
    expect(await call('notes.list', { tag: 'home' })).toEqual([made])
    expect(await call('notes.list', { tag: 'work' })).toEqual([])
    expect(await call('notes.search', { query: 'MILK' })).toEqual([{ ...made, excerpt: 'Buy milk' }])
    expect(await call('notes.get', { id: 'note_other' })).toBeNull()
  })

  it('writes two notes of one title, and adds to the one changed last', async () => {
    const { call, text } = scope()
    const first = await call('notes.create', { title: 'A', text: 'one' })
    const second = await call('notes.create', { title: 'A', text: 'two' })
    expect(first['id']).not.toBe(second['id'])
    const added = await call('notes.append', { title: 'A', text: 'more' })
    expect(added['created']).toBe(false)
    expect(await text(added['id'])).toMatch(/^(one|two)\nmore$/)
  })

  it('adds under one name wherever it is the first to add', async () => {
    const [one, other] = [scope(), scope()]
    const ids = await Promise.all(
      [one, other].map(
        async ({ call }) => (await call('notes.append', { title: 'Digest', text: 'x' }))['id'],
      ),
    )
    expect(ids[0]).toBe(ids[1])
  })

  it('tells the length it will have, with and without a separator', async () => {
    const { call, text } = scope()
    const first = await call('notes.append', { title: 'Log', text: '' })
    expect(first).toMatchObject({ created: true, characters: 0 })
    const second = await call('notes.append', { title: 'Log', text: 'a', separator: ', ' })
    const third = await call('notes.append', { title: 'Log', text: 'b', separator: ', ' })
    expect([second['characters'], third['characters']]).toEqual([1, 4])
    expect(await text(third['id'])).toBe('a, b')
  })

  it('changes tags and tells which', async () => {
    const { call } = scope()
    const { id = '' } = await call('notes.create', { title: 'A', text: '', tags: ['a', 'b'] })
    expect(await call('notes.tag', { id, add: ['b', 'c'], remove: ['a', 'x'] })).toEqual({
      tags: ['b', 'c'],
      added: ['c'],
      removed: ['a'],
    })
    await expect(call('notes.tag', { id: 'note_x', add: ['a'] })).rejects.toThrow('There was no note note_x')
  })

  it('undoes each of its changes, and leaves what has changed since', async () => {
    const { call, undo, text } = scope()
    const input = { title: 'A', text: 'one', tags: ['a'] }
    const made = await call('notes.create', input)
    const id = made['id'] ?? ''
    const more = { title: 'A', text: 'two', tags: ['a', 'b'] }
    const added = await call('notes.append', more)
    await expect(undo('notes.create', input, made)).rejects.toThrow('has changed since')
    await undo('notes.append', more, added)
    expect(await call('notes.get', { id })).toMatchObject({ text: 'one', tags: ['a'] })
    const tags = { id, add: ['c'], remove: ['a'] }
    await undo('notes.tag', tags, await call('notes.tag', tags))
    const removed = await call('notes.remove', { id })
    expect(await text(id)).toBeUndefined()
    await undo('notes.remove', { id }, removed)
    expect(await call('notes.get', { id })).toMatchObject({ text: 'one', tags: ['a'] })
    await undo('notes.create', input, made)
    expect(await text(id)).toBeUndefined()
    expect(await call('notes.remove', { id })).toBeNull()
  })

  const refused: [why: RegExp, name: string, input: Json][] = [
    [/printable/, 'notes.create', { title: '', text: '' }],
    [/printable/, 'notes.create', { title: 'a\u202eb', text: '' }],
    [/half a character/, 'notes.create', { title: 'a', text: '\ud800' }],
    [/at most 262144/, 'notes.create', { title: 'a', text: 'x'.repeat(262_145) }],
    [/no word to search for/, 'notes.search', { query: '" * "' }],
    [/printable/, 'notes.list', { tag: 'a\nb' }],
  ]
  it.each(refused)('refuses with %s', async (why, name, input) => {
    const { call, staged } = scope()
    await expect(call(name, input)).rejects.toThrow(why)
    expect(staged).toEqual([])
  })

  it('refuses a note that grows beyond its cap, and too many tags', async () => {
    const { call, staged } = scope()
    for (let i = 0; i < 4; i += 1) {
      await call('notes.append', { title: 'Log', text: 'x'.repeat(262_140) })
    }
    await expect(call('notes.append', { title: 'Log', text: 'x'.repeat(1_000) })).rejects.toThrow(
      'longer than 1,048,576',
    )
    const tags = Array.from({ length: 33 }, (_, i) => `t${String(i)}`)
    await call('notes.append', { title: 'T', text: '', tags: tags.slice(0, 20) })
    await expect(call('notes.append', { title: 'T', text: '', tags: tags.slice(20) })).rejects.toThrow(
      'more than 32 tags',
    )
    expect(staged.filter(isNoteChange)).toHaveLength(5)
  })

  it('says what it did', () => {
    const say = (name: string, input: Json, output?: Json) => {
      const tool = registry.get(name)
      return tool?.describe(tool.input.parse(input), output)
    }
    expect(say('notes.create', { title: 'Plan', text: '' })).toBe('Wrote the note “Plan”')
    expect(say('notes.append', { title: 'Plan', text: '' })).toBe('Added to the note “Plan”')
    expect(say('notes.search', { query: 'x' }, [])).toBe('Searched the notes for “x”: 0 notes')
    expect(say('notes.remove', { id: 'note_1' })).toBe('Found no note to remove')
    expect(
      JSON.stringify(registry.get('notes.create')?.redact?.({ title: 'P', text: 'canary' })),
    ).not.toContain('canary')
  })
})
