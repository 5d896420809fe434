/** Models: which serves which role, which run on this machine, and what they cost. */
import { Hono } from 'hono'
import { z } from 'zod'
import { MODEL_NAME } from '../../domain/model-roles.ts'
import type { FindModelServers } from '../../domain/model-servers.ts'
import type { Engine } from '../engine/engine.ts'
import { pricesPage, rolesView } from '../engine/views/models.ts'
import { paging } from './input.ts'
import { operation } from './operation.ts'
import { notFound } from './problem.ts'

const micros = z.int().min(0).max(1e10).describe('Micro-dollars for a million tokens')
const pricing = z.strictObject({
  model: z.string().regex(MODEL_NAME, { error: 'is the name of a model, without spaces' }),
  input: micros,
  cachedInput: micros.optional().describe('Of what the provider had cached; as input, where it is not said'),
  output: micros,
})

export function modelRoutes(engine: Engine, find: FindModelServers) {
  return new Hono()
    .get('/', operation({ summary: 'Which model serves which role', answers: { 200: 'ModelRoles' } }), c =>
      c.json(rolesView(engine)),
    )
    .post(
      '/find',
      operation({
        summary: 'Look for servers of models on this machine, at their usual ports',
        answers: { 200: 'ModelServers' },
      }),
      async c => c.json({ items: [...(await find())] }),
    )
    .get(
      '/prices',
      operation({
        summary: 'What you said models cost, by model',
        query: z.strictObject(paging),
        answers: { 200: 'PricePage' },
      }),
      c => c.json(pricesPage(engine, c.req.valid('query'))),
    )
    .post(
      '/prices',
      operation({ summary: 'Say what a model costs', body: pricing, answers: { 200: 'Price' } }),
      async c => {
        const { model, input, cachedInput = input, output } = c.req.valid('json')
        return c.json(await engine.edits.setPrice(model, { input, cachedInput, output }))
      },
    )
    .delete(
      '/prices/:model',
      operation({ summary: 'Forget what you said it costs', answers: { 200: 'ForgottenPrice' } }),
      async c => {
        const model = c.req.param('model')
        if (!(await engine.edits.forgetPrice(model)))
          notFound(`price of “${model.slice(0, 64)}”`, 'steward models prices')
        return c.json({ model })
      },
    )
}
