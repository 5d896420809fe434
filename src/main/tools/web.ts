/** The `web` family: pages, JSON and files from addresses, and searching the web. */
import type { ToolDeclaration } from '../../domain/tool.ts'
import { downloadTool } from './web/download.ts'
import { jsonTool } from './web/json-tool.ts'
import { pageTool } from './web/page-tool.ts'
import type { WebReader } from './web/reader.ts'
import { searchTool, type SearchProviderSource } from './web/search.ts'
import type { FilesOptions } from './files/workspace.ts'

export { WebReader } from './web/reader.ts'
export type { SearchProvider, SearchProviderSource } from './web/search.ts'

export interface WebToolsOptions {
  reader: WebReader
  /** How the web is searched, as set up by the user at the moment of asking; null where nothing is. */
  searchProvider: SearchProviderSource
  files?: FilesOptions
}

export function webTools({ reader, searchProvider, files = {} }: WebToolsOptions): ToolDeclaration[] {
  return [pageTool(reader), jsonTool(reader), downloadTool(reader, files), searchTool(reader, searchProvider)]
}
