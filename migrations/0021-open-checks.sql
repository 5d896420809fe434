-- What a run's Done when has still to be judged by: set when its script has ended and some of its items wait. As long as
-- it is null, nothing of the run was made visible before its end.
ALTER TABLE script_runs ADD COLUMN open_checks TEXT;
