-- What the list of automations in one state is read by. Partial, so that nothing but that list may choose it.
CREATE INDEX workflows_by_state ON workflows (state, name) WHERE state <> 'deleted';
