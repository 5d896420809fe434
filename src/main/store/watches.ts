/** What is watched, and what was there when it was last looked at: cursors sealed at rest (J12). */
import type { Failure } from '../../domain/failure.ts'
import type { Json } from '../../domain/json.ts'
import type { Trigger } from '../../domain/triggers/list.ts'
import { triggerSchema } from '../../domain/triggers/list.ts'
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

/** Without what was there, which may be much. */
export type WatchRow = Omit<Row<'watches'>, 'sealed_cursor'>

const COLUMNS = [
  'watches.id',
  'watches.workflow_id',
  'watches.identity',
  'watches.spec',
  'watches.version',
  'watches.next_look',
  'watches.created_at',
  'watches.baseline',
  'watches.looked_at',
  'watches.saw',
  'watches.found_at',
  'watches.found',
  'watches.unaudited',
  'watches.audited_at',
  'watches.failures',
  'watches.failed_since',
  'watches.sealed_failure',
] as const

const insert = insertion('watches', [
  'id',
  'workflow_id',
  'identity',
  'spec',
  'next_look',
  'created_at',
  'baseline',
  'looked_at',
  'saw',
  'unaudited',
  'audited_at',
  'sealed_cursor',
])
const respell = statement((p: { id: string; spec: string; next_look: number }) =>
  query
    .updateTable('watches')
    .set(({ ref, fn, val }) => ({
      spec: p.spec,
      next_look: fn('min', [ref('next_look'), val(p.next_look)]),
    }))
    .where('id', '=', p.id),
)
const remove = statement((p: { id: string }) => query.deleteFrom('watches').where('id', '=', p.id))
const ofWorkflow = statement((p: { workflowId: string }) =>
  query.selectFrom('watches').select(COLUMNS).where('workflow_id', '=', p.workflowId).orderBy('id'),
)
const byId = statement((p: { id: string }) =>
  query.selectFrom('watches').select(COLUMNS).where('id', '=', p.id),
)
const awake = () =>
  query
    .selectFrom('watches')
    .innerJoin('workflows', 'workflows.id', 'watches.workflow_id')
    .where('workflows.state', '=', 'active')
    .orderBy('next_look')
const due = statement((p: { now: number; limit: number }) =>
  awake().select(COLUMNS).where('next_look', '<=', p.now).limit(p.limit),
)
const soonest = statement((p: { after: number }) =>
  awake().select('next_look').where('next_look', '>', p.after).limit(1),
)
const everyAwake = statement((_p: object) => awake().select(COLUMNS))
const cursor = statement((p: { id: string }) =>
  query.selectFrom('watches').select('sealed_cursor').where('id', '=', p.id),
)
const keepLook = statement(
  (p: {
    id: string
    version: number
    next_look: number
    baseline: number | null
    looked_at: number
    saw: number
    found_at: number | null
    found: number
    unaudited: number
    audited_at: number | null
    sealed_cursor: Uint8Array
  }) =>
    query
      .updateTable('watches')
      .set({
        version: p.version,
        next_look: p.next_look,
        baseline: p.baseline,
        looked_at: p.looked_at,
        saw: p.saw,
        found_at: p.found_at,
        found: p.found,
        unaudited: p.unaudited,
        audited_at: p.audited_at,
        failures: 0,
        failed_since: null,
        sealed_failure: null,
        sealed_cursor: p.sealed_cursor,
      })
      .where('id', '=', p.id),
)
const keepFailure = statement(
  (p: {
    id: string
    failures: number
    failed_since: number | null
    sealed_failure: Uint8Array
    next_look: number
  }) =>
    query
      .updateTable('watches')
      .set({
        failures: p.failures,
        failed_since: p.failed_since,
        sealed_failure: p.sealed_failure,
        next_look: p.next_look,
      })
      .where('id', '=', p.id),
)
const move = statement((p: { id: string; next_look: number }) =>
  query.updateTable('watches').set({ next_look: p.next_look }).where('id', '=', p.id),
)

export interface FirstLook {
  cursor: Json
  saw: number
}

/** Begins to watch. `first` is the look that drew the line (R8); null where that is still to come. */
export function addWatch(
  store: Store,
  tx: Tx,
  watch: {
    workflowId: string
    identity: string
    spec: Trigger
    first: FirstLook | null
    nextLook: number
    at: number
  },
): string {
  const { first, at } = watch
  const id = store.ids.next('wch')
  tx.run(insert, {
    id,
    workflow_id: watch.workflowId,
    identity: watch.identity,
    spec: JSON.stringify(watch.spec),
    next_look: watch.nextLook,
    created_at: at,
    baseline: first?.saw ?? null,
    looked_at: first === null ? null : at,
    saw: first?.saw ?? null,
    unaudited: 0,
    audited_at: first === null ? null : at,
    sealed_cursor: first === null ? null : store.seal(first.cursor, placeOf(id)),
  })
  return id
}

/** A new version of the contract watches the same thing: what was there stays known. */
export function respellWatch(tx: Tx, id: string, spec: Trigger, nextLook: number): void {
  tx.run(respell, { id, spec: JSON.stringify(spec), next_look: nextLook })
}

export function removeWatch(tx: Tx, id: string): void {
  tx.run(remove, { id })
}

export function watchesOf(reader: Reader, workflowId: string): WatchRow[] {
  return reader.all(ofWorkflow, { workflowId })
}

export function watchById(reader: Reader, id: string): WatchRow | undefined {
  return reader.get(byId, { id })
}

/** Of automations that are active: those of others are not looked at. */
export function dueWatches(reader: Reader, now: number, limit: number): WatchRow[] {
  return reader.all(due, { now, limit })
}

export function soonestLook(reader: Reader, after: number): number | null {
  return reader.get(soonest, { after })?.next_look ?? null
}

export function activeWatches(reader: Reader): WatchRow[] {
  return reader.all(everyAwake, {})
}

export function specOfWatch(row: Pick<WatchRow, 'spec'>): Trigger {
  return triggerSchema.parse(JSON.parse(row.spec))
}

export function cursorOf(store: Store, id: string): Json {
  const sealed = store.get(cursor, { id })?.sealed_cursor
  return sealed === null || sealed === undefined ? null : store.open(sealed, placeOf(id))
}

export interface LookKept {
  at: number
  nextLook: number
  saw: number
  found: number
  isAudited: boolean
  cursor: Json
}

export function recordLook(store: Store, tx: Tx, row: WatchRow, look: LookKept): void {
  const { at, found, isAudited } = look
  tx.run(keepLook, {
    id: row.id,
    version: row.version + 1,
    next_look: look.nextLook,
    baseline: row.baseline ?? look.saw,
    looked_at: at,
    saw: look.saw,
    found_at: found > 0 ? at : row.found_at,
    found: row.found + found,
    unaudited: isAudited ? 0 : row.unaudited + 1,
    audited_at: isAudited ? at : row.audited_at,
    sealed_cursor: store.seal(look.cursor, placeOf(row.id)),
  })
}

export function recordFailedLook(
  store: Store,
  tx: Tx,
  row: WatchRow,
  failed: { failure: Failure; failures: number; nextLook: number; at: number },
): void {
  tx.run(keepFailure, {
    id: row.id,
    failures: failed.failures,
    failed_since: row.failed_since ?? failed.at,
    sealed_failure: store.sealText(failed.failure.message, failurePlaceOf(row.id)),
    next_look: failed.nextLook,
  })
}

export function failureOfWatch(store: Store, row: WatchRow): string | null {
  return row.sealed_failure === null ? null : store.openText(row.sealed_failure, failurePlaceOf(row.id))
}

export function lookAt(tx: Tx, id: string, nextLook: number): void {
  tx.run(move, { id, next_look: nextLook })
}

function placeOf(id: string): string {
  return `watch:${id}`
}

function failurePlaceOf(id: string): string {
  return `watch-failure:${id}`
}
