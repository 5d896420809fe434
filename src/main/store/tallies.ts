/** Counts that outlive what they count. */
import type { Purpose, Spent } from '../../domain/model.ts'
import type { RunState } from './runs.ts'
import { query, statement } from './statement.ts'
import type { Reader, Tx } from './tx.ts'

const add = statement((p: { name: string; by: number }) =>
  query
    .insertInto('tallies')
    .values({ name: p.name, count: p.by })
    .onConflict(conflict =>
      conflict.column('name').doUpdateSet(({ eb }) => ({ count: eb('tallies.count', '+', p.by) })),
    ),
)
const get = statement((p: { name: string }) =>
  query.selectFrom('tallies').select('count').where('name', '=', p.name),
)

/** A run came to an end; one that is taken up again comes to another. */
export function tallyRun(tx: Tx, state: RunState): void {
  tx.run(add, { name: `run:${state}`, by: 1 })
}

/** A model was asked, and it is known what that cost. */
export function tallyCost(tx: Tx, purpose: Purpose, { micros, tokens }: Spent): void {
  tx.run(add, { name: `cost:${purpose}`, by: micros })
  tx.run(add, { name: 'tokens:input', by: tokens.input })
  tx.run(add, { name: 'tokens:output', by: tokens.output })
}

/** What models ever cost, in micro-dollars. */
export function costTallied(reader: Reader, purpose: Purpose): number {
  return tallied(reader, `cost:${purpose}`)
}

export function tokensTallied(reader: Reader, direction: 'input' | 'output'): number {
  return tallied(reader, `tokens:${direction}`)
}

/** How many runs ever ended in this state. */
export function runsTallied(reader: Reader, state: RunState): number {
  return tallied(reader, `run:${state}`)
}

function tallied(reader: Reader, name: string): number {
  return reader.get(get, { name })?.count ?? 0
}
