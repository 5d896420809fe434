-- The durable engine: workflows and their versions, the event inbox, runs and their journal, items, waits,
-- the ledger of due instants, actions, local state, chats, costs, blobs, the audit log.
-- Times are UTC milliseconds. Columns named `sealed_*` hold text sealed with the data key (J12).
-- Money is integer micro-dollars. Words are those of docs/18-glossary.md.

CREATE TABLE settings (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE chats (
  id         TEXT PRIMARY KEY,
  title      TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- Append-only: what the user sees in a chat is a fold over these.
CREATE TABLE chat_events (
  id          TEXT PRIMARY KEY,
  chat_id     TEXT NOT NULL REFERENCES chats(id),
  kind        TEXT NOT NULL,
  run_id      TEXT,
  sealed_body BLOB NOT NULL,
  at          INTEGER NOT NULL
) STRICT;
CREATE INDEX chat_events_by_chat ON chat_events (chat_id, id);
CREATE INDEX chat_events_by_run ON chat_events (run_id) WHERE run_id IS NOT NULL;

CREATE TABLE workflows (
  id             TEXT PRIMARY KEY,
  name           TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('active', 'paused', 'archived', 'deleted')),
  pause_reason   TEXT,
  intent_id      TEXT,
  script_id      TEXT,
  chat_id        TEXT NOT NULL REFERENCES chats(id),
  -- How many of its runs may be live at once; from the contract.
  concurrency    INTEGER NOT NULL DEFAULT 1,
  last_served_at INTEGER NOT NULL DEFAULT 0,
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX workflows_by_name ON workflows (name) WHERE state <> 'deleted';

CREATE TABLE intents (
  id          TEXT PRIMARY KEY,
  workflow_id TEXT NOT NULL REFERENCES workflows(id),
  version     INTEGER NOT NULL,
  contract    TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  UNIQUE (workflow_id, version)
) STRICT;

CREATE TABLE scripts (
  id          TEXT PRIMARY KEY,
  workflow_id TEXT NOT NULL REFERENCES workflows(id),
  intent_id   TEXT NOT NULL REFERENCES intents(id),
  major       INTEGER NOT NULL,
  minor       INTEGER NOT NULL,
  source      TEXT NOT NULL,
  hash        TEXT NOT NULL,
  tool_api    INTEGER NOT NULL,
  note        TEXT NOT NULL DEFAULT '',
  created_at  INTEGER NOT NULL,
  UNIQUE (workflow_id, major, minor)
) STRICT;

-- The event inbox (R1): a duplicate delivery meets the UNIQUE key and changes nothing.
CREATE TABLE inbox (
  id             TEXT PRIMARY KEY,
  source_type    TEXT NOT NULL,
  source_id      TEXT NOT NULL,
  target_type    TEXT NOT NULL CHECK (target_type IN ('workflow', 'run', 'task')),
  target_id      TEXT NOT NULL,
  type           TEXT NOT NULL,
  dedupe_key     TEXT NOT NULL,
  sealed_payload BLOB NOT NULL,
  depth          INTEGER NOT NULL DEFAULT 0,
  causes         TEXT NOT NULL DEFAULT '[]',
  state          TEXT NOT NULL CHECK (state IN ('new', 'claimed', 'done', 'refused')),
  reason         TEXT,
  run_id         TEXT,
  created_at     INTEGER NOT NULL,
  done_at        INTEGER,
  UNIQUE (target_type, target_id, dedupe_key)
) STRICT;
CREATE INDEX inbox_waiting ON inbox (target_type, target_id, id) WHERE state = 'new';
CREATE INDEX inbox_done ON inbox (done_at) WHERE done_at IS NOT NULL;

CREATE TABLE script_runs (
  id             TEXT PRIMARY KEY,
  workflow_id    TEXT NOT NULL REFERENCES workflows(id),
  script_id      TEXT NOT NULL REFERENCES scripts(id),
  intent_id      TEXT NOT NULL REFERENCES intents(id),
  inbox_id       TEXT NOT NULL UNIQUE REFERENCES inbox(id),
  state          TEXT NOT NULL CHECK (state IN ('running', 'waiting', 'succeeded', 'failed', 'cancelled', 'declined')),
  -- Live runs hold a turn in their workflow's order; there are as many slots as the contract allows at once (R3).
  slot           INTEGER,
  -- Raised by each boot and each new attempt: an older executor's writes are refused (J11).
  attempt        INTEGER NOT NULL DEFAULT 1,
  boot           TEXT NOT NULL,
  engine         TEXT NOT NULL,
  seed           TEXT NOT NULL,
  cancelling     INTEGER NOT NULL DEFAULT 0,
  demand         TEXT NOT NULL DEFAULT 'exact' CHECK (demand IN ('exact', 'writes')),
  waiting_items  INTEGER NOT NULL DEFAULT 0,
  sealed_result  BLOB,
  sealed_failure BLOB,
  cpu_ms         INTEGER NOT NULL DEFAULT 0,
  created_at     INTEGER NOT NULL,
  started_at     INTEGER,
  ended_at       INTEGER
) STRICT;
CREATE UNIQUE INDEX script_runs_live ON script_runs (workflow_id, slot) WHERE slot IS NOT NULL;
CREATE INDEX script_runs_by_workflow ON script_runs (workflow_id, id);
CREATE INDEX script_runs_failed ON script_runs (workflow_id, ended_at) WHERE state = 'failed';
CREATE INDEX script_runs_by_state ON script_runs (state, id);
CREATE INDEX script_runs_by_workflow_state ON script_runs (workflow_id, state, id);
CREATE INDEX script_runs_ended ON script_runs (ended_at, id) WHERE ended_at IS NOT NULL;

CREATE TABLE items (
  id            TEXT PRIMARY KEY,
  workflow_id   TEXT NOT NULL REFERENCES workflows(id),
  name          TEXT NOT NULL,
  key           TEXT NOT NULL,
  -- Names and keys from the outermost each inwards, as JSON: how the script's side names the item.
  scope         TEXT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('open', 'waiting', 'done', 'aside', 'declined')),
  -- The run whose journal can re-enter the item: the last that opened it.
  run_id        TEXT NOT NULL REFERENCES script_runs(id),
  script_id     TEXT NOT NULL REFERENCES scripts(id),
  sealed_result BLOB,
  sealed_failure BLOB,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  UNIQUE (workflow_id, name, key)
) STRICT;
CREATE INDEX items_by_run ON items (run_id, state);
CREATE INDEX items_aside ON items (workflow_id, state) WHERE state IN ('aside', 'waiting', 'open');

-- The journal, append-only: a step is a fold over its entries.
--   call    a read, local or model step, recorded whole when it ended
--   begin   the write-ahead of a write
--   unsent  the write is known not to have left: it may be issued again
--   unknown a begun write whose end nobody saw (J4)
--   again   the write-ahead of issuing the same write once more, under the same idempotency key
--   end     the one outcome of a begun step (J2: at most one, by index)
--   drop    this step is taken back, so that its call may be issued anew (retry from the failed step)
CREATE TABLE script_run_steps (
  run_id      TEXT NOT NULL REFERENCES script_runs(id),
  position    INTEGER NOT NULL,
  kind        TEXT NOT NULL CHECK (kind IN ('call', 'begin', 'unsent', 'unknown', 'again', 'end', 'drop')),
  step_id     TEXT NOT NULL,
  -- Whose journal it is: the run's id, or the item's, which outlives runs (J7).
  owner       TEXT NOT NULL,
  workflow_id TEXT NOT NULL,
  tool        TEXT NOT NULL,
  effect      TEXT NOT NULL CHECK (effect IN ('read', 'write', 'local', 'model')),
  arg_hash    TEXT NOT NULL,
  occurrence  INTEGER NOT NULL,
  -- How often this very call was taken back before.
  generation  INTEGER NOT NULL DEFAULT 0,
  -- Order of delivery to the script; with `call` and `end`.
  turn        INTEGER,
  ok          INTEGER,
  actions     INTEGER NOT NULL DEFAULT 0,
  cost_micros INTEGER NOT NULL DEFAULT 0,
  sealed_body BLOB NOT NULL,
  begun_at    INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  attempt     INTEGER NOT NULL,
  PRIMARY KEY (run_id, position)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX steps_one_begin ON script_run_steps (owner, tool, arg_hash, occurrence, generation) WHERE kind IN ('call', 'begin');
CREATE UNIQUE INDEX steps_one_end ON script_run_steps (step_id) WHERE kind IN ('call', 'end');
CREATE UNIQUE INDEX steps_one_turn ON script_run_steps (run_id, turn) WHERE turn IS NOT NULL;
CREATE INDEX steps_by_owner ON script_run_steps (owner, at);
CREATE INDEX steps_quota ON script_run_steps (workflow_id, at, actions) WHERE kind = 'begin' AND actions > 0;

-- What suspended scopes wait for. A working set: a row goes when its wait is over; the journal keeps the history.
CREATE TABLE waits (
  step_id    TEXT PRIMARY KEY,
  run_id     TEXT NOT NULL REFERENCES script_runs(id),
  item_id    TEXT,
  kind       TEXT NOT NULL CHECK (kind IN ('sleep', 'signal', 'ask', 'approval', 'unknown', 'retry', 'defer', 'fix')),
  name       TEXT,
  wake_at    INTEGER,
  local_time TEXT,
  zone       TEXT,
  action_id  TEXT,
  detail     TEXT NOT NULL DEFAULT '{}',
  -- What a person or the world decided, until the script has it.
  sealed_answer BLOB,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX waits_by_time ON waits (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX waits_by_run ON waits (run_id);
CREATE INDEX waits_by_action ON waits (action_id) WHERE action_id IS NOT NULL;

CREATE TABLE schedules (
  id          TEXT PRIMARY KEY,
  workflow_id TEXT NOT NULL REFERENCES workflows(id),
  spec        TEXT NOT NULL,
  zone        TEXT NOT NULL,
  catch_up    TEXT NOT NULL CHECK (catch_up IN ('skip', 'once', 'all')),
  -- Every due instant up to here, and none after, has its row in the ledger (R4).
  settled_to  INTEGER NOT NULL,
  next_due    INTEGER,
  -- Rows merged into a catch-up that has not been fired yet.
  owed        INTEGER NOT NULL DEFAULT 0,
  active      INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX schedules_due ON schedules (next_due) WHERE active = 1 AND next_due IS NOT NULL;
CREATE INDEX schedules_by_workflow ON schedules (workflow_id);

-- The ledger of due instants (R4): one row each, forever saying what became of it.
CREATE TABLE instants (
  schedule_id TEXT NOT NULL REFERENCES schedules(id),
  due_at      INTEGER NOT NULL,
  fate        TEXT NOT NULL CHECK (fate IN ('ran', 'caught-up', 'merged', 'skipped')),
  reason      TEXT,
  inbox_id    TEXT,
  at          INTEGER NOT NULL,
  PRIMARY KEY (schedule_id, due_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE actions (
  id          TEXT PRIMARY KEY,
  kind        TEXT NOT NULL,
  -- One open action per cause: the same cause is one row.
  cause_key   TEXT NOT NULL,
  workflow_id TEXT,
  run_id      TEXT,
  item_id     TEXT,
  step_id     TEXT,
  choices     TEXT NOT NULL,
  sealed_body BLOB NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('open', 'resolved', 'closed')),
  choice      TEXT,
  expires_at  INTEGER,
  created_at  INTEGER NOT NULL,
  resolved_at INTEGER
) STRICT;
CREATE UNIQUE INDEX actions_open_cause ON actions (cause_key) WHERE state = 'open';
CREATE INDEX actions_by_state ON actions (state, id);
CREATE INDEX actions_by_workflow ON actions (workflow_id, kind) WHERE state = 'open';
CREATE INDEX actions_by_run ON actions (run_id) WHERE run_id IS NOT NULL;

-- An approval is bound to one step of one run and the hash of its exact payload, and used once (P4).
CREATE TABLE approvals (
  step_id      TEXT PRIMARY KEY,
  run_id       TEXT NOT NULL REFERENCES script_runs(id),
  payload_hash TEXT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('pending', 'granted', 'rejected', 'expired', 'used', 'void')),
  action_id    TEXT NOT NULL,
  expires_at   INTEGER NOT NULL,
  decided_at   INTEGER
) STRICT;
CREATE INDEX approvals_by_run ON approvals (run_id);

CREATE TABLE grants (
  id          TEXT PRIMARY KEY,
  workflow_id TEXT NOT NULL REFERENCES workflows(id),
  -- 'first-time': this tool towards this target was approved once.
  kind        TEXT NOT NULL,
  subject     TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  UNIQUE (workflow_id, kind, subject)
) STRICT;

CREATE TABLE state (
  workflow_id  TEXT NOT NULL REFERENCES workflows(id),
  key          TEXT NOT NULL,
  sealed_value BLOB NOT NULL,
  updated_at   INTEGER NOT NULL,
  PRIMARY KEY (workflow_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE blobs (
  hash         TEXT PRIMARY KEY,
  size         INTEGER NOT NULL,
  sealed_body  BLOB NOT NULL,
  last_used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX blobs_by_use ON blobs (last_used_at);

CREATE TABLE costs (
  id          TEXT PRIMARY KEY,
  workflow_id TEXT,
  run_id      TEXT,
  step_id     TEXT,
  purpose     TEXT NOT NULL CHECK (purpose IN ('build', 'repair', 'run')),
  tool        TEXT NOT NULL,
  micros      INTEGER NOT NULL,
  at          INTEGER NOT NULL
) STRICT;
CREATE INDEX costs_by_workflow ON costs (workflow_id, at);

-- Each row's mac covers the row and the mac before it, under the audit key (P5).
CREATE TABLE audit_log (
  seq         INTEGER PRIMARY KEY,
  at          INTEGER NOT NULL,
  kind        TEXT NOT NULL,
  workflow_id TEXT,
  run_id      TEXT,
  body        TEXT NOT NULL,
  mac         TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_run ON audit_log (run_id) WHERE run_id IS NOT NULL;
