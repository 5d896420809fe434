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
import { policyInForce } from '../../store/policies.ts'
import { validateInput, validateOutput } from '../../tools/validate.ts'
import type { EngineContext } from '../context.ts'
import { boundsFor, riskOf, ruledOut } from '../judged.ts'

export interface Looker {
  /** Whose turn it is with what is shared: the watch, or the automation that is not installed yet. */
  owner: string
  contract: Contract
  signal: AbortSignal
}

export function portsFor(context: EngineContext, looker: Looker): LookPorts {
  return {
    ask: (name, input, memory) => ask(context, looker, name, input, memory),
    scan: async request => {
      const { bounds } = looking(context, looker, 'files.list', { path: request.folder })
      const workspace = new Workspace({ closed: [context.store.folder] })
      return scanFolder(workspace, request, { ...looker, ...bounds })
    },
  }
}

async function ask(
  context: EngineContext,
  looker: Looker,
  name: string,
  input: JsonObject,
  memory: Memory,
): Promise<{ output: Json; memory: Memory }> {
  const { tool, args, bounds } = looking(context, looker, name, input)
  const remembered: Memory = { ...memory }
  const toolContext = { ...contextFor(context, looker, remembered), ...bounds }
  const output = validateOutput(tool, await tool.run(args, toolContext))
  if (!output.ok) throw new FailureError(output.failure)
  return { output: output.value, memory: remembered }
}

/** One look by a tool, under the policy file as a read of a run is; nobody can be asked about a look. */
function looking(context: EngineContext, { contract }: Looker, name: string, input: JsonObject) {
  const tool = readingTool(context, name)
  const given = validateInput(tool, input)
  if (!given.ok) throw new FailureError(given.failure)
  const args = given.value
  const policy = policyInForce(context.store)
  const call = { tool, args, effect: 'read', risk: riskOf(tool, args) } as const
  const refused = policy === null ? null : ruledOut(policy, call)
  if (refused !== null)
    fail({ kind: 'not-permitted', clause: refused.clause, message: `${refused.reason} Nothing was read.` })
  return { tool, args, bounds: boundsFor(contract, policy, call) }
}

function readingTool(context: EngineContext, name: string): ToolDeclaration {
  const tool = context.tools.get(name)
  if (tool?.effect === 'read') return tool
  return fail({
    kind: 'internal',
    message: `${name} is not among the tools of this Steward, so nothing could be looked at. Nothing was changed.`,
  })
}

function contextFor(
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
