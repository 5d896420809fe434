/** What work cost. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { Engine } from '../engine/engine.ts'
import { costsPage, costsSummary } from '../engine/views/costs.ts'
import { instant, named, paging } from './input.ts'
import { operation } from './operation.ts'
import { idOf } from './routes-actions.ts'

const summed = z.strictObject({
  automation: named().optional(),
  since: instant().default(0),
  until: instant().default(Number.MAX_SAFE_INTEGER),
})

export function costRoutes(engine: Engine) {
  return new Hono()
    .get(
      '/',
      operation({
        summary: 'What work cost, newest first',
        query: z.strictObject({ ...paging, automation: named().optional() }),
        answers: { 200: 'CostPage' },
      }),
      c => {
        const { automation, ...page } = c.req.valid('query')
        return c.json(costsPage(engine, { ...page, workflowId: idOf(engine, automation) }))
      },
    )
    .get(
      '/summary',
      operation({ summary: 'The sums of a time', query: summed, answers: { 200: 'CostsSummary' } }),
      async c => {
        const { automation, ...time } = c.req.valid('query')
        return c.json(await costsSummary(engine, { ...time, workflowId: idOf(engine, automation) }))
      },
    )
}
