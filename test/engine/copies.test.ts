/** In a copy, whatever came before it may have been done by the original: asked first, whoever approves (J11). */
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { itemsOfRun } from '../../src/main/store/items.ts'
import { DATABASE_FILE } from '../../src/main/store/store.ts'
import { actionOf, forSite, inState, openKinds, resolve, send, settled } from '../support/engine-tests.ts'
import { serveHeld } from '../support/held-site.ts'
import type { HeldSite } from '../support/held-site.ts'
import { createWorld, tempFolder, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

let site: HeldSite
let world: World
let folders: string[]

beforeEach(async () => {
  site = await serveHeld()
  world = await createWorld()
  folders = [world.folder]
})
afterEach(async () => {
  await world.stop()
  await site.close()
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true })
})

/** What a backup holds now, as a folder of its own. */
async function backup(): Promise<string> {
  const folder = tempFolder()
  folders.push(folder)
  await world.store.flushed()
  await world.store.backup(path.join(folder, DATABASE_FILE))
  for (const file of fs.readdirSync(world.folder)) {
    if (!file.startsWith(DATABASE_FILE))
      fs.cpSync(path.join(world.folder, file), path.join(folder, file), { recursive: true })
  }
  return folder
}

/** The original ends; the copy starts and is told to go on. */
async function goOnIn(folder: string): Promise<void> {
  await world.stop()
  world = await createWorld({ folder })
  await resolve(world, 'copied-folder', 'resume')
}

describe('a copy', () => {
  it('J11 asks before it writes for an event that waited when the copy was made', async () => {
    const id = await world.install(
      'two',
      `import { post } from 'tools/http'
       export default async function run() { await post('${site.url('/p')}', {}) }`,
      forSite(site),
    )
    await world.engine.control.pause(id)
    const eventId = await send(world, 'two')
    const copy = await backup()
    await world.engine.control.resume(id)
    const original = await until(() => world.engine.event(eventId).run_id, 'never claimed')
    await inState(world, original, 'succeeded')
    await goOnIn(copy)
    await world.engine.control.resume(id)
    const question = await actionOf(world, 'outcome-unknown')
    await settled(world)
    expect(site.paths()).toEqual(['/p'])
    await resolve(world, 'outcome-unknown', 'it-went-out')
    await inState(world, question.run_id ?? '', 'succeeded')
    expect(site.paths()).toEqual(['/p'])
    // What comes after the copy is the copy's own.
    expect((await world.run('two')).state).toBe('succeeded')
    expect(site.paths()).toEqual(['/p', '/p'])
  })

  it('J11 asks before it writes for an item whose run had ended', async () => {
    await world.install(
      'asks',
      `import { post } from 'tools/http'
       import { ask, each } from 'tools/flow'
       export default async function run() {
         await each('mail', ['a'], m => m, async () => { await ask({ question: 'Go?', choices: ['yes'] }); await post('${site.url('/p')}', {}); return 1 })
       }`,
      forSite(site),
    )
    const run = await world.run('asks')
    const copy = await backup()
    await resolve(world, 'input-needed', 'yes')
    await until(() => itemsOfRun(world.store, run.id)[0]?.state === 'done', 'the original never went on')
    await goOnIn(copy)
    await resolve(world, 'input-needed', 'yes')
    await actionOf(world, 'outcome-unknown')
    expect(site.paths()).toEqual(['/p'])
    await resolve(world, 'outcome-unknown', 'it-went-out')
    await until(() => itemsOfRun(world.store, run.id)[0]?.state === 'done', 'the copy never went on')
    expect(site.paths()).toEqual(['/p'])
  })

  it('J11 P1 asks whether it was done only after it may be done: an answer is no approval', async () => {
    await world.install(
      'approved',
      `import { post } from 'tools/http'
       import { ask } from 'tools/flow'
       export default async function run() { await ask({ question: 'Go?', choices: ['yes'] }); await post('${site.url('/p')}', {}) }`,
      forSite(site, 'always'),
    )
    const run = await world.run('approved')
    await goOnIn(await backup())
    await resolve(world, 'input-needed', 'yes')
    await actionOf(world, 'approval')
    await world.rested(run.id)
    expect(openKinds(world)).toEqual(['approval'])
    await resolve(world, 'approval', 'approve')
    await actionOf(world, 'outcome-unknown')
    await world.rested(run.id)
    expect(site.paths()).toEqual([])
    await resolve(world, 'outcome-unknown', 'it-did-not')
    await inState(world, run.id, 'succeeded')
    expect(site.paths()).toEqual(['/p'])
    expect(openKinds(world)).toEqual([])
  })
})
