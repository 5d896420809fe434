import * as fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FilesBench } from '../../../test/support/files-bench.ts'
import { hostileZip, type HostileEntry } from '../../../test/support/hostile-zip.ts'
import type { Json } from '../../domain/json.ts'
import { archiveTools } from './archive.ts'
import { createRegistry } from './registry.ts'

let bench: FilesBench
beforeEach(() => {
  bench = new FilesBench()
})
afterEach(() => bench.close())

const zipOf = (...entries: HostileEntry[]) => bench.put('in.zip', hostileZip({ entries }))
const extract = (more: { [key: string]: Json } = {}) => ({
  from: bench.path('in.zip'),
  to: bench.path('out'),
  ...more,
})
const refusal = (input: Json = extract()) => bench.failure('archive.extract', input)
/** What a refused extraction leaves: the archive alone, and nothing outside. */
function expectUntouched(): void {
  expect(Object.keys(bench.tree())).toEqual(['in.zip'])
  expect(fs.readdirSync(bench.outside)).toEqual([])
}

describe('the archive tools', () => {
  test('are whole declarations', () => {
    expect(createRegistry(archiveTools()).families()).toEqual(['archive'])
  })

  test('pack and unpack to the same, with times, empty folders and any content', async () => {
    bench.put('box/a.txt', 'A')
    bench.put('box/deep/er/b.bin', Buffer.alloc(300_000, 7))
    bench.put('box/empty.txt', '')
    bench.put('box/tab\tless.txt'.replace('\t', ' '), 'spaces')
    fs.mkdirSync(bench.path('box', 'nothing', 'in here'), { recursive: true })
    fs.utimesSync(bench.path('box', 'a.txt'), 1_700_000_000, 1_700_000_000)
    bench.put('single.md', '# One')
    const before = bench.tree(bench.path('box'))
    const packed = await bench.ok('archive.create', {
      from: [bench.path('box'), bench.path('single.md')],
      to: bench.path('archives', 'box.zip'),
      parents: true,
    })
    expect(packed).toMatchObject({
      files: 5,
      contentBytes: 300_012,
      overwritten: false,
      skipped: [],
      skippedCount: 0,
    })
    const listed = await bench.ok('archive.list', { path: packed['path'] as string })
    expect(listed).toMatchObject({ total: 6, truncated: false })
    const done = await bench.ok('archive.extract', { from: packed['path'] as string, to: bench.path('out') })
    expect(done).toEqual({ path: bench.path('out'), files: 5, bytes: 300_012, skipped: [], skippedCount: 0 })
    expect(bench.tree(bench.path('out', 'box'))).toEqual(before)
    expect(bench.text('out', 'single.md')).toBe('# One')
    expect(fs.statSync(bench.path('out', 'box', 'a.txt')).mtimeMs).toBe(1_700_000_000_000)
    expect(Object.keys(bench.tree()).some(name => name.includes('.steward-'))).toBe(false)
  })

  test('pack leaves out links, what Steward keeps, exclusions and the archive itself, and says what it skipped', async () => {
    bench.put('box/a.txt', 'A')
    bench.put('box/node_modules/x/y.js', 'Y')
    bench.put('box/b.TMP', 'B')
    bench.put('box/.steward-trash/old.txt', 'old')
    bench.put('secret.txt', 'canary')
    fs.symlinkSync(bench.path('secret.txt'), bench.path('box', 'link'))
    fs.linkSync(bench.path('secret.txt'), bench.path('box', 'hard'))
    const input = {
      from: [bench.path('box')],
      to: bench.path('box', 'box.zip'),
      exclude: ['node_modules', '*.tmp'],
    }
    const first = await bench.ok('archive.create', input)
    expect(first).toMatchObject({ files: 1, skippedCount: 2 })
    expect(first['skipped']).toEqual([bench.path('box', 'hard'), bench.path('box', 'link')])
    const again = await bench.ok('archive.create', { ...input, ifExists: 'overwrite' })
    expect(again).toMatchObject({ files: 1, overwritten: true })
    const { entries } = await bench.ok('archive.list', { path: bench.path('box', 'box.zip') })
    expect((entries as { name: string }[]).map(entry => entry.name)).toEqual(['box/a.txt'])
  })

  test('pack refuses what is not there, an archive that is, and two files of one name', async () => {
    bench.put('a/x.txt', '1')
    bench.put('b/x.txt', '2')
    const to = bench.path('all.zip')
    const message = async (input: Json) => (await bench.failure('archive.create', input)).message
    expect(await message({ from: [bench.path('none')], to })).toContain('did not exist')
    expect(await message({ from: [bench.path('a', 'x.txt'), bench.path('b', 'x.txt')], to })).toContain(
      'two files would both be “x.txt”',
    )
    expect(bench.exists('all.zip')).toBe(false)
    bench.put('all.zip', 'theirs')
    expect(await message({ from: [bench.path('a')], to })).toContain('already existed')
    expect(bench.text('all.zip')).toBe('theirs')
  })

  test('nothing is read or written outside what is granted', async () => {
    const secret = `${bench.outside}/secret.txt`
    fs.writeFileSync(secret, 'canary')
    fs.symlinkSync(bench.outside, bench.path('door'))
    zipOf({ name: 'a.txt', content: 'A' })
    for (const [name, input] of [
      ['archive.create', { from: [secret], to: bench.path('x.zip') }],
      ['archive.create', { from: [bench.path('door', 'secret.txt')], to: bench.path('x.zip') }],
      ['archive.create', { from: [bench.path('in.zip')], to: `${bench.outside}/x.zip` }],
      ['archive.extract', extract({ to: `${bench.outside}/out` })],
      ['archive.extract', extract({ to: bench.path('door', 'out') })],
      ['archive.list', { path: secret }],
    ] satisfies [string, Json][]) {
      expect(await bench.failure(name, input), name).toMatchObject({ kind: 'not-permitted' })
    }
    expect(fs.readdirSync(bench.outside)).toEqual(['secret.txt'])
    expect(bench.exists('x.zip')).toBe(false)
  })

  test('a dry run tells what would be, and changes nothing', async () => {
    bench.put('box/a.txt', 'A')
    zipOf({ name: 'x/a.txt', content: 'A' })
    const before = bench.tree()
    expect(await bench.step('archive.extract', extract()).simulate()).toMatchObject({
      ok: true,
      value: { files: 1, bytes: 1 },
    })
    const create = { from: [bench.path('box')], to: bench.path('box.zip') }
    expect(await bench.step('archive.create', create).simulate()).toMatchObject({
      ok: true,
      value: { files: 1 },
    })
    expect(bench.tree()).toEqual(before)
  })

  test('undo removes what was made, and leaves what has changed since', async () => {
    zipOf({ name: 'x/a.txt', content: 'A' })
    const unpack = bench.step('archive.extract', extract())
    const unpacked = await unpack.run()
    expect(await unpack.undo((unpacked as { value: Json }).value)).toMatchObject({ ok: true })
    expectUntouched()
    const other = bench.step('archive.extract', extract())
    const done = await other.run()
    bench.put('out/x/mine.txt', 'mine')
    expect(await other.undo((done as { value: Json }).value)).toMatchObject({ ok: false })
    expect(bench.text('out', 'x', 'mine.txt')).toBe('mine')
    bench.put('old.zip', 'old')
    const pack = bench.step('archive.create', {
      from: [bench.path('out')],
      to: bench.path('old.zip'),
      ifExists: 'overwrite',
    })
    const packed = await pack.run()
    expect(await pack.undo((packed as { value: Json }).value)).toMatchObject({ ok: true })
    expect(bench.text('old.zip')).toBe('old')
  })
})

describe('hostile archives', () => {
  const refused: [what: string, why: RegExp, entries: HostileEntry[]][] = [
    ['a name that climbs', /leads out of the folder/, [{ name: '../x' }]],
    ['a name that climbs from within', /leads out of the folder/, [{ name: 'a/../../x' }]],
    ['a name that climbs with backslashes', /leads out of the folder/, [{ name: '..\\..\\x' }]],
    ['an absolute name', /absolute path/, [{ name: '/etc/passwd' }]],
    ['a drive letter', /absolute path/, [{ name: 'C:\\x' }]],
    ['a network name', /absolute path/, [{ name: '\\\\server\\share\\x' }]],
    ['a stream', /colon/, [{ name: 'a.txt:hidden' }]],
    ['a name with NUL', /control/, [{ name: 'a\0.txt' }]],
    ['a name that reverses itself', /direction character/, [{ name: 'a\u202efdp.exe' }]],
    ['a name that Windows keeps', /device on Windows/, [{ name: 'x/aux.txt' }]],
    ['a trailing dot', /ends with a dot/, [{ name: 'x./y' }]],
    ['an empty part', /empty part/, [{ name: 'a//b' }]],
    ['a dot', /empty part/, [{ name: './a' }]],
    ['no name', /has no name/, [{ name: '' }]],
    ["a name of Steward's own", /keeps for itself/, [{ name: '.steward-trash/a' }]],
    ['a very deep folder', /folders deep/, [{ name: `${'d/'.repeat(40)}x` }]],
    ['a symbolic link', /symbolic link/, [{ name: 'l', content: '/etc/passwd', mode: 0o120777 }]],
    [
      'a file through a link',
      /symbolic link/,
      [
        { name: 'l', content: '..', mode: 0o120777 },
        { name: 'l/x', content: 'x' },
      ],
    ],
    ['a pipe', /device, pipe/, [{ name: 'p', mode: 0o010644 }]],
    [
      'a name twice',
      /occurs twice/,
      [
        { name: 'a', content: '1' },
        { name: 'a', content: '2' },
      ],
    ],
    [
      'a name in two cases',
      /differs only in case/,
      [
        { name: 'A', content: '1' },
        { name: 'a', content: '2' },
      ],
    ],
    ['a name in two Unicode forms', /differs only in case/, [{ name: 'é/x' }, { name: 'e\u0301/y' }]],
    ['a file that is a folder', /both a file and a folder/, [{ name: 'a', content: '1' }, { name: 'a/b' }]],
    ['a folder that is a file', /both a file and a folder/, [{ name: 'a/b' }, { name: 'a', content: '1' }]],
    ['encryption', /encrypted/, [{ name: 'a', content: 'x', flags: 0x801 }]],
    ['an unknown packing', /not known/, [{ name: 'a', content: 'x', method: 12 }]],
    ['a wrong checksum', /damaged/, [{ name: 'a', content: 'x', saysCrc: 1 }]],
    ['more than it says', /damaged/, [{ name: 'a', content: 'x'.repeat(1_000), saysBytes: 10 }]],
    ['less than it says', /damaged/, [{ name: 'a', content: 'x', saysBytes: 10 }]],
    ['data beyond the end', /damaged|overlap/, [{ name: 'a', content: 'x', saysPacked: 1_000_000 }]],
  ]
  test.each(refused)('62 %s is refused, and nothing is written', async (_, why, entries) => {
    zipOf({ name: 'good.txt', content: 'good' }, ...entries)
    expect(await refusal()).toMatchObject({ kind: 'rejected', message: expect.stringMatching(why) as string })
    expectUntouched()
  })

  test('62 with skipUnsafe the rest is taken, and what was left out is said', async () => {
    zipOf(
      { name: 'good.txt', content: 'good' },
      { name: '../evil', content: 'x' },
      { name: 'l', content: '/etc', mode: 0o120777 },
      { name: 'GOOD.txt', content: 'other' },
    )
    const done = await bench.ok('archive.extract', extract({ skipUnsafe: true }))
    expect(done).toMatchObject({ files: 1, skippedCount: 3 })
    expect(done['skipped']).toEqual([
      '../evil leads out of the folder',
      'l is a symbolic link',
      'GOOD.txt differs only in case or Unicode form from good.txt',
    ])
    expect(bench.tree(bench.path('out'))).toEqual({ 'good.txt': 'good' })
  })

  test('62 the listing shows what is wrong with an entry, spelled out', async () => {
    zipOf({ name: '../a\u202eb' }, { name: 'l', mode: 0o120777 }, { name: 'ok/', mode: 0o040755 })
    const { entries } = await bench.ok('archive.list', { path: bench.path('in.zip') })
    expect(entries).toMatchObject([
      { display: '../a⟨U+202E⟩b', problem: 'leads out of the folder' },
      { kind: 'other', problem: 'is a symbolic link' },
      { kind: 'folder', problem: null },
    ])
  })

  test('63 a bomb is refused by its ratio, by what it unpacks to, and by overlapping data', async () => {
    const zeros = Buffer.alloc(16 * 1_024 * 1_024)
    zipOf({ name: 'bomb', content: zeros })
    expect((await refusal()).message).toMatch(/is a trap: it unpacks to 16.0 MB/)
    zipOf(
      ...Array.from({ length: 4 }, (_, i) => ({
        name: `b${String(i)}`,
        content: zeros.subarray(0, 8 * 1_024 * 1_024),
      })),
    )
    expect((await refusal(extract({ maxBytes: 20_000_000 }))).message).toContain('unpacks to more than')
    zipOf(
      ...Array.from({ length: 50 }, (_, i) => ({
        name: `o${String(i)}`,
        content: zeros.subarray(0, 1_000),
        sharesData: i > 0,
      })),
    )
    expect((await refusal()).message).toContain('overlap')
    expectUntouched()
  })

  test('63 a bomb that lies about its size is stopped at the size it claims', async () => {
    zipOf({ name: 'liar', content: Buffer.alloc(20 * 1_024 * 1_024), saysBytes: 1_000 })
    expect((await refusal()).message).toContain('damaged')
    expectUntouched()
  })

  test('64 a hundred thousand entries are refused before they are read, and the core goes on answering', async () => {
    zipOf(...Array.from({ length: 100_000 }, (_, i) => ({ name: `f${String(i)}`, method: 0 })))
    expect((await refusal()).message).toContain('holds 100000 entries')
    let turns = 0
    const timer = setInterval(() => (turns += 1), 1)
    const listed = await bench.ok('archive.list', { path: bench.path('in.zip'), limit: 5_000 })
    clearInterval(timer)
    expect(listed).toMatchObject({ total: 100_000, truncated: true })
    expect(turns).toBeGreaterThan(3)
    expectUntouched()
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello '.repeat(100))],
    ['an end alone that promises entries', hostileZip({ entries: [], saysEntries: 5 })],
    ['a listing cut short', hostileZip({ entries: [{ name: 'a', content: 'x' }] }).subarray(10)],
    ['a huge listing far away', hostileZip({ entries: [], saysEntries: 70_000 })],
  ])('a file that holds %s is no archive', async (_, content) => {
    bench.put('in.zip', content)
    expect(await refusal()).toMatchObject({ kind: 'rejected' })
    expectUntouched()
  })

  test(
    'any damage to an archive is a refusal or the whole of it, never a part',
    { timeout: 30_000 },
    async () => {
      const whole = hostileZip({
        entries: [
          { name: 'd/a.txt', content: 'A'.repeat(500) },
          { name: 'b.txt', content: 'B' },
        ],
      })
      for (let at = 0; at < whole.length; at += 3) {
        const damaged = Buffer.from(whole)
        damaged.writeUInt8(damaged.readUInt8(at) ^ 0xff, at)
        bench.put('in.zip', damaged)
        const ended = await bench.call('archive.extract', extract())
        if (ended.ok) expect(ended.value).toMatchObject({ bytes: 501, files: 2 })
        else {
          expect(ended.failure).toMatchObject({ kind: 'rejected' })
          expect(bench.exists('out')).toBe(false)
        }
        fs.rmSync(bench.path('out'), { recursive: true, force: true })
        expectUntouched()
      }
    },
  )

  test('a folder that turns up meanwhile is not replaced or filled', async () => {
    zipOf({ name: 'a.txt', content: 'A' })
    bench.onPoint = point => {
      if (point === 'temp-written') bench.put('out/theirs.txt', 'theirs')
    }
    expect(await refusal()).toMatchObject({ kind: 'rejected' })
    expect(bench.tree(bench.path('out'))).toEqual({ 'theirs.txt': 'theirs' })
    expect(fs.readdirSync(bench.root).sort()).toEqual(['in.zip', 'out'])
  })

  test('a stopped step leaves nothing', async () => {
    zipOf({ name: 'a.txt', content: 'A' }, { name: 'b.txt', content: 'B' })
    const stop = new AbortController()
    bench.onPoint = point => {
      if (point === 'part-written') stop.abort()
    }
    const tool = bench.tool('archive.extract')
    await expect(
      tool.run(tool.input.parse(extract()), bench.context('stp_x', null, stop.signal)),
    ).rejects.toThrow('stopped')
    expectUntouched()
  })
})
