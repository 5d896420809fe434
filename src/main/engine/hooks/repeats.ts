/**
 * What was taken in lately, by what it said (R6): where only the body is signed, whoever repeats it can give it another
 * id. Owns the last of them, bounded, and lost with the process: once the window is over, or the core began anew, what
 * says the same counts as new. Does not own what is known by its id, which is the inbox's.
 */
import type { Taken } from './hooks.ts'
import { WINDOW_MS } from './verify.ts'

/** Of all addresses; each takes less than 300 bytes. */
const MOST_KNOWN = 20_000

export class Repeats {
  readonly #lately = new Map<string, { at: number; taking: Promise<Taken> }>()

  /** Takes it in, unless what says the same was, or is just being, taken in within the window: that it tells. */
  async once(
    said: string,
    at: number,
    { take, onRepeat }: { take: () => Promise<Taken>; onRepeat: () => void },
  ): Promise<Taken> {
    for (let before = this.#within(said, at); before !== undefined; before = this.#within(said, at)) {
      const taken = await before.taking.catch(() => null)
      if (taken?.is === 'taken') {
        onRepeat()
        return { ...taken, duplicate: true }
      }
      this.#forget(said, before)
    }
    const known = { at, taking: take() }
    this.#lately.set(said, known)
    this.#makeRoom()
    try {
      const taken = await known.taking
      // What was known by its id is no newer for having come again.
      if (taken.is !== 'taken' || taken.duplicate) this.#forget(said, known)
      return taken
    } catch (error) {
      this.#forget(said, known)
      throw error
    }
  }

  #within(said: string, at: number): { at: number; taking: Promise<Taken> } | undefined {
    const known = this.#lately.get(said)
    return known !== undefined && at - known.at <= WINDOW_MS ? known : undefined
  }

  #forget(said: string, known: object): void {
    if (this.#lately.get(said) === known) this.#lately.delete(said)
  }

  #makeRoom(): void {
    const oldest = this.#lately.size > MOST_KNOWN ? this.#lately.keys().next().value : undefined
    if (oldest !== undefined) this.#lately.delete(oldest)
  }
}
