/**
 * A sandbox worker: carries many runs, each in an instance of its own, and keeps one fresh instance ready for the next.
 *
 * Owns: the instances of this thread. Does not own: placement, queueing, the watchdog (see `pool.ts`).
 * Invariants: S1, S5 (a dropped instance is forgotten, never used again).
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { createGuestFactory, type Guest, type GuestFactory } from './engine-wasm.ts'
import { RunInstance } from './instance.ts'
import { ModuleCache } from './modules.ts'
import type { FromWorker, StartRun, ToWorker } from './protocol.ts'
import { SpareGuest } from './spare-guest.ts'
import { StatusWriter } from './status.ts'

interface Placed {
  slot: number
  /** Null after a failure before the start. */
  instance: RunInstance | null
}

class SandboxWorker {
  readonly #port: MessagePort
  readonly #status: StatusWriter
  readonly #spare: SpareGuest
  readonly #modules = new ModuleCache()
  readonly #placed = new Map<string, Placed>()

  constructor(port: MessagePort, status: StatusWriter, factory: GuestFactory) {
    this.#port = port
    this.#status = status
    this.#spare = new SpareGuest(factory)
  }

  open(): void {
    this.#spare.fill()
    this.#port.on('message', (message: ToWorker) => {
      this.#take(message)
    })
    this.#publish({ kind: 'ready' })
  }

  #take(message: ToWorker): void {
    if (message.kind === 'start') {
      this.#start(message.run, message.slot)
      return
    }
    const placed = this.#placed.get(message.instance)
    if (message.kind === 'drop') this.#placed.delete(message.instance)
    if (!placed?.instance || message.kind === 'drop') return
    const { instance, slot } = placed
    this.#status.during(slot, () => {
      if (message.kind === 'verify') instance.verify(message.input)
      else instance.deliver(message, message.inherits)
    })
  }

  #start(run: StartRun, slot: number): void {
    const placed: Placed = { slot, instance: null }
    this.#placed.set(run.instance, placed)
    const guest = this.#spare.take(run.limits.memoryMb)
    this.#status.during(slot, () => {
      this.#enter(run, placed, guest)
    })
    this.#spare.refillSoon()
  }

  #enter(run: StartRun, placed: Placed, guest: Guest): void {
    const loaded = this.#modules.load(run.source, run.modules)
    if (loaded.failure) {
      const end = { is: 'failed', failure: loaded.failure } as const
      this.#publish({
        kind: 'idle',
        instance: run.instance,
        calls: [],
        closes: [],
        unconsumed: [],
        cpuMs: 0,
        end,
      })
      return
    }
    placed.instance = new RunInstance(run, loaded, guest, {
      publish: message => {
        this.#publish(message)
      },
      beat: () => {
        this.#status.beat()
      },
      isAbandoned: () => this.#status.isAbandoned(placed.slot),
    })
    placed.instance.start()
  }

  #publish(message: FromWorker): void {
    this.#port.postMessage(message)
  }
}

if (parentPort) {
  const status = new StatusWriter(workerData as SharedArrayBuffer)
  new SandboxWorker(parentPort, status, await createGuestFactory()).open()
}
