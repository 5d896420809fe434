/** The policy file as people see it: as they wrote it, in words, and what in it can never apply. */
import { z } from 'zod'
import { visibleText } from '../../../domain/approval.ts'
import { ACTION_WORDS, policySchema } from '../../../domain/policy-file.ts'
import type { Policy, PolicyRule } from '../../../domain/policy-file.ts'
import { policyText } from '../../../domain/policy-text.ts'
import type { RuleText } from '../../../domain/policy-text.ts'
import type { ToolDeclaration } from '../../../domain/tool.ts'
import { lastPolicy, listPolicies } from '../../store/policies.ts'
import type { PolicyRow } from '../../store/policies.ts'
import type { ToolRegistry } from '../../tools/registry.ts'
import { cursorText, pageOf, placeIn } from './common.ts'
import type { Page, PageRequest, ViewSource } from './common.ts'

export interface PolicyView {
  version: number
  hash: string
  importedAt: number
  source: string
  /** Each rule in words. */
  rules: RuleText[]
  warnings: string[]
}

export interface PolicyVersionView {
  version: number
  hash: string
  at: number
  /** It took the file away. */
  removed: boolean
}

export function policyVersions(source: ViewSource, page: PageRequest): Page<PolicyVersionView> {
  const [below] = placeIn(page, 'policies', z.int()) ?? []
  return pageOf(
    listPolicies(source.store, page.limit + 1, below),
    page.limit,
    ({ version, hash, created_at: at, source: text }) => ({ version, hash, at, removed: text === null }),
    row => cursorText('policies', row.version),
  )
}

/** The file in force; null where there is none. */
export function policyNow(source: ViewSource): PolicyView | null {
  const last = lastPolicy(source.store)
  return last === undefined ? null : policyView(source.tools, last)
}

/** Null for a version that took the file away. */
function policyView(tools: ToolRegistry, row: PolicyRow): PolicyView | null {
  if (row.source === null || row.document === null) return null
  const policy = policySchema.parse(JSON.parse(row.document))
  return {
    version: row.version,
    hash: row.hash,
    importedAt: row.created_at,
    source: row.source,
    rules: policyText(policy),
    warnings: policyWarnings(tools, policy),
  }
}

function policyWarnings(tools: ToolRegistry, policy: Policy): string[] {
  return policy.rules.flatMap(rule =>
    ruleWarnings(tools, rule).map(warning => `The rule “${visibleText(rule.name)}”: ${warning}`),
  )
}

function ruleWarnings(tools: ToolRegistry, rule: PolicyRule): string[] {
  const named = rule.actions.filter(action => action !== '*' && !ACTION_WORDS.some(word => word === action))
  const unmet = named.filter(action => toolsOf(tools, action).length === 0)
  const ownData = named.filter(action => {
    const met = toolsOf(tools, action)
    return rule.approval === 'ask' && met.length > 0 && met.every(tool => tool.effect === 'local')
  })
  return [
    ...(rule.actions.includes('execute_code')
      ? ['execute_code never happens: Steward runs no code but scripts, and those only in the sandbox.']
      : []),
    ...unmet.map(action => `${action} is the name of no tool.`),
    ...ownData.map(
      action => `${action} touches only Steward’s own data, which is never asked about; it can be denied.`,
    ),
  ]
}

function toolsOf(tools: ToolRegistry, action: string): ToolDeclaration[] {
  const family = action.endsWith('.*') ? action.slice(0, -1) : null
  return tools.list().filter(({ name }) => (family === null ? name === action : name.startsWith(family)))
}
