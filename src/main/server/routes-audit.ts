/** The audit log: read, verified, and erased by whoever it is about. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { Engine } from '../engine/engine.ts'
import { auditPage } from '../engine/views/audit.ts'
import { eraseAudit } from '../store/audit-erasure.ts'
import { inspectDatabase } from '../store/inspection.ts'
import { named, paging } from './input.ts'
import { operation } from './operation.ts'
import { idOf } from './routes-actions.ts'

const erasing = z
  .strictObject({
    automation: named().optional(),
    before: z.int().min(0).optional().describe('Rows from before this time, UTC milliseconds'),
    everything: z.literal(true).optional(),
  })
  .refine(given => Object.keys(given).length > 0, {
    error: 'says nothing to erase: name an automation, a time, or everything',
  })

export function auditRoutes(engine: Engine) {
  return new Hono()
    .get(
      '/',
      operation({
        summary: 'What was decided, newest first',
        query: z.strictObject({ ...paging, run: named().optional() }),
        answers: { 200: 'AuditPage' },
      }),
      c => {
        const { run, ...page } = c.req.valid('query')
        return c.json(auditPage(engine, { ...page, runId: run }))
      },
    )
    .get(
      '/verify',
      operation({ summary: 'Whether the audit log is whole', answers: { 200: 'AuditVerdict' } }),
      async c => c.json((await inspectDatabase(engine.store)).audit),
    )
    .post(
      '/erase',
      operation({
        summary: 'Erase what rows say; that they were there stays provable',
        body: erasing,
        answers: { 200: 'Erased' },
      }),
      async c => {
        const { automation, before } = c.req.valid('json')
        const { store } = engine
        const until = Math.min(before ?? Infinity, store.now() + 1)
        const workflowId = idOf(engine, automation) ?? null
        return c.json({ erased: await eraseAudit(store, { workflowId, before: until }) })
      },
    )
}
