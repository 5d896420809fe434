import * as fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FilesBench } from '../../../../test/support/files-bench.ts'

let bench: FilesBench
beforeEach(() => {
  bench = new FilesBench()
})
afterEach(() => bench.close())

describe('measuring', () => {
  test('sums up what lies in a folder and below, the largest first, and tells what the disk has left', async () => {
    bench.put('a.bin', 'x'.repeat(100))
    bench.put('sub/b.bin', 'x'.repeat(1_000))
    bench.put('sub/deep/c.bin', 'x'.repeat(500))
    fs.mkdirSync(bench.path('empty'))
    const { disk, ...size } = await bench.ok('files.measure', { path: bench.root })
    expect(size).toEqual({
      ...{ path: bench.root, bytes: 1_600, files: 3, complete: true },
      largest: [
        { name: 'sub', display: 'sub', kind: 'folder', bytes: 1_500, files: 2 },
        { name: 'a.bin', display: 'a.bin', kind: 'file', bytes: 100, files: 1 },
        { name: 'empty', display: 'empty', kind: 'folder', bytes: 0, files: 0 },
      ],
    })
    const { bytes, free } = disk as { bytes: number; free: number }
    expect(free > 0 && free <= bytes).toBe(true)
  })

  test('names the twenty largest of many', async () => {
    for (let size = 1; size <= 30; size++) bench.put(`${String(size)}.bin`, 'x'.repeat(size))
    const { largest, bytes } = await bench.ok('files.measure', { path: bench.root })
    expect(bytes).toBe(465)
    expect((largest as { bytes: number }[]).map(part => part.bytes)).toEqual(
      Array.from({ length: 20 }, (_, place) => 30 - place),
    )
  })

  test('P1 follows no link, looks into nothing that is barred, and counts a file with two names once', async () => {
    bench.put('kept/a.bin', 'x'.repeat(10))
    fs.linkSync(bench.path('kept', 'a.bin'), bench.path('b.bin'))
    bench.put('barred/c.bin', 'x'.repeat(1_000))
    fs.writeFileSync(path.join(bench.outside, 'd.bin'), 'x'.repeat(5_000))
    fs.symlinkSync(bench.outside, bench.path('link'))
    fs.symlinkSync(path.join(bench.outside, 'd.bin'), bench.path('d.bin'))
    bench.grant({ reads: { paths: [bench.root] }, never: { paths: [bench.path('barred')] } })
    expect(await bench.ok('files.measure', { path: bench.root })).toMatchObject({ bytes: 10, files: 1 })
    expect(await bench.failure('files.measure', { path: bench.outside })).toMatchObject({
      kind: 'not-permitted',
    })
  })

  test('says so when it did not see all, and rejects what is no folder', async () => {
    const deep = path.join(...Array.from({ length: 70 }, () => 'd'))
    bench.put(path.join(deep, 'a.bin'), 'x')
    expect(await bench.ok('files.measure', { path: bench.root })).toMatchObject({ bytes: 0, complete: false })
    const file = bench.put('a.txt', 'x')
    for (const target of [file, bench.path('no'), bench.path('no', 'such')])
      expect(await bench.failure('files.measure', { path: target })).toMatchObject({ kind: 'rejected' })
  })
})
