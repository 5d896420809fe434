/** What retention asks the database: what has ended, what is still needed, what nobody names (J12). */
import { sql } from 'kysely'
import { query, statement } from './statement.ts'

export const endedRuns = statement((p: { until: number; at: number; id: string; limit: number }) =>
  query
    .selectFrom('script_runs')
    .select(['id', 'workflow_id', 'inbox_id', 'state', 'attempt', 'ended_at'])
    .where('ended_at', 'is not', null)
    .where('ended_at', '<', p.until)
    .where(({ eb, refTuple, tuple }) => eb(refTuple('ended_at', 'id'), '>', tuple(p.at, p.id)))
    .where('slot', 'is', null)
    .where('waiting_items', '=', 0)
    .orderBy('ended_at')
    .orderBy('id')
    .limit(p.limit),
)
export const stillEnded = statement((p: { id: string }) =>
  query
    .selectFrom('script_runs')
    .select('id')
    .where('id', '=', p.id)
    .where('ended_at', 'is not', null)
    .where('slot', 'is', null)
    .where('waiting_items', '=', 0),
)
export const openItemOfRun = statement((p: { id: string }) =>
  query
    .selectFrom('items')
    .select('id')
    .where('run_id', '=', p.id)
    .where('state', 'in', ['open', 'waiting', 'aside'])
    .limit(1),
)
/** An unfinished item's journal may stand in several runs: all of them stay. */
export const entryOfOpenItem = statement((p: { id: string }) =>
  query
    .selectFrom('script_run_steps')
    .innerJoin('items', 'items.id', 'script_run_steps.owner')
    .select('items.id')
    .where('script_run_steps.run_id', '=', p.id)
    .where('items.state', 'in', ['open', 'waiting', 'aside'])
    .limit(1),
)
/** An item that a later run took over: whoever may still be replayed may ask for what was recorded of it here. */
export const entryOfItemGoneOn = statement((p: { id: string }) =>
  query
    .selectFrom('script_run_steps')
    .innerJoin('items', 'items.id', 'script_run_steps.owner')
    .select('items.id')
    .where('script_run_steps.run_id', '=', p.id)
    .where('items.run_id', '!=', p.id)
    .limit(1),
)
/** The automation has another run that is live, waits in an item, or failed and can be retried. */
export const replayableRun = statement((p: { id: string; workflowId: string }) =>
  query
    .selectFrom('workflows')
    .select('id')
    .where('id', '=', p.workflowId)
    .where(({ or, exists, selectFrom }) =>
      or([
        exists(
          selectFrom('script_runs')
            .select('script_runs.id')
            .where('script_runs.workflow_id', '=', p.workflowId)
            .where('slot', 'is not', null),
        ),
        exists(
          selectFrom('items')
            .select('items.id')
            .where('items.workflow_id', '=', p.workflowId)
            // To the letter the condition of the index `items_aside`, so that it is used.
            .where(sql<boolean>`items.state IN ('aside', 'waiting', 'open')`)
            .where('items.state', 'in', ['open', 'waiting']),
        ),
        exists(
          selectFrom('script_runs')
            .select('script_runs.id')
            .where('script_runs.workflow_id', '=', p.workflowId)
            .where('script_runs.state', '=', 'failed')
            .where('script_runs.id', '!=', p.id)
            .where('sealed_failure', 'is not', null),
        ),
      ]),
    ),
)
export const waitOfRun = statement((p: { id: string }) =>
  query.selectFrom('waits').select('step_id').where('run_id', '=', p.id).limit(1),
)
export const openActionOfRun = statement((p: { id: string }) =>
  query.selectFrom('actions').select('id').where('run_id', '=', p.id).where('state', '=', 'open').limit(1),
)
export const goingUndoOfRun = statement((p: { id: string }) =>
  query.selectFrom('undos').select('id').where('run_id', '=', p.id).where('state', '=', 'going'),
)
export const queuedRetry = statement((p: { workflowId: string; key: string }) =>
  query
    .selectFrom('inbox')
    .select('id')
    .where('target_type', '=', 'workflow')
    .where('target_id', '=', p.workflowId)
    .where('dedupe_key', '=', p.key)
    .where('state', 'in', ['new', 'claimed']),
)
export const newerSuccesses = statement((p: { workflowId: string; id: string; limit: number }) =>
  query
    .selectFrom('script_runs')
    .select('id')
    .where('workflow_id', '=', p.workflowId)
    .where('state', '=', 'succeeded')
    .where('id', '>', p.id)
    .limit(p.limit),
)
export const itemOfRun = statement((p: { id: string }) =>
  query.selectFrom('items').select('id').where('run_id', '=', p.id).limit(1),
)
/** It has a journal, a result or a failure, or said something: there is something to take. */
export const anyContent = statement((p: { id: string }) =>
  query
    .selectFrom('script_runs')
    .select('id')
    .where('id', '=', p.id)
    .where(({ eb, or, exists, selectFrom }) =>
      or([
        eb('sealed_result', 'is not', null),
        eb('sealed_failure', 'is not', null),
        exists(selectFrom('script_run_steps').select('position').where('run_id', '=', p.id)),
        exists(selectFrom('chat_events').select('chat_events.id').where('run_id', '=', p.id)),
      ]),
    ),
)
export const emptyRun = statement((p: { id: string }) =>
  query.updateTable('script_runs').set({ sealed_result: null, sealed_failure: null }).where('id', '=', p.id),
)
export const dropEntries = statement((p: { id: string; limit: number }) =>
  query
    .deleteFrom('script_run_steps')
    .where('run_id', '=', p.id)
    .where(
      'position',
      'in',
      query.selectFrom('script_run_steps').select('position').where('run_id', '=', p.id).limit(p.limit),
    ),
)
/** What it said in its automation's chat. */
export const dropSaid = statement((p: { id: string; limit: number }) =>
  query
    .deleteFrom('chat_events')
    .where(
      'id',
      'in',
      query.selectFrom('chat_events').select('id').where('run_id', '=', p.id).limit(p.limit),
    ),
)
export const dropApprovals = statement((p: { id: string }) =>
  query.deleteFrom('approvals').where('run_id', '=', p.id),
)
/** Signals that the run never took: it failed, and could have been gone on with until now. */
export const dropSignals = statement((p: { id: string }) =>
  query
    .deleteFrom('inbox')
    .where('target_type', '=', 'run')
    .where('target_id', '=', p.id)
    .where('state', '=', 'new'),
)
export const dropRun = statement((p: { id: string }) =>
  query.deleteFrom('script_runs').where('id', '=', p.id),
)
/** Ended events whose run is gone or emptied. */
export const idleEvents = statement((p: { until: number; limit: number }) =>
  query
    .selectFrom('inbox')
    .select(['id', 'dedupe_key', 'source_type', 'target_type'])
    .where('done_at', 'is not', null)
    .where('done_at', '<', p.until)
    .where('state', 'in', ['done', 'refused'])
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('script_runs')
            .select('script_runs.id')
            .whereRef('script_runs.inbox_id', '=', 'inbox.id')
            .where(({ eb, or, exists: has, selectFrom: from }) =>
              or([
                eb('script_runs.ended_at', 'is', null),
                eb('script_runs.sealed_failure', 'is not', null),
                eb('script_runs.sealed_result', 'is not', null),
                has(
                  from('script_run_steps')
                    .select('position')
                    .whereRef('script_run_steps.run_id', '=', 'script_runs.id'),
                ),
              ]),
            ),
        ),
      ),
    )
    .limit(p.limit),
)
export const runByInbox = statement((p: { id: string }) =>
  query.selectFrom('script_runs').select('id').where('inbox_id', '=', p.id),
)
export const dropEvent = statement((p: { id: string }) => query.deleteFrom('inbox').where('id', '=', p.id))
/** Without `done_at` it is not looked at again: only its key is left to keep. */
export const emptyEvent = statement((p: { id: string; payload: Uint8Array }) =>
  query.updateTable('inbox').set({ sealed_payload: p.payload, done_at: null }).where('id', '=', p.id),
)
/** Schedules, and the last instant of each that its ledger has. */
export const schedulesAfter = statement((p: { id: string; limit: number }) =>
  query
    .selectFrom('schedules')
    .select(({ selectFrom }) => [
      'id',
      'active',
      selectFrom('instants')
        .select(({ fn }) => fn.max<number | null>('due_at').as('due_at'))
        .whereRef('instants.schedule_id', '=', 'schedules.id')
        .as('last'),
    ])
    .where('id', '>', p.id)
    .orderBy('id')
    .limit(p.limit),
)
/** The next instants of a schedule's ledger, where they are old enough. */
export const oldInstants = statement(
  (p: { scheduleId: string; after: number; below: number; until: number; limit: number }) =>
    query
      .selectFrom('instants')
      .select('due_at')
      .where('schedule_id', '=', p.scheduleId)
      .where('due_at', '>', p.after)
      .where('due_at', '<', p.below)
      .where('at', '<', p.until)
      .orderBy('due_at')
      .limit(p.limit),
)
/** All of a stretch but those whose event still waits or is being run. */
export const dropInstants = statement((p: { scheduleId: string; after: number; to: number; until: number }) =>
  query
    .deleteFrom('instants')
    .where('schedule_id', '=', p.scheduleId)
    .where('due_at', '>', p.after)
    .where('due_at', '<=', p.to)
    .where('at', '<', p.until)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('inbox')
            .select('inbox.id')
            .whereRef('inbox.id', '=', 'instants.inbox_id')
            .where('inbox.state', 'in', ['new', 'claimed']),
        ),
      ),
    ),
)
/** A retired schedule that has accounted for all it was due, long ago. */
export const dropSchedule = statement((p: { id: string; until: number }) =>
  query
    .deleteFrom('schedules')
    .where('id', '=', p.id)
    .where('active', '=', 0)
    .where('settled_to', '<', p.until)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(selectFrom('instants').select('due_at').whereRef('instants.schedule_id', '=', 'schedules.id')),
      ),
    ),
)
export const dropActions = statement((p: { until: number; limit: number }) =>
  query
    .deleteFrom('actions')
    .where(
      'id',
      'in',
      query
        .selectFrom('actions')
        .select('id')
        .where('state', 'in', ['resolved', 'closed'])
        .where('resolved_at', '<', p.until)
        .limit(p.limit),
    ),
)
export const dropNotifications = statement((p: { until: number; limit: number }) =>
  query
    .deleteFrom('notifications')
    .where(
      'id',
      'in',
      query
        .selectFrom('notifications')
        .select('id')
        .where('state', '!=', 'held')
        .where('created_at', '<', p.until)
        .limit(p.limit),
    ),
)
export const entriesFrom = statement((p: { runId: string; position: number; limit: number }) =>
  query
    .selectFrom('script_run_steps')
    .select(['run_id', 'position', 'sealed_body'])
    .where(({ eb, refTuple, tuple }) => eb(refTuple('run_id', 'position'), '>', tuple(p.runId, p.position)))
    .orderBy('run_id')
    .orderBy('position')
    .limit(p.limit),
)
export const oldBlobs = statement((p: { until: number; limit: number }) =>
  query.selectFrom('blobs').select('hash').where('last_used_at', '<', p.until).limit(p.limit),
)
export const dropBlob = statement((p: { hash: string; until: number }) =>
  query.deleteFrom('blobs').where('hash', '=', p.hash).where('last_used_at', '<', p.until),
)
export const dropUndoSteps = statement((p: { id: string }) =>
  query
    .deleteFrom('undo_steps')
    .where('undo_id', 'in', query.selectFrom('undos').select('id').where('run_id', '=', p.id)),
)
export const dropUndos = statement((p: { id: string }) =>
  query.deleteFrom('undos').where('run_id', '=', p.id),
)
