/** What can be edited of an automation: its versions to look at, its name, its contract, when it is due. */
import { Hono } from 'hono'
import type { Context } from 'hono'
import { z } from 'zod'
import type { Engine } from '../engine/engine.ts'
import {
  contractView,
  scheduleView,
  versionChanges,
  versionsPage,
  versionView,
} from '../engine/views/versions.ts'
import type { ContractView } from '../engine/views/versions.ts'
import { scriptOf } from '../store/workflows.ts'
import type { Workflow } from '../store/workflows.ts'
import { replacing, showTag } from './etag.ts'
import { anyJson, paging } from './input.ts'
import { operation } from './operation.ts'
import { notFound } from './problem.ts'
import { existingAutomation } from './routes-automations.ts'

const contractEdit = z.strictObject({
  contract: anyJson,
  note: z.string().max(2_000).optional(),
  mapItems: z.record(z.string(), z.string()).optional(),
})
const scheduleEdit = z.strictObject({
  when: anyJson.describe('The triggers, as in the contract'),
  catchUp: z.enum(['skip', 'once', 'all']).optional(),
  zone: z.string().max(64).optional(),
})
const settingsEdit = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, {
    error: 'takes lower-case letters, digits and hyphens, 64 at most',
  }),
})

export function editRoutes(engine: Engine) {
  return new Hono()
    .route('/', versionRoutes(engine))
    .route('/', contractRoutes(engine))
    .route('/', scheduleRoutes(engine))
    .route('/', settingsRoutes(engine))
}

function workflowsIn(engine: Engine) {
  return {
    found: (c: Context) => existingAutomation(engine, c.req.param('id') ?? ''),
    anew: ({ id }: Workflow) => engine.workflow(id),
  }
}

function versionRoutes(engine: Engine) {
  const { found } = workflowsIn(engine)
  return new Hono()
    .get(
      '/:id/versions',
      operation({
        summary: 'Its versions, newest first',
        query: z.strictObject(paging),
        answers: { 200: 'VersionPage' },
      }),
      c => c.json(versionsPage(engine, found(c), c.req.valid('query'))),
    )
    .get(
      '/:id/versions/:version',
      operation({ summary: 'One version, with script and contract', answers: { 200: 'Version' } }),
      c => {
        const workflow = found(c)
        const version = c.req.param('version')
        const view = versionView(engine, workflow, version)
        return c.json(view ?? notFound(`version ${version}`, `steward automations show ${workflow.name}`))
      },
    )
    .get(
      '/:id/versions/:version/changes',
      operation({
        summary: 'What its contract says differently, what it grants more first',
        query: z.strictObject({
          earlier: z.string().max(20).optional().describe('Default: the one before it'),
        }),
        answers: { 200: 'VersionChanges' },
      }),
      c => {
        const workflow = found(c)
        const version = c.req.param('version')
        const { earlier } = c.req.valid('query')
        const view = versionChanges(engine, workflow, version, earlier)
        const asked = earlier === undefined ? `version ${version}` : `version ${version} or ${earlier}`
        return c.json(view ?? notFound(asked, `steward automations show ${workflow.name}`))
      },
    )
}

function contractRoutes(engine: Engine) {
  const { found, anew } = workflowsIn(engine)
  return new Hono()
    .get('/:id/contract', operation({ summary: 'Its contract', answers: { 200: 'Contract' } }), c => {
      const workflow = found(c)
      showTag(c, editionOf(engine, workflow))
      return c.json(contractView(engine, workflow))
    })
    .put(
      '/:id/contract',
      operation({
        summary: 'Confirm another contract for its script: a new version',
        body: contractEdit,
        answers: { 200: 'Contract' },
        replaces: true,
      }),
      async c => {
        const workflow = found(c)
        const look = () => editionOf(engine, anew(workflow))
        const edit = c.req.valid('json')
        await replacing(c, look, () => engine.edits.changeContract(anew(workflow), edit))
        showTag(c, look())
        return c.json(contractView(engine, anew(workflow)))
      },
    )
}

function scheduleRoutes(engine: Engine) {
  const { found, anew } = workflowsIn(engine)
  return new Hono()
    .get('/:id/schedule', operation({ summary: 'When it is due', answers: { 200: 'Schedule' } }), c => {
      const workflow = found(c)
      showTag(c, editionOf(engine, workflow))
      return c.json(scheduleView(engine, workflow))
    })
    .put(
      '/:id/schedule',
      operation({
        summary: 'Have it due at other times: a new version',
        body: scheduleEdit,
        answers: { 200: 'Schedule' },
        replaces: true,
      }),
      async c => {
        const workflow = found(c)
        const look = () => editionOf(engine, anew(workflow))
        const edit = c.req.valid('json')
        await replacing(c, look, () => engine.edits.changeSchedule(anew(workflow), edit))
        showTag(c, look())
        return c.json(scheduleView(engine, anew(workflow)))
      },
    )
}

function settingsRoutes(engine: Engine) {
  const { found, anew } = workflowsIn(engine)
  return new Hono()
    .get(
      '/:id/settings',
      operation({ summary: 'Its settings', answers: { 200: 'AutomationSettings' } }),
      c => {
        const view = settingsView(found(c))
        showTag(c, view)
        return c.json(view)
      },
    )
    .patch(
      '/:id/settings',
      operation({
        summary: 'Change its settings',
        body: settingsEdit,
        answers: { 200: 'AutomationSettings' },
        replaces: true,
      }),
      async c => {
        const workflow = found(c)
        const look = () => settingsView(anew(workflow))
        await replacing(c, look, () => engine.edits.rename(anew(workflow), c.req.valid('json').name))
        const view = look()
        showTag(c, view)
        return c.json(view)
      },
    )
}

function settingsView({ id, name }: Workflow) {
  return { id, name }
}

/** Which contract and script are deployed: an edit of the one goes with the other. */
function editionOf(engine: Engine, workflow: Workflow): [ContractView['intentId'], string] {
  const script = scriptOf(engine.store, workflow.script_id ?? '')
  return [script.intent_id, script.id]
}
