import * as fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FilesBench } from '../../../../test/support/files-bench.ts'

let bench: FilesBench
beforeEach(() => {
  bench = new FilesBench()
})
afterEach(() => bench.close())

const hashOfHello = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'

describe('reading', () => {
  test('read gives text, size and hash; base64 for what is no text', async () => {
    const file = bench.put('a.txt', 'hello')
    expect(await bench.ok('files.read', { path: file })).toEqual({
      path: file,
      text: 'hello',
      bytes: 5,
      hash: hashOfHello,
    })
    const bytes = bench.put('b.bin', Buffer.from([0xff, 0xfe, 0]))
    expect(await bench.failure('files.read', { path: bytes })).toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('not UTF-8') as string,
    })
    expect(await bench.ok('files.read', { path: bytes, as: 'base64' })).toMatchObject({
      base64: '//4A',
      bytes: 3,
    })
  })

  test('read refuses what is larger than allowed instead of cutting it', async () => {
    const file = bench.put('a.txt', 'x'.repeat(2048))
    const failure = await bench.failure('files.read', { path: file, maxBytes: 2047 })
    expect(failure).toMatchObject({ kind: 'rejected', message: expect.stringContaining('2 KB') as string })
    expect(await bench.ok('files.read', { path: file, maxBytes: 2048 })).toMatchObject({ bytes: 2048 })
    fs.truncateSync(bench.put('big.bin', ''), 8_388_609)
    expect(await bench.failure('files.read', { path: bench.path('big.bin') })).toMatchObject({
      kind: 'rejected',
    })
  })

  test('hash tells contents apart, of any size, and refuses what is no file', async () => {
    const file = bench.put('a.txt', 'hello')
    expect(await bench.ok('files.hash', { path: file })).toEqual({ path: file, bytes: 5, hash: hashOfHello })
    fs.truncateSync(bench.put('big.bin', ''), 9_000_000)
    expect(await bench.ok('files.hash', { path: bench.path('big.bin') })).toMatchObject({ bytes: 9_000_000 })
    for (const path of [bench.root, bench.path('no'), bench.path('no', 'such')])
      expect(await bench.failure('files.hash', { path })).toMatchObject({ kind: 'rejected' })
  })

  test('stat tells file, folder, link and nothing apart', async () => {
    bench.put('a.txt', 'hello')
    fs.utimesSync(bench.path('a.txt'), 1_700_000_000, 1_700_000_000)
    fs.symlinkSync(bench.outside, bench.path('link'))
    expect(await bench.ok('files.stat', { path: bench.path('a.txt') })).toMatchObject({
      exists: true,
      kind: 'file',
      bytes: 5,
      modified: 1_700_000_000_000,
      name: 'a.txt',
    })
    expect(await bench.ok('files.stat', { path: bench.root })).toMatchObject({ kind: 'folder', exists: true })
    expect(await bench.ok('files.stat', { path: bench.path('link') })).toMatchObject({ kind: 'other' })
    const nothing = { exists: false, kind: null, bytes: null, modified: null }
    expect(await bench.ok('files.stat', { path: bench.path('b.txt') })).toMatchObject(nothing)
    expect(await bench.ok('files.stat', { path: bench.path('no/such/b.txt') })).toMatchObject(nothing)
  })

  test('what does not exist is rejected in words, and nothing is said to have changed', async () => {
    const missing = bench.path('b.txt')
    const expected = {
      kind: 'rejected',
      message: expect.stringMatching(/b\.txt did not exist\. Nothing was changed\.$/) as string,
    }
    expect(await bench.failure('files.read', { path: missing })).toMatchObject(expected)
    expect(await bench.failure('files.trash', { path: missing })).toMatchObject(expected)
    expect(await bench.failure('files.move', { from: missing, to: bench.path('c.txt') })).toMatchObject(
      expected,
    )
    expect(await bench.failure('files.copy', { from: missing, to: bench.path('c.txt') })).toMatchObject(
      expected,
    )
    expect(await bench.failure('files.list', { path: missing })).toMatchObject(expected)
    expect(await bench.failure('files.read', { path: bench.root })).toMatchObject({ kind: 'rejected' })
    expect(await bench.failure('files.read', { path: bench.path('x/y/z') })).toMatchObject({
      kind: 'rejected',
    })
  })
})

describe('listing', () => {
  const names = (listed: Record<string, unknown>): string[] =>
    (listed['entries'] as { path: string }[]).map(entry => path.relative(bench.root, entry.path))

  test('list is sorted, recursive on request, and never follows links', async () => {
    for (const name of ['b.pdf', 'a.txt', 'sub/c.PDF', 'sub/deep/d.txt']) bench.put(name, name)
    fs.symlinkSync(bench.outside, bench.path('sub', 'link'))
    fs.writeFileSync(path.join(bench.outside, 'secret.pdf'), 'secret')
    const flat = await bench.ok('files.list', { path: bench.root })
    expect(names(flat)).toEqual(['a.txt', 'b.pdf', 'sub'])
    expect(flat).toMatchObject({ truncated: false, skipped: [] })
    const deep = await bench.ok('files.list', { path: bench.root, recursive: true })
    expect(names(deep)).toEqual([
      'a.txt',
      'b.pdf',
      'sub',
      'sub/c.PDF',
      'sub/deep',
      'sub/deep/d.txt',
      'sub/link',
    ])
    const found = await bench.ok('files.list', {
      path: bench.root,
      recursive: true,
      match: '*.pdf',
      kind: 'file',
    })
    expect(names(found)).toEqual(['b.pdf', 'sub/c.PDF'])
    const shallow = await bench.ok('files.list', { path: bench.root, recursive: true, depth: 2 })
    expect(names(shallow)).not.toContain('sub/deep/d.txt')
    expect(shallow).toMatchObject({ truncated: true })
    expect(names(await bench.ok('files.list', { path: bench.path('sub'), kind: 'folder' }))).toEqual([
      'sub/deep',
    ])
  })

  test('list leaves out what Steward keeps for itself and what may never be touched', async () => {
    bench.put('a.txt', '1')
    bench.put('.steward-stp_9.tmp', 'part')
    bench.put('private/b.txt', '2')
    await bench.ok('files.trash', { path: bench.put('c.txt', '3') })
    bench.grant({ reads: { paths: [bench.root] }, never: { paths: [bench.path('private')] } })
    expect(names(await bench.ok('files.list', { path: bench.root, recursive: true }))).toEqual(['a.txt'])
  })
})
