/**
 * Whether the disk takes what is to be recorded. Owns since when it did not: from the first change that found no room,
 * until one was saved while there was room again. A change that needs none may be saved on a full disk.
 */
import fs from 'node:fs'

/** With less than this, it is a question of time. */
export const LITTLE_BYTES = 200_000_000
/** What was full has room again with this much. Not more: some disks are small. */
const AGAIN_BYTES = 10_000_000
/** With less than this, nothing is saved any more that is worth it. */
const NONE_BYTES = 1_000_000

export class DiskRoom {
  readonly #folder: string
  readonly #now: () => number
  #fullSince: number | null = null

  constructor(folder: string, now: () => number) {
    this.#folder = folder
    this.#now = now
  }

  refused(): void {
    this.#fullSince ??= this.#now()
  }

  saved(): void {
    if (this.#fullSince !== null && this.freeBytes() >= AGAIN_BYTES) this.#fullSince = null
  }

  /** UTC ms; null while there is room. */
  fullSince(): number | null {
    return this.#fullSince ?? (this.freeBytes() < NONE_BYTES ? this.#now() : null)
  }

  freeBytes(): number {
    const { bavail, bsize } = fs.statfsSync(this.#folder)
    return bavail * bsize
  }
}
