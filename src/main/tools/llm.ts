/**
 * tools/llm: single questions to a model, for scripts. What a script gives is data in a marked block, the model has no
 * tools, and what it says is held to a schema. Owns nothing: the engine asks, pays and records.
 */
import type { ToolDeclaration } from '../../domain/tool.ts'
import { classifyTool, judgeTool } from './llm/choose.ts'
import { summariseTool, writeTool } from './llm/compose.ts'
import { extractTool } from './llm/extract.ts'

export function llmTools(): ToolDeclaration[] {
  return [extractTool(), classifyTool(), summariseTool(), judgeTool(), writeTool()]
}
