/**
 * What a look leaves on record: its events, what was there, and the account of it, in one transaction. A crash before
 * it leaves nothing and the next look finds the same; after it, all of it is there. So nothing is lost or doubled.
 */
import { classify } from '../../../domain/respond.ts'
import type { Failure } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import { declarationOf } from '../../../domain/triggers/list.ts'
import type { Trigger } from '../../../domain/triggers/list.ts'
import type { Look } from '../../../domain/triggers/trigger.ts'
import { triggerLine } from '../../../domain/contract-text.ts'
import { openActionFor, raiseAction, settleAction } from '../../store/actions.ts'
import type { Tx } from '../../store/tx.ts'
import { recordFailedLook, recordLook, watchById } from '../../store/watches.ts'
import type { WatchRow } from '../../store/watches.ts'
import { contractOf, workflowById } from '../../store/workflows.ts'
import type { Workflow } from '../../store/workflows.ts'
import type { EngineContext } from '../context.ts'
import { acceptFor } from '../events.ts'

/** The queue was full: the look is undone with all it found, which is found again later. */
export class NoRoom extends Error {}

/** A failure that may pass is told of when it has come this often in a row; one that will not, at once. */
const TOLD_AFTER = 3
/** The audit log speaks of looks that found nothing at least this often. */
const AUDIT_EVERY_MS = 86_400_000
const LONGEST_PAUSE_MS = 3_600_000
const OFFLINE_MS = 60_000

export interface Looked {
  row: WatchRow
  spec: Trigger
  /** Random, 0 ≤ chance < 1: looks of many automations are not to fall together. */
  chance: number
}

export function keepLook(context: EngineContext, tx: Tx, looked: Looked, look: Look<Json, Json>): void {
  const { row, spec } = looked
  const workflow = stillThere(tx, row)
  if (workflow === null) return
  const { store, clock } = context
  const at = clock.now()
  for (const payload of look.payloads) takeIn(context, tx, workflow, { row, spec, payload, at })
  const isAudited = look.found > 0 || row.failures > 0 || at - (row.audited_at ?? 0) >= AUDIT_EVERY_MS
  recordLook(store, tx, row, {
    at,
    nextLook: nextLook(looked, look, at),
    saw: look.saw,
    found: look.found,
    isAudited,
    cursor: look.cursor,
  })
  if (isAudited) {
    const { saw, found } = look
    audit(context, tx, row, { saw, found, looks: row.unaudited + 1, after: row.failures })
  }
  const action = openActionFor(tx, causeOf(row))
  if (action !== undefined) settleAction(tx, action.id, { state: 'closed', choice: null, at })
  if (look.payloads.length > 0) tx.afterCommit.push(context.pump)
}

export function keepFailure(context: EngineContext, tx: Tx, looked: Looked, failure: Failure): void {
  const { row, spec, chance } = looked
  const workflow = stillThere(tx, row)
  if (workflow === null) return
  const { store, clock } = context
  const at = clock.now()
  const failures = failedTimes(row, failure)
  const nextLook = at + pauseAfter(spec, failure, failures, chance)
  recordFailedLook(store, tx, row, { failure, failures, nextLook, at })
  if (failures < TOLD_AFTER || row.failures >= TOLD_AFTER) return
  raiseFailed(context, tx, workflow, { row, spec, failure, at })
  audit(context, tx, row, { failed: failure.kind, looks: row.unaudited })
}

/** Another look came first, or nobody wants to know any more: null. */
function stillThere(tx: Tx, row: WatchRow): Workflow | null {
  const workflow = workflowById(tx, row.workflow_id)
  return watchById(tx, row.id)?.version === row.version ? (workflow ?? null) : null
}

interface Found {
  row: WatchRow
  spec: Trigger
  payload: Json
  at: number
}

function takeIn(context: EngineContext, tx: Tx, workflow: Workflow, { row, spec, payload, at }: Found): void {
  const key = declarationOf(spec).key?.(payload) ?? String(row.version)
  const accepted = acceptFor(context, tx, workflow, {
    sourceType: 'watch',
    sourceId: row.id,
    target: { type: 'workflow', id: workflow.id },
    type: spec.kind,
    dedupeKey: `${row.id}:${key}`,
    payload,
    causes: [],
    at,
  })
  if (accepted.is === 'full') throw new NoRoom(accepted.reason)
}

function nextLook({ spec, chance }: Looked, look: Look<Json, Json>, at: number): number {
  if (look.more) return at
  const usual = at + spread(everyMsOf(spec), chance)
  return Math.min(usual, look.nextLookAt ?? usual)
}

/** Up to a tenth earlier or later. */
export function spread(everyMs: number, chance: number): number {
  return Math.round(everyMs * (0.9 + 0.2 * chance))
}

export function everyMsOf(spec: Trigger): number {
  return declarationOf(spec).watch?.everyMs(spec) ?? LONGEST_PAUSE_MS
}

function failedTimes(row: WatchRow, failure: Failure): number {
  if (failure.kind === 'offline') return row.failures
  return isLasting(failure) ? Math.max(row.failures + 1, TOLD_AFTER) : row.failures + 1
}

/** A folder that is not there, or a right that is missing, does not come back by itself. */
function isLasting(failure: Failure): boolean {
  if (failure.kind === 'rejected') return failure.host === undefined
  const answer = classify(failure)
  return answer === 'action' || (answer === 'stop' && failure.kind !== 'disk-full')
}

function pauseAfter(spec: Trigger, failure: Failure, failures: number, chance: number): number {
  const everyMs = everyMsOf(spec)
  if (failure.kind === 'offline') return Math.min(everyMs, OFFLINE_MS)
  const asked =
    failure.kind === 'rate-limited' || failure.kind === 'unavailable' ? (failure.retryAfterMs ?? 0) : 0
  const grown = everyMs * 2 ** Math.min(Math.max(0, failures - 1), 6)
  return Math.max(asked, spread(Math.min(grown, Math.max(everyMs, LONGEST_PAUSE_MS)), chance))
}

export function causeOf({ id }: Pick<WatchRow, 'id'>): string {
  return `watch-failed:${id}`
}

function raiseFailed(
  { store }: EngineContext,
  tx: Tx,
  workflow: Workflow,
  { row, spec, failure, at }: { row: WatchRow; spec: Trigger; failure: Failure; at: number },
): void {
  const contract = workflow.intent_id === null ? null : contractOf(tx, workflow.intent_id)
  raiseAction(store, tx, {
    kind: 'watch-failed',
    causeKey: causeOf(row),
    workflowId: workflow.id,
    runId: null,
    itemId: null,
    stepId: null,
    choices: [
      { id: 'dismiss', label: 'Understood', style: 'primary' },
      { id: 'pause', label: 'Pause this automation', style: 'plain' },
    ],
    body: {
      cause: `“${contract?.title ?? workflow.name}” could not look: ${failure.message}`,
      effect: `It starts “${triggerLine(spec, contract?.zone ?? 'UTC')}”, and goes on trying. What came meanwhile is found as soon as a look succeeds; this then closes by itself.`,
    },
    expiresAt: null,
    at,
  })
}

function audit({ store, clock }: EngineContext, tx: Tx, row: WatchRow, body: Record<string, Json>): void {
  store.audit.append(tx, clock.now(), {
    kind: 'looked',
    workflowId: row.workflow_id,
    runId: null,
    body: { watch: row.id, ...body },
  })
}
