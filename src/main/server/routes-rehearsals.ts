/** Rehearsals: play a script, or an installed automation, without changing anything; look at it; stop it. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { Engine } from '../engine/engine.ts'
import { bodyAs, wholeNumber } from './input.ts'
import { notFound, RequestProblem } from './problem.ts'
import { existingAutomation } from './routes-automations.ts'
import { LONGEST_WAIT_MS } from './wait.ts'

const LONGEST_MS = 600_000

const request = z
  .strictObject({
    /** An installed one as it is; with `source` and `contract`, a new version of it. */
    automation: z.string().max(200).optional(),
    source: z.string().max(1_000_000).optional(),
    contract: z.json().optional(),
    event: z.json().default(null),
    longestMs: z.int().min(100).max(LONGEST_MS).optional(),
  })
  .refine(({ source, contract }) => (source === undefined) === (contract === undefined), {
    error: 'takes “source” and “contract” together',
  })
  .refine(({ automation, source }) => automation !== undefined || source !== undefined, {
    error: 'takes an “automation”, or a “source” and its “contract”',
  })

export function rehearsalRoutes(engine: Engine, closing: AbortSignal) {
  const { rehearsals } = engine
  const missing = (id: string) => notFound(`rehearsal ${id}`, 'steward dev rehearse --help')
  return new Hono()
    .post('/', async c => {
      const { automation, source, contract, event, longestMs } = await bodyAs(c, request)
      const wait = wholeNumber(c, 'wait', 0, LONGEST_WAIT_MS) ?? 0
      const workflow = automation === undefined ? undefined : existingAutomation(engine, automation)
      if (rehearsals.isFull())
        throw new RequestProblem(429, 'As many rehearsals play as may at once. Try again when one has ended.')
      const { id } = rehearsals.start({
        event,
        ...(workflow === undefined ? {} : { workflow }),
        ...(source === undefined || contract === undefined ? {} : { version: { source, contract } }),
        ...(longestMs === undefined ? {} : { longestMs }),
      })
      const report = (await rehearsals.wait(id, wait, closing)) ?? missing(id)
      return c.json(report, report.state === 'running' ? 202 : 200)
    })
    .get('/:id', async c => {
      const wait = wholeNumber(c, 'wait', 0, LONGEST_WAIT_MS) ?? 0
      const id = c.req.param('id')
      return c.json((await rehearsals.wait(id, wait, closing)) ?? missing(id))
    })
    .post('/:id/cancel', async c => {
      const id = c.req.param('id')
      return c.json((await rehearsals.stop(id)) ?? missing(id))
    })
}
