/**
 * The memory every guest begins with: the engine made ready and the prelude evaluated, once, in an instance that is
 * then forgotten. All that the engine knows is in that memory, apart from its host's functions, which each instance
 * has of its own.
 */
import { EngineInstance, type Pointer } from './engine-instance.ts'
import { PRELUDE, PRELUDE_NAME } from './prelude.ts'
import { wasmApi, type WasmMemory, type WasmModule } from './wasm-api.ts'

const CHUNK = 4_096
const ZEROES = Buffer.alloc(16 * CHUNK)
const MODULE_TYPE = 1

/** Where things are in every memory that begins so. */
export interface GuestPlaces {
  runtime: Pointer
  context: Pointer
  undefinedValue: Pointer
  lengthName: Pointer
  receive: Pointer
  /** One word for what a call hands over or back. */
  word: Pointer
}

export interface GuestImage {
  readonly places: GuestPlaces
  /** Makes a memory, whatever it holds, the image and nothing else, byte for byte. */
  copyTo(memory: WasmMemory): void
}

export function makeGuestImage(engine: WasmModule, pages: number, stackBytes: number): GuestImage {
  const memory = new wasmApi.Memory({ initial: pages, maximum: pages })
  const instance = new EngineInstance(engine, memory, {
    post: () => 0,
    interrupts: () => false,
    resolve: (_, specifier) => specifier,
    load: name => {
      throw new Error(`The prelude imports ${name}.`)
    },
  })
  const places = furnish(instance, stackBytes)
  const stretches = stretchesOf(memory)
  return {
    places,
    copyTo: other => {
      write(stretches, Buffer.from(other.buffer))
    },
  }
}

function write(stretches: readonly Stretch[], bytes: Buffer): void {
  let written = 0
  for (const { offset, held } of stretches) {
    clear(bytes.subarray(written, offset))
    bytes.set(held, offset)
    written = offset + held.length
  }
  clear(bytes.subarray(written))
}

/** Looks before it writes: memory that was never written to needs no room in the machine. */
function clear(bytes: Buffer): void {
  for (let offset = 0; offset < bytes.length; offset += ZEROES.length) {
    const part = bytes.subarray(offset, offset + ZEROES.length)
    if (!part.equals(ZEROES.subarray(0, part.length))) part.fill(0)
  }
}

function furnish(instance: EngineInstance, stackBytes: number): GuestPlaces {
  const { functions } = instance
  functions.initialize()
  const runtime = functions.newRuntime()
  // The engine's own count of bytes stays off: it would refuse a huge request without the memory ever knowing.
  functions.setMemoryLimit(runtime, -1)
  functions.setMaxStackSize(runtime, stackBytes)
  functions.enableModules(runtime, 1)
  functions.enableInterrupts(runtime)
  const context = functions.newContext(runtime, 0)
  const textOf = (text: string) => functions.newString(context, instance.place(text))
  const global = functions.globalObject(context)
  functions.setProperty(context, global, textOf('post'), functions.newFunction(context, 0, 1, 0, 1))
  evaluatePrelude(instance, context)
  return {
    runtime,
    context,
    undefinedValue: functions.undefinedValue(),
    lengthName: textOf('length'),
    receive: functions.getProperty(context, global, textOf('receive')),
    word: functions.malloc(Uint32Array.BYTES_PER_ELEMENT),
  }
}

function evaluatePrelude(instance: EngineInstance, context: Pointer): void {
  const { functions } = instance
  const source = instance.place(PRELUDE)
  const bytes = Buffer.byteLength(PRELUDE)
  const result = functions.evaluate(context, source, bytes, instance.place(PRELUDE_NAME), 0, MODULE_TYPE)
  if (functions.errorOf(context, result) !== 0) throw new Error('The prelude could not be evaluated.')
  functions.free(source)
}

interface Stretch {
  offset: number
  held: Uint8Array
}

/** The stretches of a memory that hold anything. */
function stretchesOf(memory: WasmMemory): Stretch[] {
  const all = new Uint8Array(memory.buffer)
  const stretches = []
  for (let offset = 0; offset < all.length; offset += CHUNK) {
    const start = offset
    while (offset < all.length && holdsAnything(all, offset)) offset += CHUNK
    if (offset > start) stretches.push({ offset: start, held: all.slice(start, offset) })
  }
  return stretches
}

function holdsAnything(memory: Uint8Array, offset: number): boolean {
  return memory.subarray(offset, offset + CHUNK).some(byte => byte !== 0)
}
