/**
 * The contract’s answer under a policy file: the stricter of the two, never a milder one (P1, P3). Where nobody can be
 * asked, and the call would be real, a question of the policy is a refusal.
 */
import type { Decision, PolicyInput } from './decision.ts'
import type { Policy } from './policy-file.ts'
import { rulesAnswer } from './policy-rules.ts'
import type { RulesAnswer } from './policy-rules.ts'

export function underPolicy(input: PolicyInput, own: Decision): Decision {
  if (input.policy === null) return own
  const rules = rulesAnswer(input.policy, input.call)
  const said = decisionOf(rules, input)
  const decision = strictness(said) > strictness(own) ? { ...said, contract: own.verdict } : own
  return decision.verdict === 'ask' && rules.withinMs !== null
    ? { ...decision, withinMs: rules.withinMs }
    : decision
}

/** A question that is asked every time is stricter than one that can be answered for good. */
export function strictness(decision: Decision): number {
  switch (decision.verdict) {
    case 'allow':
      return 0
    case 'ask':
      return decision.subject === null ? 2 : 1
    case 'defer':
      return 3
    case 'deny':
      return 4
  }
}

type Asked = Pick<PolicyInput, 'call' | 'phase' | 'approved'>

/** What a policy file answers by itself. */
export function policySays(policy: Policy, asked: Asked): Decision {
  return decisionOf(rulesAnswer(policy, asked.call), asked)
}

function decisionOf(rules: RulesAnswer, { call, phase, approved }: Asked): Decision {
  const { verdict, clause, reason } = rules
  const allowed = { verdict: 'allow', clause } as const
  if (verdict === 'deny') return { verdict, clause, reason }
  // What touches only Steward’s own data waits for nobody.
  if (verdict === 'allow' || approved || call.effect === 'local') return allowed
  if (phase === 'run') return { verdict, clause, reason, subject: null }
  if (call.effect === 'write' && phase !== 'verify') return allowed
  const where = phase === 'verify' ? 'check after a run' : 'rehearsal'
  return { verdict: 'deny', clause, reason: `${reason} In a ${where} nobody is asked.` }
}
