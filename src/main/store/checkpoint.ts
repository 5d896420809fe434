/**
 * Moves the write-ahead log into the database on another thread, because a checkpoint flushes both files and a slow
 * disk must not stall the core's loop (J1). The worker is started when the log has grown and ends when it is done.
 * Owns when to checkpoint. Does not own the log's durability: that is DiskSync's.
 */
import fs from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { CommitQueue } from './commit-queue.ts'

const GROWN_BYTES = 4 * 1024 * 1024
/** Beyond this the log is brought down with commits held for a moment, so that it cannot grow without bound. */
const HEAVY_BYTES = 64 * 1024 * 1024
const LOOK_EVERY_MS = 2_000

export class Checkpointer {
  readonly #path: string
  readonly #queue: CommitQueue
  readonly #timer: NodeJS.Timeout
  #running: Promise<void> | null = null

  constructor(databasePath: string, queue: CommitQueue) {
    this.#path = databasePath
    this.#queue = queue
    this.#timer = setInterval(() => {
      this.#look()
    }, LOOK_EVERY_MS).unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
  }

  #look(): void {
    if (this.#running !== null) return
    const size = fs.statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0
    if (size < GROWN_BYTES) return
    const heavy = size >= HEAVY_BYTES
    this.#running = checkpointInWorker(this.#path, heavy ? 'TRUNCATE' : 'PASSIVE').finally(() => {
      this.#running = null
    })
    if (heavy) this.#queue.hold(this.#running)
  }
}

/** Runs one checkpoint in its own thread. A failure is left for the next look: the log stays valid meanwhile. */
function checkpointInWorker(databasePath: string, mode: 'PASSIVE' | 'TRUNCATE'): Promise<void> {
  return new Promise(resolve => {
    const worker = new Worker(new URL('./checkpoint-worker.ts', import.meta.url), {
      workerData: { databasePath, mode },
    })
    worker.once('error', () => {
      resolve()
    })
    worker.once('exit', () => {
      resolve()
    })
  })
}
