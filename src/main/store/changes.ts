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
  'chats',
  'chat_events',
  'connections',
  'settings',
] as const

export interface Change {
  verb: 'insert' | 'update'
  table: (typeof TOLD)[number]
  /** The parameters of the statement: ids among them. */
  values: Readonly<Record<string, unknown>>
}

/** What a statement does to one of these tables; null for all else. */
export function toldBy(sql: string): Pick<Change, 'verb' | 'table'> | null {
  const [, verb, name] = /^(insert into|update) "(\w+)"/.exec(sql) ?? []
  const table = TOLD.find(told => told === name)
  if (table === undefined) return null
  return { verb: verb === 'update' ? 'update' : 'insert', table }
}
