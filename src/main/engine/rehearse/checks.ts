/**
 * *Done when* after a rehearsal (O1): each check is held against what was seen and what would have been done. Where
 * the answer hangs on changes that were only simulated, it says so instead of guessing.
 */
import path from 'node:path'
import type { Check, Contract } from '../../../domain/contract.ts'
import type { Json } from '../../../domain/json.ts'
import { evaluateCheck } from '../../../domain/outcome.ts'
import type { ItemCounts, OutcomeFacts } from '../../../domain/outcome.ts'
import { pathWithin } from '../../../domain/places.ts'
import { describeClause } from '../../../domain/policy.ts'
import type { CheckResult, Rehearsed } from './rehearsal.ts'
import type { Verdict } from '../run/verify.ts'
import { VERIFY } from '../run/scopes.ts'
import type { ToolRegistry } from '../../tools/registry.ts'

export interface CheckedFacts {
  contract: Contract
  tools: ToolRegistry
  steps: readonly Rehearsed[]
  items: Record<string, ItemCounts>
  result: Json
  verdict: Verdict | null
  /** What is at the paths that the contract names. */
  look: OutcomeFacts['file']
}

export function checkResults(facts: CheckedFacts): CheckResult[] {
  const wishes = facts.steps.filter(step => step.effect === 'write' && step.outcome.ok)
  const outcome = outcomeFacts(facts, wishes)
  return facts.contract.done.map((check, place) => {
    const verdict = evaluateCheck(check, outcome)
    const evidence = verdict.held ? null : verdict.evidence
    const base = { kind: check.kind, text: describeClause(facts.contract, `done[${String(place)}]`) }
    const why = unsure(facts, check, wishes, verdict.held)
    if (why === null) {
      if (verdict.held) return { ...base, verdict: 'holds', evidence }
      return { ...base, verdict: verdict.mayCome ? 'cannot-be-judged' : 'does-not-hold', evidence }
    }
    const saw = verdict.held ? 'so far it holds' : (evidence ?? 'so far it does not hold')
    return { ...base, verdict: 'cannot-be-judged', evidence: `${why} (${saw})` }
  })
}

function outcomeFacts(
  { result, items, verdict, look }: CheckedFacts,
  wishes: readonly Rehearsed[],
): OutcomeFacts {
  const counts = new Map<string, number>()
  for (const { tool } of wishes) counts.set(tool, (counts.get(tool) ?? 0) + 1)
  return {
    result,
    effects: [...counts].map(([tool, count]) => ({ tool, count })),
    items,
    file: look,
    verify: verdict,
  }
}

/** Why the answer may be another one after a run; null where it would be the same. */
function unsure(
  facts: CheckedFacts,
  check: Check,
  wishes: readonly Rehearsed[],
  held: boolean,
): string | null {
  switch (check.kind) {
    case 'file-exists':
      return touchesNear(facts, check.path, wishes) ? 'the rehearsal only simulated changes there' : null
    case 'result-has':
      return !held && wishes.length > 0 ? 'answers to simulated changes may be missing from the result' : null
    case 'effects-at-least':
    case 'effects-at-most':
    case 'items-settled':
      return null
    case 'script-verifies':
      return wishes.length > 0 && looked(facts.steps)
        ? 'the script’s check looked at a world in which the changes were only simulated'
        : null
  }
}

/** A simulated change at, above, below or beside a path: a write may take a free name beside the one asked for. */
function touchesNear({ tools }: CheckedFacts, file: string, wishes: readonly Rehearsed[]): boolean {
  const touched = wishes.flatMap(step => tools.get(step.tool)?.touches(step.args).paths ?? [])
  return touched.some(
    ({ path: at, access }) =>
      access !== 'read' &&
      (pathWithin(at, file) || pathWithin(file, at) || path.dirname(at) === path.dirname(file)),
  )
}

function looked(steps: readonly Rehearsed[]): boolean {
  return steps.some(
    step => step.scope === VERIFY && (step.effect === 'read' || step.tool.startsWith('state.')),
  )
}
