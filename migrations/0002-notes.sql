-- Notes that automations keep for people, and their search index. Times are UTC milliseconds; `sealed_*` as in 0001.

CREATE TABLE notes (
  -- The row of `note_words` that indexes it.
  number      INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE,
  workflow_id TEXT NOT NULL REFERENCES workflows(id),
  -- Under the index key, so that a title can be found and not read.
  title_mac   TEXT NOT NULL,
  -- Title and tags.
  sealed_head BLOB NOT NULL,
  sealed_text BLOB NOT NULL,
  characters  INTEGER NOT NULL,
  -- Whether a run that had read outside content wrote in it (P6).
  outside     INTEGER NOT NULL DEFAULT 0,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_by_time ON notes (workflow_id, updated_at, id);
CREATE INDEX notes_by_title ON notes (workflow_id, title_mac, updated_at);

-- The key under which words are indexed: whoever has the file alone can neither read nor guess them (J12).
CREATE TABLE note_index_keys (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  sealed_key BLOB NOT NULL
) STRICT;

-- Codes of words in their order, never the words: `owner` is the automation, `tags` also holds each tag as a whole.
CREATE VIRTUAL TABLE note_words USING fts5 (
  owner, title, text, tags,
  content = '', contentless_delete = 1, tokenize = 'ascii'
);
