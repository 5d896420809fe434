/** Runs: lists, one run with its effects and steps, and the commands a run takes; events and items beside them. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { Engine } from '../engine/engine.ts'
import {
  existingRun,
  runOutcome,
  runsPage,
  runSummary,
  runView,
  stepDetail,
  stepsPage,
} from '../engine/views/runs.ts'
import { itemById } from '../store/items.ts'
import type { RunRow } from '../store/runs.ts'
import { bodyAs, choiceOf, cursorOf, limitOf, wholeNumber } from './input.ts'
import { notFound } from './problem.ts'
import { existingAutomation } from './routes-automations.ts'
import { LONGEST_WAIT_MS, waitForEvent } from './wait.ts'

const STATES = ['running', 'waiting', 'succeeded', 'failed', 'cancelled', 'declined'] as const

const signal = z.strictObject({
  payload: z.json().default(null),
  dedupeKey: z.string().min(1).max(200).optional(),
})

export function runRoutes(engine: Engine, closing: AbortSignal) {
  const found = (id: string): RunRow => existingRun(engine, id) ?? notFound(`run ${id}`, 'steward runs')
  return new Hono()
    .get('/', c => {
      const automation = c.req.query('automation')
      const state = choiceOf(c, 'state', STATES)
      const before = cursorOf(c, 'before')
      return c.json(
        runsPage(engine, {
          limit: limitOf(c),
          ...(automation === undefined ? {} : { workflowId: existingAutomation(engine, automation).id }),
          ...(state === undefined ? {} : { state }),
          ...(before === undefined ? {} : { before }),
        }),
      )
    })
    .get('/:id', async c => {
      const wait = wholeNumber(c, 'wait', 0, LONGEST_WAIT_MS)
      const run = found(c.req.param('id'))
      if (wait !== undefined) await waitForEvent(engine, run.inbox_id, wait, closing)
      return c.json(runView(engine, found(run.id)))
    })
    .get('/:id/steps', c => {
      const after = wholeNumber(c, 'after', 0, Number.MAX_SAFE_INTEGER) ?? 0
      return c.json(stepsPage(engine, found(c.req.param('id')).id, after, limitOf(c)))
    })
    .get('/:id/steps/:step', c => {
      const { id } = found(c.req.param('id'))
      const stepId = c.req.param('step')
      return c.json(stepDetail(engine, id, stepId) ?? notFound(`step ${stepId}`, `steward runs show ${id}`))
    })
    .post('/:id/cancel', async c => {
      const { id } = found(c.req.param('id'))
      await engine.control.cancelRun(id)
      return c.json(runSummary(engine, found(id)))
    })
    .post('/:id/retry', async c => {
      const { id } = found(c.req.param('id'))
      await engine.control.retryRun(id)
      return c.json(runSummary(engine, found(id)), 202)
    })
    .post('/:id/signals/:name', async c => {
      const { id } = found(c.req.param('id'))
      const { payload, dedupeKey } = await bodyAs(c, signal)
      const key = dedupeKey === undefined ? undefined : `key:${dedupeKey}`
      return c.json(await engine.signal(id, c.req.param('name'), payload, key), 202)
    })
}

/** What became of an event: its run, once it has one. */
export function eventRoutes(engine: Engine, closing: AbortSignal) {
  return new Hono().get('/:id', async c => {
    const id = c.req.param('id')
    const wait = wholeNumber(c, 'wait', 0, LONGEST_WAIT_MS) ?? 0
    const waited = await waitForEvent(engine, id, wait, closing)
    if (waited === undefined) return notFound(`event ${id}`, 'steward runs')
    const { event, run, settled } = waited
    return c.json({
      id,
      state: event.state,
      reason: event.reason,
      settled,
      run: run === undefined ? null : runOutcome(engine, run),
    })
  })
}

export function itemRoutes(engine: Engine) {
  return new Hono().post('/:id/rerun', async c => {
    const id = c.req.param('id')
    const item = itemById(engine.store, id) ?? notFound(`item ${id}`, 'steward runs show ID')
    await engine.control.rerunItem(item.id)
    return c.json({ id: item.id, name: item.name, key: item.key, state: 'open' as const }, 202)
  })
}
