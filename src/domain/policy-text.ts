/** A policy file in words, made from its rules alone: what is read is what is enforced. */
import { visibleText } from './approval.ts'
import { duration } from './contract-text.ts'
import type { Policy, PolicyRule } from './policy-file.ts'

export interface RuleText {
  name: string
  lines: string[]
}

export function policyText(policy: Policy): RuleText[] {
  return [...policy.rules.map(ruleText), ...riskText(policy)]
}

function ruleText(rule: PolicyRule): RuleText {
  const narrowed = [...rule.hosts, ...rule.folders, ...rule.connections.map(name => `connection:${name}`)]
  return {
    name: visibleText(rule.name),
    lines: [
      `For ${list(rule.actions.map(action => (action === '*' ? 'all that reaches outside' : action)))}`,
      ...(narrowed.length === 0 ? [] : [`Only where it touches ${list(narrowed)}`]),
      ...approvalLines(rule.approval),
      ...(rule.deny.length === 0 ? [] : [`Denies ${list(rule.deny)}, and what is below`]),
      ...(rule.allow.length === 0 ? [] : [`Denies all places of these kinds but ${list(rule.allow)}`]),
      ...(rule.risk === null ? [] : [`Counts as ${rule.risk} risk at least`]),
      ...(rule.timeoutMs === null
        ? []
        : [`A question about it counts as no after ${duration(rule.timeoutMs)} without an answer`]),
    ],
  }
}

function approvalLines(approval: PolicyRule['approval']): string[] {
  switch (approval) {
    case 'auto':
      return []
    case 'ask':
      return ['Asks every time']
    case 'deny':
      return ['Denies it']
  }
}

function riskText({ approval_by_risk: byRisk }: Policy): RuleText[] {
  const lines = (['low', 'medium', 'high'] as const).flatMap(risk =>
    approvalLines(byRisk[risk] ?? 'auto').map(line => `${line}: calls of ${risk} risk or more`),
  )
  return lines.length === 0 ? [] : [{ name: 'By risk', lines }]
}

function list(texts: readonly string[]): string {
  return texts.map(text => visibleText(text)).join(', ')
}
