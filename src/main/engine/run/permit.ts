/**
 * Policy at the call (P1): every call is judged with the usage of this moment, the judgement is logged, and what it
 * asks for (an approval, a later time) is recorded, in the same transaction as the write-ahead it permits.
 */
import { approvalText } from '../../../domain/approval.ts'
import { hashJson } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import { decide } from '../../../domain/policy.ts'
import type { Decision, Usage } from '../../../domain/policy.ts'
import { dayStart, hourStart } from '../../../domain/zone.ts'
import { approvalOf, askApproval, decideApproval, hasGrant, raiseAction } from '../../store/actions.ts'
import { actionsBegunSince } from '../../store/journal.ts'
import type { Reader, Tx } from '../../store/tx.ts'
import { putWait } from '../../store/waits.ts'
import type { ActiveRun, Call, CallEnd } from './call.ts'

/** The exact payload an approval is bound to (P4). */
export function payloadHash(call: Call): string {
  return hashJson([call.tool.name, call.args])
}

export function judge(run: ActiveRun, call: Call, reader: Reader): Decision {
  const now = run.context.clock.now()
  return decide({
    contract: run.contract,
    call: {
      tool: call.tool.name,
      module: `tools/${call.tool.name.slice(0, call.tool.name.lastIndexOf('.'))}`,
      effect: call.effect,
      risk: call.risk,
      touches: call.tool.touches(call.args),
      costMicros: 0,
      payloadHash: payloadHash(call),
    },
    usage: usageFor(run, call, reader, now),
    now,
    phase: run.phase,
    tainted: isTainted(run, call),
    approved: isApproved(call, reader, now),
    granted: subject => hasGrant(reader, run.row.workflow_id, subject),
    sources: sourcesOf(run, call),
  })
}

export function logDecision(run: ActiveRun, tx: Tx, call: Call, decision: Decision): void {
  const body: Record<string, Json> = {
    step: call.step.stepId,
    tool: call.tool.name,
    verdict: decision.verdict,
    clause: decision.clause,
  }
  if (decision.verdict !== 'allow') body['reason'] = decision.reason
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
  const expiresAt = now + run.contract.approvalExpiresMs
  const actionId = raiseAction(store, tx, {
    kind: 'approval',
    causeKey: `approval:${call.step.stepId}`,
    workflowId: run.row.workflow_id,
    runId: run.row.id,
    itemId: call.scope.itemId,
    stepId: call.step.stepId,
    choices: [
      { id: 'deny', label: 'Deny', style: 'plain' },
      { id: 'approve', label: 'Allow once', style: 'primary' },
    ],
    body: {
      cause: `${run.contract.title} asked before: ${call.tool.title.toLowerCase()}.`,
      effect: `Nothing was changed. ${decision.reason}`,
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
    ...(decision.subject === null ? {} : { name: decision.subject }),
    wakeAt: expiresAt,
    actionId,
    at: now,
  })
  return { is: 'waiting', kind: 'approval' }
}

function usageFor(run: ActiveRun, call: Call, reader: Reader, now: number): Usage {
  const nothing = { actionsThisHour: 0, actionsThisDay: 0, costThisRunMicros: 0, costThisDayMicros: 0 }
  if (call.effect !== 'write') return { ...nothing, actionsThisRun: 0, callsThisRun: run.calls }
  const workflowId = run.row.workflow_id
  const { zone } = run.contract
  return {
    ...nothing,
    actionsThisRun: run.journal.actionsOfRun(),
    actionsThisHour: actionsBegunSince(reader, workflowId, hourStart(now, zone)),
    actionsThisDay: actionsBegunSince(reader, workflowId, dayStart(now, zone)),
    callsThisRun: run.calls,
  }
}

function isApproved(call: Call, reader: Reader, now: number): boolean {
  if (call.effect === 'local') return false
  const approval = approvalOf(reader, call.step.stepId)
  return (
    approval?.state === 'granted' && approval.expires_at > now && approval.payload_hash === payloadHash(call)
  )
}

/** Whether this scope, or one around it, has read anything from outside. */
function isTainted(run: ActiveRun, call: Call): boolean {
  if (run.contract.outsideContent === 'allow') return false
  return readsAround(run, call).length > 0
}

function sourcesOf(run: ActiveRun, call: Call): string[] {
  if (run.contract.flows.length === 0) return []
  return readsAround(run, call).flatMap(({ tool, args }) => {
    const touches = run.context.tools.get(tool)?.touches(args)
    return [...(touches?.hosts ?? []), ...(touches?.paths ?? []).map(place => place.path)]
  })
}

function readsAround(run: ActiveRun, call: Call): { tool: string; args: Json }[] {
  const owners = new Set<string>()
  for (let scope: Call['scope'] | null = call.scope; scope !== null; scope = scope.parent)
    owners.add(scope.owner)
  return run.journal.reads().filter(step => owners.has(step.owner))
}
