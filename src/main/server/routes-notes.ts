/** What automations wrote down, to be read. */
import { Hono } from 'hono'
import { z } from 'zod'
import { parseQuery } from '../../domain/note-words.ts'
import type { Engine } from '../engine/engine.ts'
import { notesFound, notesPage, noteView } from '../engine/views/notes.ts'
import { named, paging, whole } from './input.ts'
import { operation } from './operation.ts'
import { notFound } from './problem.ts'
import { idOf } from './routes-actions.ts'

/** To find where its words stand, each note that is found is opened whole. */
const MOST_FOUND = 50
const ofAutomation = named().optional().describe('Of this automation alone: its name or id')

const listQuery = z.strictObject({
  ...paging,
  automation: ofAutomation,
  tag: named().optional().describe('Only those with this tag'),
})
const searchQuery = z.strictObject({
  ...paging,
  limit: whole(1, MOST_FOUND).default(20).describe('How many rows at most'),
  automation: ofAutomation,
  query: z
    .string()
    .max(500)
    .refine(given => parseQuery(given).length > 0, { error: 'contains no word to search for' })
    .describe('Words that all occur in title, text or tags; in quotes, those that stand together'),
})

export function noteRoutes(engine: Engine) {
  return new Hono()
    .get(
      '/',
      operation({
        summary: 'What automations wrote down, the note changed last first',
        query: listQuery,
        answers: { 200: 'NotePage' },
      }),
      c => {
        const { automation, ...page } = c.req.valid('query')
        return c.json(notesPage(engine, { ...page, workflowId: idOf(engine, automation) }))
      },
    )
    .get(
      '/search',
      operation({
        summary: 'Notes in which words occur, best first',
        query: searchQuery,
        answers: { 200: 'NoteFoundPage' },
      }),
      c => {
        const { automation, ...page } = c.req.valid('query')
        return c.json(notesFound(engine, { ...page, workflowId: idOf(engine, automation) }))
      },
    )
    .get('/:id', operation({ summary: 'One note with its text', answers: { 200: 'Note' } }), c => {
      const id = c.req.param('id')
      return c.json(noteView(engine, id) ?? notFound(`note ${id}`, 'steward notes'))
    })
}
