/** Notes in real runs: staged with their scope, marked by what the run had read. */
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { isOutsideNote, notesOf } from '../../src/main/store/notes.ts'
import { createWorld, type World } from '../support/world.ts'

describe('notes of a run', () => {
  let world: World | undefined
  afterEach(async () => {
    await world?.stop()
    if (world !== undefined) fs.rmSync(world.folder, { recursive: true, force: true })
    world = undefined
  })
  const SCRIPT = `
    import { append, list, search } from 'tools/notes'
    import { each } from 'tools/flow'
    export default async function run(event) {
      await append('Digest', 'begun')
      await each('part', event.parts, part => part, async part => {
        await append('Digest', part)
        if (part === 'bad') throw new Error('bad part')
        return (await search(part)).length
      })
      const seen = (await list()).map(note => note.characters)
      if (event.fail) throw new Error('failed')
      return seen
    }`

  it('J2 appear with their item or run, and leave no trace when it fails', async () => {
    world = await createWorld()
    const id = await world.install('digest', SCRIPT, {
      uses: ['tools/notes', 'tools/flow'],
      items: { part: 'its name' },
    })
    const text = () => {
      const view = world === undefined ? undefined : notesOf(world.store, id)
      return view?.list({}, 10).map(head => view.get(head.id)?.text)
    }
    const failed = await world.run('digest', { parts: ['a', 'bad'], fail: true })
    expect(failed.state).toBe('failed')
    expect(text()).toEqual(['a'])
    const second = await world.run('digest', { parts: ['c'], fail: false })
    expect(world.failure(second)).toBeNull()
    expect(text()).toEqual(['a\nc\nbegun'])
    expect(notesOf(world.store, id).search([['begun']], 5)).toHaveLength(1)
  })

  it('P6 are marked when their run had read something outside', async () => {
    world = await createWorld()
    const file = path.join(world.folder, 'outside.txt')
    fs.writeFileSync(file, 'from outside')
    const source = `
      import { create } from 'tools/notes'
      import { read } from 'tools/files'
      export default async event => (await create('N', event.path ? (await read(event.path)).text : 'own')).id`
    const workflow = await world.install('keeper', source, {
      uses: ['tools/notes', 'tools/files'],
      reads: { paths: [world.folder] },
    })
    const own = await world.run('keeper')
    const taken = await world.run('keeper', { path: file })
    const marks = [own, taken].map(run => {
      expect(world?.failure(run)).toBeNull()
      return world !== undefined && isOutsideNote(world.store, workflow, world.result(run) as string)
    })
    expect(marks).toEqual([false, true])
  })
})
