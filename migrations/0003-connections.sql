-- Connections (accounts) and their sealed secrets. Times are UTC milliseconds; `sealed_*` as in 0001, here under the
-- vault key.

CREATE TABLE connections (
  id         TEXT PRIMARY KEY,
  -- As contracts and scripts call it.
  name       TEXT NOT NULL UNIQUE,
  -- The provider.
  kind       TEXT NOT NULL,
  auth       TEXT NOT NULL CHECK (auth IN ('none', 'api-key', 'bearer', 'basic', 'hmac', 'oauth')),
  -- Where its credential may go. With kind, auth and settings bound into every sealed secret: an edit here makes the
  -- secret useless instead of sending it elsewhere.
  origins    TEXT NOT NULL,
  settings   TEXT NOT NULL,
  state      TEXT NOT NULL DEFAULT 'unchecked' CHECK (state IN ('unchecked', 'connected', 'refused', 'failing')),
  message    TEXT,
  checked_at INTEGER,
  version    INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE secrets (
  connection_id TEXT NOT NULL REFERENCES connections(id) ON DELETE CASCADE,
  purpose       TEXT NOT NULL,
  -- Of the connection when it was sealed.
  version       INTEGER NOT NULL,
  -- Of the vault key that sealed it.
  generation    INTEGER NOT NULL,
  sealed_value  BLOB NOT NULL,
  created_at    INTEGER NOT NULL,
  PRIMARY KEY (connection_id, purpose)
) STRICT;
CREATE INDEX secrets_by_generation ON secrets (generation);
