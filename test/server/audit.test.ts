/** Erasure by the user: what rows said is gone, and the chain holds (P5). */
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { auditRows } from '../../src/main/store/audit.ts'
import { eraseAudit } from '../../src/main/store/audit-erasure.ts'
import { contractFor, createWorld } from '../support/world.ts'
import type { World } from '../support/world.ts'
import { startCore } from './api.ts'

const RETURNS = 'export default async function run() { return 1 }'

describe('the audit log of a folder', () => {
  let world: World

  beforeEach(async () => {
    world = await createWorld()
  })
  afterEach(async () => {
    await world.stop()
    fs.rmSync(world.folder, { recursive: true, force: true })
  })

  const note = (canary: string, workflowId: string | null, at = 1) =>
    world.store.write(tx => {
      world.store.audit.append(tx, at, { kind: 'decision', workflowId, runId: null, body: { canary } })
    })

  it('P5 says nothing more of one automation, all of the others, and holds', async () => {
    const [one, two] = [await world.install('one', RETURNS), await world.install('two', RETURNS)]
    for (let row = 0; row < 5; row++) await note('canary-one', row % 2 === 0 ? one : two)
    expect(await eraseAudit(world.store, { workflowId: one, before: Infinity })).toBeGreaterThanOrEqual(3)
    const left = [...auditRows(world.store)]
    expect(left.filter(row => row.workflowId === one)).toEqual([])
    expect(left.filter(row => row.workflowId === two).length).toBeGreaterThanOrEqual(2)
    expect(world.store.audit.verify()).toMatchObject({ ok: true, rows: left.length })
    expect(await eraseAudit(world.store, { workflowId: one, before: Infinity })).toBe(0)
  })

  it('P5 is erased in pieces, up to a time, and stays whole over a new start', async () => {
    await world.store.write(tx => {
      for (let row = 0; row < 2_500; row++)
        world.store.audit.append(tx, row, { kind: 'decision', workflowId: null, runId: null, body: { row } })
    })
    expect(await eraseAudit(world.store, { workflowId: null, before: 2_400 })).toBe(2_400)
    const kinds = Map.groupBy(auditRows(world.store), row => row.kind)
    expect([kinds.get('erased')?.length, kinds.get('erasure')?.length]).toEqual([2_400, 3])
    await world.stop()
    world = await createWorld({ folder: world.folder })
    expect(world.store.audit.verify()).toMatchObject({ ok: true })
  })

  it('P5 leaves nothing of it in the file once its log is written back', async () => {
    for (let row = 0; row < 200; row++) await note(`canary-${'x'.repeat(row * 40)}`, null)
    await eraseAudit(world.store, { workflowId: null, before: Infinity })
    await world.stop()
    const files = fs.readdirSync(world.folder).filter(name => name.startsWith('steward.db'))
    const telling = files.filter(name => fs.readFileSync(path.join(world.folder, name)).includes('canary'))
    world = await createWorld({ folder: world.folder })
    expect(files).toContain('steward.db')
    expect(telling).toEqual([])
  })
})

describe('POST /audit/erase', () => {
  it('P5 wants to be told what, and answers with how much', async () => {
    const steward = await startCore()
    try {
      const erase = (json: object) => steward.call({ method: 'POST', path: '/api/v1/audit/erase', json })
      const installed = { name: 'one', source: RETURNS, contract: contractFor() as unknown as Json }
      await steward.core.engine.install(installed)
      expect(await erase({})).toMatchObject({ status: 422 })
      expect(await erase({ automation: 'none' })).toMatchObject({ status: 404 })
      expect(await erase({ automation: 'one' })).toMatchObject({ status: 200, json: { erased: 1 } })
      expect(await erase({ everything: true })).toMatchObject({ status: 200 })
      const verdict = await steward.call({ path: '/api/v1/audit/verify' })
      expect(verdict.json).toMatchObject({ ok: true })
    } finally {
      await steward.end()
    }
  })
})
