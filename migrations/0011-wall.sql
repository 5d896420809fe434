-- How long a run has been at work, over all its lives; what it has computed is in cpu_ms.
ALTER TABLE script_runs ADD COLUMN wall_ms INTEGER NOT NULL DEFAULT 0;
