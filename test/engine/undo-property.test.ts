/** Undoing a run is its inverse, whatever it did. */
import fs from 'node:fs'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { DOES, UndoWorld } from '../support/undo-world.ts'
import type { Step } from '../support/undo-world.ts'

let bench: UndoWorld

beforeEach(async () => {
  bench = await UndoWorld.open()
})
afterEach(async () => {
  await bench.close()
})

const NAMES = ['a', 'b', 'x/c', 'x/y/d']
const anyName = fc.constantFrom(...NAMES)
const anyText = fc.constantFrom('', 'one', 'two two', 'three\n')
const anyKey = fc.constantFrom('k', 'l')
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc
    .record({ path: anyName, text: anyText })
    .map(({ path: to, text }): Step => [
      'files',
      'write',
      { path: to, text, overwrite: true, parents: true },
    ]),
  fc
    .record({ path: anyName, text: anyText })
    .map(({ path: to, text }): Step => ['files', 'append', { path: to, text, parents: true }]),
  fc
    .record({
      from: anyName,
      to: anyName,
      verb: fc.constantFrom('move', 'copy'),
      ifExists: fc.constantFrom('rename', 'overwrite'),
    })
    .map(({ verb, ...given }): Step => ['files', verb, { ...given, parents: true }]),
  anyName.map((name): Step => ['files', 'trash', { path: name }]),
  fc
    .record({ key: anyKey, value: fc.constantFrom<Json>(null, 1, { deep: ['x'] }) })
    .map((given): Step => ['state', 'set', given]),
  anyKey.map((key): Step => ['state', 'delete', { key }]),
  fc
    .record({ title: fc.constantFrom('N', 'M'), text: fc.constantFrom('one', 'two') })
    .map((given): Step => ['notes', 'append', given]),
  fc
    .record({ title: fc.constantFrom('N', 'M'), text: anyText })
    .map((given): Step => ['notes', 'create', given]),
)

/** Goes on with the next step where one cannot be done. */
const TRIES = DOES.replace(
  'await tools[family][verb](input)',
  'try { await tools[family][verb](input) } catch {}',
)

it('J2 J4 whatever a run does to a folder and to what it remembers, undoing it leaves both as they were', async () => {
  const id = await bench.install(TRIES, { budget: { actionsPerHour: 100_000, actionsPerDay: 100_000 } })
  const sequence = fc.array(anyStep, { minLength: 1, maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(sequence, sequence, async (first, second) => {
      for (const name of fs.readdirSync(bench.folder)) fs.rmSync(bench.at(name), { recursive: true })
      await bench.did(first.map(rooted))
      const before = bench.everything(id)
      const run = await bench.did(second.map(rooted))
      const ways = await bench.effects(run)
      const undoId = ways.length === 0 ? null : await bench.undo(run)
      if (undoId !== null) expect(bench.reasons(undoId).filter(reason => reason !== null)).toEqual([])
      expect(bench.everything(id)).toEqual(before)
    }),
    { numRuns: 40 },
  )
}, 120_000)

/** The step with its paths below the folder. */
function rooted([family, verb, input]: Step): Step {
  const paths = ['path', 'from', 'to'].flatMap(key => {
    const name = input[key]
    return family === 'files' && typeof name === 'string' ? [[key, bench.at(name)] as const] : []
  })
  return [family, verb, { ...input, ...Object.fromEntries(paths) }]
}
