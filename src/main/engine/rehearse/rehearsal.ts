/** What is rehearsed, and what comes of it. */
import type { Check, Contract } from '../../../domain/contract.ts'
import type { Failure } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import type { Phase } from '../../../domain/policy.ts'
import type { Effect, Outcome } from '../../../domain/tool.ts'
import type { ItemEnd } from '../run/item-steps.ts'

export interface Rehearsal {
  contract: Contract
  source: string
  event: Json
  /** explore: the planner looks around · dry-run: what a confirmed version would do. */
  phase: Extract<Phase, 'explore' | 'dry-run'>
  /** Whose memory, items, grants and quotas it finds; absent: those of an automation that never ran. */
  workflowId?: string
  /** The work it is part of: what asking models costs is the task's. */
  taskId?: string
  /** Longest it may take, ms; never longer than the contract lets a run take. */
  longestMs?: number
  signal?: AbortSignal
}

export const USUAL_LONGEST_MS = 60_000

/** One step of a rehearsal. */
export interface Rehearsed {
  tool: string
  effect: Effect
  /** '' is the script itself, `verify` its check of the outcome; otherwise the item's path as a JSON text. */
  scope: string
  args: Json
  outcome: Outcome
  /** In words, past tense: "Would have moved a.pdf to Receipts". */
  sentence: string
  /** It would have left something behind, outside or in Steward; or waited. */
  isWish: boolean
  /** Why policy refused it; null where it did not. */
  refused: Reason | null
  /** What a run would have waited for before it: an approval, a quota or window. The rehearsal went on. */
  asked: Reason | null
  deferred: (Reason & { until: number }) | null
  /** What was taken for granted to go on: the answer to a question, the arrival of a signal. */
  assumed: string | null
  at: number
  ms: number
}

export interface CheckResult {
  kind: Check['kind']
  /** The check, as the contract's text has it. */
  text: string
  verdict: 'holds' | 'does-not-hold' | 'cannot-be-judged'
  evidence: string | null
}

export interface RehearsedItem {
  name: string
  key: string
  scope: string
  state: ItemEnd['state'] | 'open'
  message: string | null
}

export interface Reason {
  clause: string
  reason: string
}

export interface RehearsalEnd {
  /** SHA-256 of the script that was played, as versions have it (O2). */
  scriptHash: string
  /** In the order in which the script asked. */
  steps: Rehearsed[]
  items: RehearsedItem[]
  result: Json
  failure: Failure | null
  /** What became of each of *Done when*; empty where the script did not come to its end. */
  checks: CheckResult[]
  isStopped: boolean
  ms: number
  cpuMs: number
}
