/**
 * tools/notes: what an automation writes down for people to read and search. Owns nothing: it reads its scope's view
 * and stages changes, which become visible when the scope succeeds (J2).
 */
import { z } from 'zod'
import { fail } from '../../domain/failure.ts'
import { sha256Hex } from '../../domain/json.ts'
import { headOf, type Note, type NoteChange, type NoteHead } from '../../domain/note.ts'
import { parseQuery } from '../../domain/note-words.ts'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../domain/tool.ts'
import { localCall } from './local-call.ts'

const LONGEST_TEXT = 256 * 1_024
/** A note that grows for ever belongs in a file. */
const LONGEST_NOTE = 1_024 * 1_024
const MOST_TAGS = 32

const printable = (most: number) =>
  z.string().regex(new RegExp(`^[^\\p{C}\\p{Zl}\\p{Zp}]{1,${String(most)}}$`, 'u'), {
    error: `takes 1 to ${String(most)} printable characters`,
  })
const title = printable(200)
const id = z.string().min(1).max(64).describe('As create, append, list and search give it.')
const text = z
  .string()
  .max(LONGEST_TEXT)
  .refine(given => given.isWellFormed(), { error: 'contains half a character' })
  .describe('Plain text or Markdown, 262,144 characters at most.')
const tags = z
  .array(printable(64))
  .max(MOST_TAGS)
  .default([])
  .describe('Each of 1 to 64 printable characters.')

const headShape = {
  id: z.string(),
  title: z.string(),
  tags: z.array(z.string()).describe('Sorted.'),
  characters: z.int().describe('Length of the text.'),
  createdAt: z.int().describe('UTC ms.'),
  updatedAt: z.int().describe('UTC ms.'),
}
const noteHead = z.strictObject(headShape).meta({ title: 'NoteHead' })
const note = z.strictObject({ ...headShape, text: z.string() }).meta({ title: 'Note' })

type Head = z.output<typeof noteHead>

export function notesTools(): ToolDeclaration[] {
  return [create, append, get, list, search, tag, remove]
}

const create = defineTool({
  ...localCall,
  name: 'notes.create',
  title: 'Write a note',
  doc: 'Writes a new note, also where others have that title. It becomes final when the run (inside each: the item) succeeds; a run that fails leaves no trace. An automation sees its own notes only.',
  input: z.strictObject({ title, text, tags }),
  output: noteHead,
  positional: ['title', 'text'],
  run: async (input, context) => {
    const made = freshId(context)
    context.stage(appending(made, input, context))
    return {
      id: made,
      title: input.title,
      tags: sorted(input.tags),
      characters: input.text.length,
      ...times(context),
    }
  },
  undo: async (input, output, context) => {
    const now = context.local.notes.get(output.id)
    if (now !== undefined && now.text !== input.text) changedSince(now)
    context.stage({ kind: 'note-remove', id: output.id })
  },
  redact: input => ({ ...input, text: lengthOf(input.text) }),
  describe: input => `Wrote the note “${input.title}”`,
})

const appendInput = z.strictObject({
  title,
  text,
  tags: tags.describe('Added to those it has.'),
  separator: z.string().max(100).default('\n').describe('Put between what is there and the text.'),
})

const append = defineTool({
  ...localCall,
  name: 'notes.append',
  title: 'Add to a note',
  doc: 'Adds text to the end of the note of that title (the one changed last, where there are several), or writes it where there is none. Made for digests and logs. A note holds 1,048,576 characters at most; beyond that it fails as rejected.',
  input: appendInput,
  output: z.strictObject({
    ...headShape,
    created: z.boolean(),
    newTags: z.array(z.string()).describe('Those it did not have before.'),
  }),
  positional: ['title', 'text'],
  run: async (input, context) => {
    const found = context.local.notes.list({ title: input.title }, 1)[0]
    const length = (found?.characters ?? 0) + input.separator.length + input.text.length
    if (length > LONGEST_NOTE) tooLong(input.title)
    const target = found?.id ?? titledId(context.workflowId, input.title)
    const known = new Set([...(found?.tags ?? []), ...input.tags])
    if (known.size > MOST_TAGS) tooManyTags(input.title)
    context.stage(appending(target, input, context))
    const { createdAt } = found ?? times(context)
    const { title: called, text: added, separator } = input
    const before = found === undefined || found.characters === 0 ? 0 : found.characters + separator.length
    return {
      id: target,
      title: called,
      tags: sorted([...known]),
      characters: before + added.length,
      createdAt,
      updatedAt: context.now(),
      created: found === undefined,
      newTags: sorted(input.tags.filter(one => found?.tags.includes(one) !== true)),
    }
  },
  undo: async (input, output, context) => {
    const now = context.local.notes.get(output.id)
    if (now === undefined) return
    if (now.characters !== output.characters || !now.text.endsWith(input.text)) changedSince(now)
    const { id: target, created } = output
    if (created) context.stage({ kind: 'note-remove', id: target })
    else {
      const { text: added, separator } = input
      const at = context.now()
      context.stage({ kind: 'note-cut', id: target, text: added, separator, at })
      context.stage({ kind: 'note-tags', id: target, add: [], remove: output.newTags, at })
    }
  },
  redact: input => ({ ...input, text: lengthOf(input.text) }),
  describe: (input, output) => `${output?.created === true ? 'Wrote' : 'Added to'} the note “${input.title}”`,
})

const get = defineTool({
  ...localCall,
  name: 'notes.get',
  title: 'Read a note',
  doc: 'A note with its text, or null where there is none. Sees what this run has written, also before it is final.',
  input: z.strictObject({ id }),
  output: note.nullable(),
  positional: ['id'],
  run: async (input, context) => {
    const found = context.local.notes.get(input.id)
    return found === undefined ? null : wholeOf(found)
  },
  describe: (_, output) =>
    output?.title === undefined ? 'Looked for a note' : `Read the note “${output.title}”`,
})

const list = defineTool({
  ...localCall,
  name: 'notes.list',
  title: 'List notes',
  doc: 'Notes without their text, the one changed last first. When as many as limit come back there may be more: pass how many you have as skip.',
  input: z.strictObject({
    tag: printable(64).optional().describe('Only those with this tag.'),
    title: title.optional().describe('Only those of exactly this title.'),
    skip: z.int().min(0).max(100_000).default(0),
    limit: z.int().min(1).max(1_000).default(100),
  }),
  output: z.array(noteHead),
  run: async ({ tag: tagged, title: titled, skip, limit }, context) => {
    const heads = context.local.notes.list({ tag: tagged, title: titled }, skip + limit)
    return heads.slice(skip).map(plainHead)
  },
  describe: (_, output) => `Listed ${output === undefined ? 'notes' : countOf(output.length)}`,
})

const search = defineTool({
  ...localCall,
  name: 'notes.search',
  title: 'Search notes',
  doc: 'Notes in which all words of the query occur, in title, text or tags, best first; “"two words"” in quotes must stand together. Case and accents do not matter, and nothing else in a query has a meaning. Words are whole: “invoice” does not find “invoices”.',
  input: z.strictObject({
    query: z
      .string()
      .max(500)
      .refine(given => parseQuery(given).length > 0, { error: 'contains no word to search for' }),
    limit: z.int().min(1).max(100).default(20),
  }),
  output: z.array(z.strictObject({ ...headShape, excerpt: z.string() })),
  positional: ['query'],
  run: async ({ query, limit }, context) =>
    context.local.notes
      .search(parseQuery(query), limit)
      .map(found => ({ ...plainHead(found), excerpt: found.excerpt })),
  describe: (input, output) =>
    `Searched the notes for “${input.query}”${output === undefined ? '' : `: ${countOf(output.length)}`}`,
})

const tag = defineTool({
  ...localCall,
  name: 'notes.tag',
  title: 'Tag a note',
  doc: 'Adds tags to a note and takes others off, and gives back those it then has. Fails as rejected where there is no such note.',
  input: z.strictObject({ id, add: tags, remove: tags }),
  output: z.strictObject({
    tags: z.array(z.string()),
    added: z.array(z.string()),
    removed: z.array(z.string()),
  }),
  positional: ['id'],
  run: async (input, context) => {
    const found = context.local.notes.get(input.id)
    if (found === undefined) return noSuchNote(input.id)
    const removed = sorted(found.tags.filter(known => input.remove.includes(known)))
    const added = sorted(input.add.filter(one => !found.tags.includes(one) && !input.remove.includes(one)))
    const after = sorted([...found.tags, ...added]).filter(one => !removed.includes(one))
    if (after.length > MOST_TAGS) tooManyTags(found.title)
    context.stage({ kind: 'note-tags', id: input.id, add: added, remove: removed, at: context.now() })
    return { tags: after, added, removed }
  },
  undo: async (input, { added, removed }, context) => {
    context.stage({ kind: 'note-tags', id: input.id, add: removed, remove: added, at: context.now() })
  },
  describe: (_, output) =>
    `Tagged a note${output === undefined || output.tags.length === 0 ? '' : `: ${output.tags.join(', ')}`}`,
})

const remove = defineTool({
  ...localCall,
  name: 'notes.remove',
  title: 'Remove a note',
  doc: 'Removes a note, final as with create. Gives back what was removed, or null where there was none.',
  input: z.strictObject({ id }),
  output: note.nullable(),
  positional: ['id'],
  run: async (input, context) => {
    const found = context.local.notes.get(input.id)
    if (found === undefined) return null
    context.stage({ kind: 'note-remove', id: found.id })
    return wholeOf(found)
  },
  undo: async (_, output, context) => {
    if (output !== null) context.stage(appending(output.id, { ...output, separator: '\n' }, context))
  },
  describe: (_, output) =>
    output?.title === undefined ? 'Found no note to remove' : `Removed the note “${output.title}”`,
})

function appending(
  target: string,
  given: { title: string; text: string; tags: string[]; separator?: string },
  context: ToolContext,
): NoteChange {
  const { title: called, text: added, tags: tagged, separator = '\n' } = given
  return {
    kind: 'note-append',
    id: target,
    title: called,
    text: added,
    separator,
    tags: tagged,
    at: context.now(),
  }
}

/** Named by its step, so that a repeat of the step is no second note; in a rehearsal all steps have one name. */
function freshId(context: ToolContext): string {
  let name = context.stepId
  let fresh = noteId(name)
  while (context.local.notes.get(fresh) !== undefined) {
    name = `${name}+`
    fresh = noteId(name)
  }
  return fresh
}

/** The same in every scope, so that two which add to a new note at once meet in it. */
function titledId(workflowId: string, called: string): string {
  return noteId(`${workflowId}\n${called}`)
}

function noteId(name: string): string {
  return `note_${sha256Hex(name).slice(0, 26)}`
}

function plainHead(head: NoteHead): Head {
  return { ...headOf(head), tags: [...head.tags] }
}

function wholeOf(found: Note): z.output<typeof note> {
  return { ...plainHead(found), text: found.text }
}

function times(context: ToolContext): { createdAt: number; updatedAt: number } {
  return { createdAt: context.now(), updatedAt: context.now() }
}

function sorted(given: readonly string[]): string[] {
  return [...new Set(given)].sort()
}

function countOf(found: number): string {
  return found === 1 ? '1 note' : `${String(found)} notes`
}

function lengthOf(given: string): string {
  return `${String(given.length)} characters`
}

function noSuchNote(given: string): never {
  fail({ kind: 'rejected', message: `There was no note ${given}. Nothing was changed.` })
}

function tooLong(called: string): never {
  const message = `The note “${called}” would have become longer than 1,048,576 characters. Nothing was changed. Begin another note, or write to a file.`
  fail({ kind: 'rejected', message })
}

function tooManyTags(called: string): never {
  fail({
    kind: 'rejected',
    message: `The note “${called}” would have had more than 32 tags. Nothing was changed.`,
  })
}

function changedSince(found: Note): never {
  fail({ kind: 'rejected', message: `The note “${found.title}” has changed since, so it was left as it is.` })
}
