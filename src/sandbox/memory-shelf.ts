/**
 * Memories for guests. Those of guests that are gone serve again: to ask the machine for a fresh one and to have it
 * collected later costs more than all else that a small run does. What they hold is whatever was left in them.
 *
 * Owns: a few memories that no instance uses.
 */
import { wasmApi, type WasmMemory } from './wasm-api.ts'

const PAGE = 65_536
/** As many as end at about the same time; the others are left to be collected. */
const KEPT = 4

export class MemoryShelf {
  readonly #pages: number
  readonly #kept: { memory: WasmMemory; maximum: number }[] = []

  /** For memories that begin with so many pages of 64 KiB. */
  constructor(pages: number) {
    this.#pages = pages
  }

  take(maximum: number): WasmMemory {
    const at = this.#kept.findIndex(kept => kept.maximum === maximum)
    const [used] = at === -1 ? [] : this.#kept.splice(at, 1)
    return used?.memory ?? new wasmApi.Memory({ initial: this.#pages, maximum })
  }

  /** Takes back what no instance uses any more. One that grew cannot shrink, and is left alone. */
  giveBack(memory: WasmMemory, maximum: number): void {
    const hasGrown = memory.buffer.byteLength > this.#pages * PAGE
    if (!hasGrown && this.#kept.length < KEPT) this.#kept.push({ memory, maximum })
  }
}
