/** The `files` family: the tools that read and change files inside the folders a contract grants. */
import type { ToolDeclaration } from '../../domain/tool.ts'
import { appendTool } from './files/append.ts'
import { copyTool } from './files/copy.ts'
import { hashTool } from './files/hash.ts'
import { linesTool } from './files/lines.ts'
import { listTool } from './files/list.ts'
import { measureTool } from './files/measure.ts'
import { moveTool } from './files/move.ts'
import { readTool, statTool } from './files/read.ts'
import { Flights } from './files/step.ts'
import { trashTool } from './files/trash.ts'
import { Workspace, type FilesOptions } from './files/workspace.ts'
import { writeTool } from './files/write.ts'

export { resolvePath } from './files/paths.ts'
export type { FilePoint } from './files/anchor.ts'
export type { FilesOptions } from './files/workspace.ts'

export function filesTools(options: FilesOptions = {}): ToolDeclaration[] {
  const workspace = new Workspace(options)
  const flights = new Flights()
  return [
    listTool(workspace),
    statTool(workspace),
    readTool(workspace),
    linesTool(workspace),
    hashTool(workspace),
    measureTool(workspace),
    writeTool(workspace, flights),
    appendTool(workspace, flights),
    moveTool(workspace, flights),
    copyTool(workspace, flights),
    trashTool(workspace, flights),
  ]
}
