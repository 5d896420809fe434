/**
 * The tools for web pages and feeds as a run has them: one reader, a contract, validation before and after, local
 * state that a run stages and its end makes real or forgets; on servers of this machine.
 */
import { contractSchema, type ContractInput } from '../../src/domain/contract.ts'
import { failureOf, isFailureError, type Failure } from '../../src/domain/failure.ts'
import type { Json, JsonObject } from '../../src/domain/json.ts'
import { NO_NOTES } from '../../src/domain/note.ts'
import type { LocalChange, ToolContext, ToolDeclaration } from '../../src/domain/tool.ts'
import { createCompute, type Compute } from '../../src/main/tools/compute/pool.ts'
import { createHttpClient, type HttpClient } from '../../src/main/tools/network/client.ts'
import { validateInput, validateOutput } from '../../src/main/tools/validate.ts'
import { WebReader } from '../../src/main/tools/web/reader.ts'
import type { PaceOptions } from '../../src/main/tools/web/pace.ts'

export interface WebScopeOptions extends PaceOptions {
  tools: (reader: WebReader) => ToolDeclaration[]
  /** Shared between the tests of a file: its threads take a while to start. */
  compute?: Compute
}

export interface RunOptions {
  hosts?: string[]
  paths?: string[]
  accounts?: string[]
  changes?: ContractInput['changes']
  never?: ContractInput['never']
  bytesPerCall?: number
}

export class WebScope {
  readonly client: HttpClient
  readonly reader: WebReader
  readonly state = new Map<string, Json>()
  readonly #tools: ToolDeclaration[]
  readonly #compute: Compute
  readonly #ownsCompute: boolean
  now = Date.UTC(2026, 0, 15, 12)

  constructor(options: WebScopeOptions) {
    this.client = createHttpClient({ now: () => 0 })
    this.#ownsCompute = options.compute === undefined
    this.#compute = options.compute ?? createCompute()
    this.reader = new WebReader({ ...options, client: this.client, compute: this.#compute })
    this.#tools = options.tools(this.reader)
  }

  tool(name: string): ToolDeclaration {
    const found = this.#tools.find(declared => declared.name === name)
    if (found === undefined) throw new Error(`There is no tool ${name}.`)
    return found
  }

  run(options: RunOptions = {}): WebRun {
    return new WebRun(this, options)
  }

  async close(): Promise<void> {
    await this.client.close()
    if (this.#ownsCompute) await this.#compute.close()
  }
}

/** One run: what it stages is its own until it succeeds. */
export class WebRun {
  readonly #scope: WebScope
  readonly #options: RunOptions
  readonly staged: LocalChange[] = []
  #steps = 0

  constructor(scope: WebScope, options: RunOptions) {
    this.#scope = scope
    this.#options = options
  }

  async call(name: string, input: Json): Promise<JsonObject> {
    const tool = this.#scope.tool(name)
    const given = validateInput(tool, input)
    if (!given.ok) throw Object.assign(new Error(given.failure.message), { refused: given.failure })
    const changes: LocalChange[] = []
    const output = validateOutput(
      tool,
      await tool.run(
        given.value,
        this.context(change => changes.push(change)),
      ),
    )
    if (!output.ok) throw new Error(output.failure.message)
    if (tool.describe(given.value, output.value).trim() === '')
      throw new Error('A call was described by nothing.')
    this.staged.push(...changes)
    return structuredClone(output.value) as JsonObject
  }

  async failure(name: string, input: Json): Promise<Failure> {
    try {
      await this.call(name, input)
    } catch (error) {
      if (error instanceof Error && 'refused' in error) return error.refused as Failure
      if (isFailureError(error)) return failureOf(error)
      throw error
    }
    throw new Error(`${name} did not fail.`)
  }

  /** The run succeeded: what it staged is made real (J2). A run that failed just never calls this. */
  succeed(): void {
    for (const change of this.staged.splice(0)) {
      if (change.kind === 'state-set')
        this.#scope.state.set(change.key, JSON.parse(JSON.stringify(change.value)) as Json)
      if (change.kind === 'state-delete') this.#scope.state.delete(change.key)
    }
  }

  context(stage: (change: LocalChange) => void, evidence: Json = null): ToolContext {
    const { state } = this.#scope
    const seen = (key: string): Json | undefined => {
      const change = this.staged.findLast(staged => 'key' in staged && staged.key === key)
      return change?.kind === 'state-set' ? change.value : state.get(key)
    }
    return {
      workflowId: 'wf_1',
      runId: 'run_1',
      stepId: `stp_${++this.#steps}`,
      idempotencyKey: 'key_1',
      contract: contractOf(this.#options),
      now: () => this.#scope.now,
      signal: new AbortController().signal,
      local: { get: seen, list: () => [], notes: NO_NOTES },
      stage,
      begunAt: this.#scope.now,
      evidence,
    }
  }
}

function contractOf({
  hosts = [],
  paths = [],
  accounts = [],
  changes = [],
  never = {},
  bytesPerCall,
}: RunOptions) {
  return contractSchema.parse({
    schema: 1,
    title: 'Test',
    promise: 'Tests reading.',
    zone: 'UTC',
    when: [],
    uses: ['tools/web', 'tools/feeds', 'tools/pages'],
    reads: { hosts, paths, accounts },
    changes,
    never,
    limits: bytesPerCall === undefined ? {} : { bytesPerCall },
  })
}
