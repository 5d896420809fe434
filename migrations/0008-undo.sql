-- Taking back what a run did. Times are UTC milliseconds; `sealed_*` as in 0001.

CREATE TABLE undos (
  id          TEXT PRIMARY KEY,
  run_id      TEXT NOT NULL REFERENCES script_runs(id),
  workflow_id TEXT NOT NULL REFERENCES workflows(id),
  state       TEXT NOT NULL CHECK (state IN ('going', 'ended')),
  created_at  INTEGER NOT NULL,
  ended_at    INTEGER
) STRICT;
-- While one goes, nothing else of its automation does.
CREATE UNIQUE INDEX undos_going ON undos (workflow_id) WHERE state = 'going';
CREATE INDEX undos_by_run ON undos (run_id, id);

CREATE TABLE undo_steps (
  undo_id       TEXT NOT NULL REFERENCES undos(id),
  -- Where the run's journal says how the step ended: taken back from the highest down.
  position      INTEGER NOT NULL,
  step_id       TEXT NOT NULL,
  --   planned    its turn has not come
  --   begun      the write-ahead of taking it back
  --   undone     what it did is no more
  --   refused    the world, or the policy, did not let it be taken back; it stands
  --   unclear    taking it back was begun, and nobody saw its end
  --   impossible there never was a way back
  state         TEXT NOT NULL CHECK (state IN ('planned', 'begun', 'undone', 'refused', 'unclear', 'impossible')),
  sealed_reason BLOB,
  at            INTEGER NOT NULL,
  PRIMARY KEY (undo_id, position)
) STRICT, WITHOUT ROWID;
-- No step is taken back twice.
CREATE UNIQUE INDEX undo_steps_once ON undo_steps (step_id) WHERE state IN ('planned', 'begun', 'undone');
CREATE INDEX undo_steps_left ON undo_steps (undo_id, position) WHERE state IN ('planned', 'begun');
