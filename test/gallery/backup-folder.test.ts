import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Stage, treeOf } from './stage.ts'
import type { Automation, Result } from './stage.ts'

/** A Saturday, 13:00 in Berlin. */
const START = Date.UTC(2026, 0, 10, 12)
const HOUR = 3_600_000

let stage: Stage
let tests = 0
/** Of this test: what is backed up, and where to. */
let folder: string
let to: string

beforeAll(async () => {
  stage = await Stage.open(START)
})

beforeEach(() => {
  const serial = String(++tests)
  folder = path.join(stage.folder(`home ${serial}`), 'Papers')
  fs.mkdirSync(folder)
  to = stage.folder(`backups ${serial}`)
})

afterAll(() => stage.close())

function put(file: string, content = file): void {
  const at = path.join(folder, file)
  fs.mkdirSync(path.dirname(at), { recursive: true })
  fs.writeFileSync(at, content)
}

function install(slots: Record<string, string> = {}): Promise<Automation> {
  return stage.install('backup-folder', { folder, to, ...slots })
}

/** Backups in the folder, and those in the trash. */
function zips(): { kept: number; trashed: number } {
  const all = treeOf(to).filter(file => file.endsWith('.zip'))
  const trashed = all.filter(file => file.startsWith('.steward-trash/')).length
  return { kept: all.length - trashed, trashed }
}

/** Changes something, and backs up a while later. */
async function again(backup: Automation, content: string): Promise<Result> {
  stage.clock.advance(5_000)
  put('a.txt', content)
  return backup.run()
}

describe('backup-folder', () => {
  it('O1 R4 packs the folder at its time into a zip with its date, and opens it', async () => {
    put('a.txt')
    put('deep/er/b.txt')
    put('node_modules/junk')
    put('c.tmp')
    const backup = await install({ at: '19:30', leaveOut: 'node_modules; *.tmp', tell: 'yes' })
    const result = await backup.after(6.5 * HOUR, 'schedule')
    const name = 'Papers 2026-01-10 193000.zip'
    expect(result).toMatchObject({
      summary: `Packed 2 files into ${name}.`,
      zip: { path: path.join(to, name), files: 2, bytes: fs.statSync(path.join(to, name)).size },
    })
    expect(backup.notices()).toEqual([
      { title: 'Backed up Papers', body: `Packed 2 files into ${name}.`, level: 'info' },
    ])
  })

  it('makes no second one while nothing changes, one when something does, and none of nothing', async () => {
    const backup = await install()
    expect(await backup.run()).toMatchObject({ summary: 'Nothing to back up: the folder is empty.' })
    await again(backup, 'one')
    stage.clock.advance(5_000)
    expect((await backup.run())['summary']).toMatch(/^Nothing has changed since Papers .*\.zip\.$/)
    expect(zips()).toEqual({ kept: 1, trashed: 0 })
    await again(backup, 'another')
    expect(zips()).toEqual({ kept: 2, trashed: 0 })
    for (const file of fs.readdirSync(to)) fs.rmSync(path.join(to, file))
    stage.clock.advance(5_000)
    await backup.run()
    expect(zips()).toEqual({ kept: 1, trashed: 0 })
    expect(backup.notices()).toEqual([])
  })

  it('keeps as many as it was told, and trashes none but its own, unchanged ones', async () => {
    const others = ['Papers 2020-01-01 120000.zip', 'mine.zip']
    for (const other of others) fs.writeFileSync(path.join(to, other), 'not made by this')
    const backup = await install({ keep: '2' })
    const made: string[] = []
    for (const content of ['1', '22', '333']) {
      const { zip } = await again(backup, content)
      made.push((zip as { path: string }).path)
    }
    expect(zips()).toEqual({ kept: 4, trashed: 1 })
    expect(fs.existsSync(made[0] ?? '')).toBe(false)
    fs.appendFileSync(made[1] ?? '', 'changed by somebody')
    expect(await again(backup, '4444')).toMatchObject({ removed: [] })
    expect(await again(backup, '55555')).toMatchObject({ removed: [made[2]] })
    expect(zips()).toEqual({ kept: 5, trashed: 2 })
    for (const other of others) expect(fs.existsSync(path.join(to, other))).toBe(true)
  })

  it('J7 asks about those that it could not put into the trash, and does so when it is told to try again', async () => {
    const backup = await install({ keep: '1' })
    await again(backup, '1')
    fs.writeFileSync(path.join(to, '.steward-trash'), 'in the way')
    await again(backup, '22')
    await again(backup, '333')
    expect(zips()).toEqual({ kept: 3, trashed: 0 })
    expect(backup.actions().map(({ kind }) => kind)).toEqual(['items-aside'])
    fs.rmSync(path.join(to, '.steward-trash'))
    await backup.answer('items-aside', 'retry')
    await expect.poll(zips).toEqual({ kept: 1, trashed: 2 })
    await expect.poll(() => backup.actions()).toEqual([])
  })

  it('O1 keeps as many as it was told where the path of its folder is long', async () => {
    to = path.join(to, ...Array.from({ length: 4 }, (_, number) => String(number).repeat(150)))
    fs.mkdirSync(to, { recursive: true })
    const backup = await install({ keep: '1' })
    for (const content of ['1', '22', '333'])
      expect(await again(backup, content)).toMatchObject({ zip: { files: 1 } })
    expect(zips()).toEqual({ kept: 1, trashed: 2 })
    expect(backup.actions()).toEqual([])
  })

  it('does not pack its own zips where they lie in the folder itself', async () => {
    put('a.txt')
    const backup = await install({ to: folder })
    expect(await backup.run()).toMatchObject({ zip: { files: 1 } })
    stage.clock.advance(5_000)
    expect((await backup.run())['summary']).toMatch(/^Nothing has changed/)
    expect(await again(backup, 'more')).toMatchObject({ zip: { files: 1 } })
  })

  it('R7 fails where its target is gone, says so, and makes one zip when it is tried again', async () => {
    put('a.txt')
    const backup = await install()
    fs.rmdirSync(to)
    expect(await backup.run()).toEqual({ state: 'failed', failure: 'rejected' })
    expect(backup.actions().map(({ kind }) => kind)).toEqual(['run-failed'])
    fs.mkdirSync(to)
    await backup.answer('run-failed', 'retry')
    await expect.poll(() => backup.results('manual')).toMatchObject([{ zip: { files: 1 } }])
    expect(zips()).toEqual({ kept: 1, trashed: 0 })
    expect(backup.actions()).toEqual([])
  })

  it('fails where its folder is gone, and touches no backup', async () => {
    const backup = await install({ keep: '1' })
    await again(backup, 'one')
    fs.renameSync(folder, `${folder}-away`)
    expect(await backup.run()).toEqual({ state: 'failed', failure: 'rejected' })
    fs.mkdirSync(folder)
    expect(await backup.run()).toMatchObject({ summary: 'Nothing to back up: the folder is empty.' })
    expect(zips()).toEqual({ kept: 1, trashed: 0 })
  })

  it.each([1, 2])('J3 J4 makes and trashes one when the core ends right after change %i', async nth => {
    const backup = await install({ keep: '1' })
    await again(backup, 'one')
    stage.clock.advance(5_000)
    put('a.txt', 'two')
    expect(await backup.runThroughEnd(nth)).toMatchObject({ zip: { files: 1 } })
    expect(zips()).toEqual({ kept: 1, trashed: 1 })
  })
})
