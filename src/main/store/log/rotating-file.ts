/**
 * Lines in a file that is put aside when it is large or old, and of which only the last few are kept.
 * Owns the files.
 */
import fs from 'node:fs'
import path from 'node:path'

export interface RotationLimits {
  largestBytes: number
  /** A file goes on this long after its first line. */
  longestMs: number
  /** Beside the one that is written. */
  keptFiles: number
  keptMs: number
}

const DAY_MS = 86_400_000
export const USUAL_LIMITS: RotationLimits = {
  largestBytes: 4_000_000,
  longestMs: 7 * DAY_MS,
  keptFiles: 5,
  keptMs: 30 * DAY_MS,
}

export class RotatingFile {
  readonly #file: string
  readonly #limits: RotationLimits
  #size: number
  #begunAt: number
  /** The last line may have been cut short: the next one must not become part of it. */
  #isTorn: boolean

  /** `begunAt` is the time of the first line that is there, or now. */
  constructor(file: string, begunAt: number, limits: RotationLimits) {
    this.#file = file
    this.#limits = limits
    this.#begunAt = begunAt
    this.#size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0
    this.#isTorn = this.#size > 0
  }

  /** False where the disk did not take it. */
  append(text: string, now: number): boolean {
    try {
      if (this.#isOver(text.length, now)) this.#rotate(now)
      const whole = this.#isTorn ? `\n${text}` : text
      fs.appendFileSync(this.#file, whole, { mode: 0o600 })
      this.#isTorn = false
      this.#size += Buffer.byteLength(whole)
      return true
    } catch (error) {
      if (!isOfTheDisk(error)) throw error
      this.#isTorn = true
      return false
    }
  }

  /** Removes what is older than it may be. */
  tidy(now: number): void {
    for (let place = 1; place <= this.#limits.keptFiles; place++) {
      const file = `${this.#file}.${String(place)}`
      const stat = fs.statSync(file, { throwIfNoEntry: false })
      if (stat !== undefined && now - stat.mtimeMs > this.#limits.keptMs) fs.rmSync(file, { force: true })
    }
  }

  #isOver(more: number, now: number): boolean {
    if (this.#size === 0) return false
    const { largestBytes, longestMs } = this.#limits
    return this.#size + more > largestBytes || now - this.#begunAt > longestMs
  }

  #rotate(now: number): void {
    for (let place = this.#limits.keptFiles; place >= 1; place--) {
      const older = place === 1 ? this.#file : `${this.#file}.${String(place - 1)}`
      if (fs.existsSync(older)) fs.renameSync(older, `${this.#file}.${String(place)}`)
    }
    this.#size = 0
    this.#isTorn = false
    this.#begunAt = now
    this.tidy(now)
  }
}

function isOfTheDisk(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^E[A-Z]+$/.test(String(error.code))
}

/** The files of a log that are there, newest first. */
export function filesOf(file: string): string[] {
  const { dir, base } = path.parse(file)
  if (!fs.existsSync(dir)) return []
  const place = (name: string) => Number(name.slice(base.length + 1))
  return fs
    .readdirSync(dir)
    .filter(name => name === base || (name.startsWith(`${base}.`) && place(name) > 0))
    .sort((a, b) => place(a) - place(b))
    .map(name => path.join(dir, name))
}
