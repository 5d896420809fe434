/**
 * One run's side of the journal: knows every step the run may replay, names new ones, and appends entries in order
 * under the run's fence (J1, J2, J5, J11).
 * Owns positions, turns and generations of its run. Does not own transactions: it is given one for every entry.
 */
import { fail } from '../../../domain/failure.ts'
import type { Failure } from '../../../domain/failure.ts'
import { idempotencyKeyOf, stepIdOf } from '../../../domain/identity.ts'
import { isJsonObject } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import type { Effect, LocalChange, Outcome } from '../../../domain/tool.ts'
import type { RecordedStep } from '../../../sandbox/protocol.ts'
import {
  Room,
  appendEntry,
  journalEnd,
  lastEntryOf,
  outcomeAt,
  stepsOfItem,
  stepsOfRun,
} from '../../store/journal.ts'
import type { EntryBody, EntryKind, Step } from '../../store/journal.ts'
import { itemById } from '../../store/items.ts'
import { stillOwns } from '../../store/runs.ts'
import type { RunRow } from '../../store/runs.ts'
import type { Tx } from '../../store/tx.ts'
import type { EngineContext } from '../context.ts'
import { isRecall, ITEM_RECALL } from '../provenance.ts'

/** Thrown when another executor has taken the run over; the older one stops without a trace (J11). */
export class FencedError extends Error {}

/** What is recorded only as long as the run is this executor's. */
export function underFence({ id, attempt }: RunRow, record: (tx: Tx) => void): (tx: Tx) => void {
  return tx => {
    if (!stillOwns(tx, id, attempt)) throw new FencedError(`run ${id} was taken over`)
    record(tx)
  }
}

/** Of what a run's steps brought; a replay asks for the rest piece by piece, so that no run is too large for it. */
const KEPT_BYTES = 4_194_304

export interface StepName {
  stepId: string
  owner: string
  tool: string
  effect: Effect
  argHash: string
  occurrence: number
  generation: number
}

/** A read with an outcome: where it was made, and what it touched. */
export type Read = Pick<Step, 'owner' | 'tool' | 'effect' | 'args'>

export class RunJournal {
  readonly #context: EngineContext
  readonly #run: RunRow
  readonly #steps = new Map<string, Step>()
  readonly #dropped = new Map<string, number>()
  readonly #reads: Read[] = []
  readonly #room = new Room(KEPT_BYTES)
  readonly #recalls: Pick<Step, 'tool'>[] = []
  #actions = 0
  #hasGap = false
  readonly #look: number
  #byOwner: Map<string, Step[]> | null = null
  #position = 0
  #turn = 0

  /** `look` numbers the launches of this attempt: each looks at *Done when* on its own (O1). */
  constructor(context: EngineContext, run: RunRow, look = 0) {
    this.#look = look
    this.#context = context
    this.#run = run
    const end = journalEnd(context.store, run.id)
    this.#position = end.position
    this.#turn = end.turn
    this.#load()
  }

  /** What the sandbox replays, in delivery order; verification always looks afresh, so it is not among them. */
  recorded(): RecordedStep[] {
    return [...this.#steps.values()]
      .filter(step => step.state !== 'dropped' && !isVerification(step.owner, this.#run.id))
      .map(step => this.#record(step))
      .sort((a, b) => (a.turn ?? Infinity) - (b.turn ?? Infinity))
  }

  /** Steps of an item that earlier runs recorded: they come with its opening (J7). */
  inherited(itemId: string, scope: string): RecordedStep[] {
    const steps = stepsOfItem(this.#context.store, itemId, this.#run.id, Number.MAX_SAFE_INTEGER, this.#room)
    for (const step of steps) this.#remember(step)
    return steps.filter(step => step.state !== 'dropped').map(step => ({ ...this.#record(step), scope }))
  }

  /** What a recorded step brought, where `recorded` held it back. */
  recall(stepId: string): Outcome {
    const step = this.#steps.get(stepId)
    if (step === undefined || step.leftAt === null) throw new Error(`${stepId} was not held back`)
    return outcomeAt(this.#context.store, step.leftAt)
  }

  /** Steps of one scope, known when the run was taken up. */
  stepsOf(owner: string): readonly Step[] {
    this.#byOwner ??= Map.groupBy(this.#steps.values(), step => step.owner)
    return this.#byOwner.get(owner) ?? []
  }

  /** What the run's scopes have read so far, in this life or before (P6). */
  reads(): Read[] {
    return [...this.#steps.values(), ...this.#reads].filter(step => step.effect === 'read')
  }

  /** Tools whose outcome the script knows that recall what earlier runs left. */
  recalls(): string[] {
    const known = [...this.#steps.values()].flatMap(step => {
      if (bringsBack(step)) return ITEM_RECALL
      return isRecall(step) ? step.tool : []
    })
    return [...known, ...this.#recalls.map(({ tool }) => tool)]
  }

  /** The script hears how an item ended that an earlier run finished. */
  recallItem(): void {
    this.#recalls.push({ tool: ITEM_RECALL })
  }

  /** How often each tool changed something in this run: facts for *Done when* (O1). */
  effects(): { tool: string; count: number }[] {
    const counts = new Map<string, number>()
    for (const step of this.#steps.values()) {
      if (step.effect !== 'write' || step.outcome?.ok !== true || step.endedBy !== this.#run.id) continue
      counts.set(step.tool, (counts.get(step.tool) ?? 0) + 1)
    }
    return [...counts].map(([tool, count]) => ({ tool, count }))
  }

  /** Whose steps a look at *Done when* are: a new owner for each look, so that none is ever replayed. */
  verification(): string {
    return `${this.#run.id}/verify/${String(this.#run.attempt)}.${String(this.#look)}`
  }

  /** Changes of the outside this run has begun, in this life or before. */
  actionsOfRun(): number {
    return this.#actions
  }

  /** The name of a call: the same in every replay; a new one after the step was taken back. */
  name(call: { owner: string; tool: string; effect: Effect; argHash: string; occurrence: number }): StepName {
    const generation = this.#dropped.get(dropKey(call)) ?? 0
    return { ...call, generation, stepId: stepIdOf({ ...call, generation }) }
  }

  find(stepId: string): Step | undefined {
    return this.#steps.get(stepId)
  }

  /** Sent to remotes that honour keys; the same in every copy of the folder (J11). */
  idempotencyKey(step: StepName, origin: string): string {
    const item = step.owner === this.#run.id ? undefined : itemById(this.#context.store, step.owner)
    return idempotencyKeyOf(this.#run.workflow_id, item?.id ?? origin, step)
  }

  /** The turn of an outcome that the script hears of now: the order of delivery. From here on it counts as seen. */
  hear(step: StepName, args: Json): number {
    const { owner, tool, effect } = step
    if (effect === 'read') this.#reads.push({ owner, tool, effect, args })
    if (isRecall({ tool })) this.#recalls.push({ tool })
    return ++this.#turn
  }

  /** A step recorded whole (read, local, model, wait), heard of now unless it has its turn already. */
  call(
    tx: Tx,
    step: StepName,
    end: {
      args: Json
      outcome: Outcome
      changes: LocalChange[]
      evidence: Json
      costMicros: number
      begunAt: number
      at: number
      turn: number | undefined
    },
  ): void {
    const body: EntryBody = { args: end.args, outcome: end.outcome }
    if (end.changes.length > 0) body.changes = end.changes
    if (end.evidence !== null) body.evidence = end.evidence
    const turn = end.turn ?? this.hear(step, end.args)
    const { costMicros, begunAt, at } = end
    this.#append(tx, step, 'call', { body, turn, costMicros, begunAt, at })
  }

  /** The script has heard of a step that could not be recorded: nothing may be recorded after it (J3, J5). */
  closeAtGap(): void {
    this.#hasGap = true
  }

  /** The write-ahead of a write (J1). The caller makes the transaction durable. */
  begin(tx: Tx, step: StepName, intent: { args: Json; evidence: Json; actions: number; at: number }): void {
    const body: EntryBody = { args: intent.args, evidence: intent.evidence }
    this.#append(tx, step, 'begin', { body, begunAt: intent.at, at: intent.at, actions: intent.actions })
    // Counted at once: the next call may be judged before this one is committed (P1).
    this.#actions += intent.actions
    tx.onRollback.push(() => {
      this.#actions -= intent.actions
    })
    tx.afterCommit.push(() => {
      this.#byOwner = null
      this.#steps.set(step.stepId, begunStep(step, this.#run.id, intent))
    })
  }

  mark(
    tx: Tx,
    step: StepName,
    kind: 'unsent' | 'unknown' | 'again' | 'drop',
    mark: { note: string; begunAt: number; at: number },
  ): void {
    this.#append(tx, step, kind, { body: { note: mark.note }, begunAt: mark.begunAt, at: mark.at })
    tx.afterCommit.push(() => {
      const known = this.#steps.get(step.stepId)
      if (known !== undefined) known.state = STATE_AFTER_MARK[kind]
      if (kind === 'drop') this.#dropped.set(dropKey(step), step.generation + 1)
    })
  }

  /** The one outcome of a begun write (J2). */
  end(tx: Tx, step: StepName, end: { outcome: Outcome; begunAt: number; at: number }): void {
    this.#append(tx, step, 'end', {
      body: { outcome: end.outcome },
      turn: ++this.#turn,
      begunAt: end.begunAt,
      at: end.at,
    })
    tx.afterCommit.push(() => {
      const known = this.#steps.get(step.stepId)
      if (known !== undefined) Object.assign(known, endedStep(end, this.#run.id))
    })
  }

  #append(
    tx: Tx,
    step: StepName,
    kind: EntryKind,
    entry: {
      body: EntryBody
      turn?: number
      begunAt: number
      at: number
      actions?: number
      costMicros?: number
    },
  ): void {
    if (!stillOwns(tx, this.#run.id, this.#run.attempt))
      throw new FencedError(`run ${this.#run.id} was taken over`)
    if (this.#hasGap) fail(GAP)
    appendEntry(this.#context.store, tx, {
      ...step,
      runId: this.#run.id,
      workflowId: this.#run.workflow_id,
      position: ++this.#position,
      kind,
      turn: entry.turn ?? null,
      actions: entry.actions ?? 0,
      costMicros: entry.costMicros ?? 0,
      begunAt: entry.begunAt,
      at: entry.at,
      attempt: this.#run.attempt,
      body: entry.body,
    })
  }

  #load(): void {
    const own = stepsOfRun(this.#context.store, this.#run.id, this.#room)
    for (const step of own) this.#remember(step)
    for (const opened of own.filter(step => step.tool === 'flow.open' && step.state === 'done')) {
      const itemId = openedItem(opened)
      if (itemId === null) continue
      const until = openedAfter(opened) ?? lastEntryOf(this.#context.store, itemId, opened.at)
      for (const step of stepsOfItem(this.#context.store, itemId, this.#run.id, until, this.#room))
        this.#remember(step)
    }
  }

  #remember(step: Step): void {
    this.#byOwner = null
    if (step.runId === this.#run.id && !this.#steps.has(step.stepId)) this.#actions += step.actions
    this.#steps.set(step.stepId, step)
    if (step.state === 'dropped') {
      this.#dropped.set(dropKey(step), Math.max(this.#dropped.get(dropKey(step)) ?? 0, step.generation + 1))
    }
  }

  #record(step: Step): RecordedStep {
    const isInherited = step.outcome !== null && step.endedBy !== this.#run.id
    return {
      stepId: step.stepId,
      scope: this.#scopeOf(step.owner),
      tool: step.tool,
      effect: step.effect,
      argHash: step.argHash,
      occurrence: step.occurrence,
      // Turns are each run's own: what several runs recorded for an item is in the order of the item.
      turn: isInherited ? step.seq : step.turn,
      outcome: step.leftAt === null ? step.outcome : 'held',
      at: step.at,
      inherited: isInherited,
    }
  }

  #scopeOf(owner: string): string {
    return owner === this.#run.id ? '' : (itemById(this.#context.store, owner)?.scope ?? '')
  }
}

const GAP: Failure = {
  kind: 'internal',
  message: 'An earlier step could not be saved, so nothing after it was started. Retry the run.',
}

const STATE_AFTER_MARK = { unsent: 'unsent', unknown: 'unknown', again: 'begun', drop: 'dropped' } as const

function begunStep(
  step: StepName,
  runId: string,
  intent: { args: Json; evidence: Json; actions: number; at: number },
): Step {
  return {
    ...step,
    state: 'begun',
    args: intent.args,
    evidence: intent.evidence,
    outcome: null,
    changes: [],
    leftAt: null,
    turn: null,
    seq: 0,
    runId,
    endedBy: null,
    position: 0,
    actions: intent.actions,
    costMicros: 0,
    begunAt: intent.at,
    at: intent.at,
  }
}

/** What was sent and came back is on record; a run that makes many writes does not hold it all in memory. */
function endedStep(end: { outcome: Outcome; at: number }, runId: string): Partial<Step> {
  const outcome: Outcome = end.outcome.ok ? { ok: true, value: null } : end.outcome
  return { state: 'done', args: null, evidence: null, outcome, at: end.at, endedBy: runId }
}

export function isVerification(owner: string, runId: string): boolean {
  return owner.startsWith(`${runId}/verify/`)
}

function dropKey(step: { owner: string; tool: string; argHash: string; occurrence: number }): string {
  return `${step.owner}|${step.tool}|${step.argHash}|${String(step.occurrence)}`
}

/** Which entry of the item was the last when it was opened; undefined where that was not recorded yet. */
function openedAfter({ evidence }: Step): number | undefined {
  const after = isJsonObject(evidence) ? evidence['after'] : undefined
  return typeof after === 'number' ? after : undefined
}

function openedItem(opened: Step): string | null {
  if (opened.outcome?.ok !== true) return null
  const value = opened.outcome.value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  return typeof value['item'] === 'string' ? value['item'] : null
}

/** The recorded opening of an item that an earlier run finished; also where what it brought was not kept. */
function bringsBack({ tool, outcome, leftAt }: Step): boolean {
  if (tool !== 'flow.open' || outcome?.ok !== true) return false
  return leftAt !== null || (isJsonObject(outcome.value) && outcome.value['run'] === false)
}
