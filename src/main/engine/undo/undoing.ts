/**
 * Taking back what a run did, at a person's word: durable, newest step first, and gone on with after a crash.
 * An undo has its automation's turn: nothing of that automation is started or taken up until it has ended, and it
 * waits for what is at work (J7). Owns which undos are under way in this process; what one step takes is in
 * `undo-step.ts`, and which steps there are in `effects.ts`.
 */
import { fail } from '../../../domain/failure.ts'
import { runById } from '../../store/runs.ts'
import type { RunRow } from '../../store/runs.ts'
import type { Tx } from '../../store/tx.ts'
import {
  createUndo,
  endUndo,
  goingUndoOf,
  goingUndos,
  nextUndoStep,
  takenBack,
  undoById,
  undoStepsLeft,
} from '../../store/undos.ts'
import type { UndoRow } from '../../store/undos.ts'
import type { EngineContext } from '../context.ts'
import type { Router } from '../router.ts'
import { effectsOf } from './effects.ts'
import type { Effect } from './effects.ts'
import { recordIn, undoStep } from './undo-step.ts'

const TRY_AGAIN_MS = 5_000

export class Undoing {
  readonly #context: EngineContext
  readonly #router: Router
  readonly #going = new Set<string>()
  readonly #ended: (undoId: string) => void
  #stopped = false

  /** `ended` is told of each undo that is over: its automation may go on. */
  constructor(context: EngineContext, router: Router, ended: (undoId: string) => void) {
    this.#context = context
    this.#router = router
    this.#ended = ended
  }

  /** Takes back all that a finished run did, or some steps of it. Resolves with the undo's id once it is on the disk. */
  async begin(run: RunRow, steps?: readonly string[]): Promise<string> {
    if (run.ended_at === null) notEnded(run)
    const wanted = steps === undefined ? undefined : new Set(steps)
    const effects = await effectsOf(this.#context, run, { limit: Number.MAX_SAFE_INTEGER, steps: wanted })
    refuseUnknown(run, effects, wanted)
    const open = effects.filter(({ undo }) => undo.is === 'yes' || undo.is === 'no')
    if (!open.some(({ undo }) => undo.is === 'yes')) nothingToUndo(run, effects)
    const id = await this.#context.store.write(tx => this.#createIn(tx, run, open), { durable: true })
    this.#advance(run.workflow_id)
    return id
  }

  #createIn(tx: Tx, run: RunRow, effects: readonly Effect[]): string {
    const { store, clock } = this.#context
    if (goingUndoOf(tx, run.workflow_id) !== undefined) alreadyGoing(run)
    if (typeof runById(tx, run.id)?.ended_at !== 'number') notEnded(run)
    const steps = effects
      .filter(({ step }) => takenBack(tx, step.stepId) === null)
      .map(({ step, position, undo }) => ({
        stepId: step.stepId,
        position,
        impossible: undo.is === 'no' ? undo.because : null,
      }))
    const at = clock.now()
    const id = createUndo(store, tx, { runId: run.id, workflowId: run.workflow_id, steps, at })
    store.audit.append(tx, at, {
      kind: 'undo',
      workflowId: run.workflow_id,
      runId: run.id,
      body: { undo: id, steps: steps.length },
    })
    return id
  }

  /** Goes on with what the last life of the core left. In a copy of the folder nothing is: the original may have. */
  async resumeAll(isCopy: boolean): Promise<void> {
    if (isCopy) await this.giveUpAll('This data folder is a copy, so it was not taken back here.')
    for (const undo of goingUndos(this.#context.store)) this.#advance(undo.workflow_id)
  }

  /** What is being taken back right now ends; the rest stands, and may be asked for again (R7). */
  async giveUpAll(reason: string): Promise<void> {
    const { store } = this.#context
    await store.write(
      tx => {
        for (const undo of goingUndos(tx)) {
          for (const row of undoStepsLeft(tx, undo.id))
            if (row.state === 'planned') recordIn(this.#context, tx, undo, row, { state: 'refused', reason })
        }
      },
      { durable: true },
    )
  }

  /** A run was let go: an undo may have waited for it. */
  released(workflowId: string): void {
    if (goingUndoOf(this.#context.store, workflowId) !== undefined) this.#advance(workflowId)
  }

  stop(): void {
    this.#stopped = true
  }

  #advance(workflowId: string): void {
    if (this.#stopped || this.#going.has(workflowId)) return
    if (this.#router.activeOf(workflowId).length > 0) return
    this.#going.add(workflowId)
    this.#goOn(workflowId)
      .catch((error: unknown) => {
        this.#later(workflowId, error)
      })
      .finally(() => {
        this.#going.delete(workflowId)
      })
  }

  async #goOn(workflowId: string): Promise<void> {
    const { store, clock } = this.#context
    const undo = goingUndoOf(store, workflowId)
    if (undo === undefined) return
    for (;;) {
      if (this.#stopped) return
      const row = nextUndoStep(store, undo.id)
      if (row === undefined) break
      await undoStep(this.#context, undo, row)
    }
    await store.write(
      tx => {
        endUndo(tx, undo.id, clock.now())
      },
      { durable: true },
    )
    this.#ended(undo.id)
  }

  /** What could not be recorded (on a full disk, say) is tried again. */
  #later(workflowId: string, error: unknown): void {
    if (this.#stopped) return
    this.#context.log('error', 'an undo was interrupted', { automation: workflowId, error })
    this.#context.clock.wakeAt(this.#context.clock.now() + TRY_AGAIN_MS, () => {
      this.#advance(workflowId)
    })
  }

  undo(id: string): UndoRow {
    const undo = undoById(this.#context.store, id)
    if (undo === undefined) fail({ kind: 'invalid-input', path: 'id', message: `There is no undo ${id}.` })
    return undo
  }
}

function notEnded(run: RunRow): never {
  fail({
    kind: 'invalid-input',
    path: 'id',
    message: `Run ${run.id} had not ended (${run.state}). Nothing was taken back. End it first: steward runs cancel ${run.id}`,
  })
}

function alreadyGoing(run: RunRow): never {
  fail({
    kind: 'invalid-input',
    path: 'id',
    message: `Another undo of the same automation was under way. Nothing was taken back of run ${run.id}. Try again when that has ended.`,
  })
}

function refuseUnknown(
  run: RunRow,
  effects: readonly Effect[],
  wanted: ReadonlySet<string> | undefined,
): void {
  const found = new Set(effects.map(({ step }) => step.stepId))
  const unknown = [...(wanted ?? [])].find(stepId => !found.has(stepId))
  if (unknown === undefined) return
  fail({
    kind: 'invalid-input',
    path: 'steps',
    message: `Run ${run.id} has no step ${unknown} that changed anything. Nothing was taken back. List them with: steward runs undo ${run.id} --preview`,
  })
}

function nothingToUndo(run: RunRow, effects: readonly Effect[]): never {
  const isDone = effects.some(({ undo }) => undo.is === 'undone')
  const why = isDone ? 'had been undone already' : 'cannot be undone, or nothing was done'
  fail({
    kind: 'invalid-input',
    path: 'id',
    message: `What run ${run.id} did ${why}. Nothing was taken back.`,
  })
}
