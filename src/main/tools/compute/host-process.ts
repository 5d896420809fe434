/**
 * The core's end of a compute host that is a forked process: what it is started with, what it says, how it ends.
 * Owns: the process. Does not own: what it computes, and for whom.
 * Invariants: S1's for our own code: whatever a job does to its process, the core only hears that the host was lost.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { HostMessage, JobRequest, Loss, WorkerMessage } from './protocol.ts'

/** A place where jobs are computed one at a time, apart from the core, and that can be ended in the middle of one. */
export interface Host {
  /** As the operating system knows it. */
  readonly pid: number | undefined
  /** A request that no longer arrives is not told of here: the loss of its host is. */
  send(request: JobRequest): void
  /** Whether the core stays alive for it. */
  ref(): void
  unref(): void
  /** At once, whatever it computes. Resolves when nothing is left of it. */
  end(): Promise<void>
}

export interface HostListener {
  hear(message: WorkerMessage): void
  /** It computes no more, and nobody asked it to stop. Said once, never before the host was returned. */
  lost(loss: Loss): void
}

export interface HostOptions {
  /** Of objects, and of buffers. */
  memoryMb: number
}

export type OpenHost = (options: HostOptions, listener: HostListener) => Host

/** How V8 ends a process, and how a system does that has no memory left. */
const ABORTS: ReadonlySet<string> = new Set(['SIGABRT', 'SIGTRAP', 'SIGILL', 'SIGKILL'])
/** The same on Windows: Node's abort, a breakpoint, an illegal instruction, a failed check, V8's own out of memory. */
const ABORT_CODES: ReadonlySet<number> = new Set([134, 0x80000003, 0xc000001d, 0xc0000409, 0xe0000008])

export const forkHost: OpenHost = ({ memoryMb }, listener) => {
  const child = fork(fileURLToPath(new URL('./host.ts', import.meta.url)), [String(memoryMb)], {
    serialization: 'advanced',
    env: environment(),
    execArgv: [],
    // Also what V8 prints when it gives up: it quotes what the job was working on.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    windowsHide: true,
  })
  return new ForkedHost(child, listener)
}

class ForkedHost implements Host {
  readonly #child: ChildProcess
  readonly #listener: HostListener
  readonly #gone = Promise.withResolvers<undefined>()
  #isOver = false

  constructor(child: ChildProcess, listener: HostListener) {
    this.#child = child
    this.#listener = listener
    child.on('message', message => {
      this.#hear(message as HostMessage)
    })
    child.on('error', error => {
      // Without an id it was never started, and no end will be told of.
      if (child.pid === undefined) this.#gone.resolve(undefined)
      this.#lose({ outOfMemory: false, message: error.message })
    })
    child.on('exit', (code, signal) => {
      this.#gone.resolve(undefined)
      this.#lose(lossOf(code, signal))
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  send(request: JobRequest): void {
    this.#child.send(request, () => undefined)
  }

  ref(): void {
    this.#child.ref()
    this.#child.channel?.ref()
  }

  unref(): void {
    this.#child.unref()
    this.#child.channel?.unref()
  }

  async end(): Promise<void> {
    this.#isOver = true
    this.#child.ref()
    this.#child.kill('SIGKILL')
    await this.#gone.promise
  }

  #hear(message: HostMessage): void {
    if (this.#isOver) return
    if (message.is === 'lost') this.#lose(message)
    else this.#listener.hear(message)
  }

  #lose(loss: Loss): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#listener.lost(loss)
  }
}

/** Nothing of the core's own, but what a process needs to start, and to start fast. */
function environment(): NodeJS.ProcessEnv {
  const kept = ['NODE_COMPILE_CACHE', ...(process.platform === 'win32' ? ['SystemRoot'] : [])]
  return Object.fromEntries(
    kept.flatMap(name => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
}

function lossOf(code: number | null, signal: NodeJS.Signals | null): Loss {
  const outOfMemory = (signal !== null && ABORTS.has(signal)) || (code !== null && ABORT_CODES.has(code))
  return { outOfMemory, message: `The compute host ended (${signal ?? String(code)}).` }
}
