import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Stage, treeOf } from './stage.ts'
import type { Automation } from './stage.ts'

let stage: Stage
let tests = 0
let folder: string

beforeAll(async () => {
  stage = await Stage.open(Date.now())
})

beforeEach(() => {
  folder = stage.folder(`Downloads ${String(++tests)}`)
})

afterAll(() => stage.close())

function put(...files: string[]): void {
  for (const file of files) fs.writeFileSync(path.join(folder, file), file)
}

function install(slots: Record<string, string> = {}): Promise<Automation> {
  return stage.install('downloads-by-type', { folder, restMinutes: '0', ...slots })
}

describe('downloads-by-type', () => {
  it('R8 J7 O1 sorts what comes by its kind once, and leaves what was there, is hidden, unknown or arriving', async () => {
    put('before.pdf')
    const sorting = await install()
    expect(sorting.installed.watched).toMatchObject([{ existing: 'skip', count: 1 }])
    const left = ['.hidden.pdf', '~$x.docx', 'video.mp4.crdownload', 'odd.xyz', 'noending', 'pdf']
    put(...left, 'Report.PDF', 'photo.jpg', 'song.mp3', 'a.tar.gz', 'setup.exe', 'sheet.csv')
    fs.writeFileSync(path.join(folder, 'held.zip'), '')
    put('held.zip.part')
    await sorting.looks()
    const expected = [
      ...[...left, 'before.pdf', 'held.zip', 'held.zip.part', 'Archives/a.tar.gz', 'Documents/Report.PDF'],
      ...['Documents/sheet.csv', 'Music/song.mp3', 'Pictures/photo.jpg', 'Programs/setup.exe'],
    ]
    expect(treeOf(folder)).toEqual(expected.sort())
    fs.renameSync(path.join(folder, 'video.mp4.crdownload'), path.join(folder, 'video.mp4'))
    fs.renameSync(path.join(folder, 'held.zip.part'), path.join(folder, 'held.zip'))
    // A look that met the folder in the middle of the renaming finds the rest the next time.
    await expect.poll(() => sorting.looks().then(() => treeOf(folder))).toContain('Videos/video.mp4')
    expect(treeOf(folder)).toContain('Archives/held.zip')
    expect(sorting.notices()).toEqual([])
  })

  it('says so where there is nothing to sort', async () => {
    const sorting = await install({ tell: 'yes' })
    await sorting.looks()
    expect(sorting.results('files')).toEqual([])
    expect(await sorting.run()).toMatchObject({ summary: 'Nothing to sort.', moved: [] })
    expect(sorting.notices()).toEqual([])
  })

  it('R8 sorts what is there where that is wanted, after its count was told', async () => {
    put('a.pdf', 'b.png', 'c.unheard')
    const sorting = await install({ existing: 'process', others: 'move', tell: 'yes' })
    expect(sorting.installed.watched).toMatchObject([{ existing: 'process', count: 3 }])
    await expect.poll(() => sorting.notices().length).toBe(1)
    expect(treeOf(folder)).toEqual(['Documents/a.pdf', 'Other/c.unheard', 'Pictures/b.png'])
    const body = 'Documents: a.pdf\nOther: c.unheard\nPictures: b.png'
    expect(sorting.notices()).toEqual([{ title: 'Sorted 3 files', body, level: 'info' }])
  })

  it('J7 replaces nothing, and leaves a file that was put back by hand', async () => {
    const sorting = await install()
    put('a.pdf')
    await sorting.run()
    fs.writeFileSync(path.join(folder, 'a.pdf'), 'another of that name')
    await sorting.run()
    expect(treeOf(folder)).toEqual(['Documents/a (2).pdf', 'Documents/a.pdf'])
    expect(fs.readFileSync(path.join(folder, 'Documents/a.pdf'), 'utf8')).toBe('a.pdf')
    fs.renameSync(path.join(folder, 'Documents/a.pdf'), path.join(folder, 'a.pdf'))
    expect(await sorting.run()).toMatchObject({ summary: 'Nothing to sort.' })
    expect(treeOf(folder)).toEqual(['Documents/a (2).pdf', 'a.pdf'])
  })

  it('J7 sets aside what cannot be moved, moves the rest, and tries it again when told to', async () => {
    fs.writeFileSync(path.join(folder, 'Documents'), 'a file where the folder should be')
    const sorting = await install()
    put('a.pdf', 'b.png')
    expect(await sorting.run()).toMatchObject({ summary: 'Sorted 1 file, 1 file could not be moved.' })
    expect(treeOf(folder)).toEqual(['Documents', 'Pictures/b.png', 'a.pdf'])
    fs.rmSync(path.join(folder, 'Documents'))
    await sorting.answer('items-aside', 'retry')
    await expect.poll(() => treeOf(folder)).toEqual(['Documents/a.pdf', 'Pictures/b.png'])
    expect(sorting.actions()).toEqual([])
  })

  it('J3 J4 goes on where it was when the core ended in the middle, and moves nothing twice', async () => {
    const sorting = await install({ tell: 'yes' })
    put('a.pdf', 'b.pdf', 'c.pdf')
    expect(await sorting.runThroughEnd(2)).toMatchObject({ summary: 'Sorted 3 files.' })
    expect(treeOf(folder)).toEqual(['Documents/a.pdf', 'Documents/b.pdf', 'Documents/c.pdf'])
    expect(sorting.notices()).toHaveLength(1)
  })

  it('makes one action of a folder that vanished, and goes on when it is back', async () => {
    const sorting = await install()
    fs.renameSync(folder, `${folder}-away`)
    await sorting.looks()
    expect(sorting.actions().map(({ kind }) => kind)).toEqual(['watch-failed'])
    fs.renameSync(`${folder}-away`, folder)
    put('a.pdf')
    await sorting.looks()
    await expect.poll(() => treeOf(folder)).toEqual(['Documents/a.pdf'])
    expect(sorting.actions()).toEqual([])
  })
})
