/** Every tool there is, made of what they share: the guarded client, the connections, and where heavy work is done. */
import type { ToolDeclaration } from '../../domain/tool.ts'
import { NO_CONNECTIONS } from '../connections/desk.ts'
import type { Connections } from '../connections/desk.ts'
import { archiveTools } from './archive.ts'
import { calendarTools } from './calendar.ts'
import type { Compute } from './compute/pool.ts'
import { feedsTools } from './feeds.ts'
import { filesTools } from './files.ts'
import { flowTools } from './flow.ts'
import { httpTools } from './http.ts'
import { imagesTools } from './images.ts'
import { llmTools } from './llm.ts'
import { logTools } from './log.ts'
import type { HttpClient } from './network/client.ts'
import { notesTools } from './notes.ts'
import { notifyTools } from './notify.ts'
import { pagesTools } from './pages.ts'
import { pdfTools } from './pdf.ts'
import { stateTools } from './state.ts'
import { tablesTools } from './tables.ts'
import { textTools } from './text.ts'
import { connectedSearch } from './web/connected-search.ts'
import { WebReader, webTools } from './web.ts'

export interface Shared {
  readonly client: HttpClient
  readonly compute: Compute
  readonly connections?: Connections
  /** Folders that no tool may open. */
  readonly closed?: readonly string[]
}

export function everyTool({
  client,
  compute,
  connections = NO_CONNECTIONS,
  closed = [],
}: Shared): ToolDeclaration[] {
  const files = { closed }
  const reader = new WebReader({ client, compute })
  return [
    ...httpTools(client, connections),
    ...filesTools(files),
    ...stateTools(),
    ...flowTools(),
    ...notifyTools(),
    ...logTools(),
    ...textTools(compute),
    ...webTools({ reader, searchProvider: connectedSearch(connections), files }),
    ...feedsTools(reader),
    ...pagesTools(reader),
    ...notesTools(),
    ...archiveTools(files),
    ...calendarTools({ client, compute, files }),
    ...tablesTools(compute),
    ...pdfTools(compute, files),
    ...imagesTools(compute, files),
    ...llmTools(),
  ]
}
