/**
 * Heavy pure functions, off the core's loop: a few worker threads, started when first needed, ended when a job
 * takes too long and when nothing was asked of them for a while.
 * Owns: the threads, the queue before them, the time and memory limits. Does not own: what the jobs do.
 * Invariants: S1's for our own code: no input, however crafted, stops the core from answering; S2: a breach names
 * its limit. One owner computes one job at a time, so that one run cannot keep the threads from the others.
 */
import { Worker } from 'node:worker_threads'
import { FailureError, type Failure } from '../../../domain/failure.ts'
import type { JobInput, JobName, JobOutput } from './jobs.ts'
import { toolOfJob, type JobRequest, type WorkerMessage } from './protocol.ts'

export interface ComputeOptions {
  /** Longest one job may compute, ms. */
  limitMs?: number
  /** After this long without work a thread ends, ms. */
  idleMs?: number
  size?: number
  memoryMb?: number
  outputBytes?: number
}

export interface Asker {
  /** Whose job it is: jobs of one owner wait for each other. */
  owner: string
  signal: AbortSignal
}

export interface Compute {
  run<N extends JobName>(name: N, input: JobInput<N>, asker: Asker): Promise<JobOutput<N>>
  /** Threads alive now. */
  readonly threads: number
  close(): Promise<void>
}

interface Task {
  name: JobName
  input: unknown
  owner: string
  settle: (error: Error | null, value?: unknown) => void
}

interface Seat {
  worker: Worker
  ready: boolean
  task: Task | null
  timer: NodeJS.Timeout | null
  watch: NodeJS.Timeout | null
}

/** How often it is looked whether a job stays within its memory, ms. */
const WATCH_EVERY_MS = 100

const DEFAULTS = { limitMs: 5_000, idleMs: 30_000, size: 2, memoryMb: 256, outputBytes: 16 * 1_024 * 1_024 }

export function createCompute(options: ComputeOptions = {}): Compute {
  return new ComputePool({ ...DEFAULTS, ...options })
}

class ComputePool implements Compute {
  readonly #options: Required<ComputeOptions>
  readonly #seats = new Set<Seat>()
  #waiting: Task[] = []
  #closed = false

  constructor(options: Required<ComputeOptions>) {
    this.#options = options
  }

  get threads(): number {
    return this.#seats.size
  }

  run<N extends JobName>(name: N, input: JobInput<N>, { owner, signal }: Asker): Promise<JobOutput<N>> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new Error('The compute pool was closed.'))
      if (signal.aborted) return reject(abortError(name))
      const task: Task = {
        name,
        input,
        owner,
        settle: (error, value) => {
          signal.removeEventListener('abort', stop)
          if (error === null) resolve(value as JobOutput<N>)
          else reject(error)
        },
      }
      const stop = () => this.#abort(task)
      signal.addEventListener('abort', stop, { once: true })
      this.#waiting.push(task)
      this.#pump()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    const left = [...this.#waiting, ...[...this.#seats].flatMap(seat => seat.task ?? [])]
    this.#waiting = []
    await Promise.all([...this.#seats].map(seat => this.#remove(seat)))
    for (const task of left) task.settle(new Error('The compute pool was closed.'))
  }

  /** Gives every free thread the oldest job whose owner has none running. */
  #pump(): void {
    const busy = new Set([...this.#seats].map(seat => seat.task?.owner))
    for (const task of [...this.#waiting]) {
      if (busy.has(task.owner)) continue
      const seat = this.#freeSeat()
      if (seat === null) return
      busy.add(task.owner)
      this.#waiting.splice(this.#waiting.indexOf(task), 1)
      this.#assign(seat, task)
    }
  }

  #freeSeat(): Seat | null {
    for (const seat of this.#seats) if (seat.task === null) return seat
    return this.#seats.size < this.#options.size ? this.#open() : null
  }

  #open(): Seat {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: this.#options.memoryMb },
    })
    const seat: Seat = { worker, ready: false, task: null, timer: null, watch: null }
    worker.on('message', (message: WorkerMessage) => this.#hear(seat, message))
    worker.on('error', error => this.#lose(seat, error))
    this.#seats.add(seat)
    return seat
  }

  #assign(seat: Seat, task: Task): void {
    seat.task = task
    seat.worker.ref()
    if (seat.timer !== null) clearTimeout(seat.timer)
    seat.timer = null
    if (seat.ready) this.#start(seat, task)
  }

  /** The limit counts from here: a thread's own start is not the job's time. */
  #start(seat: Seat, task: Task): void {
    seat.timer = setTimeout(() => this.#stopLate(seat), this.#options.limitMs)
    seat.watch = setInterval(() => void this.#weigh(seat, task), WATCH_EVERY_MS)
    const request: JobRequest = { name: task.name, input: task.input, outputBytes: this.#options.outputBytes }
    seat.worker.postMessage(request)
  }

  #hear(seat: Seat, message: WorkerMessage): void {
    if (message.is === 'ready') {
      seat.ready = true
      if (seat.task !== null) this.#start(seat, seat.task)
      else this.#rest(seat)
      return
    }
    const task = seat.task
    this.#rest(seat)
    if (task !== null) answer(task, message, this.#options)
    this.#pump()
  }

  /** The thread's own limit holds for its objects; buffers are outside of them, and are counted here. */
  async #weigh(seat: Seat, task: Task): Promise<void> {
    const buffers = await buffersOf(seat.worker)
    if (seat.task !== task || buffers <= this.#options.memoryMb * 1_024 * 1_024) return
    void this.#remove(seat)
    task.settle(new FailureError(memoryFailure(task, this.#options.memoryMb)))
    this.#pump()
  }

  #rest(seat: Seat): void {
    stopTimers(seat)
    seat.task = null
    seat.worker.unref()
    seat.timer = setTimeout(() => void this.#remove(seat), this.#options.idleMs)
    seat.timer.unref()
  }

  #stopLate(seat: Seat): void {
    const { limitMs } = this.#options
    const task = seat.task
    void this.#remove(seat)
    task?.settle(
      new FailureError({
        kind: 'script-limit',
        limit: 'cpu',
        allowed: limitMs,
        message: `${toolOfJob(task.name)} was stopped after ${limitMs / 1_000} s of computing. Nothing was changed. Less text, or text of a simpler shape, takes less.`,
      }),
    )
    this.#pump()
  }

  /** The thread died by itself: out of memory, or a bug in its start. */
  #lose(seat: Seat, error: unknown): void {
    const task = seat.task
    void this.#remove(seat)
    const outOfMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    if (task !== null) {
      task.settle(
        outOfMemory ? new FailureError(memoryFailure(task, this.#options.memoryMb)) : asError(error),
      )
    }
    this.#pump()
  }

  #abort(task: Task): void {
    this.#waiting = this.#waiting.filter(other => other !== task)
    for (const seat of this.#seats) if (seat.task === task) void this.#remove(seat)
    task.settle(abortError(task.name))
    this.#pump()
  }

  async #remove(seat: Seat): Promise<void> {
    this.#seats.delete(seat)
    stopTimers(seat)
    seat.task = null
    await seat.worker.terminate()
  }
}

function stopTimers(seat: Seat): void {
  if (seat.timer !== null) clearTimeout(seat.timer)
  if (seat.watch !== null) clearInterval(seat.watch)
  seat.timer = null
  seat.watch = null
}

/** Bytes a thread holds beside its objects. One that has ended since cannot be asked, and holds nothing. */
function buffersOf(worker: Worker): Promise<number> {
  return worker.getHeapStatistics().then(
    ({ external_memory: bytes }) => bytes,
    () => 0,
  )
}

function answer(
  task: Task,
  message: Exclude<WorkerMessage, { is: 'ready' }>,
  limits: Required<ComputeOptions>,
): void {
  switch (message.is) {
    case 'done':
      return task.settle(null, message.value)
    case 'failed':
      return task.settle(new FailureError(message.failure))
    case 'too-big':
      return task.settle(new FailureError(sizeFailure(task, message.size, limits.outputBytes)))
    case 'overflow':
      return task.settle(new FailureError(memoryFailure(task, limits.memoryMb)))
    case 'bug':
      return task.settle(new Error(`${toolOfJob(task.name)} failed in its worker: ${message.message}`))
  }
}

function memoryFailure(task: Task, memoryMb: number): Failure {
  return {
    kind: 'script-limit',
    limit: 'memory',
    allowed: memoryMb,
    message: `${toolOfJob(task.name)} needed more memory than the ${memoryMb} MB allowed. Nothing was changed. Give it less text at once.`,
  }
}

function sizeFailure(task: Task, size: number, allowed: number): Failure {
  return {
    kind: 'script-limit',
    limit: 'bytes-in',
    allowed,
    message: `${toolOfJob(task.name)} made a result of ${size} bytes where ${allowed} are allowed. Nothing was changed. Give it less text at once.`,
  }
}

function abortError(name: JobName): Error {
  return new DOMException(`${toolOfJob(name)} was cancelled.`, 'AbortError')
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
