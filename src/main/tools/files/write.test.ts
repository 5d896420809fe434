import * as fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FilesBench } from '../../../../test/support/files-bench.ts'

let bench: FilesBench
beforeEach(() => {
  bench = new FilesBench()
})
afterEach(() => bench.close())

const hashOfHello = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'

describe('writing', () => {
  test('write creates, counts the same content as done, and replaces only when told to', async () => {
    const file = bench.path('a.txt')
    expect(await bench.ok('files.write', { path: file, text: 'hello' })).toEqual({
      path: file,
      bytes: 5,
      hash: hashOfHello,
      created: true,
      changed: true,
    })
    expect(await bench.ok('files.write', { path: file, text: 'hello' })).toMatchObject({
      created: false,
      changed: false,
    })
    expect(await bench.failure('files.write', { path: file, text: 'other' })).toMatchObject({
      kind: 'rejected',
    })
    expect(bench.text('a.txt')).toBe('hello')
    fs.chmodSync(file, 0o640)
    expect(await bench.ok('files.write', { path: file, text: 'other', overwrite: true })).toMatchObject({
      created: false,
      changed: true,
    })
    expect(bench.text('a.txt')).toBe('other')
    expect(fs.statSync(file).mode & 0o777).toBe(0o640)
    expect(Object.keys(bench.tree())).toEqual(['a.txt'])
  })

  test('write takes bytes and JSON, and exactly one content', async () => {
    await bench.ok('files.write', { path: bench.path('a'), base64: 'AAEC' })
    expect(fs.readFileSync(bench.path('a'))).toEqual(Buffer.from([0, 1, 2]))
    await bench.ok('files.write', { path: bench.path('b'), json: { list: [1, null] } })
    expect(JSON.parse(bench.text('b'))).toEqual({ list: [1, null] })
    await bench.ok('files.write', { path: bench.path('c'), json: null })
    expect(bench.text('c')).toBe('null\n')
    expect(await bench.failure('files.write', { path: bench.path('d') })).toMatchObject({
      kind: 'invalid-input',
    })
    expect(await bench.failure('files.write', { path: bench.path('d'), text: '', json: 1 })).toMatchObject({
      kind: 'invalid-input',
    })
    expect(await bench.failure('files.write', { path: bench.path('d'), text: '\ud800' })).toMatchObject({
      kind: 'invalid-input',
    })
  })

  test('missing folders are made only when told to, and are taken back when the write fails', async () => {
    const file = bench.path('x', 'y', 'a.txt')
    expect(await bench.failure('files.write', { path: file, text: '1' })).toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('parents') as string,
    })
    expect(bench.tree()).toEqual({})
    await bench.ok('files.write', { path: file, text: '1', parents: true })
    expect(bench.tree()).toEqual({ 'x/': '', 'x/y/': '', 'x/y/a.txt': '1' })
    bench.onPoint = point => {
      if (point === 'temp-written') bench.put('p/b.txt', 'from somebody else')
    }
    expect(
      await bench.failure('files.write', { path: bench.path('p', 'b.txt'), text: '2', parents: true }),
    ).toMatchObject({ kind: 'rejected' })
    expect(bench.tree()).toMatchObject({ 'p/b.txt': 'from somebody else' })
    bench.onPoint = point => {
      if (point === 'temp-written') throw Object.assign(new Error('full'), { code: 'ENOSPC' })
    }
    expect(
      await bench.failure('files.write', { path: bench.path('q', 'c.txt'), text: '3', parents: true }),
    ).toMatchObject({ kind: 'disk-full' })
    expect(bench.exists('q')).toBe(false)
  })

  test('a file that appears between look and write is not replaced', async () => {
    bench.onPoint = point => {
      if (point === 'temp-written') bench.put('a.txt', 'theirs')
    }
    expect(await bench.failure('files.write', { path: bench.path('a.txt'), text: 'ours' })).toMatchObject({
      kind: 'rejected',
    })
    expect(bench.tree()).toEqual({ 'a.txt': 'theirs' })
  })

  test('a stopped step changes nothing', async () => {
    const stop = new AbortController()
    bench.onPoint = point => {
      if (point === 'temp-written') stop.abort()
    }
    const tool = bench.tool('files.write')
    const input = tool.input.parse({ path: bench.path('a.txt'), text: 'x' })
    await expect(tool.run(input, bench.context('stp_x', null, stop.signal))).rejects.toThrow('stopped')
    expect(bench.tree()).toEqual({})
  })

  test('append adds at the end, creates when there is nothing, and puts nothing between', async () => {
    const file = bench.path('log', 'a.csv')
    expect(await bench.ok('files.append', { path: file, text: 'a\n', parents: true })).toMatchObject({
      created: true,
      offset: 0,
      bytes: 2,
    })
    expect(await bench.ok('files.append', { path: file, text: 'b\n' })).toMatchObject({
      created: false,
      offset: 2,
      bytes: 4,
    })
    expect(bench.text('log', 'a.csv')).toBe('a\nb\n')
    expect(await bench.ok('files.append', { path: file, text: '' })).toMatchObject({ offset: 4, bytes: 4 })
  })

  test('an append that fails half-way is taken off again; when somebody wrote after it, the outcome is unknown', async () => {
    const file = bench.put('a.log', 'one\n')
    const full = Object.assign(new Error('full'), { code: 'ENOSPC' })
    bench.onPoint = point => {
      if (point === 'part-written') throw full
    }
    expect(await bench.failure('files.append', { path: file, text: 'x'.repeat(100_000) })).toMatchObject({
      kind: 'disk-full',
    })
    expect(bench.text('a.log')).toBe('one\n')
    bench.onPoint = point => {
      if (point !== 'part-written') return
      fs.appendFileSync(file, 'two\n')
      throw full
    }
    expect(await bench.failure('files.append', { path: file, text: 'x'.repeat(100_000) })).toMatchObject({
      kind: 'outcome-unknown',
      tool: 'files.append',
    })
  })

  test('J4 a change that failed and could not be taken back is unknown, not failed', async () => {
    const file = bench.path('a.txt')
    bench.onPoint = point => {
      if (point !== 'linked') return
      fs.rmSync(file)
      bench.put('a.txt/theirs', 'x')
      throw Object.assign(new Error('io'), { code: 'EIO' })
    }
    const failure = await bench.failure('files.write', { path: file, text: 'x' })
    expect(failure).toMatchObject({ kind: 'outcome-unknown', tool: 'files.write' })
    expect(failure.message).not.toContain('Nothing was changed')
  })
})
