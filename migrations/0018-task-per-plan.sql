-- Each plan of a conversation is a task of its own, with a thread and costs of its own: of those of one chat at most one
-- is not brought to its end.
DROP INDEX tasks_by_chat;
CREATE INDEX tasks_by_chat ON tasks (chat_id, id);
CREATE UNIQUE INDEX tasks_open ON tasks (chat_id) WHERE state <> 'added';
