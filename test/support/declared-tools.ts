/** The tools that scripts are written with, for tests that read what they declare and call none. */
import { archiveTools } from '../../src/main/tools/archive.ts'
import { calendarTools } from '../../src/main/tools/calendar.ts'
import { createCompute } from '../../src/main/tools/compute/pool.ts'
import { feedsTools } from '../../src/main/tools/feeds.ts'
import { filesTools } from '../../src/main/tools/files.ts'
import { flowTools } from '../../src/main/tools/flow.ts'
import { httpTools } from '../../src/main/tools/http.ts'
import { imagesTools } from '../../src/main/tools/images.ts'
import { createHttpClient } from '../../src/main/tools/network/client.ts'
import { llmTools } from '../../src/main/tools/llm.ts'
import { notesTools } from '../../src/main/tools/notes.ts'
import { notifyTools } from '../../src/main/tools/notify.ts'
import { pagesTools } from '../../src/main/tools/pages.ts'
import { createRegistry } from '../../src/main/tools/registry.ts'
import type { ToolRegistry } from '../../src/main/tools/registry.ts'
import { stateTools } from '../../src/main/tools/state.ts'
import { tablesTools } from '../../src/main/tools/tables.ts'
import { textTools } from '../../src/main/tools/text.ts'
import { WebReader, webTools } from '../../src/main/tools/web.ts'

export async function declared<T>(use: (tools: ToolRegistry) => T): Promise<T> {
  const client = createHttpClient({ now: () => 0 })
  const compute = createCompute()
  const reader = new WebReader({ client, compute })
  const tools = [
    ...[...filesTools(), ...flowTools(), ...httpTools(client), ...notifyTools(), ...stateTools()],
    ...[...feedsTools(reader), ...notesTools(), ...pagesTools(reader), ...tablesTools(compute)],
    ...[...archiveTools(), ...imagesTools(compute), ...calendarTools({ client, compute })],
    ...llmTools(),
    ...webTools({ reader, searchProvider: () => Promise.resolve(null) }),
  ]
  try {
    return use(createRegistry([...tools, ...textTools(compute)]))
  } finally {
    await Promise.all([client.close(), compute.close()])
  }
}
