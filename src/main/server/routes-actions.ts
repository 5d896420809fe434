/** Actions: what needs a person, and the person's answer. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { Engine } from '../engine/engine.ts'
import { actionsPage, actionView, existingAction } from '../engine/views/actions.ts'
import type { ActionRow } from '../store/actions.ts'
import { bodyAs, choiceOf, cursorOf, limitOf } from './input.ts'
import { notFound } from './problem.ts'

const answer = z.strictObject({ choice: z.string().min(1).max(100), payload: z.json().default(null) })

export function actionRoutes(engine: Engine) {
  const found = (id: string): ActionRow =>
    existingAction(engine, id) ?? notFound(`action ${id}`, 'steward inbox')
  return new Hono()
    .get('/', c => {
      const before = cursorOf(c, 'before')
      return c.json(
        actionsPage(engine, {
          state: choiceOf(c, 'state', ['open', 'resolved', 'closed']) ?? 'open',
          limit: limitOf(c),
          ...(before === undefined ? {} : { before }),
        }),
      )
    })
    .get('/:id', c => c.json(actionView(engine, found(c.req.param('id')))))
    .post('/:id', async c => {
      const { id } = found(c.req.param('id'))
      const { choice, payload } = await bodyAs(c, answer)
      await engine.resolve({ actionId: id, choice, payload })
      return c.json(actionView(engine, found(id)))
    })
}
