import * as fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FilesBench } from '../../../test/support/files-bench.ts'
import { filesTools } from './files.ts'

let bench: FilesBench
beforeEach(() => {
  bench = new FilesBench()
})
afterEach(() => bench.close())

describe('what a contract grants', () => {
  test('a change clause grants its own tool, and reading to all', async () => {
    bench.grant({ reads: {}, changes: [{ tool: 'files.append', paths: [bench.root], approval: 'never' }] })
    await bench.ok('files.append', { path: bench.path('a.txt'), text: 'x' })
    expect(await bench.ok('files.read', { path: bench.path('a.txt') })).toMatchObject({ text: 'x' })
    expect(await bench.failure('files.write', { path: bench.path('a.txt'), text: 'y' })).toMatchObject({
      kind: 'not-permitted',
      clause: 'changes.paths',
    })
    expect(await bench.failure('files.read', { path: path.join(bench.outside, 'a') })).toMatchObject({
      kind: 'not-permitted',
      clause: 'reads.paths',
    })
    expect(await bench.failure('files.read', { path: `${bench.root}-more/a` })).toMatchObject({
      kind: 'not-permitted',
    })
  })

  test('a read grant grants no change', async () => {
    bench.grant({ reads: { paths: [bench.root] } })
    bench.put('a.txt', 'x')
    for (const [tool, input] of [
      ['files.write', { path: bench.path('a.txt'), text: 'y', overwrite: true }],
      ['files.append', { path: bench.path('a.txt'), text: 'y' }],
      ['files.move', { from: bench.path('a.txt'), to: bench.path('b.txt') }],
      ['files.copy', { from: bench.path('a.txt'), to: bench.path('b.txt') }],
      ['files.trash', { path: bench.path('a.txt') }],
    ] as const) {
      expect(await bench.failure(tool, input)).toMatchObject({
        kind: 'not-permitted',
        clause: 'changes.paths',
      })
    }
    expect(bench.tree()).toEqual({ 'a.txt': 'x' })
  })

  test('what may never be touched is refused by where it really is, also inside a folder that moves', async () => {
    bench.put('docs/private/a.txt', 'x')
    fs.symlinkSync(bench.path('docs'), path.join(bench.outside, 'alias'))
    const alias = path.join(bench.outside, 'alias')
    const changes = ['files.move', 'files.trash'].map(tool => ({
      tool,
      paths: [bench.root],
      approval: 'never' as const,
    }))
    bench.grant({
      reads: { paths: [alias, bench.root] },
      changes,
      never: { paths: [bench.path('docs', 'private')] },
    })
    const never = { kind: 'not-permitted', clause: 'never.paths' }
    expect(await bench.failure('files.read', { path: path.join(alias, 'private', 'a.txt') })).toMatchObject(
      never,
    )
    expect(await bench.failure('files.read', { path: bench.path('docs', 'private', 'a.txt') })).toMatchObject(
      never,
    )
    expect(await bench.failure('files.trash', { path: bench.path('docs') })).toMatchObject(never)
    expect(
      await bench.failure('files.move', { from: bench.path('docs'), to: bench.path('d') }),
    ).toMatchObject(never)
  })

  test('the granted path may be a link, a single file, or not there yet', async () => {
    fs.writeFileSync(path.join(bench.outside, 'one.txt'), '1')
    fs.symlinkSync(bench.outside, bench.path('link'))
    fs.symlinkSync(path.join(bench.outside, 'one.txt'), bench.path('file-link'))
    bench.grantRoots(bench.path('link'))
    expect(await bench.ok('files.read', { path: bench.path('link', 'one.txt') })).toMatchObject({ text: '1' })
    bench.grantRoots(bench.path('file-link'), bench.path('later'))
    expect(await bench.ok('files.read', { path: bench.path('file-link') })).toMatchObject({ text: '1' })
    await bench.ok('files.write', { path: bench.path('later', 'a.txt'), text: '2', parents: true })
    expect(bench.text('later', 'a.txt')).toBe('2')
    bench.grantRoots(bench.path('new.txt'))
    await bench.ok('files.write', { path: bench.path('new.txt'), text: '3' })
    expect(
      await bench.failure('files.move', {
        from: bench.path('new.txt'),
        to: bench.path('new.txt'),
        ifExists: 'rename',
      }),
    ).toMatchObject({ kind: 'not-permitted' })
  })

  test('~ is the home folder, for policy and for the call alike', async () => {
    const tool = bench.tool('files.write')
    const input = tool.input.parse({ path: '~/granted/./b/../a.txt', text: 'x' })
    expect(tool.touches(input)).toEqual({ paths: [{ path: bench.path('a.txt'), access: 'write' }] })
    await bench.ok('files.write', { path: '~/granted/a.txt', text: 'x' })
    expect(bench.text('a.txt')).toBe('x')
    bench.grantRoots('~/granted')
    expect(await bench.ok('files.read', { path: bench.path('a.txt') })).toMatchObject({ text: 'x' })
  })
})

describe('undo', () => {
  const undone = async (name: string, input: Record<string, string | boolean>): Promise<void> => {
    const before = bench.tree()
    const step = bench.step(name, input)
    const ended = await step.run()
    if (!ended.ok) throw new Error(ended.failure.message)
    expect(bench.tree()).not.toEqual(before)
    expect(await step.undo(ended.value as never)).toEqual({ ok: true, value: {} })
    expect(bench.tree()).toEqual(before)
  }

  test('takes back a write, an overwriting, an append, a move, a copy and a trashing', async () => {
    bench.put('a.txt', 'A')
    bench.put('b.txt', 'B')
    const [a, b, c] = [bench.path('a.txt'), bench.path('b.txt'), bench.path('c.txt')]
    await undone('files.write', { path: c, text: 'C' })
    await undone('files.write', { path: a, text: 'C', overwrite: true })
    await undone('files.append', { path: a, text: 'C' })
    await undone('files.append', { path: c, text: 'C' })
    await undone('files.move', { from: a, to: c })
    await undone('files.move', { from: a, to: b, ifExists: 'overwrite' })
    await undone('files.copy', { from: a, to: c })
    await undone('files.copy', { from: a, to: b, ifExists: 'overwrite' })
    await undone('files.trash', { path: a })
    const deep = bench.path('x', 'y', 'z.txt')
    await undone('files.write', { path: deep, text: 'C', parents: true })
    await undone('files.append', { path: deep, text: 'C', parents: true })
    await undone('files.move', { from: a, to: deep, parents: true })
    await undone('files.copy', { from: a, to: deep, parents: true })
  })

  const STEPS: Record<string, [string, Record<string, string | boolean>]> = {
    'a write': ['files.write', { path: 'x/y/c.txt', text: 'C', parents: true }],
    'an overwriting': ['files.write', { path: 'a.txt', text: 'C', overwrite: true }],
    'an append': ['files.append', { path: 'a.txt', text: 'C' }],
    'an append to nothing': ['files.append', { path: 'x/c.txt', text: 'C', parents: true }],
    'a move': ['files.move', { from: 'a.txt', to: 'x/c.txt', parents: true }],
    'a move over another': ['files.move', { from: 'a.txt', to: 'b.txt', ifExists: 'overwrite' }],
    'a move of a folder': ['files.move', { from: 'box', to: 'crate' }],
    'a copy': ['files.copy', { from: 'a.txt', to: 'x/c.txt', parents: true }],
    'a copy over another': ['files.copy', { from: 'a.txt', to: 'b.txt', ifExists: 'overwrite' }],
    'a trashing': ['files.trash', { path: 'a.txt' }],
  }

  test.each(Object.entries(STEPS))(
    'J4 of %s is finished when it was killed anywhere',
    async (_, [name, given]) => {
      bench.put('a.txt', 'A')
      bench.put('b.txt', 'B')
      bench.put('box/in.txt', 'I')
      const input = Object.fromEntries(
        Object.entries(given).map(([key, value]) =>
          ['path', 'from', 'to'].includes(key) ? [key, bench.path(String(value))] : [key, value],
        ),
      )
      const before = bench.tree()
      let points = 1
      for (let point = 0; point < points; point++) {
        const step = bench.step(name, input)
        const done = await step.run()
        if (!done.ok) throw new Error(done.failure.message)
        const stopped = bench.stopAt(point)
        await Promise.race([step.undo(done.value as never), stopped])
        points = Math.max(points, bench.points.length + 1)
        bench.goOn()
        expect(await step.undo(done.value as never), `after ${bench.points.join(', ')}`).toEqual({
          ok: true,
          value: {},
        })
        expect(bench.tree()).toEqual(before)
        expect(await step.undo(done.value as never)).toEqual({ ok: true, value: {} })
        expect(bench.tree()).toEqual(before)
      }
      expect(points).toBeGreaterThan(1)
    },
  )

  test('of a move over a file that was too large to be kept leaves both as they are', async () => {
    bench.put('a.txt', 'A')
    bench.put('b.bin', Buffer.alloc(1024 * 1024 + 1))
    const move = { from: bench.path('a.txt'), to: bench.path('b.bin'), ifExists: 'overwrite' }
    const step = bench.step('files.move', move)
    const done = await step.run()
    if (!done.ok) throw new Error(done.failure.message)
    const tool = bench.tool('files.move')
    expect(tool.undoable?.(move, done.value as never, step.context.evidence)).toMatchObject({ is: 'no' })
    const after = bench.tree()
    expect(await step.undo(done.value as never)).toMatchObject({ ok: false, failure: { kind: 'rejected' } })
    expect(bench.tree()).toEqual(after)
  })

  test('leaves alone what somebody changed since', async () => {
    for (const [name, input] of [
      ['files.write', { path: bench.path('a.txt'), text: 'A' }],
      ['files.append', { path: bench.path('a.txt'), text: 'A' }],
      ['files.move', { from: bench.path('b.txt'), to: bench.path('a.txt') }],
    ] as const) {
      bench.put('b.txt', 'B')
      const step = bench.step(name, input)
      const ended = await step.run()
      if (!ended.ok) throw new Error(ended.failure.message)
      fs.rmSync(bench.path('a.txt'))
      bench.put('a.txt', 'theirs')
      const before = bench.tree()
      expect(await step.undo(ended.value as never)).toMatchObject({
        ok: false,
        failure: { kind: 'rejected' },
      })
      expect(bench.tree()).toEqual(before)
      fs.rmSync(bench.path('a.txt'))
    }
  })

  test('says so when what was overwritten was too large to be kept', async () => {
    bench.put('a.bin', Buffer.alloc(1024 * 1024 + 1))
    const step = bench.step('files.write', { path: bench.path('a.bin'), text: 'small', overwrite: true })
    const ended = await step.run()
    if (!ended.ok) throw new Error(ended.failure.message)
    expect(await step.undo(ended.value as never)).toMatchObject({
      ok: false,
      failure: { message: expect.stringContaining('too large') as string },
    })
    expect(bench.text('a.bin')).toBe('small')
  })
})

describe('declarations', () => {
  test('a dry run checks everything and changes nothing', async () => {
    bench.put('a.txt', 'A')
    const before = bench.tree()
    const [a, c] = [bench.path('a.txt'), bench.path('new', 'c.txt')]
    for (const [name, input, expected] of [
      ['files.write', { path: c, text: 'C', parents: true }, { created: true, path: c }],
      ['files.append', { path: a, text: 'C' }, { offset: 1, bytes: 2 }],
      ['files.move', { from: a, to: c, parents: true }, { path: c }],
      ['files.copy', { from: a, to: a, ifExists: 'rename' }, { path: bench.path('a (2).txt') }],
      ['files.trash', { path: a }, { path: bench.path('.steward-trash', '2026-03-14', 'a.txt') }],
    ] as const) {
      expect(await bench.step(name, input).simulate()).toMatchObject({ ok: true, value: expected })
    }
    for (const [name, input] of [
      ['files.write', { path: a, text: 'C' }],
      ['files.move', { from: c, to: a }],
      ['files.trash', { path: path.join(bench.outside, 'x') }],
    ] as const) {
      expect(await bench.step(name, input).simulate()).toMatchObject({ ok: false })
    }
    expect(bench.tree()).toEqual(before)
  })

  test('sentences are past, short, and spell out what is invisible', () => {
    const say = (name: string, input: Record<string, unknown>): string => {
      const tool = filesTools().find(declaration => declaration.name === name)
      return tool?.describe(tool.input.parse(input), undefined) ?? ''
    }
    expect(say('files.move', { from: '/d/a.pdf', to: '/d/Receipts/a.pdf' })).toBe('Moved a.pdf to Receipts')
    expect(say('files.move', { from: '/d/a.pdf', to: '/e/b.pdf' })).toBe('Moved a.pdf to e as b.pdf')
    expect(say('files.move', { from: '/d/a.pdf', to: '/d/b.pdf' })).toBe('Renamed a.pdf to b.pdf')
    expect(say('files.copy', { from: '/d/a.pdf', to: '/e/a.pdf' })).toBe('Copied a.pdf to e')
    expect(say('files.write', { path: '/d/a\u202efdp.exe', text: '' })).toBe('Wrote a⟨U+202E⟩fdp.exe')
    expect(say('files.append', { path: '/d/a', text: 'äb' })).toBe('Added 3 bytes to a')
    expect(say('files.trash', { path: '/d/a' })).toBe('Put a into the trash')
    expect(say('files.trash', { path: '/d/a', copyOf: '/e/b' })).toBe('Put a into the trash, as a copy of b')
    expect(say('files.list', { path: '/' })).toBe('Listed /')
  })

  test('risk is medium where something is replaced or goes away, and contents are kept out of logs', () => {
    const tools = new Map(filesTools().map(tool => [tool.name, tool]))
    const risk = (name: string, input: Record<string, unknown>): unknown => {
      const tool = tools.get(name)
      return typeof tool?.risk === 'function' ? tool.risk(tool.input.parse(input)) : tool?.risk
    }
    expect(risk('files.write', { path: '/a', text: '' })).toBe('low')
    expect(risk('files.write', { path: '/a', text: '', overwrite: true })).toBe('medium')
    expect(risk('files.copy', { from: '/a', to: '/b', ifExists: 'overwrite' })).toBe('medium')
    expect(risk('files.move', { from: '/a', to: '/b' })).toBe('medium')
    expect(risk('files.trash', { path: '/a' })).toBe('medium')
    const write = tools.get('files.write')
    expect(JSON.stringify(write?.redact?.(write.input.parse({ path: '/a', text: 'canary' })))).not.toContain(
      'canary',
    )
  })
})
