/**
 * Statements against one connection: `Reader` looks, `Tx` also changes. Prepared statements are kept per connection.
 * A Tx lives for one piece of work of the commit queue; it may ask to be told of its commit or rollback.
 */
import type Database from 'better-sqlite3'
import type { Change } from './changes.ts'
import type { Statement } from './statement.ts'

const prepared = new WeakMap<Database.Database, Map<string, Database.Statement>>()
/** Rows that never change, parsed, by table and id. */
const immutable = new WeakMap<Database.Database, Map<string, unknown>>()
const KEPT = 1_000

export class Reader {
  readonly #db: Database.Database

  constructor(db: Database.Database) {
    this.#db = db
  }

  get<P, R>(statement: Statement<P, R>, params: P): R | undefined {
    return this.prepare(statement.sql).get(...statement.bind(params)) as R | undefined
  }

  all<P, R>(statement: Statement<P, R>, params: P): R[] {
    return this.prepare(statement.sql).all(...statement.bind(params)) as R[]
  }

  /** Row by row, for what may be long. The connection is busy until the iteration ends. */
  iterate<P, R>(statement: Statement<P, R>, params: P): IterableIterator<R> {
    return this.prepare(statement.sql).iterate(...statement.bind(params)) as IterableIterator<R>
  }

  /** What `read` makes of a row that never changes, made once per connection while it is in use. */
  once<T>(name: string, read: () => T): T {
    let known = immutable.get(this.#db)
    if (known === undefined) {
      known = new Map()
      immutable.set(this.#db, known)
    }
    if (known.has(name)) return known.get(name) as T
    const value = read()
    if (known.size >= KEPT) known.delete(known.keys().next().value ?? '')
    known.set(name, value)
    return value
  }

  protected prepare(sql: string): Database.Statement {
    let known = prepared.get(this.#db)
    if (known === undefined) {
      known = new Map()
      prepared.set(this.#db, known)
    }
    let statement = known.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      known.set(sql, statement)
    }
    return statement
  }
}

export class Tx extends Reader {
  /** Called once the transaction is committed, in order; durable work may not be on the disk yet. */
  readonly afterCommit: (() => void)[] = []
  /** Called when this piece of work is undone: for what it changed outside the database. */
  readonly onRollback: (() => void)[] = []
  /** What was changed so far in tables that others watch. */
  readonly changes: Change[] = []

  /** How many rows changed. */
  run<P, R>(statement: Statement<P, R>, params: P): number {
    const rows = this.prepare(statement.sql).run(...statement.bind(params)).changes
    if (rows > 0 && statement.told)
      this.changes.push({ table: statement.told, values: params as Change['values'] })
    return rows
  }
}
