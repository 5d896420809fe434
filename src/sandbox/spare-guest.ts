/** One fresh guest kept ready, so that a run does not wait for its instance. Owns nothing but that guest. */
import { DEFAULT_MEMORY_MB, type Guest, type GuestFactory } from './engine-wasm.ts'

export class SpareGuest {
  readonly #factory: GuestFactory
  #guest: Guest | null = null
  #filling: Promise<void> | null = null

  constructor(factory: GuestFactory) {
    this.#factory = factory
  }

  take(memoryMb: number): Guest | null {
    if (memoryMb !== DEFAULT_MEMORY_MB) return null
    const guest = this.#guest
    this.#guest = null
    return guest
  }

  fresh(memoryMb: number): Promise<Guest> {
    return this.#factory.make(memoryMb)
  }

  fill(): Promise<void> {
    if (this.#guest) return Promise.resolve()
    this.#filling ??= this.#make()
    return this.#filling
  }

  /** Behind whatever has arrived already. */
  refillSoon(): void {
    setImmediate(() => {
      void this.fill()
    })
  }

  async #make(): Promise<void> {
    this.#guest = await this.#factory.make(DEFAULT_MEMORY_MB)
    this.#filling = null
  }
}
