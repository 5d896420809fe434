/**
 * What is in a granted folder, for whoever watches it: ordinary files with what tells them apart from what was there
 * before. Through the same door as `files.list`; no link is followed, and what Steward keeps for itself is left out.
 */
import path from 'node:path'
import type { BigIntStats } from 'node:fs'
import type { Contract } from '../../../domain/contract.ts'
import type { FolderScan, ScannedFile, ScanRequest } from '../../../domain/triggers/trigger.ts'
import type { Anchor } from './anchor.ts'
import { isUnreadable, reject } from './failures.ts'
import { matchesWildcard, OWN_PREFIX } from './names.ts'
import type { Place, Workspace } from './workspace.ts'

export interface Scanning {
  contract: Contract
  signal: AbortSignal
}

const DEEPEST = 16
/** Names looked at in all, wanted or not. */
const MOST_SEEN = 200_000

export async function scanFolder(
  workspace: Workspace,
  request: ScanRequest,
  { contract, signal }: Scanning,
): Promise<FolderScan> {
  const target = workspace.resolve(request.folder)
  const grant = { contract, tool: 'files.list', access: 'read' } as const
  return workspace.at(target, grant, async place => {
    const scan = new Scan(request, place, signal)
    if (place.leaf === null) return scan.of(place.folder)
    const folder = place.hasFolder ? await place.folder.folder(place.leaf) : null
    if (folder === null) reject(target, 'did not exist')
    try {
      return await scan.of(folder)
    } finally {
      await folder.close()
    }
  })
}

class Scan {
  readonly #request: ScanRequest
  readonly #place: Place
  readonly #signal: AbortSignal
  readonly #files: ScannedFile[] = []
  readonly #unread: string[] = []
  #seen = 0

  constructor(request: ScanRequest, place: Place, signal: AbortSignal) {
    this.#request = request
    this.#place = place
    this.#signal = signal
  }

  async of(folder: Anchor): Promise<FolderScan> {
    await this.#add(folder, '', 1)
    return {
      identity: `${folder.device}:${folder.inode}`,
      files: this.#files,
      unread: this.#unread,
    }
  }

  async #add(folder: Anchor, below: string, depth: number): Promise<void> {
    const folders: string[] = []
    for await (const name of folder.names()) {
      this.#signal.throwIfAborted()
      if (name.startsWith(OWN_PREFIX) || this.#place.isNever(path.join(folder.real, name))) continue
      this.#count(folder)
      const stat = await folder.lstat(name)
      if (stat?.isDirectory() === true) folders.push(name)
      else if (stat?.isFile() === true) this.#addFile(folder, `${below}${name}`, name, stat)
    }
    if (!this.#request.recursive || depth >= DEEPEST) return
    for (const name of folders) await this.#enter(folder, name, below, depth)
  }

  #addFile(folder: Anchor, name: string, leaf: string, stat: BigIntStats): void {
    const { match, most } = this.#request
    if (match !== null && !matchesWildcard(match, leaf)) return
    if (this.#files.length >= most) this.#tooMany(folder, `${most} files`)
    this.#files.push({
      name,
      path: path.join(folder.shown, leaf),
      bytes: Number(stat.size),
      modified: Number(stat.mtimeMs),
      modifiedNs: String(stat.mtimeNs),
      inode: String(stat.ino),
      changed: Number(stat.ctimeMs),
    })
  }

  /** What cannot be read now is neither there nor gone. */
  async #enter(folder: Anchor, name: string, below: string, depth: number): Promise<void> {
    try {
      const child = await folder.folder(name)
      if (child === null) return
      try {
        await this.#add(child, `${below}${name}/`, depth + 1)
      } finally {
        await child.close()
      }
    } catch (error) {
      if (!isUnreadable(error)) throw error
      this.#unread.push(`${below}${name}/`)
    }
  }

  #count(folder: Anchor): void {
    this.#seen++
    if (this.#seen > MOST_SEEN) this.#tooMany(folder, `${MOST_SEEN} names`)
  }

  #tooMany(folder: Anchor, what: string): never {
    reject(
      folder.shown,
      `holds more than ${what}, which is more than is watched`,
      'Narrow it with “match”, or watch a folder below it.',
    )
  }
}
