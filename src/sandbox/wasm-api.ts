/** The part of the WebAssembly interface that is used here; the language's own types leave it to the browser's. */
export type WasmModule = object

export interface WasmMemory {
  readonly buffer: ArrayBuffer
  /** Adds so many pages of 64 KiB and returns how many there were; throws a RangeError beyond the maximum. */
  grow: (pages: number) => number
}

interface WasmInstance {
  readonly exports: object
}

interface WasmApi {
  compile(bytes: Uint8Array): Promise<WasmModule>
  Instance: new (module: WasmModule, imports: object) => WasmInstance
  Memory: new (size: { initial: number; maximum: number }) => WasmMemory
}

export const wasmApi = Reflect.get(globalThis, 'WebAssembly') as WasmApi
