/**
 * Makes commits durable without stopping the loop: flushes the write-ahead log through our own descriptor on a
 * thread-pool thread. Callers that arrive while a flush runs share the next one.
 * Owns the descriptor. Does not own when durability is needed: that is J1, and its callers'.
 *
 * Closing a descriptor drops this process's POSIX locks on that file; SQLite locks the database and its shm file,
 * never the log, so a descriptor of our own on the log is safe (sqlite.org/howtocorrupt.html, 2.2).
 */
import fs from 'node:fs'
import { promisify } from 'node:util'

/** Flushes one descriptor's data to the disk. A port, so that tests can be slow, count or fail. */
export type SyncFile = (fd: number) => Promise<void>

export const syncFile: SyncFile = promisify(fs.fdatasync)

export class DiskSync {
  readonly #fd: number
  readonly #syncFile: SyncFile
  #running: Promise<void> | null = null
  #next: Promise<void> | null = null

  constructor(walPath: string, sync: SyncFile) {
    this.#fd = fs.openSync(walPath, 'r+')
    this.#syncFile = sync
  }

  /** Resolves when everything written to the log before this call is on the disk. */
  flush(): Promise<void> {
    if (this.#running === null) return this.#start()
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    )
    return this.#next
  }

  async close(): Promise<void> {
    await (this.#next ?? this.#running)
    fs.closeSync(this.#fd)
  }

  #start(): Promise<void> {
    this.#next = null
    const flushed = this.#syncFile(this.#fd).finally(() => {
      if (this.#running === flushed) this.#running = null
    })
    this.#running = flushed
    return flushed
  }
}
