/**
 * Kysely builds each statement once, typed against the schema; better-sqlite3 prepares it once per connection.
 * Parameters are named holes: `statement((p: { id: string }) => query.selectFrom(…).where('id', '=', p.id))`.
 */
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { CompiledQuery, Insertable, InsertResult } from 'kysely'
import { toldBy } from './changes.ts'
import type { Change } from './changes.ts'
import type { Schema } from './schema.ts'

/** Builds queries; executes none. */
export const query = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: db => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})

export type SqlValue = string | number | bigint | Uint8Array | null

export interface Statement<P, R> {
  readonly sql: string
  /** The table it changes, where others watch that one. */
  readonly told?: Change['table'] | null
  /** The values for the holes of `sql`, in order. */
  bind(params: P): SqlValue[]
  /** Only carries the row type; absent at run time. */
  readonly row?: R
}

interface Compilable<R> {
  compile(): CompiledQuery<R>
}

class Hole {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

export function statement<P extends object, R>(build: (params: P) => Compilable<R>): Statement<P, R> {
  const holes = new Proxy({}, { get: (_target, name) => new Hole(String(name)) }) as P
  const { sql, parameters } = build(holes).compile()
  const names = parameters.filter(parameter => parameter instanceof Hole).map(hole => hole.name as keyof P)
  return {
    sql: withConstants(sql, parameters),
    told: toldBy(sql),
    bind: params => names.map(name => (params[name] ?? null) as SqlValue),
  }
}

/**
 * Keeps SQLite from planning a statement anew at every execution, which it does when a plan could profit from the
 * values bound (sqlite3_prepare_v3, on SQLITE_ENABLE_STAT4). Constants are written into the text, where the choice of
 * a partial index sees them; the values of holes are hidden from it behind a unary plus, which changes nothing else.
 */
function withConstants(sql: string, parameters: readonly unknown[]): string {
  const [first = '', ...rest] = sql.split('?')
  if (rest.length !== parameters.length) throw new Error(`a name in “${sql}” contains a question mark`)
  return rest.reduce((text, part, place) => `${text}${placeFor(parameters[place])}${part}`, first)
}

function placeFor(parameter: unknown): string {
  if (parameter instanceof Hole) return '+?'
  if (parameter === null || parameter === undefined) return 'NULL'
  if (typeof parameter === 'number' || typeof parameter === 'bigint') return String(parameter)
  if (typeof parameter === 'string') return `'${parameter.replaceAll("'", "''")}'`
  throw new Error('a constant of a statement is a number, a text or null')
}

/** An INSERT of these columns, with a hole named after each. */
export function insertion<T extends keyof Schema, C extends keyof Insertable<Schema[T]> & string>(
  table: T,
  columns: readonly C[],
): Statement<Pick<Insertable<Schema[T]>, C>, InsertResult> {
  return statement((params: Pick<Insertable<Schema[T]>, C>) => {
    const values = Object.fromEntries(columns.map(column => [column, params[column]]))
    return query.insertInto(table).values(values as unknown as Insertable<Schema[T]>)
  })
}
