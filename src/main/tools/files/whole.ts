/** A whole file under a grant, as bytes, for tools that take files apart. */
import type { ToolContext } from '../../../domain/tool.ts'
import { readRange } from './content.ts'
import { reject } from './failures.ts'
import { bytesText } from './sentences.ts'
import type { Workspace } from './workspace.ts'

export interface Wanted {
  /** As the script wrote it. */
  readonly path: string
  readonly tool: string
  readonly maxBytes: number
}

export interface Whole {
  readonly path: string
  readonly bytes: Buffer
}

export function readWhole(
  workspace: Workspace,
  wanted: Wanted,
  { contract }: Pick<ToolContext, 'contract'>,
): Promise<Whole> {
  const path = workspace.resolve(wanted.path)
  return workspace.at(path, { contract, tool: wanted.tool, access: 'read' }, async place => {
    if (!place.hasFolder) reject(path, 'did not exist')
    if (place.leaf === null) reject(path, 'is a folder, not a file')
    const { handle, stat } = await place.folder.openFile(place.leaf, 'read')
    try {
      if (stat.size > wanted.maxBytes) tooLarge(path, Number(stat.size), wanted.maxBytes)
      return { path, bytes: await readRange(handle, 0, Number(stat.size)) }
    } finally {
      await handle.close()
    }
  })
}

function tooLarge(path: string, bytes: number, allowed: number): never {
  reject(path, `holds ${bytesText(bytes)}, more than the ${bytesText(allowed)} that are allowed`)
}
