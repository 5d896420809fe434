/**
 * The one file that touches the guest engine. Makes fresh instances, each with a WebAssembly memory of its own and
 * its prelude evaluated, and runs slices in them: one JSON text in, JSON texts out, until the guest is at rest.
 *
 * Owns: the compiled module, the capped memory and the engine's handles. Does not own: what the texts mean, or when
 * a limit was reached in total. Invariants: S1, S2, S4; S5: an instance is dropped, never disposed or used again.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  RELEASE_SYNC,
} from 'quickjs-emscripten'
import { compactEngine } from './engine-binary.ts'
import { facade, mayImport, PRELUDE, PRELUDE_NAME } from './prelude.ts'
import { wasmApi, type WasmMemory, type WasmModule } from './wasm-api.ts'

type Instantiate = (imports: object, done: (instance: object) => void) => object

const PAGE = 65_536
const MEGABYTE = 1_048_576
/** Room for the engine's own stack and data, the prelude and a small script; what needs more grows. */
const INITIAL_PAGES = 32
const IMAGE_PAGE = 4_096
/** What most runs ask for. */
export const DEFAULT_MEMORY_MB = 64
export const STACK_BYTES = 256 * 1024
/** The engine looks at its use of the stack only now and then; between two looks it needs far less than the rest. */
const SHADOW_STACK_BYTES = MEGABYTE
const JOBS_AT_ONCE = 512
/** The engine's glue tries to grow three times, for less each time, before an allocation fails. */
const GROWTH_ATTEMPTS = 3

/** How a slice ended. After anything but `rest` the guest must not be entered again. */
export type SliceEnd =
  { is: 'rest' } | { is: 'limit'; limit: 'cpu' | 'memory' | 'stack' | 'other' } | { is: 'broken' }

export interface GuestModules {
  granted: ReadonlySet<string>
  /** Text of the script or of a granted module, ready for the guest. */
  source(name: string): string | null
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

/** One fresh instance with its prelude; `open` gives it its run, `slice` runs it. */
export interface Guest {
  open(ports: GuestPorts): void
  slice(text: string, budgetMs: number): SliceEnd
}

export interface GuestFactory {
  make(memoryMb: number): Promise<Guest>
}

/**
 * Evaluates the prelude once and keeps the memory as it was then: a fresh instance is built by the same steps, which
 * put everything at the same addresses, and takes that memory over instead of compiling the same text again.
 */
export async function createGuestFactory(): Promise<GuestFactory> {
  const require = createRequire(import.meta.url)
  const location = createRequire(require.resolve('quickjs-emscripten')).resolve(
    '@jitl/quickjs-wasmfile-release-sync/wasm',
  )
  const wasmModule = await wasmApi.compile(
    compactEngine(readFileSync(location), SHADOW_STACK_BYTES, INITIAL_PAGES),
  )
  const template = await makeBare(wasmModule, DEFAULT_MEMORY_MB)
  template.evaluatePrelude()
  const image = imageOf(template.memory.wasm)
  return {
    make: async memoryMb => {
      const guest = await makeBare(wasmModule, memoryMb)
      const memory = new Uint8Array(guest.memory.wasm.buffer)
      for (const { offset, bytes } of image) memory.set(bytes, offset)
      guest.attach()
      return guest
    },
  }
}

async function makeBare(wasmModule: WasmModule, memoryMb: number): Promise<WasmGuest> {
  const memory = cappedMemory(memoryMb)
  const instantiateWasm: Instantiate = (imports, done) => {
    const instance = new wasmApi.Instance(wasmModule, imports)
    done(instance)
    return instance.exports
  }
  const options = { wasmMemory: memory.wasm, emscriptenModule: { instantiateWasm }, log: () => undefined }
  const engine = await newQuickJSWASMModuleFromVariant(newVariant(RELEASE_SYNC, options))
  return new WasmGuest(engine.newRuntime(), memory)
}

/** The stretches of a memory that hold anything. */
function imageOf(memory: WasmMemory): { offset: number; bytes: Uint8Array }[] {
  const all = new Uint8Array(memory.buffer)
  const image = []
  for (let offset = 0; offset < all.length; offset += IMAGE_PAGE) {
    const start = offset
    while (offset < all.length && holdsAnything(all, offset)) offset += IMAGE_PAGE
    if (offset > start) image.push({ offset: start, bytes: all.slice(start, offset) })
  }
  return image
}

function holdsAnything(memory: Uint8Array, offset: number): boolean {
  return memory.subarray(offset, offset + IMAGE_PAGE).some(byte => byte !== 0)
}

interface CappedMemory {
  wasm: WasmMemory
  exhausted(): boolean
}

function cappedMemory(memoryMb: number): CappedMemory {
  const maximum = Math.max(INITIAL_PAGES, Math.floor((memoryMb * MEGABYTE) / PAGE))
  const wasm = new wasmApi.Memory({ initial: INITIAL_PAGES, maximum })
  const grow = wasm.grow.bind(wasm)
  let refusals = 0
  let exhausted = false
  wasm.grow = delta => {
    try {
      const before = grow(delta)
      refusals = 0
      return before
    } catch (thrown) {
      refusals += 1
      if (refusals === GROWTH_ATTEMPTS) exhausted = true
      throw thrown
    }
  }
  return { wasm, exhausted: () => exhausted }
}

class WasmGuest implements Guest {
  readonly memory: CappedMemory
  readonly #runtime: QuickJSRuntime
  readonly #context: QuickJSContext
  #receive: QuickJSHandle
  #ports: GuestPorts | null = null
  #startedAt = 0
  #budgetMs = Infinity
  #overdue = false

  /** Every step here moves the engine's allocator the same way each time; the image depends on it. */
  constructor(runtime: QuickJSRuntime, memory: CappedMemory) {
    this.memory = memory
    this.#runtime = runtime
    // The engine's own count of bytes stays off: it would refuse a huge request without the memory ever knowing.
    runtime.setMemoryLimit(-1)
    runtime.setMaxStackSize(STACK_BYTES)
    runtime.setModuleLoader(
      name => this.#load(name),
      (importer, specifier) => this.#resolve(importer, specifier),
    )
    runtime.setInterruptHandler(() => this.#interrupts())
    this.#context = runtime.newContext()
    const context = this.#context
    context.setProp(
      context.global,
      'post',
      context.newFunction('post', text => this.#post(text)),
    )
    this.#receive = context.undefined
  }

  evaluatePrelude(): void {
    const context = this.#context
    context.unwrapResult(context.evalCode(PRELUDE, PRELUDE_NAME, { type: 'module' })).dispose()
  }

  attach(): void {
    const context = this.#context
    this.#receive = context.getProp(context.global, 'receive')
    if (context.typeof(this.#receive) !== 'function') throw new Error('A fresh guest has no way in.')
  }

  open(ports: GuestPorts): void {
    this.#ports = ports
  }

  slice(text: string, budgetMs: number): SliceEnd {
    this.#startedAt = threadCpuMs()
    this.#budgetMs = budgetMs
    try {
      const clean = this.#enter(text) && this.#drain()
      return this.#limit() ?? (clean ? { is: 'rest' } : { is: 'broken' })
    } catch (thrown) {
      return this.#limit() ?? hostEnd(thrown)
    }
  }

  #enter(text: string): boolean {
    const context = this.#context
    const given = context.newString(text)
    const result = context.callFunction(this.#receive, context.undefined, given)
    given.dispose()
    const clean = result.error === undefined
    result.dispose()
    return clean
  }

  #drain(): boolean {
    while (this.#runtime.hasPendingJob()) {
      const result = this.#runtime.executePendingJobs(JOBS_AT_ONCE)
      const clean = result.error === undefined
      result.dispose()
      if (!clean || this.#interrupts()) return false
    }
    return true
  }

  #interrupts(): boolean {
    const ports = this.#ports
    if (!ports) return false
    ports.beat()
    if (threadCpuMs() - this.#startedAt > this.#budgetMs) this.#overdue = true
    return this.#overdue || this.memory.exhausted() || ports.stopped()
  }

  #limit(): SliceEnd | null {
    if (this.memory.exhausted()) return { is: 'limit', limit: 'memory' }
    if (this.#ports?.stopped()) return { is: 'limit', limit: 'other' }
    if (this.#overdue) return { is: 'limit', limit: 'cpu' }
    return null
  }

  #post(text: QuickJSHandle): QuickJSHandle | undefined {
    const ports = this.#ports
    if (!ports || ports.stopped()) return undefined
    const context = this.#context
    const length = context.getProp(text, 'length').consume(handle => context.getNumber(handle))
    // Texts come from the prelude, which measured them; a longer one was not made by it.
    if (context.typeof(text) !== 'string' || !(length <= ports.longest)) return undefined
    const refusal = ports.post(context.getString(text))
    return refusal === undefined ? undefined : context.newString(refusal)
  }

  #resolve(importer: string, specifier: string): string {
    const granted = this.#ports?.modules.granted ?? new Set<string>()
    if (mayImport(importer, specifier, granted)) return specifier
    throw new Error(`${specifier} is not granted by the contract.`)
  }

  #load(name: string): string {
    const source = facade(name) ?? this.#ports?.modules.source(name)
    if (typeof source === 'string') return source
    throw new Error(`${name} is not granted by the contract.`)
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
