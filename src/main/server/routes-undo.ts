/** Taking back what a run did: what can be, the command, and what became of it. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { Engine } from '../engine/engine.ts'
import { existingRun } from '../engine/views/runs.ts'
import { undoStepsPage, undoView, undoablePage, undosPage } from '../engine/views/undo.ts'
import { undoById } from '../store/undos.ts'
import { named, paging, whole } from './input.ts'
import { operation } from './operation.ts'
import { notFound } from './problem.ts'
import { LONGEST_WAIT_MS, nextCall } from './wait.ts'

const begin = z.strictObject({
  steps: z
    .array(named())
    .min(1)
    .max(1_000)
    .optional()
    .describe('Only these steps; absent: all that the run did'),
})
const wait = whole(0, LONGEST_WAIT_MS)
  .optional()
  .describe('Answer when it has ended, after this many ms at the latest')

export function runUndoRoutes(engine: Engine) {
  const found = (id: string) => existingRun(engine, id) ?? notFound(`run ${id}`, 'steward runs')
  return new Hono()
    .get(
      '/:id/undo',
      operation({
        summary: 'What it did, newest first, and whether that can be taken back; nothing is changed',
        query: z.strictObject({ ...paging, step: named().optional().describe('Of this step alone') }),
        answers: { 200: 'UndoablePage' },
      }),
      async c => {
        const { step, ...page } = c.req.valid('query')
        const steps = step === undefined ? undefined : [step]
        return c.json(await undoablePage(engine, found(c.req.param('id')), { ...page, steps }))
      },
    )
    .post(
      '/:id/undo',
      operation({ summary: 'Take back what it did', body: begin, answers: { 202: 'Undo' } }),
      async c => {
        const run = found(c.req.param('id'))
        const id = await engine.undoing.begin(run, c.req.valid('json').steps)
        return c.json(undoView(engine, engine.undoing.undo(id)), 202)
      },
    )
    .get(
      '/:id/undos',
      operation({
        summary: 'How often it was taken back, newest first',
        query: z.strictObject(paging),
        answers: { 200: 'UndoPage' },
      }),
      c => c.json(undosPage(engine, found(c.req.param('id')).id, c.req.valid('query'))),
    )
}

export function undoRoutes(engine: Engine, closing: AbortSignal) {
  const found = (id: string) => undoById(engine.store, id) ?? notFound(`undo ${id}`, 'steward runs')
  return new Hono()
    .get(
      '/:id',
      operation({
        summary: 'What became of taking back a run',
        query: z.strictObject({ wait }),
        answers: { 200: 'Undo' },
      }),
      async c => {
        const { id } = found(c.req.param('id'))
        const ms = c.req.valid('query').wait ?? 0
        const isGoing = () => found(id).state === 'going'
        if (isGoing() && ms > 0 && !closing.aborted)
          await nextCall(
            done => engine.watchUndo(id, done),
            ms,
            closing,
            () => !isGoing(),
          )
        return c.json(undoView(engine, found(id)))
      },
    )
    .get(
      '/:id/steps',
      operation({
        summary: 'What became of each step, newest first',
        query: z.strictObject(paging),
        answers: { 200: 'UndoStepPage' },
      }),
      c => c.json(undoStepsPage(engine, found(c.req.param('id')), c.req.valid('query'))),
    )
}
