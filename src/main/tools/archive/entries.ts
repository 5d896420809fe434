/**
 * What an archive holds, judged before anything of it is written: names that lead elsewhere, links, doubles, and
 * sizes that no honest archive has. Everything here goes by the listing; writing holds the archive to it.
 */
import { createHash } from 'node:crypto'
import type { Entry } from 'yauzl'
import { reject } from '../files/failures.ts'
import { displayText, foldName, newNameProblem } from '../files/names.ts'
import { bytesText } from '../files/sentences.ts'
import { entriesOf, nameOf, type OpenZip } from './zip-reader.ts'

export const MAX_ENTRIES = 20_000
export const MAX_BYTES = 8 * 1_024 * 1_024 * 1_024
const MAX_DEPTH = 32
/** Real data that packs better than this is small, or is a trap. */
const MAX_RATIO = 200
const SMALL = 8 * 1_024 * 1_024
const SHOWN_SKIPPED = 100

const TYPE_BITS = 0o170000
const FILE_BITS = 0o100000
const FOLDER_BITS = 0o040000
const LINK_BITS = 0o120000

export interface ZipEntry {
  entry: Entry
  /** As the archive says it. */
  name: string
  kind: 'file' | 'folder' | 'other'
  /** Why it cannot be taken out, as the end of a sentence; null where it can. */
  problem: string | null
}

export function judged(entry: Entry): ZipEntry {
  const name = nameOf(entry)
  const kind = kindOf(entry, name)
  return { entry, name, kind, problem: contentProblem(entry, kind) ?? nameProblem(name) }
}

function kindOf(entry: Entry, name: string): ZipEntry['kind'] {
  const type = (entry.externalFileAttributes >>> 16) & TYPE_BITS
  if (type === 0) return name.endsWith('/') ? 'folder' : 'file'
  if (type === FILE_BITS) return 'file'
  return type === FOLDER_BITS ? 'folder' : 'other'
}

function contentProblem(entry: Entry, kind: ZipEntry['kind']): string | null {
  const type = (entry.externalFileAttributes >>> 16) & TYPE_BITS
  if (type === LINK_BITS) return 'is a symbolic link'
  if (kind === 'other') return 'is a device, pipe or socket'
  if (entry.isEncrypted()) return 'is encrypted'
  return entry.compressionMethod === 0 || entry.compressionMethod === 8
    ? null
    : 'is packed in a way that is not known'
}

function nameProblem(name: string): string | null {
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) return 'has an absolute path'
  const names = namesOf(name)
  if (names.length === 0) return 'has no name'
  if (names.length > MAX_DEPTH) return `lies more than ${String(MAX_DEPTH)} folders deep`
  if (names.some(part => part === '..')) return 'leads out of the folder'
  if (names.some(part => part === '' || part === '.')) return 'has a path with an empty part'
  return names.map(part => newNameProblem(part)).find(problem => problem !== null) ?? null
}

export function namesOf(name: string): string[] {
  const path = name.endsWith('/') ? name.slice(0, -1) : name
  return path === '' ? [] : path.split('/')
}

export interface Planned {
  entry: Entry
  names: string[]
}

/** What will be written, by path. */
export interface Extraction {
  files: Planned[]
  folders: string[][]
  bytes: number
  /** What is left out, for people: the first hundred. */
  skipped: string[]
  skippedCount: number
  /** One hash for the names, sizes and contents that will be there. */
  digest: string
}

export interface Caps {
  maxBytes: number
  /** Leave out what cannot be taken, instead of refusing the archive. */
  skipUnsafe: boolean
}

export async function planExtraction(open: OpenZip, caps: Caps): Promise<Extraction> {
  refuseCount(open)
  const plan = new Plan(open.shown, caps)
  const spans: Span[] = []
  for await (const entry of entriesOf(open)) {
    plan.add(judged(entry))
    const start = entry.relativeOffsetOfLocalHeader
    spans.push({ start, end: start + LOCAL_HEADER + entry.compressedSize })
  }
  if (overlap(spans)) reject(open.shown, 'is a trap: its entries overlap')
  return plan.whole()
}

/** Without name and extra fields, whose length there is not in the listing. */
const LOCAL_HEADER = 30

interface Span {
  start: number
  end: number
}

/** Data that several entries share makes much of little. */
function overlap(spans: Span[]): boolean {
  const ordered = spans.sort((a, b) => a.start - b.start)
  return ordered.some(({ start }, place) => start < (ordered[place - 1]?.end ?? 0))
}

function refuseCount({ zip, shown }: OpenZip): void {
  if (zip.entryCount <= MAX_ENTRIES) return
  reject(
    shown,
    `holds ${String(zip.entryCount)} entries, more than the ${String(MAX_ENTRIES)} that are allowed`,
  )
}

class Plan {
  readonly #shown: string
  readonly #caps: Caps
  readonly #files: Planned[] = []
  /** What each path will be, by its folded form: one disk's `a` is another's `A`. */
  readonly #taken = new Map<string, { kind: 'file' | 'folder'; path: string }>()
  readonly #folders = new Map<string, string[]>()
  readonly #skipped: string[] = []
  #skippedCount = 0
  #bytes = 0

  constructor(shown: string, caps: Caps) {
    this.#shown = shown
    this.#caps = caps
  }

  add(found: ZipEntry): void {
    const names = namesOf(found.name)
    const problem = found.problem ?? this.#clash(names, found.kind)
    if (problem !== null) return this.#skip(found.name, problem)
    const folders = found.kind === 'folder' ? names : names.slice(0, -1)
    folders.forEach((_, depth) => this.#takeFolder(names.slice(0, depth + 1)))
    if (found.kind !== 'file') return
    this.#taken.set(folded(names), { kind: 'file', path: names.join('/') })
    this.#files.push({ entry: found.entry, names })
    this.#count(found)
  }

  whole(): Extraction {
    const files = this.#files.sort((a, b) => byPath(a.names, b.names))
    return {
      files,
      folders: [...this.#folders.values()].sort(byPath),
      bytes: this.#bytes,
      skipped: this.#skipped,
      skippedCount: this.#skippedCount,
      digest: digestOf(
        files.map(({ entry, names }) => ({ names, bytes: entry.uncompressedSize, crc: entry.crc32 })),
        [...this.#folders.values()],
      ),
    }
  }

  #takeFolder(names: string[]): void {
    this.#taken.set(folded(names), { kind: 'folder', path: names.join('/') })
    this.#folders.set(names.join('/'), names)
  }

  #clash(names: string[], kind: ZipEntry['kind']): string | null {
    for (let depth = 1; depth <= names.length; depth += 1) {
      const path = names.slice(0, depth)
      const other = this.#taken.get(folded(path))
      const wanted = depth < names.length || kind === 'folder' ? 'folder' : 'file'
      if (other === undefined) return null
      if (other.path !== path.join('/'))
        return `differs only in case or Unicode form from ${displayText(other.path)}`
      if (other.kind !== wanted) return 'is both a file and a folder'
      if (wanted === 'file') return 'occurs twice'
    }
    return null
  }

  #count({ entry, name }: ZipEntry): void {
    const { uncompressedSize: size, compressedSize: packed } = entry
    this.#bytes += size
    if (size > SMALL && size > packed * MAX_RATIO) {
      this.#refuse(name, `is a trap: it unpacks to ${bytesText(size)} from ${bytesText(packed)}`)
    }
    if (this.#bytes > this.#caps.maxBytes) {
      const next = 'Raise maxBytes if that is wanted.'
      reject(
        this.#shown,
        `unpacks to more than the ${bytesText(this.#caps.maxBytes)} that were allowed`,
        next,
      )
    }
  }

  #skip(name: string, problem: string): void {
    if (!this.#caps.skipUnsafe) this.#refuse(name, problem, 'Set skipUnsafe to take the rest.')
    this.#skippedCount += 1
    if (this.#skipped.length < SHOWN_SKIPPED) this.#skipped.push(`${displayText(name)} ${problem}`)
  }

  #refuse(name: string, problem: string, next = ''): never {
    const told = displayText(name.length > 200 ? `${name.slice(0, 200)}…` : name)
    reject(this.#shown, `was not unpacked: its entry “${told}” ${problem}`, next)
  }
}

export interface Content {
  names: readonly string[]
  bytes: number
  crc: number
}

export function digestOf(files: readonly Content[], folders: readonly (readonly string[])[]): string {
  const hash = createHash('sha256')
  const lines = [
    ...files.map(({ names, bytes, crc }) => JSON.stringify([names, bytes, crc])),
    ...folders.map(names => JSON.stringify(names)),
  ]
  for (const line of lines.sort()) hash.update(`${line}\n`)
  return hash.digest('hex')
}

function folded(names: readonly string[]): string {
  return names.map(foldName).join('/')
}

function byPath(a: readonly string[], b: readonly string[]): number {
  return a.join('\0') < b.join('\0') ? -1 : 1
}
