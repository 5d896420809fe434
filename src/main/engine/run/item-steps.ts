/**
 * Items of `each` (J7): opening one attaches to its journal, wherever it stands; closing one makes its staged state,
 * its own end and the run's knowledge of it visible together (J2).
 */
import { z } from 'zod'
import type { Failure } from '../../../domain/failure.ts'
import type { Json, JsonObject } from '../../../domain/json.ts'
import type { Outcome } from '../../../domain/tool.ts'
import type { RecordedStep } from '../../../sandbox/protocol.ts'
import { raiseAction } from '../../store/actions.ts'
import {
  attachItem,
  createItem,
  itemById,
  itemError,
  itemOfScope,
  itemResult,
  moveItem,
} from '../../store/items.ts'
import type { ItemError, ItemRow } from '../../store/items.ts'
import { lastEntryOf } from '../../store/journal.ts'
import type { Store } from '../../store/store.ts'
import type { Tx } from '../../store/tx.ts'
import { endWaitsOfItem, waitsOfItem } from '../../store/waits.ts'
import { commitChanges } from './local-changes.ts'
import { askOfEnded } from './doubt.ts'
import { thrown } from './call.ts'
import type { ActiveRun, Call, CallEnd } from './call.ts'
import { recordCall, recordCallIn } from './record.ts'
import type { Scope } from './scope.ts'

const itemArgs = z.object({ name: z.string(), key: z.string() })

export type ItemEnd =
  | { state: 'done'; result: Json }
  | { state: 'aside'; error: ItemError }
  | { state: 'waiting'; reason: string }
  | { state: 'declined'; reason: string }

/** The scope that `flow.open` or `flow.settle` speaks of. */
export function childScope(call: Pick<Call, 'args' | 'scope'>): string {
  const { name, key } = itemArgs.parse(call.args)
  const path = call.scope.text === '' ? [] : (JSON.parse(call.scope.text) as string[])
  return JSON.stringify([...path, name, key])
}

/** Answers `flow.open`: run it (with what is already recorded of it), or this is how it ended. */
export async function openItem(run: ActiveRun, call: Call): Promise<CallEnd> {
  const { name } = itemArgs.parse(call.args)
  if (run.contract.items[name] === undefined) return recordCall(run, call, thrown(undeclared(name)))
  const { store, fault, clock } = run.context
  const scope = childScope(call)
  fault('item.before-open')
  await store.write(tx => {
    const item = itemOfScope(tx, run.row.workflow_id, scope)
    const settled = item === undefined ? undefined : settledEnd(run.context.store, item)
    if (settled !== undefined) {
      if (settled.state === 'done' && settled.result !== null) run.journal.recallItem()
      recordCallIn(run, tx, call, { ok: true, value: { run: false, settled: errorless(settled) } })
      return
    }
    const attachment = { scope, runId: run.row.id, scriptId: run.row.script_id, at: clock.now() }
    const inherits: RecordedStep[] = item === undefined ? [] : run.journal.inherited(item.id, scope)
    const itemId = item?.id ?? createItem(tx, { workflowId: run.row.workflow_id, ...attachment })
    if (item !== undefined) attachItem(tx, { id: item.id, ...attachment })
    call.evidence = { after: lastEntryOf(tx, itemId) }
    recordCallIn(run, tx, call, { ok: true, value: { run: true, item: itemId } }, inherits)
  })
  fault('item.after-open')
  return { is: 'delivered' }
}

export function undeclared(name: string): Failure {
  return {
    kind: 'not-permitted',
    clause: 'items',
    message: `The contract does not name “${name}” among its items, so its keys could not outlive this script. Nothing was run for it.`,
  }
}

/** How an item that is not to be run has ended; undefined when it is to be run. */
export function settledEnd(store: Store, item: ItemRow): ItemEnd | undefined {
  switch (item.state) {
    case 'done':
      return { state: 'done', result: itemResult(store, item) }
    case 'aside':
      return { state: 'aside', error: itemError(store, item) }
    case 'declined':
      return { state: 'declined', reason: itemError(store, item).message }
    case 'waiting':
      return { state: 'waiting', reason: 'It still waits.' }
    case 'open':
      return undefined
  }
}

/** Completes a `flow.settle` whose item ended, or was gone on with, in another run. */
export async function settleFromRow(run: ActiveRun, call: Call, itemId: string | null): Promise<void> {
  const item = itemId === null ? undefined : itemById(run.context.store, itemId)
  const end = item === undefined ? undefined : settledEnd(run.context.store, item)
  const waiting: ItemEnd = { state: 'waiting', reason: 'Another run goes on with it.' }
  await recordCall(run, call, { ok: true, value: errorless(end ?? waiting) })
}

/** Ends an item and, where the run still waits for it, completes its `flow.settle`. */
export async function endItem(
  run: ActiveRun,
  scope: Scope,
  end: ItemEnd,
  settle: Call | undefined,
): Promise<void> {
  const { store, fault, clock } = run.context
  const { itemId } = scope
  if (itemId === null) throw new Error('the run itself is not an item')
  fault('item.before-close')
  await store.write(tx => {
    const at = clock.now()
    // A body that runs again only to replay finds its item ended already, or gone on with by a later run.
    const item = itemById(tx, itemId)
    if (item?.run_id !== run.row.id || !(item.state === 'open' || item.state === 'waiting')) return
    if (end.state === 'done') {
      commitChanges(run, tx, scope.changes(), at)
      moveItem(store, tx, itemId, 'done', { result: end.result, at })
    } else if (end.state === 'aside') {
      moveItem(store, tx, itemId, 'aside', { error: end.error, at })
      raiseAside(run, tx, scope, end.error)
    } else if (end.state === 'declined') {
      moveItem(store, tx, itemId, 'declined', { error: { code: 'declined', message: end.reason }, at })
    } else moveItem(store, tx, itemId, 'waiting', { at })
    if (end.state !== 'waiting') {
      askOfEnded(run.context, tx, run.row, waitsOfItem(tx, run.row.id, itemId), run.journal)
      endWaitsOfItem(tx, run.row.id, itemId)
    }
    if (settle !== undefined) recordCallIn(run, tx, settle, { ok: true, value: errorless(end) })
  })
  fault('item.after-close')
}

/** The end of an item's body, as the item's end. */
export function endOf(outcome: Outcome): ItemEnd {
  return outcome.ok ? { state: 'done', result: outcome.value } : { state: 'aside', error: outcome.error }
}

export function asideFor(failure: Failure): ItemEnd {
  return { state: 'aside', error: { code: failure.kind, message: failure.message, failure } }
}

/** The script sees code and message; the failure itself stays with the host. */
export function errorless(end: ItemEnd): JsonObject {
  if (end.state !== 'aside') return { ...end }
  return { state: 'aside', error: { code: end.error.code, message: end.error.message } }
}

/** Asks what to do about an item that was set aside. */
export function raiseAside(
  run: ActiveRun,
  tx: Tx,
  scope: Pick<Scope, 'text' | 'itemId'>,
  error: ItemError,
): void {
  const path = JSON.parse(scope.text) as string[]
  raiseAction(run.context.store, tx, {
    kind: 'items-aside',
    causeKey: `aside:${run.row.workflow_id}:${error.code}`,
    workflowId: run.row.workflow_id,
    runId: run.row.id,
    itemId: scope.itemId,
    stepId: null,
    choices: [
      { id: 'retry', label: 'Try again', style: 'primary' },
      { id: 'dismiss', label: 'Leave them', style: 'plain' },
    ],
    body: {
      cause: `${run.contract.title}: “${path.at(-1) ?? ''}” was set aside. ${error.message}`,
      effect: 'The other items went on. What this one had done before stays done and will not be repeated.',
    },
    expiresAt: null,
    at: run.context.clock.now(),
  })
}
