/** Reads a guest's call: which tool, which effect, which step of the journal it is. */
import type { Json } from '../../../domain/json.ts'
import { defineTool } from '../../../domain/tool.ts'
import type { ToolDeclaration } from '../../../domain/tool.ts'
import { z } from 'zod'
import type { GuestCall } from '../../../sandbox/protocol.ts'
import { newBill } from '../asking.ts'
import { riskOf } from '../judged.ts'
import type { ActiveRun, Call } from './call.ts'
import type { Scope } from './scope.ts'
import type { ToolRegistry } from '../../tools/registry.ts'
import { validateInput } from '../../tools/validate.ts'

/** `flow.open` and `flow.settle` are how `each` speaks with the host; scripts cannot call them. */
const ITEM_TOOLS = new Map(
  ['flow.open', 'flow.settle'].map(name => [
    name,
    defineTool({
      name,
      version: 1,
      title: 'Go on with an item',
      doc: 'The host side of each.',
      effect: 'local',
      input: z.looseObject({ name: z.string(), key: z.string() }),
      output: z.json(),
      touches: () => ({}),
      risk: 'low',
      idempotency: 'natural',
      run: () => Promise.resolve(null),
      describe: input => `Went on with ${input.name} “${input.key}”`,
    }),
  ]),
)

export function toolOf(tools: ToolRegistry, name: string): ToolDeclaration {
  const tool = ITEM_TOOLS.get(name) ?? tools.get(name)
  if (tool === undefined) throw new Error(`the sandbox let through a call of ${name}, which does not exist`)
  return tool
}

export function makeCall(run: ActiveRun, guest: GuestCall, scope: Scope): Call {
  const tool = toolOf(run.context.tools, guest.tool)
  const raw = JSON.parse(guest.args) as Json
  const checked = validateInput(tool, raw)
  // Arguments that do not fit have no effect worth the name: the call is answered with `invalid-input`.
  const args = checked.ok ? checked.value : raw
  const effect = checked.ok ? effectOf(tool, args) : 'local'
  const step = run.journal.name({
    owner: scope.owner,
    tool: guest.tool,
    effect,
    argHash: guest.argHash,
    occurrence: guest.occurrence,
  })
  const risk = checked.ok ? riskOf(tool, args) : 'low'
  const begunAt = run.context.clock.now()
  const bill = newBill()
  return { guest, scope, tool, step, args, effect, risk, begunAt, changes: [], evidence: null, bill }
}

function effectOf(tool: ToolDeclaration, args: Json): Call['effect'] {
  return typeof tool.effect === 'function' ? tool.effect(args) : tool.effect
}
