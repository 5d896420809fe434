/**
 * Asks a core for its health again and again, from outside, and keeps how long each answer took. Asks on time even
 * while an earlier answer is missing, so that a core that stands still is late many times and not once.
 */
import { Pool } from 'undici'
import { monotonicMs } from './peer.ts'

const EVERY_MS = 5
const CONNECTIONS = 8

export class Pulse {
  readonly #pool: Pool
  #timer: NodeJS.Timeout | undefined
  #asked: Promise<number>[] = []

  constructor(url: string) {
    this.#pool = new Pool(url, { connections: CONNECTIONS })
  }

  start(): void {
    this.#asked = []
    this.#timer = setInterval(() => this.#asked.push(this.#ask()), EVERY_MS)
  }

  /** Milliseconds of each round trip since `start`; waits for those that are still out. */
  async stop(): Promise<number[]> {
    clearInterval(this.#timer)
    return Promise.all(this.#asked)
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
