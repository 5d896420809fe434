-- Where each conversation that sets an automation up stands. What was said is in chat_events; a turn writes both in
-- one transaction, so a conversation goes on after any of them.

CREATE TABLE set_ups (
  chat_id      TEXT PRIMARY KEY REFERENCES chats(id),
  stage        TEXT NOT NULL CHECK (stage IN
    ('listening', 'choosing', 'asking', 'changing', 'rehearsing', 'confirming', 'added', 'cancelled')),
  -- Raised by each turn: of two answers to one question, one counts.
  turn         INTEGER NOT NULL,
  -- What was last said to the person; the open question is in it.
  reply_id     TEXT NOT NULL REFERENCES chat_events(id),
  -- What it became: one conversation adds one automation.
  workflow_id  TEXT UNIQUE REFERENCES workflows(id),
  sealed_talk  BLOB NOT NULL,
  updated_at   INTEGER NOT NULL,
  CHECK ((stage = 'added') = (workflow_id IS NOT NULL))
) STRICT;
-- Dry runs that a stop of the core cut short: taken up at the next start.
CREATE INDEX set_ups_rehearsing ON set_ups (chat_id) WHERE stage = 'rehearsing';
