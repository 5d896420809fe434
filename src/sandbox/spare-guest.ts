/** One fresh guest kept ready, so that a run does not wait for its instance. Owns nothing but that guest. */
import { DEFAULT_MEMORY_MB, type Guest, type GuestFactory } from './engine-wasm.ts'

export class SpareGuest {
  readonly #factory: GuestFactory
  #guest: Guest | null = null

  constructor(factory: GuestFactory) {
    this.#factory = factory
  }

  take(memoryMb: number): Guest {
    if (memoryMb !== DEFAULT_MEMORY_MB) return this.#factory.make(memoryMb)
    const guest = this.#guest ?? this.#factory.make(memoryMb)
    this.#guest = null
    return guest
  }

  fill(): void {
    this.#guest ??= this.#factory.make(DEFAULT_MEMORY_MB)
  }

  /** Behind whatever has arrived already. */
  refillSoon(): void {
    setImmediate(() => {
      this.fill()
    })
  }
}
