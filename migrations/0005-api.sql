-- What the local API keeps, and the indexes its lists are read by. Times are UTC milliseconds; `sealed_*` as in 0001.

-- Answers to requests that carried an Idempotency-Key: the same request is answered with them for a day, not done again.
CREATE TABLE requests (
  -- SHA-256 of the key.
  id            TEXT PRIMARY KEY,
  -- What was asked, as a hash, and the answer; without the answer until that was given.
  sealed_record BLOB NOT NULL,
  created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_by_time ON requests (created_at);

-- The entries of one step. A `call` is the only entry of its step, unless that was dropped.
CREATE INDEX steps_in_parts ON script_run_steps (step_id) WHERE kind <> 'call';

DROP INDEX items_by_run;
CREATE INDEX items_by_run ON items (run_id, state, id);

CREATE INDEX actions_by_workflow_state ON actions (workflow_id, state, id);
CREATE INDEX workflows_by_chat ON workflows (chat_id);
CREATE INDEX approvals_by_state ON approvals (state, action_id, step_id);
CREATE INDEX approvals_by_action ON approvals (action_id, step_id);

DROP INDEX costs_by_workflow;
CREATE INDEX costs_by_workflow ON costs (workflow_id, at, id);
CREATE INDEX costs_by_time ON costs (at, id);
