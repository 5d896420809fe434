/**
 * Asks a core for its health again and again, from outside, and keeps how long each answer took. Asks on time even
 * while an earlier answer is missing, so that a core that stands still is late many times and not once. How late it
 * comes to asking itself tells what the machine, and not the core, adds.
 */
import { Pool } from 'undici'
import { monotonicMs } from './peer.ts'

const EVERY_MS = 5
const CONNECTIONS = 8

export interface Beats {
  /** Milliseconds of each round trip. */
  tripsMs: number[]
  /** How late this process, which has nothing else to do, was for each of them. */
  ownLagsMs: number[]
}

export class Pulse {
  readonly #pool: Pool
  #timer: NodeJS.Timeout | undefined
  #asked: Promise<number>[] = []
  #ownLagsMs: number[] = []

  constructor(url: string) {
    this.#pool = new Pool(url, { connections: CONNECTIONS })
  }

  start(): void {
    this.#asked = []
    this.#ownLagsMs = []
    let dueAt = monotonicMs() + EVERY_MS
    this.#timer = setInterval(() => {
      const at = monotonicMs()
      this.#ownLagsMs.push(Math.max(0, at - dueAt))
      dueAt = at + EVERY_MS
      this.#asked.push(this.#ask())
    }, EVERY_MS)
  }

  /** What there was since `start`; waits for the answers that are still missing. */
  async stop(): Promise<Beats> {
    clearInterval(this.#timer)
    return { tripsMs: await Promise.all(this.#asked), ownLagsMs: this.#ownLagsMs }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#pool.destroy()
  }

  async #ask(): Promise<number> {
    const at = monotonicMs()
    const answer = await this.#pool.request({ method: 'GET', path: '/health' })
    await answer.body.dump()
    if (answer.statusCode !== 200) throw new Error(`/health was answered with ${String(answer.statusCode)}`)
    return monotonicMs() - at
  }
}
