/** Commands about everything at once: stop and go on, the audit log, backups, health, tools, gallery, and scripts not yet installed. */
import { Hono } from 'hono'
import { z } from 'zod'
import { checkScript } from '../engine/check-script.ts'
import { draftContract } from '../engine/draft-contract.ts'
import type { Engine } from '../engine/engine.ts'
import { fillGallery, listGallery, showGallery } from '../engine/gallery.ts'
import { folderChecks, healthOf, storeChecks } from '../engine/views/doctor.ts'
import { automationSummary } from '../engine/views/automations.ts'
import { backupTo } from '../store/backup.ts'
import { inspectDatabase } from '../store/inspection.ts'
import { bodyAs } from './input.ts'
import { notFound } from './problem.ts'

const backup = z.strictObject({ file: z.string().min(1).max(4_096) })
const check = z.strictObject({ source: z.string().max(1_000_000), contract: z.json().optional() })
const draft = z.strictObject({ source: z.string().max(1_000_000), name: z.string().max(200).optional() })
const filling = z.strictObject({
  slots: z.record(z.string(), z.string()).default({}),
  name: z.string().max(200).optional(),
})

export function folderRoutes(engine: Engine) {
  return new Hono()
    .post('/stop-everything', async c => c.json({ paused: await engine.control.stopEverything() }))
    .post('/resume-everything', async c => c.json({ resumed: await engine.control.resumeEverything() }))
    .get('/audit/verify', async c => c.json((await inspectDatabase(engine.store)).audit))
    .post('/backup', async c => {
      const { file } = await bodyAs(c, backup)
      return c.json(await backupTo(engine.store, file), 201)
    })
    .get('/doctor', async c => {
      const { store } = engine
      return c.json(healthOf([...folderChecks(store.folder), ...(await storeChecks(store))], store.folder))
    })
}

export function scriptRoutes(engine: Engine) {
  return new Hono()
    .get('/tools', c =>
      c.json({
        items: engine.tools.list().map(tool => ({
          name: tool.name,
          module: `tools/${tool.name.slice(0, tool.name.indexOf('.'))}`,
          title: tool.title,
          effect: typeof tool.effect === 'string' ? tool.effect : ('by-call' as const),
        })),
      }),
    )
    .get('/tools/:module/declaration', c => {
      const module = `tools/${c.req.param('module')}`
      const text = engine.tools.declarationText(module) ?? notFound(`module “${module}”`, 'steward dev tools')
      return c.json({ module, text })
    })
    .post('/check', async c => {
      const { source, contract } = await bodyAs(c, check)
      return c.json(checkScript(engine.tools, source, contract))
    })
    .post('/draft-contract', async c => {
      const { source, name } = await bodyAs(c, draft)
      return c.json(draftContract(engine.tools, source, name))
    })
}

export function galleryRoutes(engine: Engine) {
  const known = (id: string): string =>
    listGallery().some(entry => entry.id === id)
      ? id
      : notFound(`“${id}” in the gallery`, 'steward gallery list')
  return new Hono()
    .get('/', c => c.json({ items: listGallery() }))
    .get('/:id', c => c.json(showGallery(known(c.req.param('id')))))
    .post('/:id', async c => {
      const { slots, name } = await bodyAs(c, filling)
      const filled = fillGallery(known(c.req.param('id')), slots, name)
      const installed = await engine.install(filled)
      const automation = automationSummary(engine, engine.workflow(installed.workflowId))
      return c.json({ ...automation, created: installed.created }, installed.created ? 201 : 200)
    })
}
