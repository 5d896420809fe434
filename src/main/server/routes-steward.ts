/** Steward itself: how it is, what became of what was due, how it is set. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { ConnectionDesk } from '../../domain/connection.ts'
import { roleModelSchema } from '../../domain/model-roles.ts'
import { quietHoursSchema } from '../../domain/quiet-hours.ts'
import type { Engine } from '../engine/engine.ts'
import { healthNow } from '../engine/views/health.ts'
import type { ModelState } from '../engine/views/health.ts'
import { notificationsPage, quietNow } from '../engine/views/notifications.ts'
import { LOG_LEVELS } from '../../domain/log.ts'
import { absencesPage } from '../engine/views/silence.ts'
import { collectorSchema, preferencesOf, preferencesWith } from '../store/settings.ts'
import { replacing, showTag } from './etag.ts'
import { paging } from './input.ts'
import { operation } from './operation.ts'

const roleModel = roleModelSchema.nullable().optional()
const amount = z.int().min(0).max(1e12).optional().describe('Micro-dollars')

const settingsEdit = z.strictObject({
  keepRunsDays: z.int().min(1).max(3_650).optional(),
  logLevel: z.enum(LOG_LEVELS).optional(),
  tracesTo: collectorSchema.nullable().optional(),
  tellHosts: z.boolean().optional(),
  quietHours: quietHoursSchema.nullable().optional().describe('When nobody is disturbed; null: never quiet'),
  models: z
    .strictObject({ planner: roleModel, maintainer: roleModel, small: roleModel, images: roleModel })
    .optional()
    .describe('Which model serves a role; null: the usual one. What is not named stays as it is'),
  spending: z
    .strictObject({ perTaskMicros: amount, perDayMicros: amount, perMonthMicros: amount })
    .optional()
    .describe('What models may cost. What is not named stays as it is'),
})
export function stewardRoutes(engine: Engine, desk: ConnectionDesk) {
  const settings = () => preferencesOf(engine.store)
  return new Hono()
    .get('/health', operation({ summary: 'How Steward is right now', answers: { 200: 'Health' } }), c =>
      c.json(healthNow(engine, { state: modelState(desk) })),
    )
    .get(
      '/absences',
      operation({
        summary: 'When Steward was off or asleep, and what became of what was due; newest first',
        query: z.strictObject(paging),
        answers: { 200: 'AbsencePage' },
      }),
      c => c.json(absencesPage(engine, c.req.valid('query'))),
    )
    .get(
      '/notifications',
      operation({
        summary: 'What you were told of, newest first',
        query: z.strictObject(paging),
        answers: { 200: 'NotificationPage' },
      }),
      c => c.json(notificationsPage(engine, c.req.valid('query'))),
    )
    .get(
      '/quiet',
      operation({ summary: 'Whether it is quiet, and what is held', answers: { 200: 'Quiet' } }),
      c => c.json(quietNow(engine)),
    )
    .get('/settings', operation({ summary: 'How Steward is set', answers: { 200: 'Settings' } }), c => {
      showTag(c, settings())
      return c.json(settings())
    })
    .patch(
      '/settings',
      operation({
        summary: 'Set it otherwise',
        body: settingsEdit,
        answers: { 200: 'Settings' },
        replaces: true,
      }),
      async c => {
        const edit = c.req.valid('json')
        await replacing(c, settings, () => engine.edits.changePreferences(preferencesWith(settings(), edit)))
        showTag(c, settings())
        return c.json(settings())
      },
    )
}

function modelState(desk: ConnectionDesk): ModelState {
  const connection = desk.serving('model')
  if (connection === undefined) return 'none'
  return connection.state === 'refused' || connection.state === 'failing' ? 'failing' : 'connected'
}
