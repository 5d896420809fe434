/** `notes` as people type it. */
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Steward } from './steward.ts'

let steward: Steward
const CONTRACT = {
  schema: 1,
  title: 'Writes',
  promise: 'Writes.',
  zone: 'UTC',
  when: [{ kind: 'manual' }],
  uses: ['tools/notes'],
  reads: {},
}
const SOURCE = `
  import { create } from 'tools/notes'
  export default async () => {
    await create({ title: 'Digest 2026/11', text: 'first line\\nsecond \\u001b[31mline', tags: ['news'] })
    await create('Digest 2026-11', 'other')
    await create('..', 'dots')
  }`
const run = (...args: string[]) => steward.run(...args)

beforeAll(async () => {
  steward = new Steward()
  await steward.serve()
  const script = steward.write('writes.js', SOURCE)
  const contract = steward.write('contract.json', JSON.stringify(CONTRACT))
  await run('dev', 'install', '--name', 'writes', '--script', script, '--contract', contract)
}, 60_000)
afterAll(() => {
  steward.end()
})

it('steward notes lists, shows, finds and exports them; what is not there is refused', async () => {
  expect((await run('notes')).out).toContain('No automation has written a note.')
  expect((await run('run', 'writes', '--wait')).code).toBe(0)
  const listed = await run('notes', '--automation', 'writes')
  expect(listed.out).toMatch(/note_\S+ .*writes .*Digest 2026\/11/)
  const [id = ''] = /note_\S+(?=.*2026\/11)/.exec(listed.out) ?? []
  const shown = await run('notes', 'show', id)
  expect(shown.out).toMatch(/^Digest 2026\/11\nwrites · .* · news\n\nfirst line\nsecond .*line/)
  expect(shown.out).not.toContain('\u001b')
  expect((await run('notes', 'search', 'second', 'line')).out).toContain(`${id}  writes: Digest 2026/11`)
  expect((await run('notes', 'search', 'absent')).out).toContain('Nothing was found')
  expect(await run('notes', 'show', 'note_none')).toMatchObject({ code: 2, out: '' })

  const folder = path.join(steward.folder, 'out')
  expect((await run('notes', 'export', folder, '--json')).json()).toEqual({ folder, notes: 3 })
  const files = fs.readdirSync(path.join(folder, 'writes')).sort()
  expect(files).toEqual(['Digest 2026-11 (2).md', 'Digest 2026-11.md', 'untitled.md'])
  const texts = files.map(file => fs.readFileSync(path.join(folder, 'writes', file), 'utf8')).join('\n')
  expect(texts).toMatch(/# Digest 2026\/11\n\n\*writes, from .*; news\*\n\nfirst line\nsecond/)
  expect(await run('notes', 'export', folder)).toMatchObject({ code: 2, out: '' })
}, 180_000)
