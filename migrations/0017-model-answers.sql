-- What models answered tools, so that the same question is not paid for again: by a hash of the tool, the model and all
-- that it was shown. Kept for thirty days.
CREATE TABLE model_answers (
  key           TEXT PRIMARY KEY,
  sealed_answer BLOB NOT NULL,
  at            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX model_answers_by_age ON model_answers (at);
