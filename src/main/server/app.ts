/** The local API: guards first, then the routes by resource, every error as one problem document. Webhooks stand before. */
import { Hono } from 'hono'
import type { ConnectionDesk } from '../../domain/connection.ts'
import type { FindModelServers } from '../../domain/model-servers.ts'
import type { VaultDesk } from '../../domain/vault.ts'
import type { Engine } from '../engine/engine.ts'
import { waitingForVault } from '../engine/views/connections.ts'
import type { Log } from '../store/log-file.ts'
import { KeptAnswers } from '../engine/kept-answers.ts'
import { Feed } from './feed.ts'
import { guardRequests } from './guard.ts'
import type { Guard } from './guard.ts'
import { keepAnswers } from './idempotency.ts'
import { operation } from './operation.ts'
import { problem, problemOf, respond } from './problem.ts'
import { actionRoutes, approvalRoutes, grantRoutes } from './routes-actions.ts'
import { auditRoutes } from './routes-audit.ts'
import { automationRoutes } from './routes-automations.ts'
import { chatRoutes } from './routes-chats.ts'
import { connectionRoutes } from './routes-connections.ts'
import { costRoutes } from './routes-costs.ts'
import { editRoutes } from './routes-edits.ts'
import { exportRoutes } from './routes-export.ts'
import { folderRoutes, galleryRoutes, scriptRoutes } from './routes-folder.ts'
import { modelRoutes } from './routes-models.ts'
import { noteRoutes } from './routes-notes.ts'
import { policyRoutes } from './routes-policy.ts'
import { takeHooks, webhookRoutes } from './routes-hooks.ts'
import { rehearsalRoutes } from './routes-rehearsals.ts'
import { metricsRoute, observeRoutes } from './routes-observe.ts'
import type { ReadLog } from './routes-observe.ts'
import { eventRoutes, itemRoutes, runRoutes } from './routes-runs.ts'
import { stewardRoutes } from './routes-steward.ts'
import { streamRoutes } from './routes-stream.ts'
import { runUndoRoutes, undoRoutes } from './routes-undo.ts'
import { vaultRoutes } from './routes-vault.ts'

export interface AppOptions extends Guard {
  engine: Engine
  connections: ConnectionDesk
  vault: VaultDesk
  findModels: FindModelServers
  version: string
  log: Log
  readLog: ReadLog
  /** Ends what clients wait for when the server closes. */
  closing: AbortSignal
}

export function createApp(options: AppOptions) {
  const { engine, version, log } = options
  const app = new Hono()
  app.use('/hooks/*', takeHooks(engine.hooks, log))
  app.use(guardRequests(options))
  app.use(keepAnswers(new KeptAnswers(engine.store)))
  app.onError(error => respond(problemOf(error, log)))
  app.notFound(c =>
    respond(
      problem(404, `There is nothing at ${c.req.method} ${c.req.path.slice(0, 200)}. Nothing was changed.`),
    ),
  )
  return app
    .get('/health', operation({ summary: 'Whether it answers', answers: { 200: 'Alive' } }), c =>
      c.json({ ok: true as const, version }),
    )
    .get(
      '/api/v1/openapi.json',
      operation({ summary: 'This document', answers: { 200: 'ApiDocument' } }),
      async c => {
        const { describeApi } = await import('./openapi.ts')
        return c.json(describeApi(app.routes, version))
      },
    )
    .route('/api/v1', createApi(options))
    .route('/metrics', metricsRoute(engine, version))
}

function createApi({ engine, connections, vault, findModels, log, readLog, closing }: AppOptions) {
  return new Hono()
    .route('/export', exportRoutes(engine, log, closing))
    .route('/stream', streamRoutes(new Feed(engine.store), closing))
    .route('/automations', automationRoutes(engine, closing))
    .route('/automations', editRoutes(engine))
    .route('/automations', webhookRoutes(engine))
    .route('/runs', runRoutes(engine, closing))
    .route('/runs', runUndoRoutes(engine))
    .route('/undos', undoRoutes(engine, closing))
    .route('/events', eventRoutes(engine, closing))
    .route('/items', itemRoutes(engine))
    .route('/rehearsals', rehearsalRoutes(engine, closing))
    .route('/actions', actionRoutes(engine))
    .route('/approvals', approvalRoutes(engine))
    .route('/grants', grantRoutes(engine))
    .route('/policy', policyRoutes(engine))
    .route('/chats', chatRoutes(engine, closing))
    .route('/notes', noteRoutes(engine))
    .route('/connections', connectionRoutes(engine, connections))
    .route(
      '/vault',
      vaultRoutes(vault, () => waitingForVault(engine)),
    )
    .route('/gallery', galleryRoutes(engine))
    .route('/', scriptRoutes(engine))
    .route('/', folderRoutes(engine))
    .route('/audit', auditRoutes(engine))
    .route('/costs', costRoutes(engine))
    .route('/models', modelRoutes(engine, findModels))
    .route('/', stewardRoutes(engine, connections))
    .route('/', observeRoutes(readLog))
}

/** The type from which clients derive theirs. */
export type App = ReturnType<typeof createApp>
