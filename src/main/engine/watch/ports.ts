/**
 * How a look reaches the outside (P2): through tools that only read, and through the door to granted folders, both
 * under the contract of the automation that watches. What a tool remembers is handed in and out; nothing is staged.
 */
import type { Contract } from '../../../domain/contract.ts'
import { FailureError, fail } from '../../../domain/failure.ts'
import type { Json, JsonObject } from '../../../domain/json.ts'
import { NO_NOTES } from '../../../domain/note.ts'
import type { ToolContext, ToolDeclaration } from '../../../domain/tool.ts'
import type { LookPorts, Memory } from '../../../domain/triggers/trigger.ts'
import { scanFolder } from '../../tools/files/scan.ts'
import { Workspace } from '../../tools/files/workspace.ts'
import { validateInput, validateOutput } from '../../tools/validate.ts'
import type { EngineContext } from '../context.ts'

export interface Looker {
  /** Whose turn it is with what is shared: the watch, or the automation that is not installed yet. */
  owner: string
  contract: Contract
  signal: AbortSignal
}

const workspace = new Workspace()

export function portsFor(context: EngineContext, looker: Looker): LookPorts {
  return {
    ask: (name, input, memory) => ask(context, looker, name, input, memory),
    scan: request => scanFolder(workspace, request, looker),
  }
}

async function ask(
  context: EngineContext,
  looker: Looker,
  name: string,
  input: JsonObject,
  memory: Memory,
): Promise<{ output: Json; memory: Memory }> {
  const tool = readingTool(context, name)
  const given = validateInput(tool, input)
  if (!given.ok) throw new FailureError(given.failure)
  const remembered: Memory = { ...memory }
  const output = validateOutput(tool, await tool.run(given.value, toolContext(context, looker, remembered)))
  if (!output.ok) throw new FailureError(output.failure)
  return { output: output.value, memory: remembered }
}

function readingTool(context: EngineContext, name: string): ToolDeclaration {
  const tool = context.tools.get(name)
  if (tool?.effect === 'read') return tool
  return fail({
    kind: 'internal',
    message: `${name} is not among the tools of this Steward, so nothing could be looked at. Nothing was changed.`,
  })
}

function toolContext(
  { clock }: EngineContext,
  { owner, contract, signal }: Looker,
  memory: Memory,
): ToolContext {
  return {
    workflowId: owner,
    runId: owner,
    stepId: owner,
    idempotencyKey: owner,
    contract,
    now: () => clock.now(),
    signal,
    local: { get: key => memory[key], list: () => [], notes: NO_NOTES },
    stage: change => {
      if (change.kind !== 'state-set') throw new Error(`a look staged a ${change.kind}`)
      memory[change.key] = change.value
    },
    begunAt: clock.now(),
    evidence: null,
  }
}
