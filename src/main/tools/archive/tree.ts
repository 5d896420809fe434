/**
 * A tree of files below one held folder: written file by file, recognised by its digest, and taken away again.
 * Every step goes through anchors, so that nothing somebody swaps meanwhile is followed.
 */
import { crc32 } from 'node:zlib'
import type { FileHandle } from 'node:fs/promises'
import type { Anchor } from '../files/anchor.ts'
import { removeIfThere, stopIfAborted } from '../files/content.ts'
import { reject } from '../files/failures.ts'
import { digestOf, type Content } from './entries.ts'

const CHUNK = 256 * 1_024

/** Walks the folders below `top`, made where they are missing; few are open at once. Paths must come in order. */
export class Trail {
  readonly #top: Anchor
  readonly #open: { name: string; folder: Anchor }[] = []

  constructor(top: Anchor) {
    this.#top = top
  }

  async folder(names: readonly string[]): Promise<Anchor> {
    let shared = 0
    while (shared < names.length && this.#open[shared]?.name === names[shared]) shared += 1
    await this.#leave(shared)
    for (const name of names.slice(shared)) {
      const parent = this.#deepest
      if ((await parent.lstat(name)) === null) await parent.makeFolder(name)
      const folder = await parent.folder(name)
      if (folder === null) reject(parent.shown, 'was changed while it was being filled')
      this.#open.push({ name, folder })
    }
    return this.#deepest
  }

  /** Everything in it is on the disk when this returns. */
  async finish(): Promise<void> {
    await this.#leave(0)
    await this.#top.sync()
  }

  async close(): Promise<void> {
    for (const { folder } of this.#open.splice(0)) await folder.close()
  }

  get #deepest(): Anchor {
    return this.#open.at(-1)?.folder ?? this.#top
  }

  async #leave(depth: number): Promise<void> {
    for (const { folder } of this.#open.splice(depth).reverse()) {
      try {
        await folder.sync()
      } finally {
        await folder.close()
      }
    }
  }
}

/** Writes one file; gives back what was written. */
export async function writeFileIn(
  folder: Anchor,
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  modified: Date,
): Promise<{ bytes: number; crc: number }> {
  const handle = await folder.createFile(name, 0o666)
  try {
    let [bytes, crc] = [0, 0]
    for await (const chunk of chunks) {
      await writeAll(handle, chunk)
      crc = crc32(chunk, crc)
      bytes += chunk.byteLength
    }
    await handle.utimes(modified, modified)
    await handle.sync()
    return { bytes, crc }
  } finally {
    await handle.close()
  }
}

export async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.byteLength;) {
    done += (await handle.write(chunk, done, chunk.byteLength - done)).bytesWritten
  }
}

/** The digest of what lies below a folder; null when there is something in it that no archive puts there. */
export async function digestBelow(folder: Anchor, signal: AbortSignal): Promise<string | null> {
  const files: Content[] = []
  const folders: string[][] = []
  const isPlain = await collect(folder, [], { files, folders, signal })
  return isPlain ? digestOf(files, folders) : null
}

interface Collected {
  files: Content[]
  folders: string[][]
  signal: AbortSignal
}

async function collect(folder: Anchor, above: readonly string[], into: Collected): Promise<boolean> {
  for await (const name of folder.names()) {
    stopIfAborted(into.signal, folder.shown)
    const names = [...above, name]
    const stat = await folder.lstat(name)
    if (stat?.isFile() === true && stat.nlink === 1n) {
      into.files.push({ names, ...(await contentIn(folder, name)) })
    } else if (stat?.isDirectory() === true) {
      into.folders.push(names)
      if (!(await inFolder(folder, name, child => collect(child, names, into)))) return false
    } else return false
  }
  return true
}

async function inFolder<T>(
  parent: Anchor,
  name: string,
  use: (folder: Anchor) => Promise<T>,
): Promise<T | false> {
  const folder = await parent.folder(name)
  if (folder === null) return false
  try {
    return await use(folder)
  } finally {
    await folder.close()
  }
}

async function contentIn(folder: Anchor, name: string): Promise<{ bytes: number; crc: number }> {
  const { handle } = await folder.openFile(name, 'read')
  try {
    let [bytes, crc] = [0, 0]
    const buffer = Buffer.allocUnsafe(CHUNK)
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK, bytes)
      if (bytesRead === 0) return { bytes, crc }
      crc = crc32(buffer.subarray(0, bytesRead), crc)
      bytes += bytesRead
    }
  } finally {
    await handle.close()
  }
}

/** Removes a folder with all that is in it, links themselves and never what they lead to. */
export async function removeTree(parent: Anchor, name: string): Promise<void> {
  const stat = await parent.lstat(name)
  if (stat === null) return
  if (!stat.isDirectory()) return removeIfThere(parent, name)
  await inFolder(parent, name, async folder => {
    const names: string[] = []
    for await (const child of folder.names()) names.push(child)
    for (const child of names) await removeTree(folder, child)
  })
  await parent.removeEmptyFolder(name)
}
