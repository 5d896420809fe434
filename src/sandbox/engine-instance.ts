/**
 * One WebAssembly instance of the guest engine: its functions by name, texts on their way in and out, and what it can
 * reach outside, which is nothing but `EngineHost`. The build itself knows its functions by letters.
 *
 * Owns: the instance, the growth of its memory. Does not own: what is called when, and what a text means.
 * Invariants: S2 (a memory ends where it was said to), S3 (no clock, no zone but UTC, no environment).
 */
import { wasmApi, type WasmMemory, type WasmModule } from './wasm-api.ts'

/** A place in the memory. 0 is none: no room was left, or there is nothing. */
export type Pointer = number

/** What the engine asks of its host while guest code runs. */
export interface EngineHost {
  /** The guest called `post` with this value; what it gets for it, or 0 for `undefined`. */
  post(value: Pointer): Pointer
  interrupts(): boolean
  /** A module's name, as its importer wrote it, to the name it is loaded by. What is thrown is thrown in the guest. */
  resolve(importer: string, specifier: string): string
  /** A module's source. What is thrown is thrown in the guest. */
  load(name: string): string
}

/** Values are held by places in memory where the engine keeps them until they are freed. */
interface EngineFunctions {
  initialize: () => void
  malloc: (bytes: number) => Pointer
  free: (place: Pointer) => void
  newRuntime: () => Pointer
  setMemoryLimit: (runtime: Pointer, bytes: number) => void
  setMaxStackSize: (runtime: Pointer, bytes: number) => void
  enableInterrupts: (runtime: Pointer) => void
  enableModules: (runtime: Pointer, resolves: number) => void
  /** 0 asks for everything the language has. */
  newContext: (runtime: Pointer, intrinsics: number) => Pointer
  globalObject: (context: Pointer) => Pointer
  undefinedValue: () => Pointer
  newFunction: (context: Pointer, name: Pointer, length: number, constructs: number, id: number) => Pointer
  newError: (context: Pointer) => Pointer
  newString: (context: Pointer, text: Pointer) => Pointer
  getString: (context: Pointer, value: Pointer) => Pointer
  freeString: (context: Pointer, text: Pointer) => void
  getNumber: (context: Pointer, value: Pointer) => number
  getProperty: (context: Pointer, object: Pointer, name: Pointer) => Pointer
  setProperty: (context: Pointer, object: Pointer, name: Pointer, value: Pointer) => void
  typeOf: (context: Pointer, value: Pointer) => Pointer
  freeValue: (context: Pointer, value: Pointer) => void
  evaluate: (
    context: Pointer,
    source: Pointer,
    bytes: number,
    name: Pointer,
    detects: number,
    flags: number,
  ) => Pointer
  call: (context: Pointer, callee: Pointer, self: Pointer, count: number, given: Pointer) => Pointer
  /** The error a result stands for, or 0 where it is none. */
  errorOf: (context: Pointer, result: Pointer) => Pointer
  throwError: (context: Pointer, error: Pointer) => Pointer
  isJobPending: (runtime: Pointer) => number
  /** How many jobs were run, or what was thrown. */
  runJobs: (runtime: Pointer, atMost: number, contextOut: Pointer) => Pointer
}

const LETTERS: Readonly<Record<keyof EngineFunctions, string>> = {
  initialize: 'u',
  malloc: 'v',
  free: 'M',
  newRuntime: 'K',
  setMemoryLimit: 'y',
  setMaxStackSize: 'D',
  enableInterrupts: 'Fa',
  enableModules: 'Ha',
  newContext: 'N',
  globalObject: 'ua',
  undefinedValue: 'E',
  newFunction: 'Da',
  newError: 'x',
  newString: '_',
  getString: '$',
  freeString: 'S',
  getNumber: 'Z',
  getProperty: 'ha',
  setProperty: 'ja',
  typeOf: 'ra',
  freeValue: 'P',
  evaluate: 'pa',
  call: 'ma',
  errorOf: 'na',
  throwError: 'w',
  isJobPending: 'fa',
  runJobs: 'ga',
}
const NAMED = Object.entries(LETTERS)

const PAGE = 65_536
/** More than was asked for, so that a growing memory grows seldom. */
const GROWTH = 1.2
const CALENDAR_WORDS = 10
const NOT_SUPPORTED = 52

export class EngineInstance {
  readonly functions: EngineFunctions
  readonly #memory: WasmMemory
  #bytes: Buffer
  #exhausted = false

  constructor(module: WasmModule, memory: WasmMemory, host: EngineHost) {
    this.#memory = memory
    this.#bytes = Buffer.from(memory.buffer)
    const { exports } = new wasmApi.Instance(module, { a: this.#imports(host) })
    const named = NAMED.map(([name, letter]) => [name, Reflect.get(exports, letter)] as const)
    this.functions = Object.fromEntries(named) as unknown as EngineFunctions
  }

  /** Whether it was refused memory: it needed more than it may have. */
  get exhausted(): boolean {
    return this.#exhausted
  }

  /** Copies a text in and says where it is. Whoever asked for it frees it. */
  place(text: string): Pointer {
    const length = Buffer.byteLength(text)
    const place = this.functions.malloc(length + 1)
    if (place === 0) throw new Error('The guest has no room for a text.')
    this.#bytes.write(text, place, length)
    this.#bytes[place + length] = 0
    return place
  }

  /** Copies a text out that ends with a zero byte. */
  read(place: Pointer): string {
    return this.#bytes.toString('utf8', place, this.#bytes.indexOf(0, place))
  }

  write32(place: Pointer, value: number): void {
    this.#bytes.writeUInt32LE(value, place)
  }

  /** What a build for the browser asks of its page. Nothing is there that a guest could tell runs apart by. */
  #imports(host: EngineHost): object {
    const nothing = () => 0
    const notSupported = () => NOT_SUPPORTED
    return {
      a: this.#memory,
      s: (_context: Pointer, _self: Pointer, count: number, given: Pointer) =>
        count === 0 ? 0 : host.post(given),
      i: () => Number(host.interrupts()),
      g: (_runtime: Pointer, context: Pointer, importer: Pointer, specifier: Pointer) =>
        this.#answer(context, () => host.resolve(this.read(importer), this.read(specifier))),
      h: (_runtime: Pointer, context: Pointer, name: Pointer) =>
        this.#answer(context, () => host.load(this.read(name))),
      k: (bytes: number) => Number(this.#grow(bytes >>> 0)),
      m: (_time: bigint, calendar: Pointer) => {
        // The engine takes nothing from it but the distance from UTC.
        this.#bytes.fill(0, calendar, calendar + CALENDAR_WORDS * Uint32Array.BYTES_PER_ELEMENT)
      },
      b: abort,
      q: abort,
      r: abort,
      c: notSupported,
      d: notSupported,
      o: notSupported,
      e: nothing,
      f: nothing,
      j: nothing,
      l: nothing,
      n: nothing,
      p: nothing,
      t: nothing,
    }
  }

  #answer(context: Pointer, text: () => string): Pointer {
    try {
      return this.place(text())
    } catch (thrown) {
      this.#throw(context, thrown instanceof Error ? thrown.message : String(thrown))
      return 0
    }
  }

  #throw(context: Pointer, message: string): void {
    const { newError, newString, setProperty, throwError, free, freeValue } = this.functions
    const error = newError(context)
    const texts = ['message', message].map(text => this.place(text))
    const [name = 0, value = 0] = texts.map(text => newString(context, text))
    setProperty(context, error, name, value)
    freeValue(context, throwError(context, error))
    for (const text of texts) free(text)
    for (const held of [name, value, error]) freeValue(context, held)
  }

  #grow(bytes: number): boolean {
    const before = this.#bytes.length / PAGE
    const needed = Math.ceil(bytes / PAGE)
    const more = Math.ceil(before * GROWTH)
    const grown = this.#growBy(Math.max(needed, more) - before) || this.#growBy(needed - before)
    if (grown) this.#bytes = Buffer.from(this.#memory.buffer)
    else this.#exhausted = true
    return grown
  }

  #growBy(pages: number): boolean {
    try {
      this.#memory.grow(pages)
      return true
    } catch (thrown) {
      if (thrown instanceof RangeError) return false
      throw thrown
    }
  }
}

function abort(): never {
  throw new Error('The guest engine gave up.')
}
