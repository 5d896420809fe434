/**
 * The budget of one run or rehearsal for models while several of its calls ask at once. The most that a question can
 * cost is reserved while it is under way, so another may find no room that will have some: it waits until those under
 * way are on record, and is refused only when there are none (P2).
 * Owns who is under way and who waits. Does not own what was spent: that is the ledger's.
 */
import { isFailureError } from '../../../domain/failure.ts'
import { isContractCap } from '../asking.ts'

export class Purse {
  /** Calls under way, from before they ask until what it cost is on record. */
  #underWay = 0
  #ended = 0
  readonly #waiting = new Set<() => void>()

  /** Holds a call from before it asks until its end is on record. */
  async hold<T>(call: () => Promise<T>): Promise<T> {
    this.#underWay++
    try {
      return await call()
    } finally {
      this.#underWay--
      this.#ended++
      for (const wake of [...this.#waiting]) wake()
    }
  }

  /** Asks, again and again while calls under way may make room. */
  async ask<T>(question: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      const ended = this.#ended
      try {
        return await question()
      } catch (error) {
        // One that ended since it was refused may have made room.
        const mayFindRoom = this.#ended !== ended || this.#underWay > 1
        if (!isOutOfRoom(error) || !mayFindRoom) throw error
      }
      if (this.#ended === ended) await this.#stepAside(signal)
      signal.throwIfAborted()
    }
  }

  /** Until a call under way has ended: there is one, so whoever waits is woken. */
  #stepAside(signal: AbortSignal): Promise<void> {
    this.#underWay--
    return new Promise(resolve => {
      const wake = () => {
        signal.removeEventListener('abort', wake)
        this.#waiting.delete(wake)
        this.#underWay++
        resolve()
      }
      signal.addEventListener('abort', wake)
      this.#waiting.add(wake)
    })
  }
}

function isOutOfRoom(error: unknown): boolean {
  if (!isFailureError(error)) return false
  const { failure } = error
  return failure.kind === 'budget-exceeded' && isContractCap(failure.budget)
}
