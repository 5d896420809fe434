/** Files that *Done when* names are looked at as a script would look, and no further (O1, P2). */
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ToolDeclaration } from '../../src/domain/tool.ts'
import { filesTools } from '../../src/main/tools/files.ts'
import { send } from '../support/engine-tests.ts'
import { createWorld } from '../support/world.ts'
import type { World } from '../support/world.ts'

const RETURNS = 'export default async function run() { return 1 }'

describe('a file that counts as done', () => {
  let world: World
  let granted: string

  beforeEach(async () => {
    world = await createWorld()
    granted = path.join(world.folder, 'granted')
    fs.mkdirSync(granted)
  })
  afterEach(async () => {
    await world.stop()
    fs.rmSync(world.folder, { recursive: true, force: true })
  })

  const evidenceOf = async (name: string) => {
    const check = { kind: 'file-exists' as const, path: path.join(granted, name), notEmpty: true }
    await world.install('checked', RETURNS, { reads: { paths: [granted] }, done: [check] })
    const run = await world.run('checked')
    return run.state === 'succeeded' ? null : world.failure(run)?.message
  }

  it('O1 is there and not empty', async () => {
    fs.writeFileSync(path.join(granted, 'report.txt'), 'x')
    expect(await evidenceOf('report.txt')).toBeNull()
    fs.writeFileSync(path.join(granted, 'report.txt'), '')
    expect((await world.run('checked')).state).toBe('failed')
    fs.rmSync(path.join(granted, 'report.txt'))
    const missing = await world.run('checked')
    expect(world.failure(missing)).toMatchObject({ kind: 'outcome-missing', check: 'file-exists' })
  })

  it('O1 P2 is not seen through a link that leads out of what is granted', async () => {
    const secret = path.join(world.folder, 'secret.txt')
    fs.writeFileSync(secret, 'x')
    fs.symlinkSync(world.folder, path.join(granted, 'out'))
    expect(await evidenceOf('out/secret.txt')).toMatch(/secret\.txt could not be looked at/)
  })

  it('O1 P2 is not seen where the policy file lets nobody look', async () => {
    fs.writeFileSync(path.join(granted, 'report.txt'), 'x')
    const rules = [{ name: 'no', action: 'read_file', approval: 'deny' }]
    await world.engine.policies.import(JSON.stringify({ version: '1.0', rules }))
    expect(await evidenceOf('report.txt')).toMatch(/report\.txt could not be looked at/)
  })
})

/** A look at a file that never ends. */
function hanging(asked: () => void): ToolDeclaration {
  const stat = filesTools().find(({ name }) => name === 'files.stat')
  if (stat === undefined) throw new Error('files.stat is not there')
  return {
    ...stat,
    run: () => {
      asked()
      return new Promise(() => undefined)
    },
  }
}

describe('a disk that does not answer', () => {
  it('O1 R7 lets a run be cancelled while it looks at what is done', async () => {
    const asked = Promise.withResolvers<null>()
    const world = await createWorld({
      tools: [
        hanging(() => {
          asked.resolve(null)
        }),
      ],
    })
    const check = { kind: 'file-exists' as const, path: path.join(world.folder, 'x') }
    await world.install('checked', RETURNS, { reads: { paths: [world.folder] }, done: [check] })
    const event = await send(world, 'checked')
    await asked.promise
    const runId = world.engine.event(event).run_id ?? ''
    await world.engine.control.cancelRun(runId)
    expect((await world.rested(runId)).state).toBe('cancelled')
    await world.stop()
    fs.rmSync(world.folder, { recursive: true, force: true })
  })
})
