/** Runs: lists, one run with its effects and steps, and the commands a run takes; events and items beside them. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { Engine } from '../engine/engine.ts'
import { runComparison } from '../engine/views/compare.ts'
import { replayPage } from '../engine/views/replay.ts'
import {
  existingRun,
  itemsOfRunPage,
  runOutcome,
  runsPage,
  runSummary,
  runView,
  stepDetail,
  stepsPage,
} from '../engine/views/runs.ts'
import { itemById } from '../store/items.ts'
import { lastSuccessBefore } from '../store/lists.ts'
import type { RunRow } from '../store/runs.ts'
import { anyJson, named, oneOf, paging, runFilter, whole } from './input.ts'
import { operation } from './operation.ts'
import { notFound } from './problem.ts'
import { idOf } from './routes-actions.ts'
import { LONGEST_WAIT_MS, waitForEvent } from './wait.ts'

const ITEM_STATES = ['open', 'waiting', 'done', 'aside', 'declined'] as const

const wait = whole(0, LONGEST_WAIT_MS)
  .optional()
  .describe('Answer when the run has ended or rests, after this many ms at the latest')
const runsQuery = z.strictObject({ ...paging, ...runFilter })
const signal = z.strictObject({
  payload: anyJson.default(null),
  dedupeKey: z.string().min(1).max(200).optional(),
})

export function runRoutes(engine: Engine, closing: AbortSignal) {
  return new Hono()
    .route('/', lookRoutes(engine, closing))
    .route('/', historyRoutes(engine))
    .route('/', commandRoutes(engine))
}

function foundIn(engine: Engine) {
  return (id: string): RunRow => existingRun(engine, id) ?? notFound(`run ${id}`, 'steward runs')
}

function lookRoutes(engine: Engine, closing: AbortSignal) {
  const found = foundIn(engine)
  return new Hono()
    .get(
      '/',
      operation({ summary: 'Runs, newest first', query: runsQuery, answers: { 200: 'RunPage' } }),
      c => {
        const { automation, ...filter } = c.req.valid('query')
        return c.json(runsPage(engine, { ...filter, workflowId: idOf(engine, automation) }))
      },
    )
    .get(
      '/:id',
      operation({
        summary: 'One run: effects, what it waits for, items, and its first steps',
        query: z.strictObject({ wait }),
        answers: { 200: 'Run' },
      }),
      async c => {
        const ms = c.req.valid('query').wait
        const run = found(c.req.param('id'))
        if (ms !== undefined) await waitForEvent(engine, run.inbox_id, ms, closing)
        return c.json(runView(engine, found(run.id)))
      },
    )
}

function historyRoutes(engine: Engine) {
  const found = foundIn(engine)
  return new Hono()
    .get(
      '/:id/steps',
      operation({
        summary: 'Its steps, in the order in which they were begun',
        query: z.strictObject(paging),
        answers: { 200: 'StepPage' },
      }),
      c => c.json(stepsPage(engine, found(c.req.param('id')).id, c.req.valid('query'))),
    )
    .get('/:id/steps/:step', operation({ summary: 'One step, whole', answers: { 200: 'Step' } }), c => {
      const { id } = found(c.req.param('id'))
      const stepId = c.req.param('step')
      return c.json(stepDetail(engine, id, stepId) ?? notFound(`step ${stepId}`, `steward runs show ${id}`))
    })
    .get(
      '/:id/items',
      operation({
        summary: 'Its items',
        query: z.strictObject({ ...paging, state: oneOf(ITEM_STATES).optional() }),
        answers: { 200: 'ItemPage' },
      }),
      c => c.json(itemsOfRunPage(engine, found(c.req.param('id')).id, c.req.valid('query'))),
    )
    .get(
      '/:id/replay',
      operation({
        summary: 'Its journal as it was written, entry by entry; nothing is executed',
        query: z.strictObject(paging),
        answers: { 200: 'ReplayPage' },
      }),
      c => c.json(replayPage(engine, found(c.req.param('id')).id, c.req.valid('query'))),
    )
    .get(
      '/:id/compare',
      operation({
        summary: 'What it did otherwise than another run',
        query: z.strictObject({
          with: named().optional().describe('The other run; absent: the last one before it that succeeded'),
        }),
        answers: { 200: 'RunComparison' },
      }),
      c => {
        const run = found(c.req.param('id'))
        const id = c.req.valid('query').with
        const other = id === undefined ? lastSuccessBefore(engine.store, run) : found(id)
        return c.json(
          runComparison(engine, run, other ?? notFound('earlier run that succeeded', 'steward runs')),
        )
      },
    )
}

function commandRoutes(engine: Engine) {
  const found = foundIn(engine)
  return new Hono()
    .post('/:id/cancel', operation({ summary: 'End it', answers: { 200: 'RunSummary' } }), async c => {
      const { id } = found(c.req.param('id'))
      await engine.control.cancelRun(id)
      return c.json(runSummary(engine, found(id)))
    })
    .post(
      '/:id/retry',
      operation({ summary: 'Go on from the step that failed', answers: { 202: 'RunSummary' } }),
      async c => {
        const { id } = found(c.req.param('id'))
        await engine.control.retryRun(id)
        return c.json(runSummary(engine, found(id)), 202)
      },
    )
    .post(
      '/:id/signals/:name',
      operation({ summary: 'Give it a signal', body: signal, answers: { 202: 'Signalled' } }),
      async c => {
        const { id } = found(c.req.param('id'))
        const { payload, dedupeKey } = c.req.valid('json')
        const key = dedupeKey === undefined ? undefined : `key:${dedupeKey}`
        return c.json(await engine.signal(id, c.req.param('name'), payload, key), 202)
      },
    )
}

/** What became of an event: its run, once it has one. */
export function eventRoutes(engine: Engine, closing: AbortSignal) {
  return new Hono().get(
    '/:id',
    operation({
      summary: 'What became of an event',
      query: z.strictObject({ wait }),
      answers: { 200: 'Event' },
    }),
    async c => {
      const id = c.req.param('id')
      const waited = await waitForEvent(engine, id, c.req.valid('query').wait ?? 0, closing)
      if (waited === undefined) return notFound(`event ${id}`, 'steward runs')
      const { event, run, settled } = waited
      return c.json({
        id,
        state: event.state,
        reason: event.reason,
        settled,
        run: run === undefined ? null : runOutcome(engine, run),
      })
    },
  )
}

export function itemRoutes(engine: Engine) {
  return new Hono().post(
    '/:id/rerun',
    operation({ summary: 'Go on with an item that was set aside', answers: { 202: 'ItemRerun' } }),
    async c => {
      const id = c.req.param('id')
      const item = itemById(engine.store, id) ?? notFound(`item ${id}`, 'steward runs show ID')
      await engine.control.rerunItem(item.id)
      return c.json({ id: item.id, name: item.name, key: item.key, state: 'open' as const }, 202)
    },
  )
}
