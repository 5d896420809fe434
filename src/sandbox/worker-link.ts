/**
 * The core's end of one sandbox worker: its thread, the runs placed on it, and what happens to them when it goes.
 *
 * Owns: one thread, the slots of its runs, the count of answers it owes. Does not own: where runs are placed, when a
 * worker is stuck. Invariants: S1 (when it goes, only the culprit is told that it failed), S5.
 */
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { Failure } from '../domain/failure.ts'
import { limitFailure } from './guest-error.ts'
import type { Placement } from './placement.ts'
import type { FromWorker, ToWorker } from './protocol.ts'
import { abandonSlot, newStatusMemory, readStatus, type WorkerStatus } from './status.ts'

/** Native recursion of the guest engine needs far more stack than a thread has by default. */
const STACK_MB = 16
const HEAP_MB = 512
/**
 * Read when a thread's heap is made. Otherwise the first few instances teach it a limit so low that it collects its
 * garbage for nearly every run.
 */
setFlagsFromString('--initial-old-space-size=256')

export interface LinkEvents {
  /** The worker rests, or has just become ready: there may be room. */
  changed(): void
  /** It has something to compute again. */
  busy(): void
  gone(link: WorkerLink): void
  log(line: string): void
}

export class WorkerLink {
  readonly #worker: Worker
  readonly #memory = newStatusMemory()
  readonly #events: LinkEvents
  readonly #placed = new Map<string, Placement>()
  readonly #slots = new Map<number, Placement>()
  readonly #gone = Promise.withResolvers<undefined>()
  readonly #started = Promise.withResolvers<undefined>()
  #nextSlot = 0
  #starting: Placement | null = null
  #owed = 0
  #ready = false
  #closed = false
  #culprit: { slot: number | null; failure: Failure } | null = null

  constructor(file: URL, events: LinkEvents) {
    this.#events = events
    this.#worker = new Worker(file, {
      workerData: this.#memory,
      env: {},
      argv: [],
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { stackSizeMb: STACK_MB, maxOldGenerationSizeMb: HEAP_MB },
    })
    this.#worker.unref()
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        events.log(String(chunk))
      })
    }
    this.#worker.on('message', (message: FromWorker) => {
      this.#take(message)
    })
    this.#worker.on('error', thrown => {
      this.#culprit ??= { slot: this.status().slot, failure: failureOfCrash(thrown) }
      events.log(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown))
    })
    this.#worker.on('exit', () => {
      this.#leave()
    })
  }

  get isReady(): boolean {
    return this.#ready
  }

  /** How many instances live here. */
  get size(): number {
    return this.#placed.size
  }

  /** How many answers are owed: what it has to compute right now. */
  get load(): number {
    return this.#owed
  }

  /** Whether the run placed last has not answered yet: for how long it computes, nobody knows. */
  get isStarting(): boolean {
    return this.#starting !== null
  }

  get placements(): Iterable<Placement> {
    return this.#placed.values()
  }

  status(): WorkerStatus {
    return readStatus(this.#memory)
  }

  at(slot: number): Placement | undefined {
    return this.#slots.get(slot)
  }

  ready(): Promise<undefined> {
    return Promise.race([this.#started.promise, this.#gone.promise])
  }

  place(placement: Placement): void {
    const slot = this.#nextSlot++
    this.#placed.set(placement.name, placement)
    this.#slots.set(slot, placement)
    this.#starting = placement
    placement.placed(this, slot)
    this.ask(placement, { kind: 'start', run: placement.run, slot })
  }

  /** Sends what will be answered. */
  ask(placement: Placement, message: ToWorker): void {
    if (this.#owed === 0) this.#worker.ref()
    this.#owed += 1
    placement.asked()
    this.#worker.postMessage(message)
    this.#events.busy()
  }

  drop(placement: Placement, slot: number): void {
    if (!this.#placed.delete(placement.name)) return
    this.#slots.delete(slot)
    if (placement === this.#starting) this.#starting = null
    if (placement.owed > 0) abandonSlot(this.#memory, slot)
    this.#settle(placement.owed)
    this.#worker.postMessage({ kind: 'drop', instance: placement.name } satisfies ToWorker)
    this.#events.changed()
  }

  /** Ends the thread, whatever it is doing. */
  kill(slot: number | null, failure: Failure): void {
    this.#culprit ??= { slot, failure }
    void this.close()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#worker.terminate()
    this.#leave()
  }

  #take(message: FromWorker): void {
    if (this.#closed) return
    if (message.kind === 'ready') {
      this.#ready = true
      this.#started.resolve(undefined)
      this.#events.changed()
      return
    }
    const placement = this.#placed.get(message.instance)
    if (!placement) return
    if (placement === this.#starting) this.#starting = null
    this.#settle(1)
    // First of all, so that the worker goes on while the answer is dealt with.
    this.#events.changed()
    placement.answer(message)
  }

  #settle(answers: number): void {
    if (answers === 0) return
    this.#owed -= answers
    if (this.#owed === 0) this.#worker.unref()
  }

  #leave(): void {
    const lost = [...this.#slots]
    const culprit = this.#culprit
    this.#slots.clear()
    this.#placed.clear()
    this.#gone.resolve(undefined)
    this.#events.gone(this)
    // Where nobody computed, it broke on the run it was just being given.
    const blamed = culprit?.slot ?? lost.find(([, placement]) => placement === this.#starting)?.[0]
    for (const [slot, placement] of lost) {
      const isToBlame = culprit !== null && (slot === blamed || !this.#ready)
      placement.lost(isToBlame ? { is: 'failure', failure: culprit.failure } : { is: 'neighbour' })
    }
  }
}

function failureOfCrash(thrown: unknown): Failure {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return limitFailure('memory', HEAP_MB)
  return {
    kind: 'internal',
    message: 'The sandbox worker stopped unexpectedly. Nothing new was done; the run can be resumed.',
  }
}
