/** The audit log's head outside the database, as a machine that lost its power may have left it (P5). */
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listAudit } from '../../src/main/store/lists.ts'
import { openKinds, resolve } from '../support/engine-tests.ts'
import { createWorld, tempFolder } from '../support/world.ts'
import type { World } from '../support/world.ts'

let folder: string
let world: World

beforeEach(async () => {
  folder = tempFolder()
  world = await createWorld({ folder })
  await world.install('once', 'export default async function run() { return 1 }')
})
afterEach(async () => {
  await world.stop()
  fs.rmSync(folder, { recursive: true, force: true })
})

const headFile = () => path.join(folder, 'audit.head')

async function restart(): Promise<void> {
  await world.stop()
  world = await createWorld({ folder })
}

describe('a head of the audit log that is damaged', () => {
  it.each(['', '{"seq":', 'null', '{"seq":"1"}', '\0\0\0\0'])(
    'P5 is told by an action and a row, and keeps nothing from starting: %j',
    async content => {
      await world.stop()
      fs.writeFileSync(headFile(), content)
      world = await createWorld({ folder })
      expect(openKinds(world)).toEqual(['audit-head-damaged'])
      expect(listAudit(world.store, 10, {}).map(row => row.kind)).toContain('head-damaged')
      expect((await world.run('once')).state).toBe('succeeded')
      expect(world.store.audit.verify()).toMatchObject({ ok: true })

      await resolve(world, 'audit-head-damaged', 'dismiss')
      await restart()
      expect(openKinds(world)).toEqual([])
    },
  )

  it('P5 is a finding for whoever verifies meanwhile', () => {
    fs.writeFileSync(headFile(), '{')
    expect(world.store.audit.verify()).toMatchObject({ ok: false, problem: 'head' })
  })
})
