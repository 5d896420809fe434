/** Steward's own folder is shut for every tool, whatever folder around it a contract grants. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FilesBench } from '../../../../test/support/files-bench.ts'

let base: string
let own: string
let bench: FilesBench

beforeEach(() => {
  base = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'steward-closed-'))
  own = path.join(base, 'person', 'steward')
  fs.mkdirSync(own, { recursive: true })
  fs.writeFileSync(path.join(own, 'token'), 'canary')
  fs.writeFileSync(path.join(base, 'person', 'letter.txt'), 'mine')
  bench = new FilesBench({ closed: [own] })
  bench.grantRoots(base)
})
afterEach(async () => {
  await bench.close()
  fs.rmSync(base, { recursive: true, force: true })
})

const person = (...names: string[]) => path.join(base, 'person', ...names)

describe('P2 the folder of Steward’s own data', () => {
  const calls: [string, () => Record<string, string | boolean | string[]>][] = [
    ['files.read', () => ({ path: person('steward', 'token') })],
    ['files.stat', () => ({ path: person('steward', 'token') })],
    ['files.list', () => ({ path: person('steward') })],
    ['files.hash', () => ({ path: person('steward', 'token') })],
    ['files.write', () => ({ path: person('steward', 'token'), text: 'x', overwrite: true })],
    ['files.append', () => ({ path: person('steward', 'token'), text: 'x' })],
    ['files.write', () => ({ path: person('steward', 'new'), text: 'x' })],
    ['files.copy', () => ({ from: person('steward', 'token'), to: person('stolen') })],
    ['files.copy', () => ({ from: person('letter.txt'), to: person('steward', 'new') })],
    ['files.move', () => ({ from: person('steward'), to: path.join(base, 'elsewhere') })],
    ['files.trash', () => ({ path: person('steward', 'token') })],
    ['archive.create', () => ({ from: [person('steward', 'token')], to: path.join(base, 'a.zip') })],
  ]
  test.each(calls)('is shut for %s', async (tool, input) => {
    const before = bench.tree(base)
    expect(await bench.failure(tool, input())).toMatchObject({
      kind: 'not-permitted',
      message: expect.stringContaining('own data') as string,
    })
    expect(bench.tree(base)).toEqual(before)
  })

  test('cannot be moved or taken away with a folder around it', async () => {
    const before = bench.tree(base)
    for (const [tool, input] of [
      ['files.move', { from: person(), to: path.join(base, 'elsewhere') }],
      ['files.trash', { path: person() }],
    ] as const) {
      const failure = await bench.failure(tool, input)
      expect(failure).toMatchObject({ message: expect.stringContaining('contains the folder') as string })
    }
    expect(bench.tree(base)).toEqual(before)
  })

  test('is not told of by what looks at everything around it', async () => {
    const listed = await bench.ok('files.list', { path: base, recursive: true })
    expect(JSON.stringify(listed)).toContain('letter.txt')
    expect(JSON.stringify(listed)).not.toContain('token')
    await bench.ok('archive.create', { from: [person()], to: path.join(base, 'all.zip') })
    const packed = await bench.ok('archive.list', { path: path.join(base, 'all.zip') })
    expect(JSON.stringify(packed)).toContain('letter.txt')
    expect(JSON.stringify(packed)).not.toContain('token')
  })

  test('stays shut under another name', async () => {
    fs.symlinkSync(own, person('alias'))
    bench.grantRoots(person('alias'))
    expect(await bench.failure('files.read', { path: person('alias', 'token') })).toMatchObject({
      kind: 'not-permitted',
    })
  })
})
