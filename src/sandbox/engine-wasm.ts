/**
 * The one file that touches the guest engine. Makes fresh instances, each with a WebAssembly memory of its own and
 * its prelude evaluated, and runs slices in them: one JSON text in, JSON texts out, until the guest is at rest.
 *
 * Owns: the compiled module, the capped memory and the engine's handles. Does not own: what the texts mean, or when
 * a limit was reached in total. Invariants: S1, S2, S4; S5: an instance is dropped, never disposed or used again.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { compactEngine } from './engine-binary.ts'
import { type EngineHost, EngineInstance, type Pointer } from './engine-instance.ts'
import { GuestImages, type GuestModules } from './guest-images.ts'
import { MemoryShelf } from './memory-shelf.ts'
import { wasmApi, type WasmMemory, type WasmModule } from './wasm-api.ts'

const PAGE = 65_536
const MEGABYTE = 1_048_576
/** Room for the engine's own stack and data, the prelude and a small script; what needs more grows. */
const INITIAL_PAGES = 32
/** What most runs ask for. */
export const DEFAULT_MEMORY_MB = 64
export const STACK_BYTES = 256 * 1024
/** The engine looks at its use of the stack only now and then; between two looks it needs far less than the rest. */
const SHADOW_STACK_BYTES = MEGABYTE
const JOBS_AT_ONCE = 512

/** How a slice ended. After anything but `rest` the guest must not be entered again. */
export type SliceEnd =
  { is: 'rest' } | { is: 'limit'; limit: 'cpu' | 'memory' | 'stack' | 'other' } | { is: 'broken' }

export interface Slice {
  end: SliceEnd
  /** CPU time it took. */
  cpuMs: number
}

export interface GuestPorts {
  modules: GuestModules
  /** Takes one text of the guest; a returned text refuses it. */
  post(text: string): string | undefined
  /** Longest text that is copied out, in UTF-16 units. */
  longest: number
  /** True once a limit is known to be reached: the guest is stopped at the next chance. */
  stopped(): boolean
  /** Called while guest code runs; a sign of life for the watchdog. */
  beat(): void
}

/** One fresh instance with its prelude; `open` gives it its run, `slice` runs it, `drop` is the end of it. */
export interface Guest {
  open(ports: GuestPorts): void
  slice(text: string, budgetMs: number): Slice
  /** How large it has become, in bytes. */
  readonly memory: number
  /** To be called while it is at rest, by whoever then forgets it. */
  drop(): void
}

export interface GuestFactory {
  make(memoryMb: number): Guest
}

export async function createGuestFactory(): Promise<GuestFactory> {
  const require = createRequire(import.meta.url)
  const location = createRequire(require.resolve('quickjs-emscripten')).resolve(
    '@jitl/quickjs-wasmfile-release-sync/wasm',
  )
  const engine = await wasmApi.compile(
    compactEngine(readFileSync(location), SHADOW_STACK_BYTES, INITIAL_PAGES),
  )
  const images = new GuestImages(engine, INITIAL_PAGES, STACK_BYTES)
  const shelf = new MemoryShelf(INITIAL_PAGES)
  return { make: memoryMb => new WasmGuest(engine, images, shelf, memoryMb) }
}

/** A guest that is not open has nothing to run. */
const CLOSED: GuestPorts = {
  modules: { resolve: unopened, load: unopened },
  post: () => undefined,
  longest: 0,
  stopped: () => true,
  beat: () => undefined,
}

function unopened(): never {
  throw new Error('The guest was not opened.')
}

class WasmGuest implements Guest, EngineHost {
  readonly #images: GuestImages
  readonly #shelf: MemoryShelf
  readonly #maximum: number
  readonly #memory: WasmMemory
  readonly #engine: EngineInstance
  #ports = CLOSED
  #enteredAt = 0
  #cpuBefore = 0
  #budgetMs = Infinity
  #overdue = false

  constructor(engine: WasmModule, images: GuestImages, shelf: MemoryShelf, memoryMb: number) {
    this.#images = images
    this.#shelf = shelf
    this.#maximum = Math.max(INITIAL_PAGES, Math.floor((memoryMb * MEGABYTE) / PAGE))
    this.#memory = shelf.take(this.#maximum)
    this.#engine = new EngineInstance(engine, this.#memory, this)
  }

  open(ports: GuestPorts): void {
    this.#images.copyTo(this.#memory, ports.modules)
    this.#ports = ports
  }

  get memory(): number {
    return this.#memory.buffer.byteLength
  }

  slice(text: string, budgetMs: number): Slice {
    this.#enteredAt = performance.now()
    this.#cpuBefore = threadCpuMs()
    this.#budgetMs = budgetMs
    const end = this.#run(text)
    const cpuMs = threadCpuMs() - this.#cpuBefore
    this.#overdue ||= cpuMs > budgetMs
    return { end: this.#limit() ?? end, cpuMs }
  }

  #run(text: string): SliceEnd {
    try {
      return this.#enter(text) && this.#drain() ? { is: 'rest' } : { is: 'broken' }
    } catch (thrown) {
      return hostEnd(thrown)
    }
  }

  drop(): void {
    this.#ports = CLOSED
    this.#shelf.giveBack(this.#memory, this.#maximum)
  }

  /** What is left in a guest that was not entered cleanly is dropped with it. */
  #enter(text: string): boolean {
    const { functions } = this.#engine
    const { context, receive, undefinedValue, word } = this.#images.places
    const given = this.#newText(text)
    this.#engine.write32(word, given)
    const result = functions.call(context, receive, undefinedValue, 1, word)
    if (functions.errorOf(context, result) !== 0) return false
    functions.freeValue(context, given)
    functions.freeValue(context, result)
    return true
  }

  #drain(): boolean {
    const { functions } = this.#engine
    const { runtime, context, word } = this.#images.places
    while (functions.isJobPending(runtime) !== 0) {
      const result = functions.runJobs(runtime, JOBS_AT_ONCE, word)
      if (this.#typeOf(result) !== 'number' || this.interrupts()) return false
      functions.freeValue(context, result)
    }
    return true
  }

  #typeOf(value: Pointer): string {
    const name = this.#engine.functions.typeOf(this.#images.places.context, value)
    const type = this.#engine.read(name)
    this.#engine.functions.free(name)
    return type
  }

  interrupts(): boolean {
    this.#ports.beat()
    // The clock on the wall is cheap to look at, and never behind.
    if (performance.now() - this.#enteredAt > this.#budgetMs) this.#overdue ||= this.#usedUp()
    return this.#overdue || this.#engine.exhausted || this.#ports.stopped()
  }

  #usedUp(): boolean {
    return threadCpuMs() - this.#cpuBefore > this.#budgetMs
  }

  #limit(): SliceEnd | null {
    if (this.#engine.exhausted) return { is: 'limit', limit: 'memory' }
    if (this.#ports.stopped()) return { is: 'limit', limit: 'other' }
    if (this.#overdue) return { is: 'limit', limit: 'cpu' }
    return null
  }

  post(text: Pointer): Pointer {
    const ports = this.#ports
    if (ports.stopped()) return 0
    // Texts come from the prelude, which measured them; a longer one was not made by it.
    if (this.#typeOf(text) !== 'string' || !(this.#lengthOf(text) <= ports.longest)) return 0
    const refusal = ports.post(this.#copyOf(text))
    return refusal === undefined ? 0 : this.#newText(refusal)
  }

  resolve(importer: string, specifier: string): string {
    return this.#ports.modules.resolve(importer, specifier)
  }

  load(name: string): string {
    return this.#ports.modules.load(name)
  }

  #lengthOf(text: Pointer): number {
    const { functions } = this.#engine
    const { context, lengthName } = this.#images.places
    const value = functions.getProperty(context, text, lengthName)
    const length = functions.getNumber(context, value)
    functions.freeValue(context, value)
    return length
  }

  #copyOf(text: Pointer): string {
    const { functions } = this.#engine
    const { context } = this.#images.places
    const place = functions.getString(context, text)
    if (place === 0) throw new Error('The guest has no room for a text.')
    const copy = this.#engine.read(place)
    functions.freeString(context, place)
    return copy
  }

  #newText(text: string): Pointer {
    const { functions } = this.#engine
    const place = this.#engine.place(text)
    const value = functions.newString(this.#images.places.context, place)
    functions.free(place)
    return value
  }
}

/** An exception that came through the engine's own frames: the instance is in no known state any more. */
function hostEnd(thrown: unknown): SliceEnd {
  return thrown instanceof RangeError ? { is: 'limit', limit: 'stack' } : { is: 'broken' }
}

/** CPU time of this thread where the platform tells it, so that a busy machine does not use up a run's time. */
export function threadCpuMs(): number {
  if (typeof process.threadCpuUsage !== 'function') return performance.now()
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
