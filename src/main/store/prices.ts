/** What a person says models cost. What is not here is looked up in the shipped table. */
import type { Price } from '../../domain/spending.ts'
import { query, statement } from './statement.ts'
import type { Reader, Tx } from './tx.ts'

export interface PriceEntry extends Price {
  model: string
  setAt: number
}

const byModel = statement((p: { model: string }) =>
  query.selectFrom('prices').selectAll().where('model', '=', p.model),
)
const listed = statement((p: { after: string; limit: number }) =>
  query.selectFrom('prices').selectAll().where('model', '>', p.after).orderBy('model').limit(p.limit),
)
const put = statement((p: { model: string; input: number; cached: number; output: number; at: number }) =>
  query
    .insertInto('prices')
    .values({ model: p.model, input: p.input, cached_input: p.cached, output: p.output, set_at: p.at })
    .onConflict(conflict =>
      conflict
        .column('model')
        .doUpdateSet({ input: p.input, cached_input: p.cached, output: p.output, set_at: p.at }),
    ),
)
const remove = statement((p: { model: string }) => query.deleteFrom('prices').where('model', '=', p.model))

export function priceOf(reader: Reader, model: string): PriceEntry | undefined {
  const row = reader.get(byModel, { model })
  return row === undefined ? undefined : entryOf(row)
}

/** By model, from behind `after`. */
export function listPrices(reader: Reader, limit: number, after = ''): PriceEntry[] {
  return reader.all(listed, { after, limit }).map(entryOf)
}

export function putPrice(tx: Tx, model: string, { input, cachedInput, output }: Price, at: number): void {
  tx.run(put, { model, input, cached: cachedInput, output, at })
}

/** False where there is none. */
export function removePrice(tx: Tx, model: string): boolean {
  return tx.run(remove, { model }) > 0
}

function entryOf(row: {
  model: string
  input: number
  cached_input: number
  output: number
  set_at: number
}): PriceEntry {
  return {
    model: row.model,
    input: row.input,
    cachedInput: row.cached_input,
    output: row.output,
    setAt: row.set_at,
  }
}
