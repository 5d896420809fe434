-- From where content came that may be in a value, as a sealed list of hosts and paths: '*' for any. Null: from nowhere
-- outside.
ALTER TABLE state ADD COLUMN sealed_sources BLOB;
