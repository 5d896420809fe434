/** Notes as people read them: what automations wrote down, of all or of one. */
import { z } from 'zod'
import type { NoteFound, NoteHead } from '../../../domain/note.ts'
import { headOf } from '../../../domain/note.ts'
import { parseQuery } from '../../../domain/note-words.ts'
import { listNotes, noteById, searchNotes } from '../../store/notes.ts'
import type { Filed } from '../../store/notes.ts'
import { automationName, cursorText, pageOf, placeIn } from './common.ts'
import type { AutomationName, Page, PageRequest, ViewSource } from './common.ts'

export interface NoteHeadView extends NoteHead {
  automation: AutomationName
  /** Whether a run wrote in it that had read content from outside (P6). */
  outside: boolean
}

export interface NoteView extends NoteHeadView {
  text: string
}

export interface NoteFoundView extends NoteHeadView {
  /** The text around the first word looked for. */
  excerpt: string
}

interface NotesRequest extends PageRequest {
  workflowId?: string | undefined
}

export function notesPage(
  source: ViewSource,
  filter: NotesRequest & { tag?: string | undefined },
): Page<NoteHeadView> {
  const [at, id] = placeIn(filter, 'notes', z.int(), z.string()) ?? []
  const { limit, workflowId, tag } = filter
  const before = at === undefined || id === undefined ? undefined : { at, id }
  return pageOf(
    listNotes(source.store, { workflowId, tag, before, limit: limit + 1 }),
    limit,
    note => headView(source, note),
    note => cursorText('notes', note.updatedAt, note.id),
  )
}

/** Best first. A page goes on where the one before ended, as long as no note changes in between. */
export function notesFound(
  source: ViewSource,
  filter: NotesRequest & { query: string },
): Page<NoteFoundView> {
  const [skip = 0] = placeIn(filter, 'notes-found', z.int().min(0)) ?? []
  const { limit, workflowId, query } = filter
  const found = searchNotes(source.store, parseQuery(query), { workflowId, skip, limit: limit + 1 })
  return pageOf(
    found,
    limit,
    note => foundView(source, note),
    () => cursorText('notes-found', skip + limit),
  )
}

export function noteView(source: ViewSource, id: string): NoteView | undefined {
  const note = noteById(source.store, id)
  return note === undefined ? undefined : { ...headView(source, note), text: note.text }
}

function foundView(source: ViewSource, note: NoteFound & Filed): NoteFoundView {
  return { ...headView(source, note), excerpt: note.excerpt }
}

function headView(source: ViewSource, note: NoteHead & Filed): NoteHeadView {
  return { ...headOf(note), automation: automationName(source, note.workflowId), outside: note.outside }
}
