import * as fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FilesBench } from '../../../../test/support/files-bench.ts'

let bench: FilesBench
beforeEach(() => {
  bench = new FilesBench()
})
afterEach(() => bench.close())

describe('moving, copying, trash', () => {
  test('move renames, makes folders, and replaces nothing by default', async () => {
    bench.put('a.pdf', 'A')
    const to = bench.path('Receipts', 'a.pdf')
    expect(await bench.failure('files.move', { from: bench.path('a.pdf'), to })).toMatchObject({
      kind: 'rejected',
    })
    expect(await bench.ok('files.move', { from: bench.path('a.pdf'), to, parents: true })).toEqual({
      from: bench.path('a.pdf'),
      path: to,
      overwritten: false,
    })
    expect(bench.tree()).toEqual({ 'Receipts/': '', 'Receipts/a.pdf': 'A' })
    bench.put('b.pdf', 'B')
    expect(await bench.failure('files.move', { from: bench.path('b.pdf'), to })).toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('already existed') as string,
    })
    expect(
      await bench.failure('files.move', { from: bench.path('b.pdf'), to: bench.path('Receipts') }),
    ).toMatchObject({ message: expect.stringContaining('full new path') as string })
    expect(
      await bench.ok('files.move', { from: bench.path('b.pdf'), to, ifExists: 'overwrite' }),
    ).toMatchObject({ overwritten: true })
    expect(bench.tree()).toEqual({ 'Receipts/': '', 'Receipts/a.pdf': 'B' })
  })

  test('with rename the next free name is taken, by prepare, once and for all', async () => {
    for (const name of ['a.tar.gz', 'in/a.tar.gz', 'in/A.tar (2).gz', 'in/a.tar (4).gz'])
      bench.put(name, name)
    const input = { from: bench.path('a.tar.gz'), to: bench.path('in', 'a.tar.gz'), ifExists: 'rename' }
    const tool = bench.tool('files.move')
    const parsed = tool.input.parse(input)
    const evidence = (await tool.prepare?.(parsed, bench.context('stp_a'))) ?? null
    bench.put('in/a.tar (2).gz', 'took the gap that is none')
    expect(await tool.run(parsed, bench.context('stp_a', evidence))).toMatchObject({
      path: bench.path('in', 'a.tar (3).gz'),
    })
  })

  test('folders move whole; a folder does not move into itself, nor a granted folder away', async () => {
    bench.put('d/x/a.txt', '1')
    await bench.ok('files.move', { from: bench.path('d'), to: bench.path('e') })
    expect(bench.tree()).toEqual({ 'e/': '', 'e/x/': '', 'e/x/a.txt': '1' })
    for (const to of [bench.path('e', 'x', 'e'), bench.path('e')]) {
      expect(
        await bench.failure('files.move', { from: bench.path('e'), to, ifExists: 'overwrite' }),
      ).toMatchObject({ kind: 'rejected' })
    }
    expect(await bench.failure('files.move', { from: bench.root, to: bench.path('f') })).toMatchObject({
      kind: 'rejected',
    })
    expect(await bench.failure('files.trash', { path: bench.root })).toMatchObject({ kind: 'not-permitted' })
    bench.put('f.txt', '2')
    expect(
      await bench.failure('files.move', {
        from: bench.path('e'),
        to: bench.path('f.txt'),
        ifExists: 'overwrite',
      }),
    ).toMatchObject({ kind: 'rejected' })
  })

  test('a change of case alone is a rename', async () => {
    bench.put('readme.md', '1')
    await bench.ok('files.move', { from: bench.path('readme.md'), to: bench.path('README.md') })
    expect(bench.tree()).toEqual({ 'README.md': '1' })
  })

  test('a target that appears meanwhile is not replaced', async () => {
    bench.put('a.txt', 'ours')
    bench.onPoint = point => {
      if (point === 'granted') fs.writeFileSync(bench.path('b.txt'), 'theirs')
    }
    const tool = bench.tool('files.move')
    const input = tool.input.parse({ from: bench.path('a.txt'), to: bench.path('b.txt') })
    await expect(tool.run(input, bench.context('stp_a'))).rejects.toThrow('already existed')
    expect(bench.tree()).toEqual({ 'a.txt': 'ours', 'b.txt': 'theirs' })
  })

  test('copy makes a complete second file with the same permissions', async () => {
    const from = bench.put('a.sh', 'x'.repeat(600_000))
    fs.chmodSync(from, 0o750)
    const copied = await bench.ok('files.copy', { from, to: bench.path('b.sh') })
    expect(copied).toMatchObject({ bytes: 600_000, overwritten: false, path: bench.path('b.sh') })
    expect(bench.text('b.sh')).toBe(bench.text('a.sh'))
    expect(fs.statSync(bench.path('b.sh')).mode & 0o777).toBe(0o750)
    expect(await bench.failure('files.copy', { from, to: bench.path('b.sh') })).toMatchObject({
      kind: 'rejected',
    })
    expect(await bench.ok('files.copy', { from, to: bench.path('b.sh'), ifExists: 'rename' })).toMatchObject({
      path: bench.path('b (2).sh'),
    })
    expect(await bench.failure('files.copy', { from: bench.root, to: bench.path('c') })).toMatchObject({
      kind: 'rejected',
    })
    fs.mkdirSync(bench.path('d'))
    expect(await bench.failure('files.copy', { from: bench.path('d'), to: bench.path('c') })).toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('folder') as string,
    })
  })

  test('a source that changes while it is copied is not half copied', async () => {
    const from = bench.put('a.txt', 'old')
    bench.onPoint = point => {
      if (point === 'checked') return
      if (point === 'folder-made') fs.appendFileSync(from, ' and new')
    }
    const tool = bench.tool('files.copy')
    const input = tool.input.parse({ from, to: bench.path('new', 'b.txt'), parents: true })
    await expect(tool.run(input, bench.context('stp_a'))).rejects.toThrow('changed while it was copied')
    expect(bench.tree()).toEqual({ 'a.txt': 'old and new' })
  })

  test('trash keeps what it takes, under the day of the contract, each under its own name', async () => {
    const put = (): Promise<Record<string, unknown>> =>
      bench.ok('files.trash', { path: bench.put('in/a.txt', 'A') })
    expect(await put()).toEqual({
      from: bench.path('in', 'a.txt'),
      path: bench.path('.steward-trash', '2026-03-14', 'a.txt'),
      overwritten: false,
    })
    expect(await put()).toMatchObject({ path: bench.path('.steward-trash', '2026-03-14', 'a (2).txt') })
    expect(
      await bench.failure('files.trash', { path: bench.path('.steward-trash', '2026-03-14', 'a.txt') }),
    ).toMatchObject({ kind: 'rejected' })
    await bench.ok('files.move', {
      from: bench.path('.steward-trash', '2026-03-14', 'a.txt'),
      to: bench.path('back.txt'),
    })
    expect(bench.text('back.txt')).toBe('A')
  })

  test('a copy goes into the trash only while what it is a copy of is there and the same', async () => {
    const [path, copyOf] = [bench.put('b.txt', 'same'), bench.put('a.txt', 'same')]
    const trash = (more: object = {}) => bench.failure('files.trash', { path, copyOf, ...more })
    const refused = (what: string) => ({ kind: 'rejected', message: expect.stringContaining(what) as string })
    expect(await trash({ copyOf: path })).toMatchObject(refused('is the very file'))
    expect(await trash({ copyOf: bench.path('gone.txt') })).toMatchObject(refused('did not exist'))
    expect(await trash({ copyOf: bench.root })).toMatchObject(refused('did not exist'))
    bench.put('a.txt', 'other')
    expect(await trash()).toMatchObject(refused('does not hold the same'))
    expect(await bench.step('files.trash', { path, copyOf }).simulate()).toMatchObject({ ok: false })
    bench.put('a.txt', 'same')
    expect(await bench.ok('files.trash', { path, copyOf })).toMatchObject({ from: path })
    expect(bench.tree()).toMatchObject({ '.steward-trash/2026-03-14/b.txt': 'same', 'a.txt': 'same' })
    expect(fs.existsSync(path)).toBe(false)
  })

  const otherDisk = otherDiskBeside(fs.realpathSync(process.env['TMPDIR'] ?? '/tmp'))
  test.skipIf(otherDisk === null)(
    'between two disks a file is copied whole, then removed; a folder is refused',
    async () => {
      const far = new FilesBench({}, otherDisk ?? '/')
      try {
        bench.grantRoots(bench.root, far.root)
        const from = bench.put('a.txt', 'A')
        fs.utimesSync(from, 1_700_000_000, 1_700_000_000)
        await bench.ok('files.move', { from, to: far.path('a.txt') })
        expect(bench.tree()).toEqual({})
        expect(far.tree()).toEqual({ 'a.txt': 'A' })
        expect(fs.statSync(far.path('a.txt')).mtimeMs).toBe(1_700_000_000_000)
        fs.mkdirSync(bench.path('d'))
        expect(await bench.failure('files.move', { from: bench.path('d'), to: far.path('d') })).toMatchObject(
          { kind: 'rejected', message: expect.stringContaining('another disk') as string },
        )
        expect(far.tree()).toEqual({ 'a.txt': 'A' })
      } finally {
        await far.close()
      }
    },
  )
})

function otherDiskBeside(folder: string): string | null {
  const here = fs.statSync(folder).dev
  const candidates = ['/dev/shm', '/var/tmp', process.cwd()]
  return candidates.find(other => fs.existsSync(other) && fs.statSync(other).dev !== here) ?? null
}
