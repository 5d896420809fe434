/**
 * Heavy pure functions, out of the core: a few hosts, started when first needed, ended when a job takes too long
 * and when nothing was asked of them for a while.
 * Owns: the hosts, the queue before them, the limits of a job. Does not own: what the jobs do, what a host is.
 * Invariants: S1's for our own code: no input, however crafted, ends the core or stops it from answering; S2: a breach
 * names its limit. One owner computes one job at a time, so that one run cannot keep the hosts from the others.
 */
import { FailureError, type Failure } from '../../../domain/failure.ts'
import { forkHost, type Host, type OpenHost } from './host-process.ts'
import type { JobInput, JobName, JobOutput } from './jobs.ts'
import { toolOfJob, type Loss, type WorkerMessage } from './protocol.ts'

export interface ComputeOptions {
  /** Longest one job may compute, ms. */
  limitMs?: number
  /** After this long without work a host ends, ms. */
  idleMs?: number
  size?: number
  memoryMb?: number
  outputBytes?: number
  openHost?: OpenHost
}

export interface Asker {
  /** Whose job it is: jobs of one owner wait for each other. */
  owner: string
  signal: AbortSignal
}

export interface Compute {
  run<N extends JobName>(name: N, input: JobInput<N>, asker: Asker): Promise<JobOutput<N>>
  /** Hosts there are now. */
  readonly hosts: number
  close(): Promise<void>
}

interface Task {
  name: JobName
  input: unknown
  owner: string
  settle: (error: Error | null, value?: unknown) => void
}

interface Seat {
  host: Host
  ready: boolean
  task: Task | null
  timer: NodeJS.Timeout | null
}

const DEFAULTS = {
  limitMs: 5_000,
  idleMs: 30_000,
  size: 2,
  memoryMb: 256,
  outputBytes: 16 * 1_024 * 1_024,
  openHost: forkHost,
}

export function createCompute(options: ComputeOptions = {}): Compute {
  return new ComputePool({ ...DEFAULTS, ...options })
}

class ComputePool implements Compute {
  readonly #options: Required<ComputeOptions>
  readonly #seats = new Set<Seat>()
  /** Hosts that are being ended. */
  readonly #leaving = new Set<Promise<void>>()
  #waiting: Task[] = []
  #closed = false

  constructor(options: Required<ComputeOptions>) {
    this.#options = options
  }

  get hosts(): number {
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
    for (const seat of this.#seats) this.#remove(seat)
    await Promise.all(this.#leaving)
    for (const task of left) task.settle(new Error('The compute pool was closed.'))
  }

  /** Gives every free host the oldest job whose owner has none running. */
  #pump(): void {
    const busy = new Set([...this.#seats].map(seat => seat.task?.owner))
    for (const task of [...this.#waiting]) {
      if (busy.has(task.owner)) continue
      if (!this.#place(task)) return
      busy.add(task.owner)
    }
  }

  /** False where there is no place for it yet. A system without room for another process says so at once. */
  #place(task: Task): boolean {
    let seat: Seat | null = null
    try {
      seat = this.#freeSeat()
      if (seat === null) return false
    } catch (error) {
      task.settle(new Error(`${toolOfJob(task.name)} could not start its host.`, { cause: error }))
    }
    this.#waiting.splice(this.#waiting.indexOf(task), 1)
    if (seat !== null) this.#assign(seat, task)
    return true
  }

  #freeSeat(): Seat | null {
    for (const seat of this.#seats) if (seat.task === null) return seat
    return this.#seats.size < this.#options.size ? this.#open() : null
  }

  #open(): Seat {
    const { memoryMb, openHost } = this.#options
    const host = openHost(
      { memoryMb },
      { hear: message => this.#hear(seat, message), lost: loss => this.#lose(seat, loss) },
    )
    const seat: Seat = { host, ready: false, task: null, timer: null }
    this.#seats.add(seat)
    return seat
  }

  #assign(seat: Seat, task: Task): void {
    seat.task = task
    seat.host.ref()
    if (seat.timer !== null) clearTimeout(seat.timer)
    seat.timer = null
    if (seat.ready) this.#start(seat, task)
  }

  /** The limit counts from here: a host's own start is not the job's time. */
  #start(seat: Seat, task: Task): void {
    seat.timer = setTimeout(() => this.#stopLate(seat), this.#options.limitMs)
    const { name, input } = task
    seat.host.send({ name, input, outputBytes: this.#options.outputBytes })
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

  #rest(seat: Seat): void {
    stopTimer(seat)
    seat.task = null
    seat.host.unref()
    seat.timer = setTimeout(() => this.#remove(seat), this.#options.idleMs)
    seat.timer.unref()
  }

  #stopLate(seat: Seat): void {
    const { limitMs } = this.#options
    const task = seat.task
    this.#remove(seat)
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

  /** A host that was lost before its job began says nothing about the job's memory. */
  #lose(seat: Seat, { outOfMemory, message }: Loss): void {
    const { task, ready } = seat
    this.#remove(seat)
    if (task !== null) {
      task.settle(
        outOfMemory && ready
          ? new FailureError(memoryFailure(task, this.#options.memoryMb))
          : new Error(`${toolOfJob(task.name)} failed in its host: ${message}`),
      )
    }
    this.#pump()
  }

  #abort(task: Task): void {
    this.#waiting = this.#waiting.filter(other => other !== task)
    for (const seat of this.#seats) if (seat.task === task) this.#remove(seat)
    task.settle(abortError(task.name))
    this.#pump()
  }

  #remove(seat: Seat): void {
    this.#seats.delete(seat)
    stopTimer(seat)
    seat.task = null
    const end = seat.host.end().finally(() => this.#leaving.delete(end))
    this.#leaving.add(end)
  }
}

function stopTimer(seat: Seat): void {
  if (seat.timer !== null) clearTimeout(seat.timer)
  seat.timer = null
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
      return task.settle(new Error(`${toolOfJob(task.name)} failed in its host: ${message.message}`))
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
