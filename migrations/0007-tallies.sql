-- What is counted for good: rows that are counted may be forgotten after their time, their number is not.
CREATE TABLE tallies (
  -- `run:` and the state it ended in.
  name  TEXT PRIMARY KEY,
  count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO tallies
SELECT 'run:' || state, count(*) FROM script_runs WHERE ended_at IS NOT NULL GROUP BY state;
