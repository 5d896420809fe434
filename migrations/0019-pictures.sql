-- What models drew for scripts, sealed, once per content; and which automations hold it by name. A picture that nobody
-- holds any more goes.
CREATE TABLE pictures (
  hash        TEXT PRIMARY KEY,
  size        INTEGER NOT NULL,
  sealed_body BLOB NOT NULL
) STRICT;

CREATE TABLE picture_holders (
  workflow_id  TEXT NOT NULL REFERENCES workflows(id),
  hash         TEXT NOT NULL REFERENCES pictures(hash),
  last_used_at INTEGER NOT NULL,
  PRIMARY KEY (workflow_id, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX picture_holders_by_hash ON picture_holders (hash);
CREATE INDEX picture_holders_by_use ON picture_holders (last_used_at);
