/** What a finished run did is taken back: all of it, newest first, once, across kills, and only where the world is as it left it. */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import type { FaultPoint } from '../../src/main/engine/context.ts'
import { auditRows } from '../../src/main/store/audit.ts'
import { resolve, send } from '../support/engine-tests.ts'
import { DOES, UndoWorld } from '../support/undo-world.ts'
import { createWorld, tempFolder, until } from '../support/world.ts'

let bench: UndoWorld

beforeEach(async () => {
  bench = await UndoWorld.open()
})
afterEach(async () => {
  await bench.close()
})

describe('undo', () => {
  it('takes back files, folders, notes and what is remembered, and nothing twice', async () => {
    const id = await bench.install()
    fs.writeFileSync(bench.at('a.txt'), 'A')
    await bench.did([
      ['state', 'set', { key: 'k', value: 1 }],
      ['notes', 'create', { title: 'N', text: 'first' }],
    ])
    const before = bench.everything(id)
    const run = await bench.did(
      [
        ['files', 'write', { path: bench.at('x', 'y', 'new.txt'), text: 'new', parents: true }],
        ['files', 'move', { from: bench.at('x', 'y', 'new.txt'), to: bench.at('b.txt') }],
        ['files', 'write', { path: bench.at('a.txt'), text: 'over', overwrite: true }],
        ['files', 'trash', { path: bench.at('a.txt') }],
        ['state', 'set', { key: 'k', value: 2 }],
        ['state', 'set', { key: 'l', value: 2 }],
        ['state', 'delete', { key: 'k' }],
        ['notes', 'append', { title: 'N', text: 'second', tags: ['t'] }],
      ],
      {
        items: [
          {
            key: 'i',
            steps: [
              ['state', 'set', { key: 'item', value: 1 }],
              ['files', 'copy', { from: bench.at('b.txt'), to: bench.at('c.txt') }],
            ],
          },
        ],
      },
    )
    expect(bench.everything(id)).not.toEqual(before)
    expect((await bench.effects(run)).map(({ undo: way }) => way.is)).toEqual(
      Array.from({ length: 10 }, () => 'yes'),
    )
    const undoId = await bench.undo(run)
    expect(bench.reasons(undoId)).toEqual(Array.from({ length: 10 }, () => null))
    expect(bench.counts(undoId)).toEqual({ undone: 10 })
    expect(bench.everything(id)).toEqual(before)
    await expect(bench.undo(run)).rejects.toThrow('had been undone already')
    expect(bench.everything(id)).toEqual(before)
  })

  it('leaves a step whose file somebody changed, with the reason, and goes on with the rest', async () => {
    await bench.install()
    const run = await bench.did(
      ['a', 'b', 'c'].map(name => ['files', 'write', { path: bench.at(`${name}.txt`), text: name }]),
    )
    fs.writeFileSync(bench.at('b.txt'), 'mine')
    const undoId = await bench.undo(run)
    expect(bench.tree()).toEqual({ 'b.txt': 'mine' })
    expect(bench.counts(undoId)).toEqual({ undone: 2, refused: 1 })
    expect(bench.reasons(undoId)[1]).toContain('has changed since')
    // What was refused may be asked for again, once it is as the run left it.
    fs.writeFileSync(bench.at('b.txt'), 'b')
    await bench.undo(run)
    expect(bench.tree()).toEqual({})
  })

  it('takes back one step alone, and refuses steps that there are not', async () => {
    await bench.install()
    const run = await bench.did(
      ['a', 'b'].map(name => ['files', 'write', { path: bench.at(`${name}.txt`), text: name }]),
    )
    const [, first] = await bench.effects(run)
    await expect(bench.undo(run, ['stp_nothing'])).rejects.toThrow('no step stp_nothing')
    await bench.undo(run, [first?.step.stepId ?? ''])
    expect(bench.tree()).toEqual({ 'b.txt': 'b' })
    expect((await bench.effects(run)).map(({ undo: way }) => way.is)).toEqual(['yes', 'undone'])
    await bench.undo(run)
    expect(bench.tree()).toEqual({})
  })

  it('says beforehand what cannot be taken back, and takes back what is left', async () => {
    await bench.install()
    fs.writeFileSync(bench.at('large.bin'), Buffer.alloc(1024 * 1024 + 1))
    const run = await bench.did([
      ['files', 'write', { path: bench.at('a.txt'), text: 'a' }],
      ['files', 'write', { path: bench.at('large.bin'), text: 'small', overwrite: true }],
      ['notify', 'send', { title: 'Told', body: 'it' }],
    ])
    const ways = (await bench.effects(run)).map(({ step, undo: way }) => [
      step.tool,
      way.is === 'no' ? way.because : way.is,
    ])
    expect(ways).toEqual([
      ['notify.send', 'It was shown already.'],
      ['files.write', 'What it replaced was larger than 1 MB, so it was not kept.'],
      ['files.write', 'yes'],
    ])
    const undoId = await bench.undo(run)
    expect(bench.counts(undoId)).toEqual({ undone: 1, impossible: 2 })
    expect(Object.keys(bench.tree())).toEqual(['large.bin'])
    expect(fs.readFileSync(bench.at('large.bin'), 'utf8')).toBe('small')
  })

  it('is refused while the run goes on, and where nothing was done', async () => {
    await bench.install()
    const idle = await bench.did([])
    await expect(bench.undo(idle)).rejects.toThrow('nothing was done')
    await bench.world.install(
      'asks',
      `import { ask } from 'tools/flow'
      export default async function run() { return await ask({ question: 'Go?', choices: ['yes'] }) }`,
    )
    const waiting = await bench.world.run('asks')
    await expect(bench.undo(waiting.id)).rejects.toThrow('had not ended')
  })
})

describe('undo and policy', () => {
  it('P1 P5 is decided and logged like every call, and never touches what must not be touched by now', async () => {
    await bench.install()
    const run = await bench.did(
      ['a', 'b'].map(name => ['files', 'write', { path: bench.at(`${name}.txt`), text: name }]),
    )
    await bench.install(DOES, { never: { paths: [bench.at('a.txt')] } })
    const undoId = await bench.undo(run)
    expect(bench.tree()).toEqual({ 'a.txt': 'a' })
    expect(bench.counts(undoId)).toEqual({ undone: 1, refused: 1 })
    await bench.world.store.flushed()
    const rows = [...auditRows(bench.world.store)].filter(row => row.body['undo'] === undoId)
    expect(
      rows.map(row => [row.kind, row.body['verdict'] ?? row.body['state'] ?? row.body['steps']]),
    ).toEqual([
      ['undo', 2],
      ['decision', 'allow'],
      ['undo-step', 'undone'],
      ['decision', 'deny'],
      ['undo-step', 'refused'],
    ])
    expect(bench.world.store.audit.verify()).toMatchObject({ ok: true })
  })

  it('P1 is not what a preview holds the answers of a policy against', async () => {
    await bench.install()
    const run = await bench.did([['files', 'write', { path: bench.at('a.txt'), text: 'a' }]])
    await bench.install(DOES, { never: { paths: [bench.at('a.txt')] } })
    expect(bench.counts(await bench.undo(run))).toEqual({ refused: 1 })
    await bench.world.store.flushed()
    const source = 'version: 1\nrules: [{name: one, action: delete_file, approval: ask}]\n'
    const seen = await bench.world.engine.policies.preview({ source, days: 1, limit: 50 })
    expect(seen).toMatchObject({ items: [], steps: 1, would: { allow: 1, ask: 0, deny: 0 } })
  })
})

describe('undo and what is not over', () => {
  it('J3 of a failed run has a retry do anew what was taken back', async () => {
    await bench.install()
    const run = await bench.did([['files', 'write', { path: bench.at('a.txt'), text: 'a' }]], {
      last: 'broke',
    })
    expect(bench.world.engine.run(run).state).toBe('failed')
    await bench.undo(run)
    expect(bench.tree()).toEqual({})
    await bench.world.engine.control.retryRun(run)
    await until(() => bench.tree()['a.txt'] === 'a', 'it was not done anew')
    await bench.world.rested(run)
    const undoId = await bench.undo(run)
    expect(bench.counts(undoId)).toEqual({ undone: 1 })
    expect(bench.tree()).toEqual({})
  })

  it('J7 of an item that was set aside has a re-run do it anew, and one that is done stays done', async () => {
    const items = [
      { key: 'good', steps: [['files', 'write', { path: bench.at('good.txt'), text: 'g' }]] },
      { key: 'bad', steps: [['files', 'write', { path: bench.at('bad.txt'), text: 'b' }]], breaks: true },
    ] as unknown as Json
    await bench.install()
    const run = await bench.did([], { items })
    await bench.undo(run)
    expect(bench.tree()).toEqual({})
    await resolve(bench.world, 'items-aside', 'retry')
    await until(() => bench.tree()['bad.txt'] === 'b', 'it was not done anew')
    await bench.did([], { items })
    expect(bench.tree()).toEqual({ 'bad.txt': 'b' })
  })

  it('R3 has its automation’s turn: what comes meanwhile is run when it is over', async () => {
    const touch = `import { touch } from 'tools/held'
      export default async function run({ name = '' }) { await touch({ name }) }`
    await bench.install(touch)
    const run = (await bench.world.run('one', { name: 'first' })).id
    let release: () => void = () => undefined
    bench.hold = new Promise<void>(resolved => (release = resolved))
    const undoId = await bench.begin(run)
    await until(() => bench.touched.length === 1, 'it never began')
    const event = await send(bench.world, 'one', { name: 'second' })
    await expect(bench.undo(run)).rejects.toThrow(/under way|cannot be undone/)
    await bench.world.install('other', 'export default async function run() { return 1 }')
    await bench.world.run('other')
    expect(bench.world.engine.event(event).state).toBe('new')
    release()
    await bench.ended(undoId)
    await until(() => bench.world.engine.event(event).state === 'done', 'it was never run')
    expect(bench.touched).toEqual(['first'])
  })

  it('R7 stop everything ends it after the step that is being taken back; the rest can be asked for again', async () => {
    const touches = `import { touch } from 'tools/held'
      export default async function run() { for (const name of ['a', 'b', 'c']) await touch({ name }) }`
    const id = await bench.install(touches)
    const run = (await bench.world.run('one')).id
    let release: () => void = () => undefined
    bench.hold = new Promise<void>(resolved => (release = resolved))
    const undoId = await bench.begin(run)
    await until(() => bench.touched.length === 1, 'it never began')
    await bench.world.engine.control.stopEverything()
    release()
    await bench.ended(undoId)
    expect(bench.counts(undoId)).toEqual({ undone: 1, refused: 2 })
    expect(bench.touched).toEqual(['c'])
    await bench.undo(run)
    expect(bench.touched).toEqual(['c', 'b', 'a'])
    expect(bench.world.engine.workflow(id).state).toBe('paused')
  })
})

const POINTS: FaultPoint[] = [
  'undo.before-intent',
  'undo.after-intent',
  'undo.after-remote',
  'undo.after-outcome',
]

describe('undo across kills', () => {
  it.each(POINTS.flatMap(point => [1, 2, 3].map(time => [point, time] as const)))(
    'J1 J4 killed at %s for the %s. time, it goes on, and no step is taken back twice',
    async (point, time) => {
      const id = await bench.install()
      fs.writeFileSync(bench.at('a.txt'), 'A')
      const before = bench.everything(id)
      const run = await bench.did([
        ['files', 'move', { from: bench.at('a.txt'), to: bench.at('x', 'b.txt'), parents: true }],
        ['state', 'set', { key: 'k', value: 1 }],
        ['files', 'append', { path: bench.at('x', 'b.txt'), text: 'more' }],
      ])
      let passed = 0
      await bench.again({
        fault: reached => {
          if (reached === point && ++passed === time) throw new Error('killed')
        },
      })
      const undoId = await bench.begin(run)
      await until(() => passed === time, 'the point was never reached')
      await bench.again()
      await bench.ended(undoId)
      expect(bench.everything(id)).toEqual(before)
      expect(bench.counts(undoId)).toEqual({ undone: 3 })
      await expect(bench.undo(run)).rejects.toThrow('had been undone already')
    },
  )

  it('J11 a copy of the folder takes nothing back of itself', async () => {
    await bench.install()
    const run = await bench.did([['files', 'write', { path: bench.at('a.txt'), text: 'a' }]])
    await bench.again({
      fault: reached => {
        if (reached === 'undo.before-intent') throw new Error('killed')
      },
    })
    const undoId = await bench.begin(run)
    await bench.world.stop()
    const copy = tempFolder()
    fs.cpSync(bench.world.folder, copy, { recursive: true })
    fs.rmSync(bench.world.folder, { recursive: true, force: true })
    bench.world = await createWorld({ folder: copy })
    await bench.ended(undoId)
    expect(bench.tree()).toEqual({ 'a.txt': 'a' })
    expect(bench.reasons(undoId)).toEqual([expect.stringContaining('is a copy')])
  })
})
