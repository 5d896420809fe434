/**
 * Policy in a rehearsal (P1): the same function as in a run, told the same about what was read before. Asked a second
 * time as for a run, it says what a run would ask first, wait for, or be refused.
 */
import { decide } from '../../../domain/policy.ts'
import type { Decision, PolicyInput } from '../../../domain/policy.ts'
import { actionsOf } from '../../../domain/decision.ts'
import { hasGrant } from '../../store/actions.ts'
import { spentOver } from '../../store/cost-entries.ts'
import { actionsBegunSince } from '../../store/journal.ts'
import { policyInForce } from '../../store/policies.ts'
import { NOTHING_USED, policyInput, riskOf } from '../judged.ts'
import { carriedInto } from '../provenance.ts'
import type { Reason } from './rehearsal.ts'
import type { Part, Playing } from './part.ts'

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
  const { context, rehearsal, workflowId, name } = playing
  const { tool, args, effect, scope } = part
  return policyInput(
    { tool, args, effect, scope, risk: riskOf(tool, args) },
    {
      tools: context.tools,
      contract: rehearsal.contract,
      policy: policyInForce(context.store),
      phase: playing.phase,
      now: playing.now(),
      used: {
        calls: playing.calls,
        actions: playing.actions,
        since: at => actionsBegunSince(context.store, workflowId, at) + playing.actions,
        cost: {
          run: () => spentOver(context.store, { runId: name }),
          since: at => spentOver(context.store, { workflowId, since: at, rehearsal: name }),
        },
      },
      reads: () => playing.seen.filter(step => step.effect === 'read'),
      scopeOf: owner => playing.scopeOf(owner),
      carried: () =>
        carriedInto(
          context.store,
          { workflowId, inboxId: null },
          playing.seen.map(step => step.tool),
        ),
      approved: false,
      granted: subject => playing.granted.has(subject) || hasGrant(context.store, workflowId, subject),
    },
  )
}
