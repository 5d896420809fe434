/**
 * Putting a whole new file in place, and telling afterwards whether it was put (J4). The temporary file is the
 * witness: while it exists under its own name alone, the file was not put; once it is gone, content decides.
 */
import type { FileHandle } from 'node:fs/promises'
import type { Undoable } from '../../../domain/tool.ts'
import type { FilePoint } from './anchor.ts'
import {
  hashFile,
  isUntouched,
  kindOf,
  removeIfThere,
  stopIfAborted,
  writeTemporary,
  type Mark,
} from './content.ts'
import { reject } from './failures.ts'
import { takeFreeName } from './naming.ts'
import { afterChange } from './step.ts'
import type { Place } from './workspace.ts'

export interface Put {
  readonly tool: string
  readonly place: Place
  readonly temporary: string
  /** The permissions of the file that is replaced; null for what new files get. */
  readonly mode: number | null
  readonly overwrite: boolean
  readonly signal: AbortSignal
  readonly reached: (point: FilePoint) => Promise<void>
  readonly write: (handle: FileHandle) => Promise<void>
}

export async function putFile(put: Put): Promise<void> {
  const { place, temporary, reached } = put
  stopIfAborted(put.signal, place.path)
  try {
    await place.makeFolders(reached)
    await writeTemporary(place.folder, temporary, put.mode ?? 0o666, async handle => {
      if (put.mode !== null) await handle.chmod(put.mode)
      await put.write(handle)
      await reached('part-written')
    })
    await name(put)
  } catch (error) {
    await place.unmakeFolders()
    throw error
  }
  await afterChange(put.tool, place.path, () => place.folder.sync())
  await reached('placed')
}

async function name(put: Put): Promise<void> {
  const { place, temporary, reached, tool } = put
  const folder = place.folder
  try {
    await reached('temp-written')
    stopIfAborted(put.signal, place.path)
    if (put.overwrite) {
      await folder.rename(temporary, folder, place.name)
      await reached('renamed')
      return
    }
    const inode = (await folder.lstat(temporary))?.ino ?? 0n
    await takeFreeName({
      tool,
      from: folder,
      name: temporary,
      to: folder,
      toName: place.name,
      inode,
      reached,
    })
  } catch (error) {
    await removeIfThere(folder, temporary)
    throw error
  }
}

export type Seen = { is: 'applied' } | { is: 'not-applied' } | { is: 'unknown'; evidence: string }

export interface Expected {
  readonly hash: string
  readonly bytes: number
  readonly before: Mark | null
}

/** Looks whether a file was put, and clears what an interrupted putting left. */
export async function seePut(
  place: Place,
  temporary: string,
  expected: Expected,
  signal: AbortSignal,
): Promise<Seen> {
  const there = await place.stat()
  const unfinished = place.hasFolder ? await place.folder.lstat(temporary) : null
  if (unfinished !== null) {
    await removeIfThere(place.folder, temporary)
    await place.folder.sync()
    return there?.ino === unfinished.ino ? { is: 'applied' } : { is: 'not-applied' }
  }
  if (there === null) {
    if (expected.before === null) return { is: 'not-applied' }
    return {
      is: 'unknown',
      evidence: 'The file that was to be replaced is gone, and so is what was to replace it.',
    }
  }
  if (await holds(place, expected, signal)) return { is: 'applied' }
  if (expected.before !== null && isUntouched(expected.before, there)) return { is: 'not-applied' }
  return {
    is: 'unknown',
    evidence: 'The file holds neither what was there before nor what was to be written.',
  }
}

/** Whether the file at a place is an ordinary one with exactly this content. */
export async function holds(
  place: Place,
  { hash, bytes }: Pick<Expected, 'hash' | 'bytes'>,
  signal: AbortSignal,
): Promise<boolean> {
  const there = await place.stat()
  if (there === null || kindOf(there) !== 'file' || there.nlink > 1n || Number(there.size) !== bytes)
    return false
  return (await hashFile(place.folder, place.name, signal)) === hash
}

/**
 * Puts back what a put replaced, or removes what it created with the folders it made, provided nobody changed it
 * since. Begun before and interrupted, it is finished.
 */
export async function takeBack(
  put: Omit<Put, 'write' | 'mode' | 'overwrite'>,
  expected: Expected & { made: number },
): Promise<void> {
  const { place, tool, signal } = put
  const { before, made } = expected
  if (!(await isAsBefore(put, before))) {
    if (!(await holds(place, expected, signal)))
      reject(place.path, 'has changed since, so it was not restored')
    if (before !== null) return restore(put, before)
    await place.folder.unlink(place.name)
    await put.reached('unlinked')
    await afterChange(tool, place.path, () => place.folder.sync())
  }
  await place.dropFolders(made)
}

async function isAsBefore(
  { place, temporary, signal }: Pick<Put, 'place' | 'temporary' | 'signal'>,
  before: Mark | null,
): Promise<boolean> {
  if (place.hasFolder) await removeIfThere(place.folder, temporary)
  if (before === null) return (await place.stat()) === null
  return before.hash !== null && holds(place, { hash: before.hash, bytes: before.bytes }, signal)
}

/** Puts the content that was kept in place of whatever is there. */
export function restore(put: Omit<Put, 'write' | 'mode' | 'overwrite'>, before: Mark): Promise<void> {
  if (before.kept === null) reject(put.place.path, `cannot be restored: ${TOO_LARGE}`)
  const kept = Buffer.from(before.kept, 'base64')
  return putFile({ ...put, mode: before.mode, overwrite: true, write: handle => handle.writeFile(kept) })
}

const TOO_LARGE = 'what was there before was too large to be kept'

/** Whether a put can be taken back, by what was recorded of it. */
export function undoableOf(
  done: { changed?: boolean; replaced: boolean },
  before: Mark | null | undefined,
): Undoable {
  if (done.changed === false) return { is: 'nothing' }
  if (!done.replaced) return { is: 'yes' }
  if (before === null || before === undefined) return { is: 'no', because: 'What it replaced was not kept.' }
  if (before.kept !== null) return { is: 'yes' }
  return { is: 'no', because: 'What it replaced was larger than 1 MB, so it was not kept.' }
}
