/**
 * The memory a guest begins with: the engine made ready, the prelude evaluated, its script and what that imports
 * compiled; each once, in an instance that is then forgotten. All that the engine knows is in that memory, apart from
 * its host's functions, which each instance has of its own.
 *
 * Invariants: S5 (an image holds nothing of any run: no script was entered when it was made).
 */
import { type EngineHost, EngineInstance, type Pointer } from './engine-instance.ts'
import { MemoryImage } from './memory-image.ts'
import { PRELUDE, PRELUDE_NAME, SCRIPT_NAME } from './prelude.ts'
import { wasmApi, type WasmMemory, type WasmModule } from './wasm-api.ts'

const MODULE_TYPE = 1
/**
 * The engine cannot be asked to compile a module and stop. So one that is never run imports it, and after it one that
 * there is not: at that, everything is loaded, and nothing was linked or run.
 */
const COMPILING = 'steward:compiling'
const MISSING = 'steward:missing'
const COMPILE = `import '${SCRIPT_NAME}'\nimport '${MISSING}'`

const SILENT = { post: () => 0, interrupts: () => false }
const NO_MODULES: GuestModules = {
  resolve: (_, specifier) => specifier,
  load: name => {
    throw new Error(`The prelude imports ${name}.`)
  },
}

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

/** How what a script imports is found; the same object for the same texts. */
export type GuestModules = Pick<EngineHost, 'resolve' | 'load'>

export class GuestImages {
  readonly places: GuestPlaces
  readonly #engine: WasmModule
  readonly #pages: number
  readonly #bare: MemoryImage
  readonly #withScripts = new WeakMap<GuestModules, MemoryImage>()

  constructor(engine: WasmModule, pages: number, stackBytes: number) {
    const memory = new wasmApi.Memory({ initial: pages, maximum: pages })
    this.places = furnish(new EngineInstance(engine, memory, { ...SILENT, ...NO_MODULES }), stackBytes)
    this.#engine = engine
    this.#pages = pages
    this.#bare = new MemoryImage(memory)
  }

  /** Makes a memory, whatever it holds, what a guest with these modules begins with and nothing else, byte for byte. */
  copyTo(memory: WasmMemory, modules: GuestModules): void {
    const image = this.#withScripts.get(modules) ?? this.#withScript(modules) ?? this.#bare
    this.#withScripts.set(modules, image)
    image.writeTo(memory)
  }

  /** Null where the script cannot be compiled or takes more room than there is: a guest comes to the same, and says so. */
  #withScript(modules: GuestModules): MemoryImage | null {
    const memory = new wasmApi.Memory({ initial: this.#pages, maximum: this.#pages })
    const asked = new Set<string>()
    const instance = new EngineInstance(this.#engine, memory, {
      ...SILENT,
      resolve: (importer, specifier) => {
        if (importer !== COMPILING) return modules.resolve(importer, specifier)
        asked.add(specifier)
        return specifier
      },
      load: name => modules.load(name),
    })
    this.#bare.writeTo(memory)
    try {
      evaluate(instance, this.places.context, COMPILING, COMPILE)
    } catch {
      return null
    }
    return asked.has(MISSING) ? new MemoryImage(memory) : null
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
  if (!evaluate(instance, context, PRELUDE_NAME, PRELUDE))
    throw new Error('The prelude could not be evaluated.')
  return {
    runtime,
    context,
    undefinedValue: functions.undefinedValue(),
    lengthName: textOf('length'),
    receive: functions.getProperty(context, global, textOf('receive')),
    word: functions.malloc(Uint32Array.BYTES_PER_ELEMENT),
  }
}

/** Evaluates a module; false where that threw. */
function evaluate(instance: EngineInstance, context: Pointer, name: string, source: string): boolean {
  const { functions } = instance
  const texts = [source, name].map(text => instance.place(text))
  const [code = 0, file = 0] = texts
  const result = functions.evaluate(context, code, Buffer.byteLength(source), file, 0, MODULE_TYPE)
  const error = functions.errorOf(context, result)
  for (const text of texts) functions.free(text)
  for (const value of [result, error]) if (value !== 0) functions.freeValue(context, value)
  return error === 0
}
