-- Automations of a copied folder, until they have caught up with what the original did since (J11).
CREATE TABLE copy_reviews (
  workflow_id TEXT PRIMARY KEY REFERENCES workflows(id),
  -- When the copy was recognised, and the latest time it knows of: what the original did is of between the two.
  copied_at   INTEGER NOT NULL,
  known_until INTEGER NOT NULL,
  -- When the first run was complete that an event after the copy led to.
  over_at     INTEGER,
  -- What a person said of events, in order: [{ at, choice }], each of all that were there by then.
  answers     TEXT NOT NULL DEFAULT '[]'
) STRICT;

-- What a person said of one run or item whose changes the original may have made.
CREATE TABLE copy_answers (
  owner       TEXT PRIMARY KEY,
  choice      TEXT NOT NULL CHECK (choice IN ('done', 'do', 'each'))
) STRICT;

-- Copies recognised so far have caught up, but for what had begun before.
INSERT INTO copy_reviews (workflow_id, copied_at, known_until, over_at)
  SELECT workflows.id, CAST(settings.value AS INTEGER), 0, CAST(settings.value AS INTEGER)
  FROM workflows, settings WHERE settings.key = 'copied-at' AND workflows.created_at <= CAST(settings.value AS INTEGER);
DELETE FROM settings WHERE key = 'copied-at';
