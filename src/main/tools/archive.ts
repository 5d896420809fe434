/** The `archive` family: zip archives inside the folders a contract grants, by the same paths and guards as `files`. */
import type { ToolDeclaration } from '../../domain/tool.ts'
import { createTool } from './archive/create.ts'
import { extractTool } from './archive/extract.ts'
import { archiveListTool } from './archive/list.ts'
import { Flights } from './files/step.ts'
import { Workspace, type FilesOptions } from './files/workspace.ts'

export function archiveTools(options: FilesOptions = {}): ToolDeclaration[] {
  const workspace = new Workspace(options)
  const flights = new Flights()
  return [archiveListTool(workspace), extractTool(workspace, flights), createTool(workspace, flights)]
}
