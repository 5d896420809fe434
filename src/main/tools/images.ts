/**
 * The `images` family: pictures inside the folders a contract grants, by the same paths and guards as `files`, and those
 * that a model draws.
 */
import type { ToolDeclaration } from '../../domain/tool.ts'
import type { Compute } from './compute/pool.ts'
import { Flights } from './files/step.ts'
import { Workspace, type FilesOptions } from './files/workspace.ts'
import { Darkroom } from './images/darkroom.ts'
import { hashTool, infoTool } from './images/info.ts'
import { generateTool, saveTool } from './images/drawn.ts'
import { convertTool, cropTool, resizeTool } from './images/make-tools.ts'
import { Making } from './images/making.ts'

export function imagesTools(compute: Compute, options: FilesOptions = {}): ToolDeclaration[] {
  const workspace = new Workspace(options)
  const tools = { darkroom: new Darkroom(), compute }
  const studio = { workspace, tools, flights: new Flights(), making: new Making(workspace) }
  return [
    infoTool(workspace, tools),
    hashTool(workspace, tools),
    resizeTool(studio),
    convertTool(studio),
    cropTool(studio),
    generateTool(tools),
    saveTool(studio),
  ]
}
