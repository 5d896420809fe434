/** A memory's content, kept to begin others with: only the stretches that hold anything. */
import type { WasmMemory } from './wasm-api.ts'

const CHUNK = 4_096
const ZEROES = Buffer.alloc(16 * CHUNK)

export class MemoryImage {
  readonly #stretches: { offset: number; held: Uint8Array }[] = []

  constructor(memory: WasmMemory) {
    const bytes = Buffer.from(memory.buffer)
    for (let offset = 0; offset < bytes.length; offset += CHUNK) {
      const start = offset
      while (offset < bytes.length && !isClear(bytes.subarray(offset, offset + CHUNK))) offset += CHUNK
      if (offset > start)
        this.#stretches.push({ offset: start, held: Buffer.from(bytes.subarray(start, offset)) })
    }
  }

  /** Makes a memory, whatever it holds, this and nothing else, byte for byte. */
  writeTo(memory: WasmMemory): void {
    const bytes = Buffer.from(memory.buffer)
    let written = 0
    for (const { offset, held } of this.#stretches) {
      clear(bytes.subarray(written, offset))
      bytes.set(held, offset)
      written = offset + held.length
    }
    clear(bytes.subarray(written))
  }
}

/** Looks before it writes: memory that was never written to needs no room in the machine. */
function clear(bytes: Buffer): void {
  for (let offset = 0; offset < bytes.length; offset += ZEROES.length) {
    const part = bytes.subarray(offset, offset + ZEROES.length)
    if (!isClear(part)) part.fill(0)
  }
}

/** For no more bytes than there are zeroes to compare with. */
function isClear(bytes: Buffer): boolean {
  return bytes.equals(ZEROES.subarray(0, bytes.length))
}
