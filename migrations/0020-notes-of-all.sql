-- People look at the notes of all automations at once, the one changed last first.
CREATE INDEX notes_by_change ON notes (updated_at, id);
