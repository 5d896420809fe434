/**
 * What files hold: hashed, marked for recognition, read within a cap, and written so that a reader ever sees the
 * old or the new, never a part. A new file is born under a temporary name that carries its step's id, and gets its
 * real name in one move.
 */
import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { z } from 'zod'
import type { Anchor } from './anchor.ts'
import { isAbsent, reject } from './failures.ts'
import { OWN_PREFIX } from './names.ts'

const CHUNK = 256 * 1024
/** Overwritten content up to this size is kept with the step, so that the overwriting can be undone. */
export const MAX_KEPT = 1024 * 1024

/** By what a file or folder is recognised after a crash. Device numbers are left out: they change with a restart. */
export const markSchema = z.strictObject({
  kind: z.enum(['file', 'folder']),
  inode: z.string(),
  bytes: z.int(),
  modifiedNs: z.string(),
  mode: z.int(),
  hash: z.string().nullable(),
  /** The whole content in base64, where it is kept for undoing. */
  kept: z.string().nullable(),
})
export type Mark = z.output<typeof markSchema>

/** How many folders on the way were missing before, and are taken away again when the step is undone. */
export const madeFolders = z.int().min(0).default(0)

export function temporaryName(stepId: string): string {
  return `${OWN_PREFIX}${stepId.replaceAll(/[^\w-]/g, '_')}.tmp`
}

export function hashBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Stops before the next change when the step was stopped; what was changed up to then is taken back by the caller. */
export function stopIfAborted(signal: AbortSignal, shown: string): void {
  if (signal.aborted) reject(shown, 'was not touched, because the step was stopped first')
}

export function isSameFile(mark: Mark, stat: BigIntStats): boolean {
  return mark.kind === kindOf(stat) && mark.inode === String(stat.ino)
}

/** The same file, and nobody wrote to it since. */
export function isUntouched(mark: Mark, stat: BigIntStats): boolean {
  if (!isSameFile(mark, stat)) return false
  return (
    mark.kind === 'folder' || (mark.bytes === Number(stat.size) && mark.modifiedNs === String(stat.mtimeNs))
  )
}

export function kindOf(stat: BigIntStats): 'file' | 'folder' | 'other' {
  if (stat.isFile()) return 'file'
  return stat.isDirectory() ? 'folder' : 'other'
}

export function markOf(stat: BigIntStats, content: { hash: string | null; kept: string | null }): Mark {
  return {
    kind: stat.isDirectory() ? 'folder' : 'file',
    inode: String(stat.ino),
    bytes: Number(stat.size),
    modifiedNs: String(stat.mtimeNs),
    mode: Number(stat.mode & 0o777n),
    ...content,
  }
}

/** Marks an ordinary file by its content, keeping the content itself where that was asked for and is small. */
export async function markFile(
  folder: Anchor,
  name: string,
  keep: boolean,
  signal: AbortSignal,
): Promise<Mark> {
  const { handle, stat } = await folder.openFile(name, 'read')
  try {
    if (keep && stat.size <= MAX_KEPT) {
      const bytes = await readRange(handle, 0, MAX_KEPT)
      return markOf(stat, { hash: hashBytes(bytes), kept: bytes.toString('base64') })
    }
    return markOf(stat, { hash: await hashOpen(handle, signal), kept: null })
  } finally {
    await handle.close()
  }
}

export async function hashFile(folder: Anchor, name: string, signal: AbortSignal): Promise<string> {
  const { handle } = await folder.openFile(name, 'read')
  try {
    return await hashOpen(handle, signal)
  } finally {
    await handle.close()
  }
}

async function hashOpen(handle: FileHandle, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of chunksOf(handle, signal)) hash.update(chunk)
  return hash.digest('hex')
}

/** The file's bytes from the start; each chunk is valid only until the next is taken. */
async function* chunksOf(handle: FileHandle, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(CHUNK)
  for (let position = 0; ;) {
    stopIfAborted(signal, 'The file')
    const { bytesRead } = await handle.read(buffer, 0, CHUNK, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

/** At most `length` bytes from `start`; fewer when the file ends before. */
export async function readRange(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, start + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

/** Writes a whole new file under the temporary name, on disk when this returns; nothing of it stays on failure. */
export async function writeTemporary(
  folder: Anchor,
  temporary: string,
  mode: number,
  write: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  await removeIfThere(folder, temporary)
  const handle = await folder.createFile(temporary, mode)
  try {
    await write(handle)
    await handle.sync()
    await handle.close()
  } catch (error) {
    await handle.close()
    await removeIfThere(folder, temporary)
    throw error
  }
}

/** Copies an open file into another, giving back the hash of what was copied. */
export async function copyOpen(from: FileHandle, to: FileHandle, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of chunksOf(from, signal)) {
    hash.update(chunk)
    await to.writeFile(chunk)
  }
  return hash.digest('hex')
}

export async function removeIfThere(folder: Anchor, name: string): Promise<void> {
  try {
    await folder.unlink(name)
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}
