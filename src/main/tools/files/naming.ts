/** Giving a file another name in one move that replaces nothing unless that was asked for. */
import path from 'node:path'
import type { Anchor, FilePoint } from './anchor.ts'
import { removeIfThere } from './content.ts'
import { codeOf, reject } from './failures.ts'
import { afterChange } from './step.ts'

export interface Naming {
  readonly tool: string
  readonly from: Anchor
  readonly name: string
  readonly to: Anchor
  readonly toName: string
  /** The file that is meant, in case another takes its name meanwhile. */
  readonly inode: bigint
  readonly reached: (point: FilePoint) => Promise<void>
}

/** File systems that know no second names say so in one of these ways. */
const NO_LINKS = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/**
 * Gives a file a name that must be free, and takes the old one away. By way of a second name, because renaming
 * would silently replace what somebody put there a moment ago; where there are no second names, after one more look.
 */
export async function takeFreeName(naming: Naming): Promise<void> {
  const { from, name, to, toName } = naming
  try {
    await from.link(name, to, toName)
  } catch (error) {
    if (!NO_LINKS.has(codeOf(error) ?? '')) throw error
    return renameToFree(naming)
  }
  try {
    if ((await to.lstat(toName))?.ino !== naming.inode) changedMeanwhile(naming)
    await naming.reached('linked')
    // Between folders the old name may only go once the new one would survive a power loss.
    if (to !== from) await to.sync()
    if ((await from.lstat(name))?.ino === naming.inode) await from.unlink(name)
  } catch (error) {
    await afterChange(naming.tool, path.join(to.shown, toName), () => removeIfThere(to, toName))
    throw error
  }
}

/** For what cannot have a second name: folders, files on disks without links, a change of case alone. */
export async function renameToFree(naming: Naming): Promise<void> {
  const { from, name, to, toName } = naming
  const [found, source] = await Promise.all([to.lstat(toName), from.lstat(name)])
  if (source?.ino !== naming.inode) changedMeanwhile(naming)
  if (found !== null && found.ino !== source.ino) reject(path.join(to.shown, toName), 'already existed')
  await from.rename(name, to, toName)
  await naming.reached('renamed')
}

function changedMeanwhile({ from, name }: Naming): never {
  reject(path.join(from.shown, name), 'was replaced by another file at the same moment', 'Retry.')
}
