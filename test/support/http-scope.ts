/** HTTP tools as a run has them: one client, a contract, validation before and after, on servers of this machine. */
import { NO_NOTES } from '../../src/domain/note.ts'
import { contractSchema, type ContractInput } from '../../src/domain/contract.ts'
import { failureOf, type Failure } from '../../src/domain/failure.ts'
import type { Json, JsonObject } from '../../src/domain/json.ts'
import type { ToolContext, ToolDeclaration } from '../../src/domain/tool.ts'
import { httpTools } from '../../src/main/tools/http.ts'
import {
  createHttpClient,
  type HttpClient,
  type HttpClientOptions,
} from '../../src/main/tools/network/client.ts'
import { validateInput, validateOutput } from '../../src/main/tools/validate.ts'

export interface HttpScope {
  client: HttpClient
  context: ToolContext
  tool(name: string): ToolDeclaration
  /** The input with its defaults, or the failure that refuses it. */
  read(name: string, input: Json): { input: Json } | { failure: Failure }
  call(name: string, input: Json): Promise<JsonObject>
  /** How the call failed. */
  failure(name: string, input: Json): Promise<Failure>
  close(): Promise<void>
}

export interface HttpScopeOptions extends Partial<HttpClientOptions> {
  hosts?: string[]
  changes?: ContractInput['changes']
  never?: ContractInput['never']
  bytesPerCall?: number
  context?: Partial<ToolContext>
}

export function openHttpScope(options: HttpScopeOptions = {}): HttpScope {
  const client = createHttpClient({ now: () => 0, ...options })
  const tools = httpTools(client)
  const context = contextOf(options)
  const tool = (name: string): ToolDeclaration => {
    const found = tools.find(declared => declared.name === name)
    if (found === undefined) throw new Error(`There is no tool ${name}.`)
    return found
  }
  const call = async (name: string, input: Json): Promise<JsonObject> => {
    const given = validateInput(tool(name), input)
    if (!given.ok) throw Object.assign(new Error(given.failure.message), { refused: given.failure })
    const output = validateOutput(tool(name), await tool(name).run(given.value, context))
    if (!output.ok) throw new Error(output.failure.message)
    return output.value as JsonObject
  }
  return {
    client,
    context,
    tool,
    call,
    read: (name, input) => {
      const given = validateInput(tool(name), input)
      return given.ok ? { input: given.value } : { failure: given.failure }
    },
    failure: async (name, input) => {
      try {
        await call(name, input)
      } catch (error) {
        return refusedIn(error) ?? failureOf(error)
      }
      throw new Error(`${name} did not fail.`)
    },
    close: () => client.close(),
  }
}

function refusedIn(error: unknown): Failure | null {
  return error instanceof Error && 'refused' in error ? (error.refused as Failure) : null
}

function contextOf(options: HttpScopeOptions): ToolContext {
  return {
    workflowId: 'wf_1',
    runId: 'run_1',
    stepId: 'stp_1',
    idempotencyKey: 'key_1',
    contract: contractOf(options),
    now: () => 0,
    signal: new AbortController().signal,
    local: { get: () => undefined, list: () => [], notes: NO_NOTES },
    stage: () => {
      throw new Error('HTTP tools stage nothing.')
    },
    begunAt: 0,
    evidence: null,
    ...options.context,
  }
}

function contractOf({ hosts = [], changes = [], never = {}, bytesPerCall = 1_048_576 }: HttpScopeOptions) {
  return contractSchema.parse({
    schema: 1,
    title: 'Test',
    promise: 'Tests requests.',
    zone: 'UTC',
    when: [],
    uses: ['tools/http'],
    reads: { hosts },
    changes,
    never,
    limits: { bytesPerCall },
  })
}
