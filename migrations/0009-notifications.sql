-- What a person was told of, and what is held while it is quiet. Times are UTC milliseconds; `sealed_*` as in 0001.

CREATE TABLE notifications (
  id           TEXT PRIMARY KEY,
  kind         TEXT NOT NULL CHECK (kind IN ('needs-you', 'told', 'first-success', 'digest')),
  workflow_id  TEXT,
  run_id       TEXT,
  action_id    TEXT,
  -- held: until quiet hours end · gathered: told of in a digest · settled: answered meanwhile, and told nobody.
  state        TEXT NOT NULL CHECK (state IN ('delivered', 'held', 'gathered', 'settled')),
  digest_id    TEXT,
  sealed_body  BLOB NOT NULL,
  created_at   INTEGER NOT NULL,
  delivered_at INTEGER
) STRICT;
CREATE INDEX notifications_by_state ON notifications (state, id);
CREATE INDEX notifications_by_time ON notifications (created_at);
