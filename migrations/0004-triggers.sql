-- Triggers beyond time: what is watched and what was there, the addresses of webhooks, and when nobody was looking.
-- Times are UTC milliseconds; `sealed_*` as in 0001.

CREATE TABLE watches (
  id             TEXT PRIMARY KEY,
  workflow_id    TEXT NOT NULL REFERENCES workflows(id),
  -- What is watched, the same in later versions of the contract: its cursor belongs to it.
  identity       TEXT NOT NULL,
  -- The trigger as the contract has it.
  spec           TEXT NOT NULL,
  -- Raised with each look on record: of two at once, one counts.
  version        INTEGER NOT NULL DEFAULT 1,
  next_look      INTEGER NOT NULL,
  created_at     INTEGER NOT NULL,
  -- How many things were there when the line was drawn (R8).
  baseline       INTEGER,
  -- The last look that saw anything, how many things it saw, when one last found something new, and how much in all.
  looked_at      INTEGER,
  saw            INTEGER,
  found_at       INTEGER,
  found          INTEGER NOT NULL DEFAULT 0,
  -- Looks that the audit log does not speak of yet, and when it last did.
  unaudited      INTEGER NOT NULL DEFAULT 0,
  audited_at     INTEGER,
  -- Failed looks in a row.
  failures       INTEGER NOT NULL DEFAULT 0,
  failed_since   INTEGER,
  sealed_failure BLOB,
  -- What was there at the last look; NULL before the first.
  sealed_cursor  BLOB,
  UNIQUE (workflow_id, identity)
) STRICT;
CREATE INDEX watches_due ON watches (next_look);

-- Addresses of webhooks (R6).
CREATE TABLE webhooks (
  id             TEXT PRIMARY KEY,
  workflow_id    TEXT NOT NULL REFERENCES workflows(id),
  name           TEXT NOT NULL,
  spec           TEXT NOT NULL,
  -- The secret in the address and the one that signs.
  sealed_secrets BLOB NOT NULL,
  -- Deliveries taken in, duplicates not counted, and when the last one came.
  taken          INTEGER NOT NULL DEFAULT 0,
  last_at        INTEGER,
  created_at     INTEGER NOT NULL,
  changed_at     INTEGER NOT NULL,
  UNIQUE (workflow_id, name)
) STRICT;

-- When Steward was off or the computer asleep (O3).
CREATE TABLE absences (
  from_at INTEGER PRIMARY KEY,
  to_at   INTEGER NOT NULL,
  why     TEXT NOT NULL CHECK (why IN ('off', 'asleep'))
) STRICT;
