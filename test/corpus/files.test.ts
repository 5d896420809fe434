/**
 * The file cases of the abuse corpus, each against every tool it can meet and both ways of holding folders.
 * Passing means a typed refusal, nothing outside the grant read or changed, and a core that goes on answering.
 */
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { FilesBench, type Ended } from '../support/files-bench.ts'

const CANARY = 'canary-7f3a'
const onPosix = process.platform !== 'win32'

type Call = readonly [tool: string, input: Json]

describe.each(['handles', 'paths'] as const)('files, folders held by %s', anchors => {
  let bench: FilesBench
  let secret: string
  beforeEach(() => {
    bench = new FilesBench({ anchors })
    secret = path.join(bench.outside, 'secret.txt')
    fs.writeFileSync(secret, CANARY)
  })
  afterEach(() => bench.close())

  /** All that could be done to a path. */
  const callsOn = (at: string): Call[] => {
    bench.put('own.txt', 'own')
    const own = bench.path('own.txt')
    return [
      ['files.read', { path: at }],
      ['files.write', { path: at, text: 'x', overwrite: true, parents: true }],
      ['files.append', { path: at, text: 'x', parents: true }],
      ['files.move', { from: at, to: bench.path('moved.txt') }],
      ['files.move', { from: own, to: at, ifExists: 'overwrite', parents: true }],
      ['files.copy', { from: at, to: bench.path('copied.txt') }],
      ['files.copy', { from: own, to: at, ifExists: 'overwrite', parents: true }],
      ['files.trash', { path: at }],
    ]
  }

  const expectHarmless = (ended: Ended, outside: Record<string, string>): void => {
    expect(JSON.stringify(ended)).not.toContain(CANARY)
    expect(JSON.stringify(ended)).not.toContain('/proc/self/fd')
    expect(bench.tree(bench.outside)).toEqual(outside)
  }

  const expectAllRefused = async (at: string, kinds: string[], calls = callsOn(at)): Promise<void> => {
    const outside = bench.tree(bench.outside)
    for (const [tool, input] of calls) {
      const ended = await bench.call(tool, input)
      expectHarmless(ended, outside)
      expect({ tool, input, kind: ended.ok ? 'done' : ended.failure.kind }).toEqual({
        tool,
        input,
        kind: expect.toBeOneOf(kinds) as string,
      })
    }
  }

  test('57 paths that climb out of the grant are refused', async () => {
    for (const climbing of [
      '../outside/secret.txt',
      'a/../../outside/secret.txt',
      './/../outside/secret.txt',
      '..',
    ]) {
      await expectAllRefused(`${bench.root}/${climbing}`, ['not-permitted'])
    }
    await expectAllRefused(secret, ['not-permitted'])
    await expectAllRefused(`${bench.root}secret.txt`, ['not-permitted'])
  })

  test('57 encoded dots are names like others', async () => {
    const at = `${bench.root}/%2e%2e/outside/secret.txt`
    expect(await bench.failure('files.read', { path: at })).toMatchObject({ kind: 'rejected' })
    await bench.ok('files.write', { path: at, text: 'mine', parents: true })
    expect(bench.text('%2e%2e', 'outside', 'secret.txt')).toBe('mine')
    expect(fs.readFileSync(secret, 'utf8')).toBe(CANARY)
  })

  test.each([
    '\\\\server\\share\\a',
    '//server/share/a',
    '\\\\?\\C:\\a',
    'C:\\a',
    'C:a',
    'a',
    '../a',
    '~root/a',
    '',
    'file:///etc/passwd',
  ])('57 %j is no path, on any system', async at => {
    await expectAllRefused(at, ['invalid-input'])
  })

  test.each([
    'a:b',
    'a.',
    'a ',
    'NUL',
    'con.txt',
    'COM1',
    '..\\outside\\secret.txt',
    'C:a',
    'a\u0007',
    '.steward-trash',
    '.steward-x.tmp',
  ])('57 no file is created as %j, on any system', async name => {
    const at = `${bench.root}/${name}`
    const own = bench.put('own.txt', 'own')
    await expectAllRefused(
      at,
      ['invalid-input'],
      [
        ['files.write', { path: at, text: 'x' }],
        ['files.append', { path: at, text: 'x' }],
        ['files.write', { path: `${at}/b.txt`, text: 'x', parents: true }],
        ['files.move', { from: own, to: at }],
        ['files.copy', { from: own, to: at }],
        ['files.copy', { from: own, to: at, ifExists: 'rename' }],
      ],
    )
    expect(bench.tree()).toEqual({ 'own.txt': 'own' })
  })

  test.runIf(onPosix)('58 a link out of the grant is not followed, as file or as folder', async () => {
    fs.symlinkSync(secret, bench.path('file'))
    fs.symlinkSync(bench.outside, bench.path('folder'))
    fs.symlinkSync('/proc/self', bench.path('process'))
    await expectAllRefused(bench.path('file'), ['not-permitted'])
    await expectAllRefused(bench.path('folder', 'secret.txt'), ['not-permitted'])
    await expectAllRefused(bench.path('process', 'environ'), ['not-permitted'])
    expect(await bench.failure('files.list', { path: bench.path('folder') })).toMatchObject({
      kind: 'not-permitted',
    })
    const listed = await bench.ok('files.list', { path: bench.root, recursive: true })
    expect(JSON.stringify(listed)).not.toContain('secret')
  })

  test.runIf(onPosix)(
    '58 a link planted where an unfinished file goes is replaced, not written through',
    async () => {
      fs.symlinkSync(secret, bench.path('.steward-stp_1.tmp'))
      await bench.ok('files.write', { path: bench.path('a.txt'), text: 'x' })
      expect(fs.readFileSync(secret, 'utf8')).toBe(CANARY)
      expect(bench.tree()).toEqual({ 'a.txt': 'x' })
    },
  )

  /** What somebody does to `d` or `d/a.txt` while an operation is under way. */
  const swaps: Record<string, () => void> = {
    'the folder by a link': () => {
      fs.renameSync(bench.path('d'), bench.path('d-before'))
      fs.symlinkSync(bench.outside, bench.path('d'))
    },
    'the granted folder by a link': () => {
      fs.renameSync(bench.root, `${bench.root}-before`)
      fs.mkdirSync(path.join(bench.outside, 'd'), { recursive: true })
      fs.symlinkSync(bench.outside, bench.root)
    },
    'the file by a link': () => {
      fs.rmSync(bench.path('d', 'a.txt'), { force: true })
      fs.symlinkSync(path.join(bench.outside, 'a.txt'), bench.path('d', 'a.txt'))
    },
    'the file by a hard link': () => {
      fs.rmSync(bench.path('d', 'a.txt'), { force: true })
      fs.linkSync(path.join(bench.outside, 'a.txt'), bench.path('d', 'a.txt'))
    },
    'the file by a pipe': () => {
      fs.rmSync(bench.path('d', 'a.txt'), { force: true })
      execFileSync('mkfifo', [bench.path('d', 'a.txt')])
    },
  }

  describe.runIf(onPosix).each(Object.keys(swaps))('58 swapping %s after the check', swap => {
    const call = (tool: string): Json => {
      const at = bench.path('d', 'a.txt')
      if (tool === 'files.write') return { path: at, text: 'mine', overwrite: true }
      if (tool === 'files.append') return { path: at, text: 'mine' }
      if (tool === 'files.list') return { path: bench.path('d'), recursive: true }
      if (tool === 'files.move') return { from: at, to: bench.path('new', 'moved.txt'), parents: true }
      return tool === 'files.copy'
        ? { from: bench.path('b.txt'), to: at, ifExists: 'overwrite' }
        : { path: at }
    }

    const swappedAt = async (tool: string, point: number): Promise<boolean> => {
      const input = call(tool)
      bench.put('d/a.txt', 'old')
      bench.put('b.txt', 'B')
      fs.writeFileSync(path.join(bench.outside, 'a.txt'), CANARY)
      fs.mkdirSync(path.join(bench.outside, 'd'), { recursive: true })
      fs.writeFileSync(path.join(bench.outside, 'd', 'a.txt'), CANARY)
      const outside = bench.tree(bench.outside)
      let passed = 0
      bench.onPoint = () => {
        if (passed++ === point) swaps[swap]?.()
      }
      expectHarmless(await bench.call(tool, input), outside)
      if (!fs.lstatSync(bench.root).isSymbolicLink()) {
        const taken = Object.entries(bench.tree()).filter(
          ([name, content]) => name !== 'd/a.txt' && content === CANARY,
        )
        expect(taken).toEqual([])
      }
      return passed > point
    }

    test.each([
      'files.read',
      'files.list',
      'files.write',
      'files.append',
      'files.move',
      'files.copy',
      'files.trash',
    ])('58 %s, at whichever point, reaches nothing outside', async tool => {
      let point = 0
      for (let swapped = true; swapped; point++) {
        swapped = await swappedAt(tool, point)
        await bench.close()
        bench = new FilesBench({ anchors })
      }
      expect(point).toBeGreaterThan(1)
    })
  })

  test.runIf(onPosix)(
    '58 swapping a folder above the granted one by a link reaches nothing outside',
    async () => {
      bench.put('above/granted/a.txt', 'mine')
      fs.mkdirSync(path.join(bench.outside, 'granted'))
      fs.writeFileSync(path.join(bench.outside, 'granted', 'a.txt'), CANARY)
      bench.grantRoots(bench.path('above', 'granted'))
      const outside = bench.tree(bench.outside)
      bench.onPoint = point => {
        if (point !== 'granted' || bench.exists('before')) return
        fs.renameSync(bench.path('above'), bench.path('before'))
        fs.symlinkSync(bench.outside, bench.path('above'))
      }
      const ended = await bench.call('files.read', { path: bench.path('above', 'granted', 'a.txt') })
      expectHarmless(ended, outside)
      expect(ended).toMatchObject({ ok: false, failure: { kind: 'not-permitted' } })
    },
  )

  test.runIf(onPosix)('59 a file with a second name is neither read nor changed nor moved', async () => {
    fs.linkSync(secret, bench.path('twin.txt'))
    await expectAllRefused(bench.path('twin.txt'), ['not-permitted'])
    expect(fs.statSync(secret).nlink).toBe(2)
  })

  test.runIf(onPosix)(
    '60 pipes, sockets, devices and the files of the system are refused without being opened',
    async () => {
      execFileSync('mkfifo', [bench.path('pipe')])
      const server = net.createServer()
      await new Promise<void>(resolve => server.listen(bench.path('socket'), resolve))
      try {
        await expectAllRefused(bench.path('pipe'), ['not-permitted'])
        await expectAllRefused(bench.path('socket'), ['not-permitted'])
      } finally {
        await new Promise(resolve => server.close(resolve))
      }
      for (const [granted, at] of [
        ['/dev', '/dev/zero'],
        ['/dev/zero', '/dev/zero'],
        ['/', '/dev/null'],
      ] as const) {
        bench.grant({ reads: { paths: [granted] } })
        expect(await bench.failure('files.read', { path: at })).toMatchObject({ kind: 'not-permitted' })
      }
    },
  )

  test.runIf(process.platform === 'linux')(
    '60 what the system shows as files is refused, whatever was granted',
    async () => {
      process.env['STEWARD_CANARY'] = CANARY
      for (const granted of [
        '/',
        '/proc',
        '/proc/self',
        '/proc/self/environ',
        `/proc/${process.pid}`,
        '/sys',
      ]) {
        bench.grant({ reads: { paths: [granted] } })
        for (const at of [
          '/proc/self/environ',
          `/proc/${process.pid}/environ`,
          '/proc/self/root/etc/hostname',
          '/sys/kernel/profiling',
        ]) {
          const ended = await bench.call('files.read', { path: at })
          expect({ granted, at, ended }).toMatchObject({
            ended: { ok: false, failure: { kind: 'not-permitted' } },
          })
          expect(JSON.stringify(ended)).not.toContain(CANARY)
        }
      }
      delete process.env['STEWARD_CANARY']
    },
  )

  test('61 a name that some disk takes for one that is there is refused', async () => {
    const own = bench.put('own.txt', 'own')
    bench.put('a.txt', 'a')
    bench.put('caf\u00e9/menu', 'm')
    for (const twin of ['A.txt', 'a.TXT', 'Own.TXT', 'cafe\u0301', 'CAF\u00c9']) {
      const at = bench.path(twin)
      const before = bench.tree()
      await expectAllRefused(
        at,
        ['rejected'],
        [
          ['files.write', { path: at, text: 'x', overwrite: true }],
          ['files.append', { path: at, text: 'x' }],
          ['files.write', { path: path.join(at, 'menu'), text: 'x', parents: true }],
          ['files.copy', { from: own, to: at, ifExists: 'overwrite' }],
          ...(twin === 'Own.TXT'
            ? []
            : [['files.move', { from: own, to: at, ifExists: 'overwrite' }] as const]),
        ],
      )
      expect(bench.tree()).toEqual(before)
    }
    expect(
      await bench.ok('files.copy', { from: own, to: bench.path('A.txt'), ifExists: 'rename' }),
    ).toMatchObject({
      path: bench.path('A (2).txt'),
    })
  })

  test('64 of very many files a limited number is listed, and the core goes on meanwhile', async () => {
    const many = bench.path('many')
    fs.mkdirSync(many)
    for (let number = 0; number < 10_500; number++) fs.writeFileSync(path.join(many, `${number}`), '')
    let turns = 0
    let running = true
    const turn = (): void => {
      turns++
      if (running) setImmediate(turn)
    }
    turn()
    const listed = await bench.ok('files.list', { path: bench.root, recursive: true })
    running = false
    expect(listed).toMatchObject({ truncated: true })
    expect(listed['entries']).toHaveLength(10_000)
    expect(turns).toBeGreaterThan(100)
    expect(await bench.ok('files.list', { path: many, match: '*99', limit: 5 })).toMatchObject({
      truncated: true,
    })
    await bench.ok('files.write', { path: path.join(many, 'new'), text: 'x' })
  })

  test.runIf(onPosix)(
    '65 a name with newline, ANSI or direction marks can be read and moved, is shown escaped, and never created',
    async () => {
      const odd = 'a\n\u001b[31m\u202efdp.exe'
      bench.put(odd, 'x')
      const { entries } = (await bench.ok('files.list', { path: bench.root })) as {
        entries: { name: string; display: string }[]
      }
      expect(entries).toMatchObject([{ name: odd, display: 'a⟨U+000A⟩⟨U+001B⟩[31m⟨U+202E⟩fdp.exe' }])
      expect(await bench.ok('files.read', { path: bench.path(odd) })).toMatchObject({ text: 'x' })
      const failure = await bench.failure('files.read', { path: bench.path(`${odd}.missing`) })
      expect(failure.message).not.toMatch(/[\p{Cc}\p{Cf}]/u)
      expect(bench.tool('files.trash').describe({ path: bench.path(odd) }, undefined)).not.toMatch(
        /[\p{Cc}\p{Cf}]/u,
      )
      await bench.ok('files.move', { from: bench.path(odd), to: bench.path('d', odd), parents: true })
      await bench.ok('files.trash', { path: bench.path('d', odd) })
      expect(await bench.failure('files.write', { path: bench.path(`new ${odd}`), text: 'x' })).toMatchObject(
        { kind: 'invalid-input' },
      )
    },
  )
})
