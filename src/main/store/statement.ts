/**
 * Kysely builds each statement once, typed against the schema; better-sqlite3 prepares it once per connection.
 * Parameters are named holes: `statement((p: { id: string }) => query.selectFrom(…).where('id', '=', p.id))`.
 */
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { CompiledQuery, Insertable, InsertResult } from 'kysely'
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
  const compiled = build(holes).compile()
  return {
    sql: compiled.sql,
    bind: params => compiled.parameters.map(parameter => valueFor(parameter, params)),
  }
}

function valueFor<P extends object>(parameter: unknown, params: P): SqlValue {
  const value: unknown = parameter instanceof Hole ? params[parameter.name as keyof P] : parameter
  return (value ?? null) as SqlValue
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
