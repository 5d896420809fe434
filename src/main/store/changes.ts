/**
 * What a commit changed in the tables people look at: which table, and the values it was changed with. Hints for
 * clients, not a record: nothing that must be true may depend on them.
 */

/** Tables whose changes are told. */
const TOLD = [
  'workflows',
  'script_runs',
  'script_run_steps',
  'actions',
  'notifications',
  'chats',
  'chat_events',
  'connections',
  'notes',
  'grants',
  'policies',
  'settings',
  'undos',
  'undo_steps',
] as const

export interface Change {
  table: (typeof TOLD)[number]
  /** The parameters of the statement: ids among them. */
  values: Readonly<Record<string, unknown>>
}

/** Which of these tables a statement changes; null for all else. */
export function toldBy(sql: string): Change['table'] | null {
  const [, name] = /^(?:insert into|update|delete from) "(\w+)"/.exec(sql) ?? []
  return TOLD.find(told => told === name) ?? null
}
