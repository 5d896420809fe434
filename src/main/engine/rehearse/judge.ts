/**
 * Policy in a rehearsal (P1): the same function as in a run, told the same about what was read before. Asked a second
 * time as for a run, it says what a run would ask first, wait for, or be refused.
 */
import { decide } from '../../../domain/policy.ts'
import type { Decision, PolicyInput, Usage } from '../../../domain/policy.ts'
import { actionsOf } from '../../../domain/decision.ts'
import { hashJson } from '../../../domain/json.ts'
import { dayStart, hourStart } from '../../../domain/zone.ts'
import { hasGrant } from '../../store/actions.ts'
import { actionsBegunSince } from '../../store/journal.ts'
import type { Reason } from './rehearsal.ts'
import type { Part, Playing, Seen } from './part.ts'

export interface Judgement {
  refused: Reason | null
  asked: Reason | null
  deferred: (Reason & { until: number }) | null
}

export function judgePart(playing: Playing, part: Part): Judgement {
  const input = inputFor(playing, part)
  const decision = decide(input)
  const judgement: Judgement = { refused: null, asked: null, deferred: null }
  if (decision.verdict !== 'allow') return { ...judgement, refused: reasonOf(decision) }
  if (playing.phase !== 'dry-run') return judgement
  const real = decide({ ...input, phase: 'run' })
  if (real.verdict === 'deny') return { ...judgement, refused: reasonOf(real) }
  if (real.verdict !== 'defer') return { ...judgement, asked: askedBy(playing, real) }
  // What the call waits for is over before anybody is asked about it, so the question is found beyond the wait.
  const asked = askedBy(playing, decide({ ...input, usage: NOTHING_USED, now: real.until, phase: 'run' }))
  return { ...judgement, asked, deferred: { ...reasonOf(real), until: real.until } }
}

export function countActions(playing: Playing, part: Part): void {
  playing.actions += actionsOf({ effect: part.effect, touches: part.tool.touches(part.args) })
}

function askedBy(playing: Playing, decision: Decision): Reason | null {
  if (decision.verdict !== 'ask') return null
  if (decision.subject !== null) playing.granted.add(decision.subject)
  return reasonOf(decision)
}

function reasonOf({ clause, reason }: Exclude<Decision, { verdict: 'allow' }>): Reason {
  return { clause, reason }
}

function inputFor(playing: Playing, part: Part): PolicyInput {
  const { context, rehearsal, workflowId } = playing
  const { tool, args, effect } = part
  return {
    contract: rehearsal.contract,
    call: {
      tool: tool.name,
      module: `tools/${tool.name.slice(0, tool.name.lastIndexOf('.'))}`,
      effect,
      risk: typeof tool.risk === 'function' ? tool.risk(args) : tool.risk,
      touches: tool.touches(args),
      costMicros: 0,
      payloadHash: hashJson([tool.name, args]),
    },
    usage: usageOf(playing, part),
    now: playing.now(),
    phase: playing.phase,
    tainted: rehearsal.contract.outsideContent !== 'allow' && readsAround(playing, part).length > 0,
    approved: false,
    granted: subject => playing.granted.has(subject) || hasGrant(context.store, workflowId, subject),
    sources: sourcesOf(playing, part),
  }
}

const NOTHING_USED: Usage = {
  actionsThisRun: 0,
  actionsThisHour: 0,
  actionsThisDay: 0,
  callsThisRun: 0,
  costThisRunMicros: 0,
  costThisDayMicros: 0,
}

function usageOf(playing: Playing, part: Part): Usage {
  const callsThisRun = playing.calls
  if (part.effect !== 'write') return { ...NOTHING_USED, callsThisRun }
  const { store } = playing.context
  const { zone } = playing.rehearsal.contract
  const since = (at: number) => actionsBegunSince(store, playing.workflowId, at) + playing.actions
  const now = playing.now()
  return {
    ...NOTHING_USED,
    callsThisRun,
    actionsThisRun: playing.actions,
    actionsThisHour: since(hourStart(now, zone)),
    actionsThisDay: since(dayStart(now, zone)),
  }
}

function sourcesOf(playing: Playing, part: Part): string[] {
  if (playing.rehearsal.contract.flows.length === 0) return []
  return readsAround(playing, part).flatMap(({ tool, args }) => {
    const touches = playing.context.tools.get(tool)?.touches(args)
    return [...(touches?.hosts ?? []), ...(touches?.paths ?? []).map(place => place.path)]
  })
}

/** What the part's scope, and those around it, have read. */
function readsAround(playing: Playing, part: Part): Seen[] {
  const owners = new Set<string>()
  for (let scope: Part['scope'] | null = part.scope; scope !== null; scope = scope.parent)
    owners.add(scope.owner)
  return playing.seen.filter(step => owners.has(step.owner) && step.effect === 'read')
}
