/** The event inbox (R1, R2): what happened, kept until its target has taken it; a duplicate changes nothing. */
import { sql } from 'kysely'
import type { Json } from '../../domain/json.ts'
import type { Row } from './schema.ts'
import { insertion, query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Reader, Tx } from './tx.ts'

export type InboxRow = Row<'inbox'>

export interface NewEvent {
  sourceType: string
  sourceId: string
  target: { type: InboxRow['target_type']; id: string }
  type: string
  dedupeKey: string
  payload: Json
  /** Ids of the events that led to this one, oldest first (R1). */
  causes: readonly string[]
  at: number
}

const insert = insertion('inbox', [
  'id',
  'source_type',
  'source_id',
  'target_type',
  'target_id',
  'type',
  'dedupe_key',
  'sealed_payload',
  'depth',
  'causes',
  'state',
  'reason',
  'created_at',
  'done_at',
])
const byKey = statement((p: { type: InboxRow['target_type']; id: string; key: string }) =>
  query
    .selectFrom('inbox')
    .selectAll()
    .where('target_type', '=', p.type)
    .where('target_id', '=', p.id)
    .where('dedupe_key', '=', p.key),
)
const byId = statement((p: { id: string }) => query.selectFrom('inbox').selectAll().where('id', '=', p.id))
const oldest = statement((p: { type: InboxRow['target_type']; id: string; most: number }) =>
  query
    .selectFrom('inbox')
    .selectAll()
    .where('target_type', '=', p.type)
    .where('target_id', '=', p.id)
    .where('state', '=', 'new')
    .orderBy('id')
    .limit(p.most),
)
const waiting = statement((p: { type: InboxRow['target_type']; id: string; most: number }) =>
  query
    .selectFrom(
      query
        .selectFrom('inbox')
        .select('id')
        .where('target_type', '=', p.type)
        .where('target_id', '=', p.id)
        .where('state', '=', 'new')
        .limit(p.most)
        .as('some'),
    )
    .select(({ fn }) => fn.countAll<number>().as('count')),
)
const signals = statement((p: { runId: string; type: string }) =>
  query
    .selectFrom('inbox')
    .selectAll()
    .where('target_type', '=', 'run')
    .where('target_id', '=', p.runId)
    .where('type', '=', p.type)
    .where('state', '=', 'new')
    .orderBy('id')
    .limit(1),
)
const pendingOfSource = statement((p: { workflowId: string; sourceId: string }) =>
  query
    .selectFrom('inbox')
    .select('id')
    .where('target_type', '=', 'workflow')
    .where('target_id', '=', p.workflowId)
    .where('source_id', '=', p.sourceId)
    .where('state', '=', 'new')
    .limit(1),
)
const move = statement(
  (p: {
    id: string
    state: InboxRow['state']
    reason: string | null
    run_id: string | null
    done_at: number | null
  }) =>
    query
      .updateTable('inbox')
      .set({ state: p.state, reason: p.reason, run_id: p.run_id, done_at: p.done_at })
      .where('id', '=', p.id),
)
const refuse = statement(
  (p: { type: InboxRow['target_type']; id: string; reason: string; done_at: number }) =>
    query
      .updateTable('inbox')
      .set({ state: 'refused', reason: p.reason, done_at: p.done_at })
      .where('target_type', '=', p.type)
      .where('target_id', '=', p.id)
      .where('state', '=', 'new'),
)
const redirect = statement((p: { type: InboxRow['target_type']; from: string; to: string }) =>
  query
    .updateTable('inbox')
    .set({ target_id: p.to })
    .where('target_type', '=', p.type)
    .where('target_id', '=', p.from)
    .where('state', '=', 'new'),
)
const anyNew = statement((_p: object) =>
  query
    .selectFrom('inbox')
    .select('id')
    .where('target_type', '=', 'workflow')
    .where('state', '=', 'new')
    .limit(1),
)
const NOT_BEING_UNDONE = sql<boolean>`NOT EXISTS (
  SELECT 1 FROM undos WHERE undos.workflow_id = workflows.id AND undos.state = 'going')`
const HAS_WORK = sql<number>`EXISTS (
  SELECT 1 FROM script_runs AS work
  WHERE work.workflow_id = workflows.id AND work.slot IS NOT NULL AND work.state = 'running')`
/**
 * Active workflows with an event waiting and a turn free: those with nothing at work before those that have, each
 * least recently served first (R3). Steps from one waiting
 * target to the next, so that a long queue of one costs no more than a short one.
 */
const served = statement((p: { limit: number }) =>
  query
    .withRecursive('targets', db =>
      db
        .selectFrom('inbox')
        .select(({ fn }) => fn.min<string | null>('target_id').as('id'))
        .where('state', '=', 'new')
        .where('target_type', '=', 'workflow')
        .unionAll(
          db
            .selectFrom('targets')
            .select(({ selectFrom }) =>
              selectFrom('inbox')
                .select(({ fn }) => fn.min<string | null>('inbox.target_id').as('id'))
                .where('inbox.state', '=', 'new')
                .where('inbox.target_type', '=', 'workflow')
                .whereRef('inbox.target_id', '>', 'targets.id')
                .as('id'),
            )
            .where('targets.id', 'is not', null),
        ),
    )
    .selectFrom('targets')
    .innerJoin('workflows', 'workflows.id', 'targets.id')
    .select('workflows.id')
    .where('workflows.state', '=', 'active')
    .where(NOT_BEING_UNDONE)
    .where(({ eb, ref, selectFrom }) =>
      eb(
        selectFrom('script_runs')
          .select(({ fn }) => fn.countAll<number>().as('live'))
          .whereRef('script_runs.workflow_id', '=', 'workflows.id')
          .where('script_runs.slot', 'is not', null),
        '<',
        ref('workflows.concurrency'),
      ),
    )
    .orderBy(HAS_WORK)
    .orderBy('workflows.last_served_at')
    .limit(p.limit),
)

/** The event that already has this one's dedupe key. */
export function eventByKey(reader: Reader, event: NewEvent): InboxRow | undefined {
  return reader.get(byKey, { type: event.target.type, id: event.target.id, key: event.dedupeKey })
}

/** Takes the event in, or finds the one that already has its dedupe key. */
export function acceptEvent(store: Store, tx: Tx, event: NewEvent): { row: InboxRow; duplicate: boolean } {
  const known = eventByKey(tx, event)
  if (known !== undefined) return { row: known, duplicate: true }
  const id = store.ids.next('evt')
  const row: InboxRow = {
    id,
    source_type: event.sourceType,
    source_id: event.sourceId,
    target_type: event.target.type,
    target_id: event.target.id,
    type: event.type,
    dedupe_key: event.dedupeKey,
    sealed_payload: store.seal(event.payload, `inbox:${id}`),
    depth: event.causes.length,
    causes: JSON.stringify(event.causes),
    state: 'new',
    reason: null,
    run_id: null,
    created_at: event.at,
    done_at: null,
  }
  tx.run(insert, row)
  return { row, duplicate: false }
}

export function payloadOf(store: Store, row: Pick<InboxRow, 'id' | 'sealed_payload'>): Json {
  return store.open(row.sealed_payload, `inbox:${row.id}`)
}

export function causesOf(row: InboxRow): string[] {
  return JSON.parse(row.causes) as string[]
}

export function eventById(reader: Reader, id: string): InboxRow | undefined {
  return reader.get(byId, { id })
}

/** The oldest events that wait for the target. */
export function oldestFor(
  reader: Reader,
  type: InboxRow['target_type'],
  id: string,
  most: number,
): InboxRow[] {
  return reader.all(oldest, { type, id, most })
}

/** How many events wait for the target, counted up to `most`. */
export function waitingFor(reader: Reader, type: InboxRow['target_type'], id: string, most: number): number {
  return reader.get(waiting, { type, id, most })?.count ?? 0
}

export function nextSignal(reader: Reader, runId: string, name: string): InboxRow | undefined {
  return reader.get(signals, { runId, type: `signal:${name}` })
}

export function hasPendingFrom(reader: Reader, workflowId: string, sourceId: string): boolean {
  return reader.get(pendingOfSource, { workflowId, sourceId }) !== undefined
}

/** Whether any event waits for any workflow: a look at one row, however many there are of either. */
export function hasWaitingEvents(reader: Reader): boolean {
  return reader.get(anyNew, {}) !== undefined
}

export function workflowsToServe(reader: Reader, limit: number): string[] {
  return reader.all(served, { limit }).map(row => row.id)
}

export function moveEvent(
  tx: Tx,
  id: string,
  state: InboxRow['state'],
  more: { reason?: string; runId?: string; doneAt?: number } = {},
): void {
  tx.run(move, {
    id,
    state,
    reason: more.reason ?? null,
    run_id: more.runId ?? null,
    done_at: more.doneAt ?? null,
  })
}

/** What waits for one is for another, who goes on with its work. */
export function redirectWaiting(tx: Tx, type: InboxRow['target_type'], from: string, to: string): void {
  tx.run(redirect, { type, from, to })
}

/** Nobody will take what waits for the target any more: says so on every such event. */
export function refuseWaiting(
  tx: Tx,
  type: InboxRow['target_type'],
  id: string,
  end: { reason: string; at: number },
): void {
  tx.run(refuse, { type, id, reason: end.reason, done_at: end.at })
}
