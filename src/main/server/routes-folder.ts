/** Commands about everything at once: stop and go on, backups, health, tools, gallery, and scripts not yet installed. */
import { Hono } from 'hono'
import { z } from 'zod'
import { draftContract } from '../engine/draft-contract.ts'
import type { Engine } from '../engine/engine.ts'
import { fillGallery, listGallery, showGallery } from '../engine/gallery.ts'
import { folderChecks, healthOf, storeChecks } from '../engine/views/doctor.ts'
import { automationSummary } from '../engine/views/automations.ts'
import { backupTo } from '../store/backup.ts'
import { anyJson } from './input.ts'
import { operation } from './operation.ts'
import { notFound } from './problem.ts'

const backup = z.strictObject({ file: z.string().min(1).max(4_096) })
const check = z.strictObject({ source: z.string().max(1_000_000), contract: anyJson.optional() })
const draft = z.strictObject({ source: z.string().max(1_000_000), name: z.string().max(200).optional() })
const filling = z.strictObject({
  slots: z.record(z.string(), z.string()).default({}),
  name: z.string().max(200).optional(),
})

export function folderRoutes(engine: Engine) {
  return new Hono()
    .post(
      '/stop-everything',
      operation({ summary: 'Pause every automation now', answers: { 200: 'Stopped' } }),
      async c => c.json({ paused: await engine.stopEverything() }),
    )
    .post(
      '/resume-everything',
      operation({ summary: 'Undo stop-everything', answers: { 200: 'Resumed' } }),
      async c => c.json({ resumed: await engine.control.resumeEverything() }),
    )
    .post(
      '/backup',
      operation({ summary: 'Write a backup to a new file', body: backup, answers: { 201: 'Backup' } }),
      async c => c.json(await backupTo(engine.store, c.req.valid('json').file), 201),
    )
    .get(
      '/doctor',
      operation({ summary: 'A thorough look at folder and database', answers: { 200: 'Diagnosis' } }),
      async c => {
        const { store } = engine
        return c.json(healthOf([...folderChecks(store.folder), ...(await storeChecks(store))], store.folder))
      },
    )
}

export function scriptRoutes(engine: Engine) {
  return new Hono()
    .get('/tools', operation({ summary: 'What scripts can call', answers: { 200: 'ToolList' } }), c =>
      c.json({
        items: engine.tools.list().map(tool => ({
          name: tool.name,
          module: `tools/${tool.name.slice(0, tool.name.indexOf('.'))}`,
          title: tool.title,
          effect: typeof tool.effect === 'string' ? tool.effect : ('by-call' as const),
        })),
      }),
    )
    .get(
      '/tools/:module/declaration',
      operation({ summary: 'The types of one module', answers: { 200: 'ToolDeclaration' } }),
      c => {
        const module = `tools/${c.req.param('module')}`
        const text =
          engine.tools.declarationText(module) ?? notFound(`module “${module}”`, 'steward dev tools')
        return c.json({ module, text })
      },
    )
    .post(
      '/check',
      operation({ summary: 'Look through a script', body: check, answers: { 200: 'ScriptCheck' } }),
      async c => {
        const { source, contract } = c.req.valid('json')
        return c.json(await engine.rehearsals.check(source, contract, c.req.raw.signal))
      },
    )
    .post(
      '/draft-contract',
      operation({
        summary: 'Draft the contract that a script seems to need',
        body: draft,
        answers: { 200: 'ContractDraft' },
      }),
      c => {
        const { source, name } = c.req.valid('json')
        return c.json(draftContract(engine.tools, source, name))
      },
    )
}

export function galleryRoutes(engine: Engine) {
  const known = (id: string): string =>
    listGallery().some(entry => entry.id === id)
      ? id
      : notFound(`“${id}” in the gallery`, 'steward gallery list')
  return new Hono()
    .get('/', operation({ summary: 'Ready-made automations', answers: { 200: 'GalleryList' } }), c =>
      c.json({ items: listGallery() }),
    )
    .get(
      '/:id',
      operation({ summary: 'One of them, and what it asks', answers: { 200: 'GalleryEntry' } }),
      c => c.json(showGallery(known(c.req.param('id')))),
    )
    .post(
      '/:id',
      operation({
        summary: 'Set it up',
        body: filling,
        answers: { 200: 'InstalledAutomation', 201: 'InstalledAutomation' },
      }),
      async c => {
        const { slots, name } = c.req.valid('json')
        const filled = fillGallery(known(c.req.param('id')), slots, name)
        const installed = await engine.install(filled)
        const automation = automationSummary(engine, engine.workflow(installed.workflowId))
        return c.json({ ...automation, created: installed.created }, installed.created ? 201 : 200)
      },
    )
}
