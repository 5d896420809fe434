/**
 * How long the event loop keeps others waiting, measured while somebody asks: watching it takes a timer, which a core
 * at rest does without. Owns the watch; it ends when nobody has asked for a while.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'

const RESOLUTION_MS = 50
const FORGOTTEN_AFTER_MS = 600_000

export interface Lag {
  mean: number
  p99: number
  max: number
}

export class LoopLag {
  #histogram: ReturnType<typeof monitorEventLoopDelay> | null = null
  #forgotten: NodeJS.Timeout | undefined

  /** Since it was last asked, in seconds; null at first. */
  take(): Lag | null {
    clearTimeout(this.#forgotten)
    this.#forgotten = setTimeout(() => {
      this.stop()
    }, FORGOTTEN_AFTER_MS).unref()
    const histogram = this.#histogram
    if (histogram === null) {
      this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
      this.#histogram.enable()
      return null
    }
    if (histogram.count === 0) return null
    const lag = {
      mean: seconds(histogram.mean),
      p99: seconds(histogram.percentile(99)),
      max: seconds(histogram.max),
    }
    histogram.reset()
    return lag
  }

  stop(): void {
    clearTimeout(this.#forgotten)
    this.#histogram?.disable()
    this.#histogram = null
  }
}

/** What was measured is the distance of two ticks, which are a resolution apart when nothing is late. */
function seconds(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1e3)
}
