/**
 * Policy at the call (P1): every call is judged with the usage of this moment, the judgement is logged, and what it
 * asks for (an approval, a later time) is recorded, in the same transaction as the write-ahead it permits.
 */
import { approvalText, visibleText } from '../../../domain/approval.ts'
import { grantText } from '../../../domain/grant-text.ts'
import type { Json } from '../../../domain/json.ts'
import { decide } from '../../../domain/policy.ts'
import type { Decision } from '../../../domain/policy.ts'
import { approvalOf, askApproval, decideApproval, hasGrant, raiseAction } from '../../store/actions.ts'
import { spentOver } from '../../store/cost-entries.ts'
import { actionsBegunSince } from '../../store/journal.ts'
import { policyInForce } from '../../store/policies.ts'
import type { Reader, Tx } from '../../store/tx.ts'
import { putWait } from '../../store/waits.ts'
import { payloadHash, policyInput } from '../judged.ts'
import { conditional } from '../rehearse/sentence.ts'
import { sentenceOf } from '../views/common.ts'
import type { ActiveRun, Call, CallEnd } from './call.ts'
import { carriedBy } from './sources.ts'

export function judge(run: ActiveRun, call: Call, reader: Reader): Decision {
  const { clock, tools } = run.context
  const now = clock.now()
  const workflowId = run.row.workflow_id
  // What a write took when it began it does not take again.
  const own = run.journal.find(call.step.stepId)
  return decide(
    policyInput(call, {
      tools,
      contract: run.contract,
      policy: policyInForce(reader),
      phase: run.phase,
      now,
      used: {
        calls: run.calls,
        actions: run.journal.actionsOfRun() - (own?.runId === run.row.id ? own.actions : 0),
        since: at =>
          actionsBegunSince(reader, workflowId, at) -
          (own !== undefined && own.begunAt >= at ? own.actions : 0),
        cost: {
          run: () => spentOver(reader, { runId: run.row.id }),
          since: at => spentOver(reader, { workflowId, since: at }),
        },
      },
      reads: () => run.journal.reads(),
      scopeOf: owner => run.scopeOf(owner),
      carried: () => carriedBy(run),
      approved: isApproved(call, reader, { now, inDoubt: own?.state === 'unknown' }),
      granted: subject => hasGrant(reader, workflowId, subject),
    }),
  )
}

export function logDecision(run: ActiveRun, tx: Tx, call: Call, decision: Decision): void {
  const body: Record<string, Json> = {
    step: call.step.stepId,
    tool: call.tool.name,
    verdict: decision.verdict,
    clause: decision.clause,
  }
  if (decision.verdict !== 'allow') body['reason'] = decision.reason
  if ('contract' in decision) body['contract'] = decision.contract
  run.context.store.audit.append(tx, run.context.clock.now(), {
    kind: 'decision',
    workflowId: run.row.workflow_id,
    runId: run.row.id,
    body,
  })
}

/** Records what an `ask` or `defer` waits for. */
export function holdFor(
  run: ActiveRun,
  tx: Tx,
  call: Call,
  decision: Extract<Decision, { verdict: 'ask' | 'defer' }>,
): CallEnd {
  if (decision.verdict === 'ask') return askFor(run, tx, call, decision)
  putWait(tx, {
    stepId: call.step.stepId,
    runId: run.row.id,
    itemId: call.scope.itemId,
    kind: 'defer',
    name: decision.budget,
    wakeAt: decision.until,
    at: run.context.clock.now(),
  })
  return { is: 'waiting', kind: 'defer' }
}

/** An approval is used once: by the write-ahead of the step it was given for. */
export function useApproval(run: ActiveRun, tx: Tx, call: Call): void {
  if (approvalOf(tx, call.step.stepId)?.state === 'granted') {
    decideApproval(tx, call.step.stepId, 'used', run.context.clock.now())
  }
}

/** Nothing came of what it was used for: it still holds for that very step and payload, until it expires. */
export function returnApproval(run: ActiveRun, tx: Tx, call: Call): void {
  if (approvalOf(tx, call.step.stepId)?.state === 'used') {
    decideApproval(tx, call.step.stepId, 'granted', run.context.clock.now())
  }
}

function askFor(
  run: ActiveRun,
  tx: Tx,
  call: Call,
  decision: Extract<Decision, { verdict: 'ask' }>,
): CallEnd {
  const { store, clock } = run.context
  const now = clock.now()
  const expiresAt = now + Math.min(run.contract.approvalExpiresMs, decision.withinMs ?? Infinity)
  const { subject } = decision
  const granting =
    subject === null ? '' : ` Allowing it grants this until it is revoked: ${grantText(subject)}.`
  const actionId = raiseAction(store, tx, {
    kind: 'approval',
    causeKey: `approval:${call.step.stepId}`,
    workflowId: run.row.workflow_id,
    runId: run.row.id,
    itemId: call.scope.itemId,
    stepId: call.step.stepId,
    choices: [
      { id: 'deny', label: 'Deny', style: 'plain' },
      { id: 'approve', label: subject === null ? 'Allow once' : 'Allow from now on', style: 'primary' },
    ],
    body: {
      cause: `${run.contract.title} asked before: it ${wouldHave(call)}.`,
      effect: `Nothing was changed. ${decision.reason}${granting}`,
      detail: approvalText(call.args),
    },
    expiresAt,
    at: now,
  })
  askApproval(tx, {
    stepId: call.step.stepId,
    runId: run.row.id,
    payloadHash: payloadHash(call),
    actionId,
    expiresAt,
  })
  putWait(tx, {
    stepId: call.step.stepId,
    runId: run.row.id,
    itemId: call.scope.itemId,
    kind: 'approval',
    ...(subject === null ? {} : { name: subject }),
    wakeAt: expiresAt,
    actionId,
    at: now,
  })
  return { is: 'waiting', kind: 'approval' }
}

/** The call in its tool's own words, so that two questions of one run can be told apart. */
function wouldHave({ tool, args }: Call): string {
  const sentence = conditional(sentenceOf(tool, tool.name, args, undefined))
  return visibleText(`${sentence.slice(0, 1).toLowerCase()}${sentence.slice(1)}`, 300)
}

function isApproved(call: Call, reader: Reader, at: { now: number; inDoubt: boolean }): boolean {
  if (call.effect === 'local') return false
  const approval = approvalOf(reader, call.step.stepId)
  if (approval?.payload_hash !== payloadHash(call)) return false
  // To repeat what may have been done already is still the one time that it was used for.
  if (approval.state === 'used') return at.inDoubt
  return approval.state === 'granted' && approval.expires_at > at.now
}
