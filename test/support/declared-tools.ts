/** The tools that scripts are written with, for tests that read what they declare and call none. */
import { createCompute } from '../../src/main/tools/compute/pool.ts'
import { everyTool } from '../../src/main/tools/every-tool.ts'
import { createHttpClient } from '../../src/main/tools/network/client.ts'
import { createRegistry } from '../../src/main/tools/registry.ts'
import type { ToolRegistry } from '../../src/main/tools/registry.ts'

export async function declared<T>(use: (tools: ToolRegistry) => T): Promise<T> {
  const client = createHttpClient({ now: () => 0 })
  const compute = createCompute()
  try {
    return use(createRegistry(everyTool({ client, compute })))
  } finally {
    await Promise.all([client.close(), compute.close()])
  }
}
