/** What a killed file operation leaves, and what the next start makes of it (J4), at every point there is. */
import fc from 'fast-check'
import * as fs from 'node:fs'
import os from 'node:os'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FilesBench } from '../../../../test/support/files-bench.ts'
import type { Json } from '../../../domain/json.ts'

const MODES = ['handles', 'paths'] as const
type Mode = (typeof MODES)[number]

interface Case {
  name: string
  tool: string
  before: Record<string, string>
  /** Paths are given below the root and completed by the test. */
  input: Record<string, Json>
}

const long = 'x'.repeat(200_000)

const CASES: Case[] = [
  { name: 'a new file', tool: 'files.write', before: {}, input: { path: 'a', text: 'A' } },
  {
    name: 'a new file in new folders',
    tool: 'files.write',
    before: {},
    input: { path: 'd/e/a', text: 'A', parents: true },
  },
  {
    name: 'an overwriting',
    tool: 'files.write',
    before: { a: 'old' },
    input: { path: 'a', text: 'A', overwrite: true },
  },
  { name: 'a write of the same', tool: 'files.write', before: { a: 'A' }, input: { path: 'a', text: 'A' } },
  { name: 'an append', tool: 'files.append', before: { a: 'old' }, input: { path: 'a', text: 'A' } },
  { name: 'a long append', tool: 'files.append', before: { a: 'old' }, input: { path: 'a', text: long } },
  {
    name: 'an append of the same again',
    tool: 'files.append',
    before: { a: 'AA' },
    input: { path: 'a', text: 'AA' },
  },
  {
    name: 'an append to nothing',
    tool: 'files.append',
    before: {},
    input: { path: 'd/a', text: 'A', parents: true },
  },
  { name: 'a move', tool: 'files.move', before: { a: 'A' }, input: { from: 'a', to: 'd/b', parents: true } },
  {
    name: 'a move over a file',
    tool: 'files.move',
    before: { a: 'A', b: 'B' },
    input: { from: 'a', to: 'b', ifExists: 'overwrite' },
  },
  {
    name: 'a move over the same',
    tool: 'files.move',
    before: { a: 'A', b: 'A' },
    input: { from: 'a', to: 'b', ifExists: 'overwrite' },
  },
  {
    name: 'a move to a free name',
    tool: 'files.move',
    before: { a: 'A', 'd/a': 'B' },
    input: { from: 'a', to: 'd/a', ifExists: 'rename' },
  },
  { name: 'a move of a folder', tool: 'files.move', before: { 'd/a': 'A' }, input: { from: 'd', to: 'e' } },
  { name: 'a change of case', tool: 'files.move', before: { a: 'A' }, input: { from: 'a', to: 'A' } },
  { name: 'a copy', tool: 'files.copy', before: { a: 'A' }, input: { from: 'a', to: 'd/b', parents: true } },
  {
    name: 'a copy over a file',
    tool: 'files.copy',
    before: { a: 'A', b: 'B' },
    input: { from: 'a', to: 'b', ifExists: 'overwrite' },
  },
  {
    name: 'a copy to a free name',
    tool: 'files.copy',
    before: { a: 'A' },
    input: { from: 'a', to: 'a', ifExists: 'rename' },
  },
  { name: 'a trashing', tool: 'files.trash', before: { a: 'A' }, input: { path: 'a' } },
  { name: 'a trashing of a folder', tool: 'files.trash', before: { 'd/a': 'A' }, input: { path: 'd' } },
]

function inputIn(bench: FilesBench, input: Record<string, Json>): Json {
  const complete = ([key, value]: [string, Json]): [string, Json] =>
    ['path', 'from', 'to'].includes(key) && typeof value === 'string'
      ? [key, bench.path(value)]
      : [key, value]
  return Object.fromEntries(Object.entries(input).map(complete))
}

/** What a call gave back, without the folder it ran in. */
function told(bench: FilesBench, ended: unknown): unknown {
  return JSON.parse(JSON.stringify(ended).replaceAll(bench.root, ''))
}

interface Once {
  tree: Record<string, string>
  ended: unknown
  points: number
}

async function once(mode: Mode, given: Case): Promise<Once> {
  const bench = new FilesBench({ anchors: mode })
  try {
    for (const [name, content] of Object.entries(given.before)) bench.put(name, content)
    const step = bench.step(given.tool, inputIn(bench, given.input))
    const ended = await step.runStoppedAt(Number.POSITIVE_INFINITY)
    return { tree: bench.tree(), ended: told(bench, ended), points: bench.points.length }
  } finally {
    await bench.close()
  }
}

describe.each(MODES)('J4 with anchors by %s', mode => {
  test.each(CASES)('J4 $name, killed at any point, ends as if it had been done once', async given => {
    const whole = await once(mode, given)
    expect(whole.ended).toMatchObject({ ok: true })
    expect(whole.points).toBeGreaterThan(0)
    for (let point = 0; point < whole.points; point++) {
      const bench = new FilesBench({ anchors: mode })
      try {
        for (const [name, content] of Object.entries(given.before)) bench.put(name, content)
        const ended = await bench.step(given.tool, inputIn(bench, given.input)).runStoppedAt(point)
        expect({ point, ended: told(bench, ended), tree: bench.tree() }).toEqual({
          point,
          ended: whole.ended,
          tree: whole.tree,
        })
      } finally {
        await bench.close()
      }
    }
  })
})

describe('J4 between two disks', () => {
  const here = fs.statSync(os.tmpdir()).dev
  const other = ['/dev/shm', '/var/tmp', process.cwd()].find(
    at => fs.existsSync(at) && fs.statSync(at).dev !== here,
  )
  test.skipIf(other === undefined)(
    'J4 a move, killed at any point, ends as if it had been done once',
    async () => {
      const stoppedAt = async (point: number): Promise<{ passed: number; ended: unknown }> => {
        const [near, far] = [new FilesBench(), new FilesBench({}, other)]
        try {
          near.grantRoots(near.root, far.root)
          const from = near.put('a', 'A')
          const step = near.step('files.move', { from, to: far.path('d', 'a'), parents: true })
          const ended = await step.runStoppedAt(point)
          expect({ point, near: near.tree(), far: far.tree() }).toEqual({
            point,
            near: {},
            far: { 'd/': '', 'd/a': 'A' },
          })
          expect(ended).toEqual({ ok: true, value: { from, path: far.path('d', 'a'), overwritten: false } })
          return { passed: near.points.length, ended }
        } finally {
          await near.close()
          await far.close()
        }
      }
      const { passed } = await stoppedAt(Number.POSITIVE_INFINITY)
      expect(passed).toBeGreaterThan(5)
      for (let point = 0; point < passed; point++) await stoppedAt(point)
    },
  )
})

describe('J4 what nobody can tell is unknown', () => {
  let bench: FilesBench
  beforeEach(() => {
    bench = new FilesBench()
  })
  afterEach(() => bench.close())

  const doneThen = async (tool: string, input: Json, meanwhile: () => void) => {
    const step = bench.step(tool, input)
    expect(await step.runStoppedAt(Number.POSITIVE_INFINITY)).toMatchObject({ ok: true })
    meanwhile()
    return step.reconcile()
  }

  test('J4 a written file that somebody changed since', async () => {
    bench.put('a', 'old')
    const input = { path: bench.path('a'), text: 'A', overwrite: true }
    expect(await doneThen('files.write', input, () => bench.put('a', 'theirs'))).toMatchObject({
      is: 'unknown',
    })
    expect(bench.text('a')).toBe('theirs')
    const gone = await doneThen('files.write', { ...input, text: 'B' }, () => fs.rmSync(bench.path('a')))
    expect(gone).toMatchObject({ is: 'unknown', evidence: expect.stringContaining('gone') as string })
  })

  test('J4 an append to a file that was rotated, or grew by something else', async () => {
    bench.put('a', 'old')
    const input = { path: bench.path('a'), text: 'A' }
    expect(await doneThen('files.append', input, () => bench.put('a', 'new'))).toMatchObject({
      is: 'unknown',
    })
    expect(await doneThen('files.append', input, () => bench.put('a', 'n'))).toMatchObject({ is: 'unknown' })
    expect(await doneThen('files.append', input, () => bench.put('a', 'nBA'))).toMatchObject({
      is: 'unknown',
    })
    bench.put('a', 'old')
    const longer = await doneThen('files.append', input, () => bench.put('a', 'oldA and more'))
    expect(longer).toMatchObject({ is: 'applied', result: { offset: 3, bytes: 4 } })
    expect(await doneThen('files.append', input, () => fs.rmSync(bench.path('a')))).toMatchObject({
      is: 'unknown',
    })
  })

  test('J4 a moved file of which there is no trace', async () => {
    const input = { from: bench.put('a', 'A'), to: bench.path('b') }
    const seen = await doneThen('files.move', input, () => fs.rmSync(bench.path('b')))
    expect(seen).toMatchObject({ is: 'unknown', evidence: 'The source is gone; the target is not there.' })
  })

  test('J4 a granted folder that leads elsewhere by now', async () => {
    for (const folder of ['one', 'two']) fs.mkdirSync(bench.path(folder))
    fs.symlinkSync(bench.path('one'), bench.path('link'))
    bench.grantRoots(bench.path('link'))
    const relink = (): void => {
      fs.rmSync(bench.path('link'))
      fs.symlinkSync(bench.path('two'), bench.path('link'))
    }
    const input = { path: bench.path('link', 'a'), text: 'A' }
    expect(await doneThen('files.write', input, relink)).toMatchObject({ is: 'unknown' })
    expect(bench.tree(bench.path('two'))).toEqual({})
  })

  test('J4 nothing recorded', async () => {
    for (const [name, input] of [
      ['files.write', { path: bench.path('a'), text: 'A' }],
      ['files.append', { path: bench.path('a'), text: 'A' }],
      ['files.move', { from: bench.path('a'), to: bench.path('b') }],
      ['files.copy', { from: bench.path('a'), to: bench.path('b') }],
      ['files.trash', { path: bench.path('a') }],
    ] as const) {
      expect(await bench.step(name, input).reconcile()).toMatchObject({ is: 'unknown' })
    }
  })

  test('J4 an operation that still runs in this process is not judged by what the disk shows', async () => {
    const tool = bench.tool('files.write')
    const input = tool.input.parse({ path: bench.path('a'), text: 'A' })
    const evidence = (await tool.prepare?.(input, bench.context('stp_x'))) ?? null
    const arrived = Promise.withResolvers<undefined>()
    const hold = Promise.withResolvers<undefined>()
    bench.onPoint = async point => {
      if (point !== 'temp-written') return
      arrived.resolve(undefined)
      await hold.promise
    }
    const running = tool.run(input, bench.context('stp_x', evidence))
    await arrived.promise
    expect(await tool.reconcile?.(input, bench.context('stp_x', evidence))).toMatchObject({ is: 'unknown' })
    const late = tool.reconcile?.(input, bench.context('stp_x', evidence))
    hold.resolve(undefined)
    expect(await running).toMatchObject({ created: true })
    expect(await late).toMatchObject({ is: 'applied' })
  })
})

const names = fc.constantFrom('a', 'b', 'd/c', 'd/e')
const texts = fc.constantFrom('', 'A', 'B', 'AB', 'A\n')
const ifExists = fc.constantFrom('fail', 'rename', 'overwrite')
const operation = fc.oneof(
  fc.record({
    tool: fc.constant('files.write'),
    input: fc.record({ path: names, text: texts, overwrite: fc.boolean(), parents: fc.constant(true) }),
  }),
  fc.record({
    tool: fc.constant('files.append'),
    input: fc.record({ path: names, text: texts, parents: fc.boolean() }),
  }),
  fc.record({
    tool: fc.constantFrom('files.move', 'files.copy'),
    input: fc.record({ from: names, to: names, ifExists, parents: fc.constant(true) }),
  }),
  fc.record({ tool: fc.constant('files.trash'), input: fc.record({ path: names }) }),
)
const sequence = fc.array(fc.record({ operation, stop: fc.option(fc.nat({ max: 9 })) }), {
  minLength: 1,
  maxLength: 7,
})

/** Where syncing costs nothing: the order of operations is proven here, not that disks keep them. */
const fast = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir()

test('J4 any sequence of operations, killed anywhere, ends like the same sequence never killed', async () => {
  await fc.assert(
    fc.asyncProperty(sequence, async steps => {
      const [calm, killed] = [new FilesBench({}, fast), new FilesBench({}, fast)]
      try {
        for (const {
          operation: { tool, input },
          stop,
        } of steps) {
          const expected = await calm.step(tool, inputIn(calm, input)).runStoppedAt(Number.POSITIVE_INFINITY)
          const ended = await killed
            .step(tool, inputIn(killed, input))
            .runStoppedAt(stop ?? Number.POSITIVE_INFINITY)
          expect(told(killed, ended)).toEqual(told(calm, expected))
          expect(killed.tree()).toEqual(calm.tree())
        }
      } finally {
        await Promise.all([calm.close(), killed.close()])
      }
    }),
    { numRuns: Number(process.env['FILES_RUNS'] ?? 120) },
  )
})
