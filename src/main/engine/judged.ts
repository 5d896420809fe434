/**
 * What policy is told of a call, the same in a run and in a rehearsal (P1): what it would touch, what its scopes have
 * read, what was used. Pure: all of it comes from the arguments and from what was recorded.
 */
import type { Contract } from '../../domain/contract.ts'
import { hashJson } from '../../domain/json.ts'
import type { Json } from '../../domain/json.ts'
import type { Phase, PolicyCall, PolicyInput, Usage } from '../../domain/policy.ts'
import type { Policy } from '../../domain/policy-file.ts'
import { closedFolders, rulesAnswer } from '../../domain/policy-rules.ts'
import type { RulesAnswer } from '../../domain/policy-rules.ts'
import type { Effect, Risk, ToolContext, ToolDeclaration } from '../../domain/tool.ts'
import { dayStart, hourStart } from '../../domain/zone.ts'
import type { ToolRegistry } from '../tools/registry.ts'
import { namedSources, sourcesOf } from './provenance.ts'
import type { ReadBefore } from './provenance.ts'

/** A call as a run and a rehearsal have it. */
interface Judged {
  readonly tool: ToolDeclaration
  readonly args: Json
  readonly effect: Effect
  readonly risk: Risk
  readonly scope: Nested
}

export interface Nested {
  readonly owner: string
  readonly parent: Nested | null
}

interface Used {
  calls: number
  /** Changes of the outside by this run. */
  actions: number
  /** Changes of the outside by its automation since then. */
  since: (at: number) => number
  /** What asking models cost, micro-dollars; looked at only where it matters. */
  cost: { run: () => number; since: (at: number) => number }
}

/** Around a call. */
interface Moment {
  tools: ToolRegistry
  contract: Contract
  policy: Policy | null
  phase: Phase
  now: number
  used: Used
  /** Of all scopes; looked at only where it matters. */
  reads: () => readonly ReadBefore[]
  /** The scope whose journal that is; undefined where it is no longer told apart. */
  scopeOf: (owner: string) => Nested | undefined
  /** From where the rest may have come that it works with; looked at only where it matters. */
  carried: () => readonly string[]
  approved: boolean
  granted: (subject: string) => boolean
}

export function policyInput(call: Judged, moment: Moment): PolicyInput {
  const { tools, contract, policy, phase, now, used, approved, granted } = moment
  const looksBack = contract.outsideContent !== 'allow' || contract.flows.length > 0
  const reads = looksBack ? readsAround(call.scope, moment) : []
  const carried = looksBack ? moment.carried() : []
  return {
    contract,
    policy,
    call: policyCall(call),
    usage: usageOf(contract, call.effect, used, now),
    now,
    phase,
    tainted: reads.length > 0 || carried.length > 0,
    approved,
    granted,
    sources: namedSources(contract.flows, [...sourcesOf(tools, reads), ...carried]),
  }
}

/** The bounds a tool keeps to by itself, where links and redirects lead beyond what was judged. */
export function boundsFor(
  contract: Contract,
  policy: Policy | null,
  call: Omit<Judged, 'scope'>,
): Pick<ToolContext, 'contract' | 'mayVisit'> {
  if (policy === null) return { contract }
  const { never } = contract
  const ruled = policyCall(call)
  const closed = closedFolders(policy, ruled)
  return {
    contract:
      closed.length === 0
        ? contract
        : { ...contract, never: { ...never, paths: [...never.paths, ...closed] } },
    mayVisit: host => rulesAnswer(policy, { ...ruled, touches: { hosts: [host] } }).verdict === 'allow',
  }
}

/** Why the policy file lets such a call not be made without asking; null where it does. */
export function ruledOut(policy: Policy, call: Omit<Judged, 'scope'>): RulesAnswer | null {
  const answer = rulesAnswer(policy, policyCall(call))
  return answer.verdict === 'allow' ? null : answer
}

/** The exact payload an approval is bound to (P4). */
export function payloadHash({ tool, args }: Pick<Judged, 'tool' | 'args'>): string {
  return hashJson([tool.name, args])
}

export function riskOf(tool: ToolDeclaration, args: Json): Risk {
  return typeof tool.risk === 'function' ? tool.risk(args) : tool.risk
}

export function policyCall(call: Omit<Judged, 'scope'>): PolicyCall {
  const { tool, args, effect, risk } = call
  return {
    tool: tool.name,
    module: `tools/${tool.name.slice(0, tool.name.lastIndexOf('.'))}`,
    effect,
    risk,
    touches: tool.touches(args),
    costMicros: 0,
    payloadHash: payloadHash(call),
  }
}

/** What this scope may hold: what it has read, those around it, and its items, whose results it is given. */
function readsAround(scope: Nested, { reads, scopeOf }: Moment): ReadBefore[] {
  return reads().filter(read => {
    const reader = scopeOf(read.owner)
    return reader === undefined || isWithin(reader, scope) || isWithin(scope, reader)
  })
}

function isWithin(inner: Nested, outer: Nested): boolean {
  for (let around: Nested | null = inner; around !== null; around = around.parent)
    if (around.owner === outer.owner) return true
  return false
}

export const NOTHING_USED: Usage = {
  actionsThisRun: 0,
  actionsThisHour: 0,
  actionsThisDay: 0,
  callsThisRun: 0,
  costThisRunMicros: 0,
  costThisDayMicros: 0,
}

/** Hours and days are those of the contract's zone; looked up is only what a call of this effect can use up. */
function usageOf({ zone }: Contract, effect: Effect, used: Used, now: number): Usage {
  const usage = { ...NOTHING_USED, callsThisRun: used.calls }
  if (effect === 'model')
    return {
      ...usage,
      costThisRunMicros: used.cost.run(),
      costThisDayMicros: used.cost.since(dayStart(now, zone)),
    }
  if (effect !== 'write') return usage
  return {
    ...usage,
    actionsThisRun: used.actions,
    actionsThisHour: used.since(hourStart(now, zone)),
    actionsThisDay: used.since(dayStart(now, zone)),
  }
}
