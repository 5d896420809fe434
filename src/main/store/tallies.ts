/** Counts that outlive what they count. */
import type { RunState } from './runs.ts'
import { query, statement } from './statement.ts'
import type { Reader, Tx } from './tx.ts'

const add = statement((p: { name: string }) =>
  query
    .insertInto('tallies')
    .values({ name: p.name, count: 1 })
    .onConflict(conflict =>
      conflict.column('name').doUpdateSet(({ eb }) => ({ count: eb('tallies.count', '+', 1) })),
    ),
)
const get = statement((p: { name: string }) =>
  query.selectFrom('tallies').select('count').where('name', '=', p.name),
)

/** A run came to an end; one that is taken up again comes to another. */
export function tallyRun(tx: Tx, state: RunState): void {
  tx.run(add, { name: `run:${state}` })
}

/** How many runs ever ended in this state. */
export function runsTallied(reader: Reader, state: RunState): number {
  return reader.get(get, { name: `run:${state}` })?.count ?? 0
}
