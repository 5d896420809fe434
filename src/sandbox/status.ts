/**
 * What a worker shows without being asked, in memory both sides see: which instance's guest code runs right now. A
 * worker that is stuck in native code can answer nothing, and this is how the watchdog still knows the culprit (S1).
 */
const SLOT = 0
const SLICE = 1
const BEAT = 2
const ABANDONED = 3
const CELLS = 4

export interface WorkerStatus {
  /** The running instance's slot, or null at rest. */
  slot: number | null
  /** Counts slices: the same number means the same slice. */
  slice: number
  /** Counts the guest engine's own checks: as long as it grows, the engine can still end the slice itself. */
  beat: number
}

export function newStatusMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT)
}

export function readStatus(memory: SharedArrayBuffer): WorkerStatus {
  const cells = new Int32Array(memory)
  const slot = Atomics.load(cells, SLOT)
  return {
    slot: slot === 0 ? null : slot - 1,
    slice: Atomics.load(cells, SLICE),
    beat: Atomics.load(cells, BEAT),
  }
}

/** Asks the worker to stop the slice of an instance that nobody wants any more. */
export function abandonSlot(memory: SharedArrayBuffer, slot: number): void {
  Atomics.store(new Int32Array(memory), ABANDONED, slot + 1)
}

/** The worker's end of it. */
export class StatusWriter {
  readonly #cells: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory)
  }

  during(slot: number, work: () => void): void {
    Atomics.add(this.#cells, SLICE, 1)
    Atomics.store(this.#cells, SLOT, slot + 1)
    try {
      work()
    } finally {
      Atomics.store(this.#cells, SLOT, 0)
    }
  }

  isAbandoned(slot: number): boolean {
    return Atomics.load(this.#cells, ABANDONED) === slot + 1
  }

  beat(): void {
    Atomics.add(this.#cells, BEAT, 1)
  }
}
