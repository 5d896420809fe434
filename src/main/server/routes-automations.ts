/** Automations: install, look, command, and the events that start them. */
import { Hono } from 'hono'
import type { Context } from 'hono'
import { z } from 'zod'
import { isJsonObject } from '../../domain/json.ts'
import type { Json } from '../../domain/json.ts'
import type { Engine } from '../engine/engine.ts'
import {
  automationSummary,
  automationsList,
  automationView,
  ledgerPage,
  ledgerPlace,
} from '../engine/views/automations.ts'
import { runOutcome } from '../engine/views/runs.ts'
import { runOfEvent } from '../store/lists.ts'
import type { InstantPlace } from '../store/lists.ts'
import type { Workflow } from '../store/workflows.ts'
import { workflowById, workflowByName } from '../store/workflows.ts'
import { bodyAs, bodyJson, limitOf, wholeNumber } from './input.ts'
import { notFound, RequestProblem } from './problem.ts'
import { LONGEST_WAIT_MS, waitForEvent } from './wait.ts'

const installation = z.strictObject({
  name: z.string().max(200),
  source: z.string().max(1_000_000),
  contract: z.json(),
  mapItems: z.record(z.string(), z.string()).optional(),
  note: z.string().max(2_000).optional(),
  /** Refused where the script has another hash than the rehearsal that was shown (O2). */
  rehearsed: z.string().max(200).optional(),
})

/** Not a name of the engine's own events: those have a dot, a colon, or the word itself. */
const EVENT_TYPE = /^(?!schedule$)[a-z][a-z0-9-]{0,63}$/
const LONGEST_KEY = 200

interface NewEvent {
  payload: Json
  dedupeKey: string | undefined
  type: string
}

export function automationRoutes(engine: Engine, closing: AbortSignal) {
  const found = (c: Context) => existingAutomation(engine, c.req.param('id') ?? '')
  const command = async (c: Context, act: (id: string) => Promise<void>) => {
    const { id } = found(c)
    await act(id)
    return c.json(automationSummary(engine, engine.workflow(id)))
  }
  return new Hono()
    .post('/', async c => {
      const { mapItems, note, rehearsed, ...request } = await bodyAs(c, installation)
      const installed = await engine.install({
        ...request,
        ...(mapItems === undefined ? {} : { mapItems }),
        ...(note === undefined ? {} : { note }),
        ...(rehearsed === undefined ? {} : { rehearsed }),
      })
      const automation = automationSummary(engine, engine.workflow(installed.workflowId))
      return c.json({ ...automation, created: installed.created }, installed.created ? 201 : 200)
    })
    .get('/', c => c.json({ items: automationsList(engine) }))
    .get('/:id', c => c.json(automationView(engine, found(c))))
    .post('/:id/pause', c => command(c, id => engine.control.pause(id)))
    .post('/:id/resume', c => command(c, id => engine.control.resume(id)))
    .post('/:id/archive', c => command(c, id => engine.control.archive(id)))
    .delete('/:id', async c => {
      const { id, name } = found(c)
      await engine.control.delete(id)
      return c.json({ id, name, state: 'deleted' as const })
    })
    .get('/:id/ledger', c => {
      const before = placeOf(c)
      return c.json(ledgerPage(engine, found(c).id, limitOf(c), before))
    })
    .post('/:id/events', c => takeEvent(engine, found(c), c, closing))
}

function placeOf(c: Context): InstantPlace | undefined {
  const text = c.req.query('before')
  if (text === undefined) return undefined
  const place = ledgerPlace(text)
  if (place !== null) return place
  throw new RequestProblem(400, '“before” is not a place in the ledger. Nothing was changed.')
}

export function existingAutomation(engine: Engine, idOrName: string): Workflow {
  const known = workflowById(engine.store, idOrName) ?? workflowByName(engine.store, idOrName)
  return known === undefined || known.state === 'deleted'
    ? notFound(`automation “${idOrName}”`, 'steward automations')
    : known
}

async function takeEvent(engine: Engine, workflow: Workflow, c: Context, closing: AbortSignal) {
  const event = eventOf(await bodyJson(c))
  const wait = wholeNumber(c, 'wait', 0, LONGEST_WAIT_MS)
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
    return c.json({ ...taken, runId, settled: false, run: null }, 202)
  }
  const waited = await waitForEvent(engine, eventId, wait, closing)
  const run = waited?.run === undefined ? null : runOutcome(engine, waited.run)
  const settled = waited?.settled === true
  return c.json({ ...taken, runId: run?.id ?? null, settled, run }, settled ? 200 : 202)
}

/** By hand: this is the one body that comes often and may be large. */
function eventOf(body: Json): NewEvent {
  if (body === null) return { payload: null, dedupeKey: undefined, type: 'manual' }
  if (!isJsonObject(body)) refuse('it is one object: { "payload": …, "dedupeKey"?, "type"? }')
  const { payload = null, dedupeKey, type = 'manual', ...rest } = body
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) refuse(`it does not know “${unknown}”; put the content into “payload”`)
  if (typeof type !== 'string' || !EVENT_TYPE.test(type))
    refuse('“type” takes lower-case letters, digits and hyphens, and is not “schedule”')
  if (dedupeKey === undefined) return { payload, dedupeKey, type }
  if (typeof dedupeKey !== 'string' || dedupeKey === '' || dedupeKey.length > LONGEST_KEY)
    refuse(`“dedupeKey” is a text of 1 to ${String(LONGEST_KEY)} characters`)
  return { payload, dedupeKey, type }
}

function refuse(what: string): never {
  throw new RequestProblem(422, `The event was refused: ${what}. Nothing was started.`)
}
