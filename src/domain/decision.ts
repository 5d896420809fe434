/** What policy is asked and what it answers: the words that `policy.ts` and its parts share. */
import type { Contract } from './contract.ts'
import type { Policy } from './policy-file.ts'
import type { Effect, Risk, Touches } from './tool.ts'

/** What the automation has used so far, this call not included; hours and days as `hourStart` and `dayStart` say. */
export interface Usage {
  actionsThisRun: number
  actionsThisHour: number
  actionsThisDay: number
  callsThisRun: number
  costThisRunMicros: number
  costThisDayMicros: number
}

export interface PolicyCall {
  tool: string
  module: string
  effect: Effect
  risk: Risk
  touches: Touches
  costMicros: number
  payloadHash: string
}

/**
 * run: the effect is real · dry-run, explore: writes are simulated, so approvals, quotas of actions and windows do not
 * apply, and all that the contract refuses is refused · verify: a check after a run, which may only look.
 */
export type Phase = 'run' | 'dry-run' | 'verify' | 'explore'

export interface PolicyInput {
  contract: Contract
  /** The person's policy file; null where there is none. */
  policy: Policy | null
  call: PolicyCall
  usage: Usage
  /** UTC ms. */
  now: number
  phase: Phase
  /** Whether the scope has read content from outside. */
  tainted: boolean
  /** Whether the user approved this very payload (P4). */
  approved: boolean
  granted: (subject: string) => boolean
  /** Hosts and paths the scope has read, for flows. */
  sources: readonly string[]
}

/**
 * `clause` points into the contract (`changes[2]`, `never.hosts`, `budget.actionsPerDay`, `uses`), or into the policy
 * file (`policy.rules[2]`) where that is stricter; `contract` is then what the contract alone answers.
 */
export type Decision =
  | { verdict: 'allow'; clause: string }
  | {
      verdict: 'ask'
      clause: string
      reason: string
      subject: string | null
      contract?: Verdict
      /** How long the question may wait at most. */
      withinMs?: number
    }
  | { verdict: 'deny'; clause: string; reason: string; contract?: Verdict }
  | { verdict: 'defer'; clause: string; reason: string; until: number; budget: string }

export type Verdict = 'allow' | 'ask' | 'deny' | 'defer'

/** How many things of the outside a call changes. */
export function actionsOf(call: Pick<PolicyCall, 'effect' | 'touches'>): number {
  return call.touches.actions ?? (call.effect === 'write' ? 1 : 0)
}
