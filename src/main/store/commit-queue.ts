/**
 * Group commit: all work asked for in one turn of the loop becomes one SQLite transaction, each piece in its own
 * savepoint, so that one failure undoes one piece. Durable work resolves only after the log is on the disk.
 * Owns the order of commits (first asked, first done). Does not own what is durable (J1) or what the work does.
 */
import type Database from 'better-sqlite3'
import { FailureError, failureOf, isFailureError } from '../../domain/failure.ts'
import type { Failure } from '../../domain/failure.ts'
import type { Change } from './changes.ts'
import type { DiskSync } from './disk-sync.ts'
import { Tx } from './tx.ts'

/** What is told of every transaction: whether the disk took it. */
export interface RoomWatch {
  refused(): void
  saved(): void
}

const UNWATCHED: RoomWatch = { refused: () => undefined, saved: () => undefined }

export interface WriteOptions {
  /** Resolve only when the commit is on the disk (J1). */
  durable?: boolean
  /** Nothing waits for it: joins the next transaction, which begins at the latest after `IDLE_MS`. */
  idle?: boolean
}

interface Job {
  work: (tx: Tx) => unknown
  durable: boolean
  resolve: (value: unknown) => void
  reject: (reason: unknown) => void
}

type Settled = { job: Job; ok: true; value: unknown; tx: Tx } | { job: Job; ok: false; reason: unknown }

const IDLE_MS = 5
const BUSY_RETRY_MS = 50
const BUSY_LIMIT_MS = 15_000

export class CommitQueue {
  readonly #db: Database.Database
  readonly #sync: DiskSync
  readonly #onBug: (error: unknown) => void
  readonly #onChanges: (changes: readonly Change[]) => void
  readonly #room: RoomWatch
  readonly #begin: Database.Statement
  readonly #end: Database.Statement
  readonly #enter: Database.Statement
  readonly #leave: Database.Statement
  #jobs: Job[] = []
  #scheduled = false
  #idle: NodeJS.Timeout | null = null
  #busySince: number | null = null
  #held: Promise<void> | null = null
  #broken: Failure | null = null

  constructor(
    db: Database.Database,
    sync: DiskSync,
    onBug: (error: unknown) => void,
    onChanges: (changes: readonly Change[]) => void = () => undefined,
    room: RoomWatch = UNWATCHED,
  ) {
    this.#db = db
    this.#sync = sync
    this.#onBug = onBug
    this.#onChanges = onChanges
    this.#room = room
    this.#begin = db.prepare('BEGIN IMMEDIATE')
    this.#end = db.prepare('COMMIT')
    this.#enter = db.prepare('SAVEPOINT job')
    this.#leave = db.prepare('RELEASE job')
  }

  write<T>(work: (tx: Tx) => T, options: WriteOptions = {}): Promise<T> {
    if (this.#broken !== null) return Promise.reject(new FailureError(this.#broken))
    return new Promise<T>((resolve, reject) => {
      this.#jobs.push({
        work,
        durable: options.durable === true,
        resolve: value => {
          resolve(value as T)
        },
        reject,
      })
      if (options.idle === true) this.#scheduleIdle()
      else this.#schedule()
    })
  }

  #scheduleIdle(): void {
    this.#idle ??= setTimeout(() => {
      this.#idle = null
      this.#schedule()
    }, IDLE_MS)
  }

  /** Lets no transaction begin until `until` settles; the loop goes on. For checkpoints that need the log at rest. */
  hold(until: Promise<void>): void {
    const release = () => {
      if (this.#held === held) this.#held = null
      if (this.#jobs.length > 0) this.#schedule()
    }
    const held = until.then(release, release)
    this.#held = held
  }

  /** Resolves when everything asked for so far is committed. */
  async drain(): Promise<void> {
    if (this.#jobs.length > 0 || this.#scheduled) await this.write(() => undefined)
  }

  #schedule(delay = 0): void {
    if (this.#scheduled || this.#held !== null) return
    this.#scheduled = true
    if (delay > 0)
      setTimeout(() => {
        this.#flush()
      }, delay)
    else
      setImmediate(() => {
        this.#flush()
      })
  }

  #flush(): void {
    this.#scheduled = false
    if (this.#held !== null || this.#jobs.length === 0) return
    const jobs = this.#jobs
    this.#jobs = []
    const settled = this.#commit(jobs)
    if (settled === 'busy') {
      this.#jobs = [...jobs, ...this.#jobs]
      this.#schedule(BUSY_RETRY_MS)
      return
    }
    if (settled.some(lacksRoom)) this.#room.refused()
    else if (settled.some(end => end.ok)) this.#room.saved()
    this.#answer(settled)
  }

  #commit(jobs: readonly Job[]): Settled[] | 'busy' {
    try {
      this.#begin.run()
    } catch (error) {
      return this.#isBusy(error) ? 'busy' : jobs.map(job => ({ job, ok: false, reason: storeFailure(error) }))
    }
    this.#busySince = null
    const settled: Settled[] = []
    for (const job of jobs) {
      const end = this.#runJob(job)
      settled.push(end)
      // A full or failing disk makes SQLite give up the whole transaction, not one statement of it.
      if (!end.ok && !this.#db.inTransaction) return takenBack(jobs, settled, end.reason)
    }
    try {
      this.#end.run()
      return settled
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK')
      return takenBack(jobs, settled, storeFailure(error))
    }
  }

  #runJob(job: Job): Settled {
    const tx = new Tx(this.#db)
    this.#enter.run()
    try {
      const value = job.work(tx)
      this.#leave.run()
      return { job, ok: true, value, tx }
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK TO job; RELEASE job')
      undo(tx)
      return { job, ok: false, reason: storeFailure(error) }
    }
  }

  /** The flush begins first: it is what durable work waits for longest. */
  #answer(settled: readonly Settled[]): void {
    const durable = settled.filter(end => end.ok && end.job.durable)
    const flushed = durable.length > 0 ? this.#sync.flush() : null
    for (const end of settled) if (end.ok) this.#tellOf(end.tx)
    for (const end of settled) if (!end.ok || !end.job.durable) answerOne(end)
    if (flushed !== null) void this.#answerDurable(flushed, durable)
  }

  #tellOf(tx: Tx): void {
    if (tx.changes.length > 0)
      this.#tell(() => {
        this.#onChanges(tx.changes)
      })
    for (const after of tx.afterCommit) this.#tell(after)
  }

  /** What is told of a commit may have a bug of its own; the commit stands, and everyone else is told too. */
  #tell(after: () => void): void {
    try {
      after()
    } catch (error) {
      this.#onBug(error)
    }
  }

  async #answerDurable(flushed: Promise<void>, settled: readonly Settled[]): Promise<void> {
    try {
      await flushed
      for (const end of settled) answerOne(end)
    } catch {
      // After a failed flush the kernel may have dropped the pages: nothing later on this descriptor can be trusted.
      this.#broken = {
        kind: 'internal',
        message:
          'The disk refused to save. Nothing further was started. Check the disk, then start Steward again.',
      }
      for (const end of settled) end.job.reject(new FailureError(this.#broken))
    }
  }

  #isBusy(error: unknown): boolean {
    if (!isSqliteError(error) || !error.code.startsWith('SQLITE_BUSY')) return false
    this.#busySince ??= performance.now()
    return performance.now() - this.#busySince < BUSY_LIMIT_MS
  }
}

/** The transaction is gone: what was done in it is undone outside the database too, and all its work has failed. */
function takenBack(jobs: readonly Job[], settled: readonly Settled[], reason: unknown): Settled[] {
  for (const end of settled.toReversed()) if (end.ok) undo(end.tx)
  return jobs.map(job => ({ job, ok: false, reason }))
}

function lacksRoom(end: Settled): boolean {
  return !end.ok && isFailureError(end.reason) && failureOf(end.reason).kind === 'disk-full'
}

function undo(tx: Tx): void {
  for (const undone of tx.onRollback.toReversed()) undone()
}

function answerOne(end: Settled): void {
  if (end.ok) end.job.resolve(end.value)
  else end.job.reject(end.reason)
}

function isSqliteError(error: unknown): error is { code: string; message: string } {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
}

/** What SQLite refused, as a Failure that names the cause and the next step; a bug stays an exception. */
export function storeFailure(error: unknown): unknown {
  if (!isSqliteError(error) || !error.code.startsWith('SQLITE_')) return error
  const failure = failureFor(error.code)
  return failure === null ? error : new FailureError(failure)
}

function failureFor(code: string): Failure | null {
  if (code === 'SQLITE_FULL') {
    return {
      kind: 'disk-full',
      message: 'The disk is full. The last change was not saved. Free some space, then resume.',
    }
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return {
      kind: 'internal',
      message:
        'Another program held the database for 15 seconds. The last change was not saved. Close that program, then retry.',
    }
  }
  if (
    code.startsWith('SQLITE_READONLY') ||
    code.startsWith('SQLITE_CANTOPEN') ||
    code.startsWith('SQLITE_PERM')
  ) {
    return {
      kind: 'internal',
      message:
        'The data folder could not be written. The last change was not saved. Make the folder writable, then start Steward again.',
    }
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return {
      kind: 'internal',
      message:
        'The database is damaged. The last change was not saved. Restore a backup with: steward restore FILE',
    }
  }
  if (code.startsWith('SQLITE_IOERR')) {
    return {
      kind: 'internal',
      message:
        'The disk reported an error. The last change was not saved. Check the disk, then start Steward again.',
    }
  }
  return null
}
