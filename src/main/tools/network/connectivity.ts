/**
 * Whether this machine has a network at all (R5): judged from its interfaces, without any traffic. While it has none
 * it looks again every few seconds and tells its listener once when one is back. Owns that timer.
 */
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'

export type Interfaces = () => NodeJS.Dict<NetworkInterfaceInfo[]>

export interface ConnectivityOptions {
  interfaces?: Interfaces
  /** How often it looks while offline; at most 15 s. */
  lookEveryMs?: number
  onChange?: (online: boolean) => void
}

const LOOK_EVERY_MS = 5_000
const LOOK_AT_LEAST_EVERY_MS = 15_000

export class Connectivity {
  readonly #interfaces: Interfaces
  readonly #lookEveryMs: number
  readonly #onChange: (online: boolean) => void
  #timer: NodeJS.Timeout | null = null

  constructor(options: ConnectivityOptions = {}) {
    this.#interfaces = options.interfaces ?? networkInterfaces
    this.#lookEveryMs = Math.min(options.lookEveryMs ?? LOOK_EVERY_MS, LOOK_AT_LEAST_EVERY_MS)
    this.#onChange = options.onChange ?? (() => undefined)
  }

  /** What was last known: false from the first request that failed for want of a network until one is back. */
  get online(): boolean {
    return this.#timer === null
  }

  /** Looks now; true where there is no network. */
  look(): boolean {
    const up = this.#isUp()
    if (!up && this.#timer === null) {
      this.#timer = setInterval(() => this.look(), this.#lookEveryMs).unref()
      this.#onChange(false)
    } else if (up && this.#timer !== null) {
      this.close()
      this.#onChange(true)
    }
    return !up
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  #isUp(): boolean {
    return Object.values(this.#interfaces()).some(list => list?.some(isRoutable))
  }
}

/** An address that an interface gives itself when nobody answers it does not make a network. */
function isRoutable(entry: NetworkInterfaceInfo): boolean {
  return !entry.internal && !/^(169\.254\.|fe80:)/i.test(entry.address)
}
