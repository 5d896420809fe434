/**
 * A sandbox worker: carries many runs, each in an instance of its own, and keeps one fresh instance ready for the next.
 *
 * Owns: the instances of this thread. Does not own: placement, queueing, the watchdog (see `pool.ts`).
 * Invariants: S1, S5 (a dropped instance is forgotten, never used again).
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { Failure } from '../domain/failure.ts'
import { createGuestFactory, type GuestFactory } from './engine-wasm.ts'
import { RunInstance } from './instance.ts'
import { type LoadedModules, ModuleCache } from './modules.ts'
import type { FromWorker, StartRun, ToWorker } from './protocol.ts'
import { SpareGuest } from './spare-guest.ts'
import { StatusWriter } from './status.ts'

interface Placed {
  slot: number
  instance: RunInstance
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
    if (!placed) return
    const { instance, slot } = placed
    if (message.kind === 'drop') {
      this.#placed.delete(message.instance)
      instance.drop()
      return
    }
    this.#status.during(slot, () => {
      if (message.kind === 'verify') instance.verify(message.input)
      else if (message.kind === 'recall') instance.recall(message.outcome)
      else instance.deliver(message, message.inherits)
    })
  }

  #start(run: StartRun, slot: number): void {
    this.#status.during(slot, () => {
      const loaded = this.#modules.load(run.source, run.modules)
      if (loaded.failure) this.#refuse(run, loaded.failure)
      else this.#enter(run, slot, loaded)
    })
    this.#spare.refillSoon()
  }

  #refuse({ instance }: StartRun, failure: Failure): void {
    const end = { is: 'failed', failure } as const
    this.#publish({ kind: 'idle', instance, calls: [], closes: [], unconsumed: [], cpuMs: 0, memory: 0, end })
  }

  #enter(run: StartRun, slot: number, loaded: LoadedModules): void {
    const instance = new RunInstance(run, loaded, this.#spare.take(run.limits.memoryMb), {
      publish: message => {
        this.#publish(message)
      },
      beat: () => {
        this.#status.beat()
      },
      isAbandoned: () => this.#status.isAbandoned(slot),
    })
    this.#placed.set(run.instance, { slot, instance })
    instance.start()
  }

  #publish(message: FromWorker): void {
    this.#port.postMessage(message)
  }
}

if (parentPort) {
  const status = new StatusWriter(workerData as SharedArrayBuffer)
  new SandboxWorker(parentPort, status, await createGuestFactory()).open()
}
