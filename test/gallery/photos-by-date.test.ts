import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { photo, signpost } from '../support/picture-maker.ts'
import { Stage, treeOf } from './stage.ts'
import type { Automation } from './stage.ts'

let stage: Stage
let tests = 0
/** Of this test: where photos arrive, and where they are sorted. */
let folder: string
let to: string
/** Taken on 14 March 2026, at half past twelve by the clock of its camera. */
let dated: Buffer
let undated: Buffer

beforeAll(async () => {
  stage = await Stage.open(Date.UTC(2026, 10, 10, 12))
  dated = await photo()
  undated = await signpost(8, 8).png().toBuffer()
})

beforeEach(() => {
  const serial = String(++tests)
  folder = stage.folder(`camera ${serial}`)
  to = stage.folder(`photos ${serial}`)
})

afterAll(() => stage.close())

/** Puts a file there, by its clock of one minute before February in Berlin. */
function put(file: string, content: Buffer | string): void {
  const at = path.join(folder, file)
  fs.writeFileSync(at, content)
  fs.utimesSync(at, Date.UTC(2026, 0, 31, 23) / 1_000, Date.UTC(2026, 0, 31, 23) / 1_000)
}

function install(slots: Record<string, string> = {}): Promise<Automation> {
  return stage.install('photos-by-date', { folder, to, ...slots })
}

describe('photos-by-date', () => {
  it('R8 J7 O1 sorts what is there and what comes by the day it was taken, or else by its file', async () => {
    put('IMG 1.JPG', dated)
    put('screen.png', undated)
    put('notes.txt', 'no photo')
    const sorting = await install()
    expect(sorting.installed.watched).toMatchObject([{ existing: 'process', count: 3 }])
    await sorting.looks()
    await sorting.looks()
    expect(treeOf(to)).toEqual(['2026/2026-02/screen.png', '2026/2026-03/IMG 1.JPG'])
    put('IMG 2.JPG', dated)
    put('clip.mp4', 'a video')
    await sorting.looks()
    await sorting.looks()
    const sorted = ['2026/2026-02/clip.mp4', '2026/2026-02/screen.png']
    expect(treeOf(to)).toEqual([...sorted, '2026/2026-03/IMG 1.JPG', '2026/2026-03/IMG 2.JPG'])
    expect(treeOf(folder)).toEqual(['notes.txt'])
    const body = 'IMG 1.JPG\nscreen.png'
    expect(sorting.notices()[0]).toEqual({ title: 'Sorted 2 photos', body, level: 'info' })
  })

  it('says so where there is nothing to sort, and goes by what was chosen', async () => {
    const sorting = await install({ by: 'day', videos: 'no', existing: 'skip', to: folder })
    expect(await sorting.run()).toMatchObject({ summary: 'No photo to sort.', moved: [] })
    expect(sorting.notices()).toEqual([])
    put('a.jpg', dated)
    put('clip.mp4', 'a video')
    await sorting.run()
    expect(treeOf(folder)).toEqual(['2026/2026-03-14/a.jpg', 'clip.mp4'])
  })

  it('J7 never replaces a photo, and leaves one that was put back by hand', async () => {
    const sorting = await install({ existing: 'skip', tell: 'no' })
    put('a.jpg', dated)
    await sorting.run()
    put('a.jpg', Buffer.concat([dated, Buffer.alloc(1)]))
    await sorting.run()
    expect(treeOf(to)).toEqual(['2026/2026-03/a (2).jpg', '2026/2026-03/a.jpg'])
    fs.renameSync(path.join(to, '2026/2026-03/a.jpg'), path.join(folder, 'a.jpg'))
    expect(await sorting.run()).toMatchObject({ summary: 'No photo to sort.' })
    expect(treeOf(folder)).toEqual(['a.jpg'])
  })

  it('takes the time of the file where a photo is damaged, none at all, or dated before cameras', async () => {
    put('cut.jpg', dated.subarray(0, 40))
    put('page.jpg', '<html>')
    put('empty.heic', '')
    const year = Buffer.from('2026:03:14 12:30:00')
    put(
      'reset.jpg',
      Buffer.from(dated.toString('latin1').replaceAll(year.toString(), '1980:01:01 00:00:00'), 'latin1'),
    )
    const sorting = await install({ existing: 'skip', by: 'year' })
    expect(await sorting.run()).toMatchObject({ summary: 'Sorted 4 photos, 4 by the time of the file.' })
    expect(treeOf(to)).toEqual(['2026/cut.jpg', '2026/empty.heic', '2026/page.jpg', '2026/reset.jpg'])
  })

  it('J7 sets aside what cannot be moved, moves the rest, and tries it again when told to', async () => {
    fs.writeFileSync(path.join(to, '2026'), 'a file where the folder should be')
    put('a.jpg', dated)
    const sorting = await install({ existing: 'skip' })
    expect(await sorting.run()).toMatchObject({ summary: 'No photo to sort, 1 photo could not be moved.' })
    fs.rmSync(path.join(to, '2026'))
    await sorting.answer('items-aside', 'retry')
    await expect.poll(() => treeOf(to)).toEqual(['2026/2026-03/a.jpg'])
    expect(sorting.actions()).toEqual([])
  })

  it('J3 J4 goes on where it was when the core ended in the middle, and moves nothing twice', async () => {
    for (const name of ['a', 'b', 'c']) put(`${name}.jpg`, dated)
    const sorting = await install({ existing: 'skip' })
    expect(await sorting.runThroughEnd(2)).toMatchObject({ summary: 'Sorted 3 photos.' })
    expect(treeOf(to)).toEqual(['a', 'b', 'c'].map(name => `2026/2026-03/${name}.jpg`))
    expect(sorting.notices()).toHaveLength(1)
  })

  it('tells once of very many that come at once', async () => {
    for (let number = 0; number < 103; number++) put(`${String(number).padStart(3, '0')}.mp4`, String(number))
    const sorting = await install()
    await sorting.looks()
    await sorting.looks()
    expect(treeOf(to)).toHaveLength(103)
    expect(sorting.notices().map(({ title }) => title)).toEqual(['Sorted 103 photos'])
  })
})
