/**
 * The store: one SQLite database per data folder, the source of truth. Opens it safely (lock, integrity, backup,
 * migration), reads synchronously, writes through group commit, seals what is sealed.
 * Owns the connection. Does not own what the rows mean: each aggregate has its own file beside this one.
 */
import fs from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { fail } from '../../domain/failure.ts'
import { IdMaker } from '../../domain/ids.ts'
import type { Json } from '../../domain/json.ts'
import { createCodec } from '../../domain/seal.ts'
import type { Codec } from '../../domain/seal.ts'
import { AuditChain } from './audit.ts'
import { bulkCipher } from './bulk-cipher.ts'
import type { Change } from './changes.ts'
import { Checkpointer, GROWN_BYTES } from './checkpoint.ts'
import { CommitQueue, storeFailure } from './commit-queue.ts'
import type { WriteOptions } from './commit-queue.ts'
import { DiskRoom } from './disk-room.ts'
import { DiskSync, syncFile } from './disk-sync.ts'
import type { SyncFile } from './disk-sync.ts'
import { withCompany } from './first-write.ts'
import { keyFile } from './key-file.ts'
import type { KeyPort } from './key-file.ts'
import { migrate } from './migrate.ts'
import { Reader } from './tx.ts'
import type { Tx } from './tx.ts'

export const DATABASE_FILE = 'steward.db'

export interface StoreOptions {
  folder: string
  now: () => number
  keys?: KeyPort
  /** Told of exceptions in what follows a commit; the commit itself stands. */
  onBug?: (error: unknown) => void
  sync?: SyncFile
  /** How often the audit log's head is kept outside the database, ms. */
  auditHeadEveryMs?: number
}

export class Store extends Reader {
  readonly folder: string
  readonly now: () => number
  readonly ids: IdMaker
  readonly audit: AuditChain
  readonly room: DiskRoom
  readonly #db: Database.Database
  readonly #codec: Codec
  readonly #queue: CommitQueue
  readonly #sync: DiskSync
  readonly #checkpointer: Checkpointer
  readonly #watchers = new Set<(changes: readonly Change[]) => void>()

  constructor(db: Database.Database, options: StoreOptions & { keys: KeyPort }) {
    super(db)
    this.#db = db
    this.folder = options.folder
    this.now = options.now
    this.ids = new IdMaker(options.now)
    this.#codec = createCodec(options.keys, bulkCipher())
    this.#sync = new DiskSync(`${db.name}-wal`, options.sync ?? syncFile)
    this.room = new DiskRoom(options.folder, options.now)
    const onChanges = (changes: readonly Change[]) => {
      for (const watcher of this.#watchers) watcher(changes)
    }
    this.#queue = new CommitQueue(db, this.#sync, options.onBug ?? (() => undefined), onChanges, this.room)
    this.#checkpointer = new Checkpointer(db.name, this.#queue)
    this.audit = new AuditChain(
      this,
      () => this.flushed(),
      () => options.keys.auditKey(),
      options.folder,
      options.auditHeadEveryMs,
    )
  }

  /**
   * Runs `work` in the next group commit and resolves with what it returned, after the commit; with `durable`, after
   * the commit is on the disk (J1). `work` is synchronous: nothing can come between its reads and its writes.
   */
  write<T>(work: (tx: Tx) => T, options?: WriteOptions): Promise<T> {
    return this.#queue.write(withCompany(work), options)
  }

  /** Calls back after each commit that changed something people look at; returns a function that stops it. */
  watch(watcher: (changes: readonly Change[]) => void): () => void {
    this.#watchers.add(watcher)
    return () => {
      this.#watchers.delete(watcher)
    }
  }

  /** Resolves when all that was committed before is on the disk. */
  flushed(): Promise<void> {
    return this.#sync.flush()
  }

  /** Seals text at rest (J12). `context` binds it to its row: moved elsewhere it does not open. */
  sealText(text: string, context: string): Uint8Array {
    return this.#codec.seal(text, context)
  }

  openText(sealed: Uint8Array, context: string): string {
    return this.#codec.open(sealed, context)
  }

  sealBytes(plain: Uint8Array, context: string): Uint8Array {
    return this.#codec.sealBytes(plain, context)
  }

  openBytes(sealed: Uint8Array, context: string): Uint8Array {
    return this.#codec.openBytes(sealed, context)
  }

  seal(value: Json, context: string): Uint8Array {
    return this.sealText(JSON.stringify(value), context)
  }

  open(sealed: Uint8Array, context: string): Json {
    return JSON.parse(this.openText(sealed, context)) as Json
  }

  /** Writes a consistent copy of the database to `file`, page by page, while work goes on. */
  async backup(file: string): Promise<void> {
    await this.#queue.drain()
    await this.#db.backup(file)
  }

  /** Problems found by SQLite's own check; empty when there are none. */
  integrity(): string[] {
    return integrityProblems(this.#db)
  }

  async close(): Promise<void> {
    await this.#queue.drain()
    await this.#checkpointer.close()
    await this.audit.close()
    await this.#sync.close()
    this.#db.close()
  }
}

/** Opens the folder's database, creating it where there is none. The folder must be locked by the caller. */
export function openStore(options: StoreOptions): Store {
  const file = path.join(options.folder, DATABASE_FILE)
  const keys = options.keys ?? keyFile(options.folder)
  const db = openDatabase(file)
  try {
    const problems = integrityProblems(db)
    if (problems.length > 0) refuseDamaged(file, problems)
    migrate(db, version => {
      backupBeforeMigration(db, options.folder, version, options.now())
    })
    // Creates the log file, so that it can be flushed through a descriptor of our own.
    db.exec("INSERT INTO settings VALUES ('opened', '') ON CONFLICT DO UPDATE SET value = excluded.value")
    return new Store(db, { ...options, keys })
  } catch (error) {
    db.close()
    throw storeFailure(error)
  }
}

function openDatabase(file: string): Database.Database {
  let db: Database.Database | undefined
  try {
    db = new Database(file)
    fs.chmodSync(file, 0o600)
    db.pragma('busy_timeout = 0')
    db.pragma('journal_mode = WAL')
    // Commits reach the disk by DiskSync, off the loop; checkpoints by Checkpointer.
    db.pragma('synchronous = NORMAL')
    db.pragma('wal_autocheckpoint = 0')
    db.pragma(`journal_size_limit = ${String(GROWN_BYTES)}`)
    db.pragma('foreign_keys = ON')
    db.pragma('trusted_schema = OFF')
    db.pragma('cache_size = -8000')
    // Old copies of a row do not stay behind in the unused part of a page, where an erasure would not find them.
    db.pragma('secure_delete = FAST')
    return db
  } catch (error) {
    db?.close()
    throw storeFailure(error)
  }
}

function integrityProblems(db: Database.Database): string[] {
  const rows = db.pragma('quick_check(5)') as { quick_check: string }[]
  return rows.map(row => row.quick_check).filter(text => text !== 'ok')
}

function refuseDamaged(file: string, problems: readonly string[]): never {
  fail({
    kind: 'internal',
    message: `The database ${file} is damaged (${problems[0] ?? ''}). Nothing was changed or started. Restore a backup with: steward restore FILE`,
  })
}

function backupBeforeMigration(db: Database.Database, folder: string, version: number, now: number): void {
  const backups = path.join(folder, 'backups')
  fs.mkdirSync(backups, { recursive: true, mode: 0o700 })
  const stamp = new Date(now).toISOString().replaceAll(':', '-')
  db.prepare('VACUUM INTO ?').run(path.join(backups, `before-schema-${String(version + 1)}-${stamp}.db`))
}
