/**
 * The tables of `migrations/*.sql` as types: what Kysely checks every query against. Column notes are in the SQL.
 */
import type { Generated, Selectable } from 'kysely'
import type { ChatEventsTable, ChatsTable, SetUpsTable } from './chat-tables.ts'
import type { NotificationsTable } from './notification-tables.ts'
import type { TaskTables } from './task-tables.ts'
import type { UndoStepsTable, UndosTable } from './undo-tables.ts'

interface SettingsTable {
  key: string
  value: string
}

interface CopyReviewsTable {
  workflow_id: string
  copied_at: number
  known_until: number
  over_at: Generated<number | null>
  answers: Generated<string>
}

interface CopyAnswersTable {
  owner: string
  choice: 'done' | 'do' | 'each'
}

interface WorkflowsTable {
  id: string
  name: string
  state: 'active' | 'paused' | 'archived' | 'deleted'
  pause_reason: string | null
  intent_id: string | null
  script_id: string | null
  chat_id: string
  concurrency: Generated<number>
  last_served_at: Generated<number>
  created_at: number
  updated_at: number
}

interface IntentsTable {
  id: string
  workflow_id: string
  version: number
  contract: string
  created_at: number
}

interface ScriptsTable {
  id: string
  workflow_id: string
  intent_id: string
  major: number
  minor: number
  source: string
  hash: string
  tool_api: number
  note: Generated<string>
  created_at: number
}

interface InboxTable {
  id: string
  source_type: string
  source_id: string
  target_type: 'workflow' | 'run' | 'task'
  target_id: string
  type: string
  dedupe_key: string
  sealed_payload: Uint8Array
  depth: Generated<number>
  causes: Generated<string>
  state: 'new' | 'claimed' | 'done' | 'refused'
  reason: string | null
  run_id: string | null
  created_at: number
  done_at: number | null
}

interface ScriptRunsTable {
  id: string
  workflow_id: string
  script_id: string
  intent_id: string
  inbox_id: string
  state: 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled' | 'declined'
  slot: number | null
  attempt: Generated<number>
  boot: string
  engine: string
  seed: string
  cancelling: Generated<number>
  demand: Generated<'exact' | 'writes'>
  waiting_items: Generated<number>
  /** JSON: places in the contract's `done`. */
  open_checks: string | null
  sealed_result: Uint8Array | null
  sealed_failure: Uint8Array | null
  cpu_ms: Generated<number>
  wall_ms: Generated<number>
  created_at: number
  started_at: number | null
  ended_at: number | null
}

interface ItemsTable {
  id: string
  workflow_id: string
  name: string
  key: string
  scope: string
  state: 'open' | 'waiting' | 'done' | 'aside' | 'declined'
  run_id: string
  script_id: string
  sealed_result: Uint8Array | null
  sealed_failure: Uint8Array | null
  created_at: number
  updated_at: number
}

interface ScriptRunStepsTable {
  run_id: string
  position: number
  kind: 'call' | 'begin' | 'unsent' | 'unknown' | 'again' | 'end' | 'drop'
  step_id: string
  owner: string
  workflow_id: string
  tool: string
  effect: 'read' | 'write' | 'local' | 'model'
  arg_hash: string
  occurrence: number
  generation: Generated<number>
  turn: number | null
  ok: number | null
  actions: Generated<number>
  cost_micros: Generated<number>
  sealed_body: Uint8Array
  begun_at: number
  at: number
  attempt: number
  seq: number
}

interface WaitsTable {
  step_id: string
  run_id: string
  item_id: string | null
  kind: 'sleep' | 'signal' | 'ask' | 'approval' | 'unknown' | 'retry' | 'defer' | 'fix'
  name: string | null
  wake_at: number | null
  local_time: string | null
  zone: string | null
  action_id: string | null
  detail: Generated<string>
  sealed_answer: Uint8Array | null
  created_at: number
}

interface SchedulesTable {
  id: string
  workflow_id: string
  spec: string
  zone: string
  catch_up: 'skip' | 'once' | 'all'
  settled_to: number
  next_due: number | null
  owed: Generated<number>
  active: Generated<number>
}

interface InstantsTable {
  schedule_id: string
  due_at: number
  fate: 'ran' | 'caught-up' | 'merged' | 'skipped'
  reason: string | null
  inbox_id: string | null
  at: number
}

interface WatchesTable {
  id: string
  workflow_id: string
  identity: string
  spec: string
  version: Generated<number>
  next_look: number
  created_at: number
  baseline: number | null
  looked_at: number | null
  saw: number | null
  found_at: number | null
  found: Generated<number>
  unaudited: Generated<number>
  audited_at: number | null
  failures: Generated<number>
  failed_since: number | null
  sealed_failure: Uint8Array | null
  sealed_cursor: Uint8Array | null
}

interface WebhooksTable {
  id: string
  workflow_id: string
  name: string
  spec: string
  sealed_secrets: Uint8Array
  taken: Generated<number>
  last_at: number | null
  created_at: number
  changed_at: number
}

interface AbsencesTable {
  from_at: number
  to_at: number
  why: 'off' | 'asleep'
}

interface ActionsTable {
  id: string
  kind: string
  cause_key: string
  workflow_id: string | null
  run_id: string | null
  item_id: string | null
  step_id: string | null
  choices: string
  sealed_body: Uint8Array
  state: 'open' | 'resolved' | 'closed'
  choice: string | null
  expires_at: number | null
  created_at: number
  resolved_at: number | null
}

interface ApprovalsTable {
  step_id: string
  run_id: string
  payload_hash: string
  state: 'pending' | 'granted' | 'rejected' | 'expired' | 'used' | 'void'
  action_id: string
  expires_at: number
  decided_at: number | null
}

interface GrantsTable {
  id: string
  workflow_id: string
  kind: string
  subject: string
  created_at: number
}

interface StateTable {
  workflow_id: string
  key: string
  sealed_value: Uint8Array
  sealed_sources: Uint8Array | null
  updated_at: number
}

interface BlobsTable {
  hash: string
  size: number
  sealed_body: Uint8Array
  last_used_at: number
}

interface NotesTable {
  number: Generated<number>
  id: string
  workflow_id: string
  title_mac: string
  sealed_head: Uint8Array
  sealed_text: Uint8Array
  characters: number
  outside: Generated<number>
  created_at: number
  updated_at: number
}

interface NoteIndexKeysTable {
  id: number
  sealed_key: Uint8Array
}

/** The full-text index: its columns are written and matched, never read. */
interface NoteWordsTable {
  rowid: number
  owner: string
  title: string
  text: string
  tags: string
}

interface ConnectionsTable {
  id: string
  name: string
  kind: string
  auth: 'none' | 'api-key' | 'bearer' | 'basic' | 'hmac' | 'oauth'
  origins: string
  settings: string
  state: Generated<'unchecked' | 'connected' | 'refused' | 'failing'>
  message: string | null
  checked_at: number | null
  version: Generated<number>
  created_at: number
  updated_at: number
}

interface SecretsTable {
  connection_id: string
  purpose: string
  version: number
  generation: number
  sealed_value: Uint8Array
  created_at: number
}

interface RequestsTable {
  id: string
  sealed_record: Uint8Array
  created_at: number
}

interface TalliesTable {
  name: string
  count: number
}

interface AuditLogTable {
  seq: number
  at: number
  kind: string
  workflow_id: string | null
  run_id: string | null
  body: string
  mac: string
}

interface PoliciesTable {
  version: number
  source: string | null
  document: string | null
  hash: string
  created_at: number
}

export interface Schema extends TaskTables {
  settings: SettingsTable
  chats: ChatsTable
  chat_events: ChatEventsTable
  workflows: WorkflowsTable
  copy_reviews: CopyReviewsTable
  copy_answers: CopyAnswersTable
  intents: IntentsTable
  scripts: ScriptsTable
  inbox: InboxTable
  script_runs: ScriptRunsTable
  items: ItemsTable
  script_run_steps: ScriptRunStepsTable
  waits: WaitsTable
  schedules: SchedulesTable
  instants: InstantsTable
  watches: WatchesTable
  webhooks: WebhooksTable
  absences: AbsencesTable
  actions: ActionsTable
  approvals: ApprovalsTable
  grants: GrantsTable
  undos: UndosTable
  undo_steps: UndoStepsTable
  state: StateTable
  blobs: BlobsTable
  audit_log: AuditLogTable
  connections: ConnectionsTable
  secrets: SecretsTable
  notes: NotesTable
  note_index_keys: NoteIndexKeysTable
  note_words: NoteWordsTable
  requests: RequestsTable
  policies: PoliciesTable
  notifications: NotificationsTable
  tallies: TalliesTable
  set_ups: SetUpsTable
}

/** A row as it is read. */
export type Row<T extends keyof Schema> = Selectable<Schema[T]>
