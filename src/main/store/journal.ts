/**
 * The journal (J1–J5): append-only entries of `script_run_steps`, and the fold that makes steps of them.
 * Owns the shape of sealed bodies. Does not own when an entry is due or durable: that is the executor's.
 */
import { createHash } from 'node:crypto'
import type { Json } from '../../domain/json.ts'
import type { Effect, LocalChange, Outcome } from '../../domain/tool.ts'
import { getBlob, putBlob } from './blobs.ts'
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

export type EntryKind = Row<'script_run_steps'>['kind']

/** What one entry says beside the step's identity. Absent parts are empty. */
export interface EntryBody {
  args?: Json
  evidence?: Json
  outcome?: Outcome
  changes?: LocalChange[]
  note?: string
}

export interface Entry {
  runId: string
  position: number
  kind: EntryKind
  stepId: string
  owner: string
  workflowId: string
  tool: string
  effect: Effect
  argHash: string
  occurrence: number
  generation: number
  turn: number | null
  actions: number
  costMicros: number
  begunAt: number
  at: number
  attempt: number
  body: EntryBody
}

/** One step, folded from its entries. */
export interface Step {
  stepId: string
  owner: string
  tool: string
  effect: Effect
  argHash: string
  occurrence: number
  generation: number
  state: 'begun' | 'unsent' | 'unknown' | 'done' | 'dropped'
  args: Json
  evidence: Json
  outcome: Outcome | null
  changes: LocalChange[]
  /** Where its outcome stands, if what it brought was not kept in memory (`Room`); null otherwise. */
  leftAt: Place | null
  turn: number | null
  /** Where its outcome stands among its owner's entries, over all runs; of its last entry where it has none. */
  seq: number
  /** The run that began it, and the run whose script its outcome was delivered to. */
  runId: string
  endedBy: string | null
  position: number
  actions: number
  costMicros: number
  begunAt: number
  at: number
}

/** Where an entry stands. */
export interface Place {
  runId: string
  position: number
}

/** How much of what steps brought is kept in memory; the rest stays on the disk until somebody wants it. */
export class Room {
  #left: number

  constructor(bytes: number) {
    this.#left = bytes
  }

  takes(bytes: number): boolean {
    if (bytes <= ALWAYS_KEPT_BYTES) return true
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }
}

const BLOB_FROM_BYTES = 32_768
const ALWAYS_KEPT_BYTES = 1_024

const insert = insertion('script_run_steps', [
  'run_id',
  'position',
  'kind',
  'step_id',
  'owner',
  'workflow_id',
  'tool',
  'effect',
  'arg_hash',
  'occurrence',
  'generation',
  'turn',
  'ok',
  'actions',
  'cost_micros',
  'sealed_body',
  'begun_at',
  'at',
  'attempt',
  'seq',
])

const byRun = statement((p: { runId: string }) =>
  query.selectFrom('script_run_steps').selectAll().where('run_id', '=', p.runId).orderBy('position'),
)
const byOwner = statement((p: { owner: string; runId: string; until: number }) =>
  query
    .selectFrom('script_run_steps')
    .selectAll()
    .where('owner', '=', p.owner)
    .where(({ eb, or }) => or([eb('seq', '<=', p.until), eb('run_id', '=', p.runId)]))
    .orderBy('seq'),
)
const lastOfOwner = statement((p: { owner: string; until: number }) =>
  query
    .selectFrom('script_run_steps')
    .select('seq')
    .where('owner', '=', p.owner)
    .where('at', '<=', p.until)
    .orderBy('seq', 'desc')
    .limit(1),
)
const atPlace = statement((p: Place) =>
  query
    .selectFrom('script_run_steps')
    .selectAll()
    .where('run_id', '=', p.runId)
    .where('position', '=', p.position),
)
const actionsSince = statement((p: { workflowId: string; since: number }) =>
  query
    .selectFrom('script_run_steps')
    .select(({ fn }) => fn.sum<number | null>('actions').as('total'))
    .where('workflow_id', '=', p.workflowId)
    .where('kind', '=', 'begin')
    .where('actions', '>', 0)
    .where('at', '>=', p.since),
)
const lastPlace = statement((p: { runId: string }) =>
  query
    .selectFrom('script_run_steps')
    .select(({ fn }) => [fn.max('position').as('position'), fn.max('turn').as('turn')])
    .where('run_id', '=', p.runId),
)

export function appendEntry(store: Store, tx: Tx, entry: Entry): void {
  tx.run(insert, {
    run_id: entry.runId,
    position: entry.position,
    kind: entry.kind,
    step_id: entry.stepId,
    owner: entry.owner,
    workflow_id: entry.workflowId,
    tool: entry.tool,
    effect: entry.effect,
    arg_hash: entry.argHash,
    occurrence: entry.occurrence,
    generation: entry.generation,
    turn: entry.turn,
    ok: entry.body.outcome === undefined ? null : Number(entry.body.outcome.ok),
    actions: entry.actions,
    cost_micros: entry.costMicros,
    sealed_body: sealBody(store, tx, entry),
    begun_at: entry.begunAt,
    at: entry.at,
    attempt: entry.attempt,
    seq: lastEntryOf(tx, entry.owner) + 1,
  })
}

/** The number of an owner's last entry, by that time; 0 where there is none. */
export function lastEntryOf(reader: Reader, owner: string, until: number = Number.MAX_SAFE_INTEGER): number {
  return reader.get(lastOfOwner, { owner, until })?.seq ?? 0
}

/** All steps whose entries stand in this run's journal, dropped ones included, in order of their first entry. */
export function stepsOfRun(store: Store, runId: string, room?: Room): Step[] {
  return foldSteps(store, store.all(byRun, { runId }), room)
}

/** The outcome of a step that was not kept in memory. */
export function outcomeAt(store: Store, place: Place): Outcome {
  const row = store.get(atPlace, place)
  const outcome = row === undefined ? undefined : (JSON.parse(openText(store, row)) as EntryBody).outcome
  if (outcome === undefined)
    throw new Error(`entry ${String(place.position)} of ${place.runId} has no outcome`)
  return outcome
}

/** An item's steps as one run knew them: of other runs' entries those up to `until`, and its own. */
export function stepsOfItem(store: Store, itemId: string, runId: string, until: number, room?: Room): Step[] {
  return foldSteps(store, store.all(byOwner, { owner: itemId, runId, until }), room)
}

/** Changes of the outside that this workflow began since then: unknown ones count (J4). */
export function actionsBegunSince(reader: Reader, workflowId: string, since: number): number {
  return reader.get(actionsSince, { workflowId, since })?.total ?? 0
}

/** The last position and delivery turn used in a run's journal; 0 where there is none. */
export function journalEnd(reader: Reader, runId: string): { position: number; turn: number } {
  const end = reader.get(lastPlace, { runId })
  return { position: end?.position ?? 0, turn: end?.turn ?? 0 }
}

/** Steps from their entries, which must be in their order. Without `room`, all they brought is kept. */
export function foldSteps(store: Store, rows: readonly Row<'script_run_steps'>[], room?: Room): Step[] {
  const steps = new Map<string, Step>()
  for (const row of rows) {
    const step = steps.get(row.step_id) ?? newStep(row)
    steps.set(row.step_id, step)
    const text = openText(store, row)
    const body = JSON.parse(text) as EntryBody
    applyEntry(step, row, body)
    if (room !== undefined && body.outcome !== undefined) slim(step, row, room.takes(text.length))
  }
  return [...steps.values()]
}

function newStep(row: Row<'script_run_steps'>): Step {
  return {
    stepId: row.step_id,
    owner: row.owner,
    tool: row.tool,
    effect: row.effect,
    argHash: row.arg_hash,
    occurrence: row.occurrence,
    generation: row.generation,
    state: 'begun',
    args: null,
    evidence: null,
    outcome: null,
    changes: [],
    leftAt: null,
    turn: null,
    seq: row.seq,
    runId: row.run_id,
    endedBy: null,
    position: row.position,
    actions: row.actions,
    costMicros: 0,
    begunAt: row.begun_at,
    at: row.at,
  }
}

const STATE_AFTER = {
  call: 'done',
  begin: 'begun',
  unsent: 'unsent',
  unknown: 'unknown',
  again: 'begun',
  end: 'done',
  drop: 'dropped',
} as const satisfies Record<EntryKind, Step['state']>

function applyEntry(step: Step, row: Row<'script_run_steps'>, body: EntryBody): void {
  step.state = STATE_AFTER[row.kind]
  step.at = row.at
  if (step.outcome === null) step.seq = row.seq
  step.costMicros += row.cost_micros
  step.args = body.args ?? step.args
  step.evidence = body.evidence ?? step.evidence
  if (body.outcome === undefined) return
  step.outcome = body.outcome
  step.changes = body.changes ?? []
  step.turn = row.turn
  step.endedBy = row.run_id
}

/** What was sent is of no use once it has an outcome; what came back is, to a replay. */
function slim(step: Step, row: Row<'script_run_steps'>, hasRoom: boolean): void {
  if (row.kind === 'end') Object.assign(step, { args: null, evidence: null })
  if (hasRoom || step.outcome?.ok !== true) return
  step.outcome = { ok: true, value: null }
  step.leftAt = { runId: row.run_id, position: row.position }
}

function sealBody(store: Store, tx: Tx, entry: Entry): Uint8Array {
  const context = `step:${entry.runId}:${String(entry.position)}`
  const text = JSON.stringify(entry.body)
  if (text.length <= BLOB_FROM_BYTES) return store.sealText(text, context)
  const hash = createHash('sha256').update(text).digest('hex')
  putBlob(store, tx, hash, text, entry.at)
  return store.sealText(blobReference(hash), context)
}

/** What stands in an entry whose body is a blob; always as long. */
export function blobReference(hash: string): string {
  return JSON.stringify({ blob: hash })
}

const REFERENCE_HEAD = '{"blob":"'
const REFERENCE_LENGTH = blobReference('0'.repeat(64)).length

function openText(store: Store, row: Row<'script_run_steps'>): string {
  const text = store.openText(row.sealed_body, `step:${row.run_id}:${String(row.position)}`)
  const isReference = text.length === REFERENCE_LENGTH && text.startsWith(REFERENCE_HEAD)
  return isReference ? getBlob(store, (JSON.parse(text) as { blob: string }).blob) : text
}
