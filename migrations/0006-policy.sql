-- The policy file, by version. Times are UTC milliseconds.

CREATE TABLE policies (
  -- The last one is in force.
  version    INTEGER PRIMARY KEY,
  -- As it was written, and the same as JSON; NULL: there is none from then on.
  source     TEXT,
  document   TEXT,
  hash       TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  CHECK ((source IS NULL) = (document IS NULL))
) STRICT;
