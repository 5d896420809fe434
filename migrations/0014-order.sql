-- The order of one owner's entries, whatever run wrote them and whatever the clock said: 1, 2, 3.
ALTER TABLE script_run_steps ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;

UPDATE script_run_steps SET seq = numbered.seq
FROM (
  SELECT run_id, position, row_number() OVER (PARTITION BY owner ORDER BY at, run_id, position) AS seq
  FROM script_run_steps
) AS numbered
WHERE numbered.run_id = script_run_steps.run_id AND numbered.position = script_run_steps.position;

DROP INDEX steps_by_owner;
CREATE UNIQUE INDEX steps_by_owner ON script_run_steps (owner, seq);
