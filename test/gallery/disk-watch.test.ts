import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Stage } from './stage.ts'
import type { Automation, Result } from './stage.ts'

let stage: Stage
let tests = 0
let folder: string

beforeAll(async () => {
  stage = await Stage.open(Date.UTC(2026, 0, 10, 12))
})

beforeEach(() => {
  folder = stage.folder(`Downloads ${String(++tests)}`)
})

afterAll(() => stage.close())

/** A file of so many thousand bytes. */
function put(file: string, size: number): void {
  fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
  fs.writeFileSync(path.join(folder, file), Buffer.alloc(size * 1_000))
}

function install(slots: Record<string, string> = {}): Promise<Automation> {
  return stage.install('disk-watch', { folder, mostGb: '0.001', leastFreeGb: '0', ...slots })
}

function look(watch: Automation): Promise<Result> {
  return watch.after(3_600_000, 'schedule')
}

function titles(watch: Automation): string[] {
  return watch.notices().map(({ title }) => title)
}

describe('disk-watch', () => {
  it('J2 tells when a folder is too large, when it is worse, and when that is over, and else nothing', async () => {
    put('a.bin', 300)
    put('films/b.bin', 600)
    const watch = await install()
    expect(await look(watch)).toMatchObject({ bytes: 900_000, files: 2, complete: true })
    expect(titles(watch)).toEqual([])
    put('c.bin', 150)
    const first = await look(watch)
    expect(first['summary']).toMatch(/^1\.1 MB in 3 files, .* free\.$/)
    expect(watch.notices()).toEqual([
      {
        title: `Downloads ${String(tests)}: 1.1 MB`,
        body: 'That is more than 0.001 GB. The largest in it:\nfilms/: 600 KB\na.bin: 300 KB\nc.bin: 150 KB',
        level: 'warning',
      },
    ])
    put('c.bin', 60)
    await look(watch)
    put('c.bin', 160)
    await look(watch)
    expect(titles(watch)).toHaveLength(1)
    put('d.bin', 400)
    await look(watch)
    fs.rmSync(path.join(folder, 'films'), { recursive: true })
    await look(watch)
    await look(watch)
    expect(titles(watch).slice(1)).toEqual(
      [1, 2].map(number => `Downloads ${String(tests)}: ${number === 1 ? '1.5 MB' : '860 KB'}`),
    )
    expect(watch.notices().at(-1)).toMatchObject({ body: 'It is below 0.001 GB again.', level: 'info' })
  })

  it('tells once that a disk runs out of space', async () => {
    const watch = await install({ mostGb: '1000', leastFreeGb: '1000000' })
    await look(watch)
    await look(watch)
    expect(watch.notices()).toMatchObject([
      { title: expect.stringMatching(/^The disk of Downloads \d+: .* free$/) as string, level: 'warning' },
    ])
  })

  it('R7 fails when the folder is gone, and goes on when it is back', async () => {
    const watch = await install()
    fs.rmdirSync(folder)
    expect(await look(watch)).toEqual({ state: 'failed', failure: 'rejected' })
    fs.mkdirSync(folder)
    put('a.bin', 2_000)
    await watch.answer('run-failed', 'retry')
    await expect.poll(() => titles(watch)).toEqual([`Downloads ${String(tests)}: 2.0 MB`])
  })

  it('says nothing of a folder that it did not see all of, but that there is at least so much', async () => {
    put('a.bin', 2_000)
    const watch = await install()
    await look(watch)
    fs.rmSync(path.join(folder, 'a.bin'))
    put(path.join(...Array.from({ length: 70 }, () => 'd'), 'a.bin'), 1)
    expect(await look(watch)).toMatchObject({ complete: false, bytes: 0 })
    expect(titles(watch)).toHaveLength(1)
  })
})
