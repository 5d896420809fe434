/** What goes into an archive: the files and folders a script named, walked within what the contract lets it read. */
import path from 'node:path'
import type { ToolContext } from '../../../domain/tool.ts'
import type { Anchor } from '../files/anchor.ts'
import { stopIfAborted } from '../files/content.ts'
import { reject } from '../files/failures.ts'
import { displayText, matchesWildcard, OWN_PREFIX } from '../files/names.ts'
import { bytesText } from '../files/sentences.ts'
import type { Place } from '../files/workspace.ts'
import { MAX_BYTES, MAX_ENTRIES } from './entries.ts'

const MAX_DEPTH = 32
const SHOWN_SKIPPED = 100

export interface Source {
  /** Folder names from the place downwards; the last is the file's own. */
  below: readonly string[]
  /** With slashes, as the archive will say it. */
  name: string
  modified: Date
}

export interface Sources {
  files: Source[]
  /** Folders with nothing in them: the others follow from their files. */
  emptyFolders: string[]
  bytes: number
  skipped: string[]
  skippedCount: number
}

export interface Wanted {
  exclude: readonly string[]
  /** The archive itself, which may lie among what goes into it. */
  target: string
}

/** Walks one place; what is no ordinary file or folder is left out and said. */
export async function walkSource(place: Place, wanted: Wanted, context: ToolContext): Promise<Sources> {
  const walk = new Walk(place, wanted, context.signal)
  const stat = await place.stat()
  if (stat === null) reject(place.path, 'did not exist')
  const name = path.basename(place.path)
  if (stat.isDirectory()) await walk.enter(place.folder, place.leaf, name === '' ? [] : [name], [])
  else await walk.add(place.folder, place.name, [place.name], [])
  return walk.found
}

class Walk {
  readonly found: Sources = { files: [], emptyFolders: [], bytes: 0, skipped: [], skippedCount: 0 }
  readonly #place: Place
  readonly #wanted: Wanted
  readonly #signal: AbortSignal

  constructor(place: Place, wanted: Wanted, signal: AbortSignal) {
    this.#place = place
    this.#wanted = wanted
    this.#signal = signal
  }

  /** `leaf` null is the granted folder itself. `shown` is the path in the archive, `below` the one on the disk. */
  async enter(
    parent: Anchor,
    leaf: string | null,
    shown: readonly string[],
    below: readonly string[],
  ): Promise<void> {
    if (leaf === null) return this.#all(parent, shown, below)
    const folder = await parent.folder(leaf)
    if (folder === null) return
    try {
      await this.#all(folder, shown, below)
    } finally {
      await folder.close()
    }
  }

  async add(
    folder: Anchor,
    name: string,
    shown: readonly string[],
    below: readonly string[],
  ): Promise<boolean> {
    const at = path.join(folder.real, name)
    if (name.startsWith(OWN_PREFIX) || at === this.#wanted.target || this.#place.isNever(at)) return false
    if (this.#wanted.exclude.some(pattern => matchesWildcard(pattern, name))) return false
    const stat = await folder.lstat(name)
    if (stat === null) return false
    if (stat.isDirectory() && shown.length <= MAX_DEPTH) await this.enter(folder, name, shown, below)
    else if (stat.isFile() && stat.nlink === 1n && name.isWellFormed() && !name.includes('\ufffd')) {
      this.found.files.push({ below, name: shown.join('/'), modified: new Date(Number(stat.mtimeMs)) })
      this.found.bytes += Number(stat.size)
    } else this.#skip(path.join(folder.shown, name))
    this.#refuseTooMuch()
    return true
  }

  async #all(folder: Anchor, shown: readonly string[], below: readonly string[]): Promise<void> {
    const names: string[] = []
    for await (const name of folder.names()) {
      names.push(name)
      if (names.length > MAX_ENTRIES) this.#tooMany()
    }
    let taken = 0
    for (const name of names.sort()) {
      stopIfAborted(this.#signal, folder.shown)
      if (await this.add(folder, name, [...shown, name], [...below, name])) taken += 1
    }
    if (taken === 0 && shown.length > 0) this.found.emptyFolders.push(shown.join('/'))
  }

  #skip(shown: string): void {
    this.found.skippedCount += 1
    if (this.found.skipped.length < SHOWN_SKIPPED) this.found.skipped.push(displayText(shown))
  }

  #refuseTooMuch(): void {
    const { files, emptyFolders, bytes } = this.found
    if (files.length + emptyFolders.length > MAX_ENTRIES) this.#tooMany()
    if (bytes > MAX_BYTES)
      reject(this.#place.path, `holds more than the ${bytesText(MAX_BYTES)} that are allowed`)
  }

  #tooMany(): never {
    reject(this.#place.path, `holds more than the ${String(MAX_ENTRIES)} entries that are allowed`)
  }
}
