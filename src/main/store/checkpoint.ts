/**
 * Moves the write-ahead log into the database on another thread, because a checkpoint flushes both files and a slow
 * disk must not stall the core's loop (J1). The thread is started when the log has grown and ends when it rests.
 * Owns when to checkpoint. Does not own the log's durability: that is DiskSync's.
 */
import fs from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { CommitQueue } from './commit-queue.ts'

/** Also what the log is cut back to once its content is in the database. */
export const GROWN_BYTES = 4 * 1024 * 1024
/** Beyond this the log is brought down with commits held for a moment, so that it cannot grow without bound. */
const HEAVY_BYTES = 64 * 1024 * 1024
const LOOK_EVERY_MS = 2_000
/** Looks without anything to do after which the thread is let go. */
const IDLE_LOOKS = 15

export class Checkpointer {
  readonly #path: string
  readonly #queue: CommitQueue
  readonly #timer: NodeJS.Timeout
  #worker: Worker | null = null
  #running: Promise<void> | null = null
  #idleLooks = 0
  #changedAt = 0

  constructor(databasePath: string, queue: CommitQueue) {
    this.#path = databasePath
    this.#queue = queue
    this.#timer = setInterval(() => {
      this.#look()
    }, LOOK_EVERY_MS).unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#worker?.ref()
    await this.#running
    await this.#release()
  }

  #look(): void {
    if (this.#running !== null) return
    const log = fs.statSync(`${this.#path}-wal`, { throwIfNoEntry: false })
    // The file keeps its size when all of it is in the database; only a change since makes it worth a look.
    if (log === undefined || log.size <= GROWN_BYTES || log.mtimeMs === this.#changedAt) {
      this.#idleLooks++
      if (this.#idleLooks === IDLE_LOOKS) void this.#release()
      return
    }
    this.#idleLooks = 0
    this.#changedAt = log.mtimeMs
    const heavy = log.size >= HEAVY_BYTES
    this.#running = this.#checkpoint(heavy ? 'TRUNCATE' : 'PASSIVE').finally(() => {
      this.#running = null
    })
    if (heavy) this.#queue.hold(this.#running)
  }

  /** Resolves at the end of one checkpoint. A failure is left for the next look: the log stays valid meanwhile. */
  #checkpoint(mode: 'PASSIVE' | 'TRUNCATE'): Promise<void> {
    const worker = (this.#worker ??= this.#start())
    worker.postMessage(mode)
    return new Promise(resolve => {
      const done = () => {
        worker.off('message', done).off('exit', done)
        resolve()
      }
      worker.once('message', done).once('exit', done)
    })
  }

  #start(): Worker {
    const worker = new Worker(new URL('./checkpoint-worker.ts', import.meta.url), { workerData: this.#path })
    const forget = () => {
      if (this.#worker === worker) this.#worker = null
    }
    worker.once('error', forget).once('exit', forget).unref()
    return worker
  }

  async #release(): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    if (worker === null) return
    worker.ref()
    const ended = new Promise<void>(resolve => {
      worker.once('exit', () => {
        resolve()
      })
    })
    worker.postMessage(null)
    await ended
  }
}
