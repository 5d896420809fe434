import fs from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createWorld } from '../../../../test/support/world.ts'
import type { World } from '../../../../test/support/world.ts'
import { NO_MODELS } from '../../../domain/model.ts'
import type { Effect } from '../../../domain/tool.ts'
import type { Tx } from '../../store/tx.ts'
import { systemClock } from '../clock.ts'
import { Observer } from '../observe/observer.ts'
import { RunJournal } from './run-journal.ts'

const LARGE = 'large'.repeat(1_000)

let world: World

beforeEach(async () => {
  world = await createWorld()
})
afterEach(async () => {
  await world.stop()
  fs.rmSync(world.folder, { recursive: true, force: true })
})

async function journalOfRun(): Promise<{ journal: RunJournal; runId: string }> {
  await world.install('any', 'export default async function run() { return 1 }')
  const run = await world.run('any')
  const context = {
    store: world.store,
    pool: world.pool,
    tools: world.engine.tools,
    clock: systemClock(),
    boot: run.boot,
    fault: () => undefined,
    models: NO_MODELS,
    answer: () => Promise.resolve(),
    pump: () => undefined,
    triggersChanged: () => undefined,
    log: () => undefined,
    observer: new Observer(() => undefined, '0.0.0'),
  }
  return { journal: new RunJournal(context, run), runId: run.id }
}

it('P6 J1 an ended call is kept by what it read alone: what was sent and what came back is on record', async () => {
  const { journal, runId } = await journalOfRun()
  const at = Date.now()
  const write = (work: (tx: Tx) => void) => world.store.write(work)
  const name = (tool: string, effect: Effect, argHash: string) =>
    journal.name({ owner: runId, tool, effect, argHash, occurrence: 0 })
  const recorded = {
    outcome: { ok: true as const, value: LARGE },
    changes: [],
    evidence: null,
    costMicros: 0,
    begunAt: at,
    at,
    turn: undefined,
  }
  await write(tx => {
    journal.call(tx, name('text.hash', 'local', 'a'), { ...recorded, args: { text: LARGE } })
  })
  await write(tx => {
    journal.call(tx, name('http.get', 'read', 'b'), { ...recorded, args: { url: 'http://host/' } })
  })
  const step = name('files.write', 'write', 'c')
  await write(tx => {
    journal.begin(tx, step, { args: { text: LARGE }, evidence: { before: LARGE }, actions: 1, at })
  })
  expect(journal.find(step.stepId)).toMatchObject({ state: 'begun', args: { text: LARGE } })
  await write(tx => {
    journal.end(tx, step, { outcome: { ok: true, value: LARGE }, begunAt: at, at })
  })
  expect(journal.find(step.stepId)).toMatchObject({ state: 'done', endedBy: runId })
  expect(journal.effects()).toEqual([{ tool: 'files.write', count: 1 }])
  expect(journal.reads()).toEqual([
    { owner: runId, tool: 'http.get', effect: 'read', args: { url: 'http://host/' } },
  ])
  expect(JSON.stringify([journal.stepsOf(runId), journal.reads()])).not.toContain(LARGE)
})
