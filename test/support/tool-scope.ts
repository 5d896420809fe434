/** A tool's context for tests: a contract, a clock that stands still, and local state in memory. */
import { contractSchema } from '../../src/domain/contract.ts'
import type { Json } from '../../src/domain/json.ts'
import { isNoteChange, NO_NOTES, overlayNotes } from '../../src/domain/note.ts'
import type { LocalChange, ToolContext, ToolDeclaration } from '../../src/domain/tool.ts'
import { validateInput, validateOutput } from '../../src/main/tools/validate.ts'

export interface TestScope {
  readonly context: ToolContext
  readonly staged: LocalChange[]
  readonly state: Map<string, Json>
  /** Validates, runs and validates as production does; a Failure is thrown. */
  readonly call: (tool: ToolDeclaration | undefined, input: Json) => Promise<Json>
}

export interface TestScopeOptions {
  publishes?: string[]
  zone?: string
  now?: number
  runId?: string
  signal?: AbortSignal
}

export function scopeForTests({
  zone = 'UTC',
  now = 0,
  runId = 'run_1',
  signal,
  publishes = [],
}: TestScopeOptions = {}): TestScope {
  const staged: LocalChange[] = []
  const state = new Map<string, Json>()
  const contract = contractSchema.parse({
    schema: 1,
    title: 'Test',
    promise: 'Tests the tools.',
    zone,
    when: [],
    uses: [],
    reads: {},
    publishes,
  })
  const context: ToolContext = {
    workflowId: 'wf_1',
    runId,
    stepId: 'stp_1',
    idempotencyKey: 'key_1',
    contract,
    now: () => now,
    signal: signal ?? new AbortController().signal,
    local: {
      get: key => state.get(key),
      list: prefix =>
        [...state]
          .filter(([key]) => key.startsWith(prefix))
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, value]) => ({ key, value })),
      notes: overlayNotes(NO_NOTES, () => staged.filter(isNoteChange)),
    },
    stage: change => {
      staged.push(change)
      if (change.kind === 'state-set') state.set(change.key, change.value)
      if (change.kind === 'state-delete') state.delete(change.key)
    },
    begunAt: now,
    evidence: null,
  }
  return { context, staged, state, call: (tool, input) => callTool(tool, input, context) }
}

async function callTool(tool: ToolDeclaration | undefined, input: Json, context: ToolContext): Promise<Json> {
  if (tool === undefined) throw new Error('There is no such tool.')
  const checked = validateInput(tool, input)
  if (!checked.ok) throw new Error(checked.failure.message)
  const output = validateOutput(tool, await tool.run(checked.value, context))
  if (!output.ok) throw new Error(output.failure.message)
  return output.value
}
