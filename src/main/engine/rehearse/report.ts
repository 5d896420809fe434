/** A rehearsal as people and programs are shown it: what was read, what would have been done, asked and refused. */
import { approvalText } from '../../../domain/approval.ts'
import type { Contract } from '../../../domain/contract.ts'
import type { Failure } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import type { Effect } from '../../../domain/tool.ts'
import { describeClause } from '../../../domain/policy.ts'
import type { CheckResult, Reason, Rehearsed, RehearsalEnd, RehearsedItem } from './rehearsal.ts'
import { VERIFY } from '../run/scopes.ts'
import type { ToolRegistry } from '../../tools/registry.ts'
import { excerptOf, shownInput, shownOutput } from '../views/common.ts'
import type { AutomationName, Excerpt } from '../views/common.ts'

export interface RehearsedStep {
  tool: string
  effect: Effect
  /** read: it was really read · change: of the outside · keep: in Steward's own data · wait · look: none of these. */
  kind: 'read' | 'change' | 'keep' | 'wait' | 'look'
  /** Past-conditional for what would have been done: “Would have moved a.pdf to Receipts”. */
  sentence: string
  ok: boolean
  error: { code: string; message: string } | null
  /** Of a change of Steward's own data: whether it would have stayed; what fails leaves none (J2). */
  isKept: boolean
  /** The item it belongs to, as name and key; `verify` for the script's own check; null for the script itself. */
  scope: string | null
  input: Json | Excerpt
  /** What a change would have carried, as an approval shows it; null for all else. */
  payload: string | null
  refused: ClauseView | null
  wouldAsk: ClauseView | null
  wouldWait: (ClauseView & { until: number }) | null
  assumed: string | null
  ms: number
}

/** A clause of the contract, and its words. */
export interface ClauseView extends Reason {
  text: string
}

export interface RehearsalReport {
  id: string
  state: 'running' | 'returned' | 'failed' | 'stopped'
  automation: AutomationName | null
  title: string
  /** The very version that was played: what is installed from the same text has the same hash (O2). */
  script: { hash: string; version: string | null }
  startedAt: number
  ms: number
  cpuMs: number
  counts: { reads: number; changes: number; asks: number; refused: number }
  /** In the order in which the script asked; the first ones, where there are very many. */
  steps: RehearsedStep[]
  stepsLeftOut: number
  items: RehearsedItem[]
  itemsLeftOut: number
  checks: CheckResult[]
  result: Json | Excerpt
  failure: Failure | null
}

export interface ReportHead {
  id: string
  automation: AutomationName | null
  contract: Contract
  version: string | null
  startedAt: number
}

const MOST_STEPS = 1_000
const MOST_ITEMS = 200
const LONGEST_PAYLOAD = 2_000

export function reportOf(tools: ToolRegistry, head: ReportHead, end: RehearsalEnd): RehearsalReport {
  const { contract, version, ...rest } = head
  const view = (step: Rehearsed) => stepView(tools, contract, end, step)
  return {
    ...rest,
    state: end.isStopped ? 'stopped' : end.failure === null ? 'returned' : 'failed',
    title: contract.title,
    script: { hash: end.scriptHash, version },
    ms: end.ms,
    cpuMs: end.cpuMs,
    counts: countsOf(end.steps),
    steps: end.steps.slice(0, MOST_STEPS).map(view),
    stepsLeftOut: Math.max(0, end.steps.length - MOST_STEPS),
    items: end.items.slice(0, MOST_ITEMS),
    itemsLeftOut: Math.max(0, end.items.length - MOST_ITEMS),
    checks: end.checks,
    result: excerptOf(shownOutput(end.result)),
    failure: end.failure,
  }
}

/** What there is to say while it plays. */
export function runningReport(head: ReportHead, scriptHash: string, ms: number): RehearsalReport {
  const { contract, version, ...rest } = head
  return {
    ...rest,
    state: 'running',
    title: contract.title,
    script: { hash: scriptHash, version },
    ms,
    cpuMs: 0,
    counts: countsOf([]),
    steps: [],
    stepsLeftOut: 0,
    items: [],
    itemsLeftOut: 0,
    checks: [],
    result: null,
    failure: null,
  }
}

function countsOf(steps: readonly Rehearsed[]): RehearsalReport['counts'] {
  const count = (test: (step: Rehearsed) => boolean) => steps.filter(test).length
  return {
    reads: count(step => step.effect === 'read' && step.outcome.ok),
    changes: count(step => step.effect === 'write' && step.outcome.ok),
    asks: count(step => step.asked !== null),
    refused: count(step => step.refused !== null),
  }
}

function stepView(
  tools: ToolRegistry,
  contract: Contract,
  end: RehearsalEnd,
  step: Rehearsed,
): RehearsedStep {
  const { outcome, asked, deferred, refused } = step
  const clause = <T extends Reason>(reason: T | null) =>
    reason === null ? null : { ...reason, text: describeClause(contract, reason.clause) }
  const tool = tools.get(step.tool)
  const kind = kindOf(step, tool?.wait !== undefined)
  return {
    tool: step.tool,
    effect: step.effect,
    kind,
    sentence: step.sentence,
    ok: outcome.ok,
    error: outcome.ok ? null : { code: outcome.error.code, message: outcome.error.message },
    isKept: kind === 'keep' && isKept(end, step),
    scope: scopeText(step.scope),
    input: excerptOf(shownInput(tool, step.args)),
    payload: kind === 'change' ? payloadText(step.args) : null,
    refused: clause(refused),
    wouldAsk: clause(asked),
    wouldWait: clause(deferred),
    assumed: step.assumed,
    ms: step.ms,
  }
}

function kindOf(step: Rehearsed, waits: boolean): RehearsedStep['kind'] {
  if (step.effect === 'write') return 'change'
  if (step.effect === 'read') return 'read'
  if (waits) return 'wait'
  return step.isWish ? 'keep' : 'look'
}

function isKept(end: RehearsalEnd, step: Rehearsed): boolean {
  if (!step.outcome.ok) return false
  if (step.scope !== '') return end.items.some(item => item.scope === step.scope && item.state === 'done')
  return end.failure === null && end.checks.every(check => check.verdict !== 'does-not-hold')
}

function payloadText(args: Json): string {
  const text = approvalText(args)
  return text.length <= LONGEST_PAYLOAD ? text : `${text.slice(0, LONGEST_PAYLOAD)}…`
}

function scopeText(scope: string): string | null {
  if (scope === '') return null
  if (scope === VERIFY) return VERIFY
  return (JSON.parse(scope) as string[]).join(' ')
}
