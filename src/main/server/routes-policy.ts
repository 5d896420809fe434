/** The person's policy file: what it says, taken in and taken away, and what it would have decided. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { Engine } from '../engine/engine.ts'
import { policyNow, policyVersions } from '../engine/views/policy.ts'
import { paging } from './input.ts'
import { operation } from './operation.ts'

const file = z.strictObject({ source: z.string().describe('The file as it is written, YAML') })
const previewed = z.strictObject({
  source: z.string().optional().describe('The file as it is written; without it, the one in force'),
  days: z.int().min(1).max(3_650).default(30),
  limit: z.int().min(1).max(200).default(50),
  cursor: z.string().max(2_000).optional(),
})

export function policyRoutes(engine: Engine) {
  const inForce = () => ({ policy: policyNow(engine) })
  return new Hono()
    .get('/', operation({ summary: 'The policy file in force', answers: { 200: 'Policy' } }), c =>
      c.json(inForce()),
    )
    .post(
      '/',
      operation({ summary: 'Import a policy file', body: file, answers: { 200: 'Policy' } }),
      async c => {
        await engine.policies.import(c.req.valid('json').source)
        return c.json(inForce())
      },
    )
    .delete('/', operation({ summary: 'Take the policy file away', answers: { 200: 'Policy' } }), async c => {
      await engine.policies.remove()
      return c.json(inForce())
    })
    .get(
      '/versions',
      operation({
        summary: 'Its versions, newest first',
        query: z.strictObject(paging),
        answers: { 200: 'PolicyVersionPage' },
      }),
      c => c.json(policyVersions(engine, c.req.valid('query'))),
    )
    .post(
      '/preview',
      operation({
        summary: 'What a policy file would have decided over recorded runs',
        body: previewed,
        answers: { 200: 'PolicyPreview' },
      }),
      async c => c.json(await engine.policies.preview({ ...c.req.valid('json'), signal: c.req.raw.signal })),
    )
}
