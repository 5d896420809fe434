/** Holds one run of the real engine against two more of its script: from its journal, and with its outcomes. */
import { expect } from 'vitest'
import { NO_MODELS } from '../../src/domain/model.ts'
import { RunJournal } from '../../src/main/engine/run/run-journal.ts'
import type { RunRow } from '../../src/main/store/runs.ts'
import type { RecordedStep, StartRun } from '../../src/sandbox/protocol.ts'
import { Observer } from '../../src/main/engine/observe/observer.ts'
import type { World } from '../support/world.ts'
import type { Listener } from './listener.ts'
import { isOf, perform, replay } from './replay.ts'
import type { Asked } from './replay.ts'

export interface Recording {
  run: StartRun
  journal: RecordedStep[]
}

/** The run as the engine would take it up again now. */
export function recordingOf(world: World, listener: Listener, runId: string): Recording {
  const heard = listener.runs.get(runId)
  if (heard === undefined) throw new Error(`the run ${runId} was not heard`)
  const row = world.engine.run(runId)
  const context = {
    store: world.store,
    pool: world.pool,
    tools: world.engine.tools,
    clock: { now: () => Date.now(), wakeAt: () => () => undefined },
    boot: row.boot,
    fault: () => undefined,
    models: NO_MODELS,
    answer: () => Promise.resolve(),
    pump: () => undefined,
    triggersChanged: () => undefined,
    log: () => undefined,
    observer: new Observer(() => undefined, '0.0.0'),
  }
  return { run: { ...heard.start, demand: 'exact' }, journal: new RunJournal(context, row).recorded() }
}

/** From the journal alone nothing new is asked and the end is the same; with its outcomes, every call is the same. */
export async function expectSame(world: World, listener: Listener, row: RunRow): Promise<void> {
  const { run, journal } = recordingOf(world, listener, row.id)
  const again = await replay(world.pool, { ...run, recorded: journal })
  expect(again.asked).toEqual(listener.askedBy(row.id).filter(call => !isRecorded(journal, call)))
  const anew = await perform(world.pool, run, journal)
  expect(anew.asked.sort((a, b) => a.callId - b.callId)).toEqual(listener.askedBy(row.id))
  expect(anew.end).toEqual(again.end)
  if (again.end?.is === 'returned') expect(JSON.parse(again.end.value)).toEqual(world.result(row))
  else expect(again.end?.failure.kind).toBe(world.failure(row)?.kind)
  expect(listener.differences).toEqual([])
}

/** Not so for what was still under way when the script had come to its end: nobody waits for that. */
function isRecorded(journal: readonly RecordedStep[], call: Asked): boolean {
  return journal.some(step => step.outcome !== null && isOf(call, step))
}
