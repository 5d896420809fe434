-- Agent work (a plan, a repair), its attempts, the agent's own conversation; and what models cost.

CREATE TABLE tasks (
  id           TEXT PRIMARY KEY,
  kind         TEXT NOT NULL CHECK (kind IN ('plan', 'repair')),
  chat_id      TEXT NOT NULL REFERENCES chats(id),
  -- The automation it made or changes; null until there is one.
  workflow_id  TEXT REFERENCES workflows(id),
  -- working: the agent is at it · asking, confirming: a person is · told: it said all it had to say, and listens ·
  -- added: what was confirmed is live · stopped, failed: until somebody says something.
  state        TEXT NOT NULL CHECK (state IN
    ('working', 'asking', 'confirming', 'told', 'added', 'stopped', 'failed')),
  -- Raised whenever something is said: of two answers to one question, one counts.
  turn         INTEGER NOT NULL,
  -- What was last said to the person; the open question is in it.
  reply_id     TEXT REFERENCES chat_events(id),
  -- What it has made so far: contract, script, what was looked at, what is asked.
  sealed_draft BLOB NOT NULL,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL
) STRICT;
-- One conversation has one task.
CREATE UNIQUE INDEX tasks_by_chat ON tasks (chat_id);
CREATE INDEX tasks_working ON tasks (id) WHERE state = 'working';
CREATE INDEX tasks_by_workflow ON tasks (workflow_id) WHERE workflow_id IS NOT NULL;

-- One stretch of work on a task: from something said until a person is needed, or the end of a life of the core.
CREATE TABLE task_runs (
  id             TEXT PRIMARY KEY,
  task_id        TEXT NOT NULL REFERENCES tasks(id),
  number         INTEGER NOT NULL,
  boot           TEXT NOT NULL,
  -- lost: the core ended in the middle of it.
  state          TEXT NOT NULL CHECK (state IN ('running', 'rested', 'stopped', 'failed', 'lost')),
  steps          INTEGER NOT NULL DEFAULT 0,
  sealed_failure BLOB,
  begun_at       INTEGER NOT NULL,
  ended_at       INTEGER,
  UNIQUE (task_id, number)
) STRICT;
CREATE UNIQUE INDEX task_runs_running ON task_runs (task_id) WHERE state = 'running';

-- The agent's own conversation with its model, apart from what a person sees.
CREATE TABLE threads (
  id         TEXT PRIMARY KEY,
  task_id    TEXT NOT NULL UNIQUE REFERENCES tasks(id),
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE messages (
  thread_id   TEXT NOT NULL REFERENCES threads(id),
  place       INTEGER NOT NULL,
  sender      TEXT NOT NULL CHECK (sender IN ('user', 'model', 'tools')),
  sealed_body BLOB NOT NULL,
  at          INTEGER NOT NULL,
  PRIMARY KEY (thread_id, place)
) STRICT, WITHOUT ROWID;

-- A row is written before a model is asked (`reserved`, with the most it can cost) and holds what it did cost after.
ALTER TABLE costs ADD COLUMN task_id TEXT;
ALTER TABLE costs ADD COLUMN connection TEXT;
ALTER TABLE costs ADD COLUMN model TEXT;
ALTER TABLE costs ADD COLUMN input_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE costs ADD COLUMN cached_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE costs ADD COLUMN output_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE costs ADD COLUMN reasoning_tokens INTEGER NOT NULL DEFAULT 0;
-- The price, or how much of it there was, is not known exactly.
ALTER TABLE costs ADD COLUMN estimated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE costs ADD COLUMN state TEXT NOT NULL DEFAULT 'spent' CHECK (state IN ('reserved', 'spent'));
CREATE INDEX costs_by_task ON costs (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX costs_by_run ON costs (run_id) WHERE run_id IS NOT NULL;

-- What a person says a model costs, in micro-dollars for a million tokens; the shipped table serves all others.
CREATE TABLE prices (
  model        TEXT PRIMARY KEY,
  input        INTEGER NOT NULL,
  cached_input INTEGER NOT NULL,
  output       INTEGER NOT NULL,
  set_at       INTEGER NOT NULL
) STRICT;
