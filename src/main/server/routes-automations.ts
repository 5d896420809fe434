/** Automations: install, look, command, and the events that start them. */
import { Hono } from 'hono'
import type { Context } from 'hono'
import { z } from 'zod'
import type { Json } from '../../domain/json.ts'
import type { Engine } from '../engine/engine.ts'
import {
  automationSummary,
  automationsPage,
  automationView,
  ledgerPage,
} from '../engine/views/automations.ts'
import { itemsOfAutomationPage, runOutcome } from '../engine/views/runs.ts'
import { runOfEvent } from '../store/lists.ts'
import type { Workflow } from '../store/workflows.ts'
import { workflowById, workflowByName } from '../store/workflows.ts'
import { anyJson, oneOf, paging, whole } from './input.ts'
import { operation } from './operation.ts'
import { notFound, RequestProblem } from './problem.ts'
import { LONGEST_WAIT_MS, waitForEvent } from './wait.ts'

const installation = z.strictObject({
  name: z.string().max(200),
  source: z.string().max(1_000_000),
  contract: anyJson,
  mapItems: z.record(z.string(), z.string()).optional(),
  note: z.string().max(2_000).optional(),
  rehearsed: z
    .string()
    .max(200)
    .optional()
    .describe('Refused where the script has another hash than the rehearsal that was shown'),
})

const LONGEST_KEY = 200
const payload = anyJson.default(null)
const dedupeKey = z
  .string()
  .min(1)
  .max(LONGEST_KEY)
  .optional()
  .describe('A second event with this key starts nothing')
const runRequest = z.strictObject({ payload, dedupeKey })
/** Not a name of the engine's own events: those have a dot, a colon, or the word itself. */
const newEvent = runRequest.extend({
  type: z
    .string()
    .regex(/^(?!schedule$)[a-z][a-z0-9-]{0,63}$/, {
      error: 'takes lower-case letters, digits and hyphens, and is not “schedule”',
    })
    .default('manual'),
})
const waiting = z.strictObject({
  wait: whole(0, LONGEST_WAIT_MS)
    .optional()
    .describe('Answer when the run has ended or rests, after this many ms at the latest'),
})

export function automationRoutes(engine: Engine, closing: AbortSignal) {
  return new Hono()
    .route('/', lookRoutes(engine))
    .route('/', installRoutes(engine))
    .route('/', commandRoutes(engine))
    .route('/', runRoutes(engine, closing))
}

function foundIn(engine: Engine) {
  return (c: Context) => existingAutomation(engine, c.req.param('id') ?? '')
}

function lookRoutes(engine: Engine) {
  const found = foundIn(engine)
  return new Hono()
    .get(
      '/',
      operation({
        summary: 'Automations, by name',
        query: z.strictObject({ ...paging, state: oneOf(['active', 'paused', 'archived']).optional() }),
        answers: { 200: 'AutomationPage' },
      }),
      c => c.json(automationsPage(engine, c.req.valid('query'))),
    )
    .get('/:id', operation({ summary: 'One automation', answers: { 200: 'Automation' } }), c =>
      c.json(automationView(engine, found(c))),
    )
    .get(
      '/:id/ledger',
      operation({
        summary: 'What became of its due instants, newest first',
        query: z.strictObject(paging),
        answers: { 200: 'LedgerPage' },
      }),
      c => c.json(ledgerPage(engine, found(c).id, c.req.valid('query'))),
    )
    .get(
      '/:id/items',
      operation({
        summary: 'Every item it ever had, by name and key',
        query: z.strictObject(paging),
        answers: { 200: 'ItemPage' },
      }),
      c => c.json(itemsOfAutomationPage(engine, found(c).id, c.req.valid('query'))),
    )
}

function installRoutes(engine: Engine) {
  return new Hono().post(
    '/',
    operation({
      summary: 'Install an automation, or a new version of one',
      body: installation,
      answers: { 200: 'InstalledAutomation', 201: 'InstalledAutomation' },
    }),
    async c => {
      const { mapItems, note, rehearsed, ...request } = c.req.valid('json')
      const installed = await engine.install({
        ...request,
        ...(mapItems === undefined ? {} : { mapItems }),
        ...(note === undefined ? {} : { note }),
        ...(rehearsed === undefined ? {} : { rehearsed }),
      })
      const { created } = installed
      return c.json({ ...summary(engine, installed.workflowId), created }, created ? 201 : 200)
    },
  )
}

function commandRoutes(engine: Engine) {
  const found = foundIn(engine)
  const command = async (c: Context, act: (id: string) => Promise<void>) => {
    const { id } = found(c)
    await act(id)
    return summary(engine, id)
  }
  return new Hono()
    .post(
      '/:id/pause',
      operation({ summary: 'Hold it: new events wait', answers: { 200: 'AutomationSummary' } }),
      async c => c.json(await command(c, id => engine.control.pause(id))),
    )
    .post(
      '/:id/resume',
      operation({ summary: 'Let it go on', answers: { 200: 'AutomationSummary' } }),
      async c => c.json(await command(c, id => engine.control.resume(id))),
    )
    .post(
      '/:id/archive',
      operation({ summary: 'End it and keep its history', answers: { 200: 'AutomationSummary' } }),
      async c => c.json(await command(c, id => engine.control.archive(id))),
    )
    .delete(
      '/:id',
      operation({ summary: 'End it and free its name', answers: { 200: 'DeletedAutomation' } }),
      async c => {
        const { id, name } = found(c)
        await engine.control.delete(id)
        return c.json({ id, name, state: 'deleted' as const })
      },
    )
}

function runRoutes(engine: Engine, closing: AbortSignal) {
  const found = foundIn(engine)
  return new Hono()
    .post(
      '/:id/run',
      operation({
        summary: 'Run it now',
        query: waiting,
        body: runRequest,
        answers: { 200: 'TakenEvent', 202: 'TakenEvent' },
      }),
      async c => {
        const event = { ...c.req.valid('json'), type: 'manual' }
        const taken = await takeEvent(engine, found(c), event, c.req.valid('query').wait, closing)
        return c.json(taken, taken.settled ? 200 : 202)
      },
    )
    .post(
      '/:id/events',
      operation({
        summary: 'Give it an event',
        query: waiting,
        body: newEvent,
        answers: { 200: 'TakenEvent', 202: 'TakenEvent' },
      }),
      async c => {
        const event = c.req.valid('json')
        const taken = await takeEvent(engine, found(c), event, c.req.valid('query').wait, closing)
        return c.json(taken, taken.settled ? 200 : 202)
      },
    )
}

function summary(engine: Engine, id: string) {
  return automationSummary(engine, engine.workflow(id))
}

export function existingAutomation(engine: Engine, idOrName: string): Workflow {
  const known = workflowById(engine.store, idOrName) ?? workflowByName(engine.store, idOrName)
  return known === undefined || known.state === 'deleted'
    ? notFound(`automation “${idOrName}”`, 'steward automations')
    : known
}

interface NewEvent {
  payload: Json
  dedupeKey?: string | undefined
  type: string
}

async function takeEvent(
  engine: Engine,
  workflow: Workflow,
  event: NewEvent,
  wait: number | undefined,
  closing: AbortSignal,
) {
  const accepted = await engine.emit({
    workflow: workflow.id,
    type: event.type,
    payload: event.payload,
    // Under a prefix of their own: no caller can take a key of the engine's events.
    ...(event.dedupeKey === undefined ? {} : { dedupeKey: `key:${event.dedupeKey}` }),
    sourceType: 'api',
    sourceId: 'local',
  })
  if (accepted.is === 'full')
    throw new RequestProblem(429, `${accepted.reason} This one was not taken. Try again later.`)
  const eventId = accepted.row.id
  const taken = { eventId, duplicate: accepted.is === 'duplicate' }
  if (wait === undefined) {
    const runId = runOfEvent(engine.store, eventId)?.id ?? null
    return { ...taken, runId, settled: false, run: null }
  }
  const waited = await waitForEvent(engine, eventId, wait, closing)
  const run = waited?.run === undefined ? null : runOutcome(engine, waited.run)
  return { ...taken, runId: run?.id ?? null, settled: waited?.settled === true, run }
}
