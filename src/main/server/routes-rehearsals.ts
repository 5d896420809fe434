/** Rehearsals: play a script, or an installed automation, without changing anything; look at it; stop it. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { Engine } from '../engine/engine.ts'
import { anyJson, whole } from './input.ts'
import { operation } from './operation.ts'
import { notFound, RequestProblem } from './problem.ts'
import { existingAutomation } from './routes-automations.ts'
import { LONGEST_WAIT_MS } from './wait.ts'

const LONGEST_MS = 600_000

const request = z
  .strictObject({
    automation: z
      .string()
      .max(200)
      .optional()
      .describe('An installed one as it is; with source and contract, a new version of it'),
    source: z.string().max(1_000_000).optional(),
    contract: anyJson.optional(),
    event: anyJson.default(null),
    longestMs: z.int().min(100).max(LONGEST_MS).optional(),
  })
  .refine(({ source, contract }) => (source === undefined) === (contract === undefined), {
    error: 'takes “source” and “contract” together',
  })
  .refine(({ automation, source }) => automation !== undefined || source !== undefined, {
    error: 'takes an “automation”, or a “source” and its “contract”',
  })

const waiting = z.strictObject({
  wait: whole(0, LONGEST_WAIT_MS)
    .default(0)
    .describe('Answer when it has ended, after this many ms at the latest'),
})

export function rehearsalRoutes(engine: Engine, closing: AbortSignal) {
  const { rehearsals } = engine
  const missing = (id: string) => notFound(`rehearsal ${id}`, 'steward dev rehearse --help')
  return new Hono()
    .post(
      '/',
      operation({
        summary: 'Play a script, or an automation, without changing anything',
        query: waiting,
        body: request,
        answers: { 200: 'Rehearsal', 202: 'Rehearsal' },
      }),
      async c => {
        const { automation, source, contract, event, longestMs } = c.req.valid('json')
        const workflow = automation === undefined ? undefined : existingAutomation(engine, automation)
        if (rehearsals.isFull())
          throw new RequestProblem(
            429,
            'As many rehearsals play as may at once. Try again when one has ended.',
          )
        const { id } = rehearsals.start({
          event,
          ...(workflow === undefined ? {} : { workflow }),
          ...(source === undefined || contract === undefined ? {} : { version: { source, contract } }),
          ...(longestMs === undefined ? {} : { longestMs }),
        })
        const report = (await rehearsals.wait(id, c.req.valid('query').wait, closing)) ?? missing(id)
        return c.json(report, report.state === 'running' ? 202 : 200)
      },
    )
    .get(
      '/:id',
      operation({ summary: 'What it showed so far', query: waiting, answers: { 200: 'Rehearsal' } }),
      async c => {
        const id = c.req.param('id')
        return c.json((await rehearsals.wait(id, c.req.valid('query').wait, closing)) ?? missing(id))
      },
    )
    .post('/:id/cancel', operation({ summary: 'Stop it', answers: { 200: 'Rehearsal' } }), async c => {
      const id = c.req.param('id')
      return c.json((await rehearsals.stop(id)) ?? missing(id))
    })
}
