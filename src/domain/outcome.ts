/**
 * Done when (O1): whether what a contract calls done has come true, from what a run did and from fresh looks that
 * the caller took read-only and under policy. Pure; the evidence is for the person who has to understand why not.
 */
import { visibleText } from './approval.ts'
import type { Check } from './contract.ts'
import type { Failure } from './failure.ts'
import { isJsonObject } from './json.ts'
import type { Json } from './json.ts'

/** The items of one `each` in this run. `total` counts every key, whatever became of it. */
export interface ItemCounts {
  done: number
  aside: number
  waiting: number
  declined: number
  total: number
}

export interface OutcomeFacts {
  result: Json
  /** Changes that were applied, per tool. */
  effects: readonly { tool: string; count: number }[]
  items: Readonly<Record<string, ItemCounts>>
  /** Undefined where the file could not be looked at. `size` in bytes. */
  file: (path: string) => { exists: boolean; size: number } | undefined
  /** What the script's own `verify` said; null where there is none. */
  verify: { ok: boolean; evidence: string } | null
}

export type CheckVerdict = { held: true } | { held: false; evidence: string }

const HELD: CheckVerdict = { held: true }

export function evaluateCheck(check: Check, facts: OutcomeFacts): CheckVerdict {
  switch (check.kind) {
    case 'file-exists':
      return fileExists(check.path, check.notEmpty ?? false, facts)
    case 'result-has':
      return resultHas(check.field, facts.result)
    case 'effects-at-least': {
      const count = effectsOf(check.tool, facts)
      const evidence = `${check.tool} made ${count} changes; at least ${check.count} were to be made`
      return count >= check.count ? HELD : { held: false, evidence }
    }
    case 'effects-at-most': {
      const count = effectsOf(check.tool, facts)
      const evidence = `${check.tool} made ${count} changes; at most ${check.count} were to be made`
      return count <= check.count ? HELD : { held: false, evidence }
    }
    case 'items-settled':
      return itemsSettled(check.each, check.maxSetAside, facts)
    case 'script-verifies':
      return scriptVerifies(facts)
  }
}

/** The first check that does not hold, as the failure of the run; null when all hold. */
export function missingOutcome(checks: readonly Check[], facts: OutcomeFacts): Failure | null {
  for (const check of checks) {
    const verdict = evaluateCheck(check, facts)
    if (verdict.held) continue
    const message = `The script ended, but what counts as done was not reached: ${verdict.evidence}.`
    return {
      kind: 'outcome-missing',
      check: check.kind,
      message,
      detail: { evidence: verdict.evidence },
    }
  }
  return null
}

function fileExists(path: string, notEmpty: boolean, facts: OutcomeFacts): CheckVerdict {
  const found = facts.file(path)
  const name = visibleText(path)
  if (found === undefined) return { held: false, evidence: `${name} could not be looked at` }
  if (!found.exists) return { held: false, evidence: `${name} does not exist` }
  return notEmpty && found.size === 0 ? { held: false, evidence: `${name} is empty` } : HELD
}

/** `field` may lead into objects: `report.total`. Null counts as absent. */
function resultHas(field: string, result: Json): CheckVerdict {
  const value = field.split('.').reduce<Json | undefined>(memberOf, result)
  const found = memberOf(result, field) ?? value
  return found === undefined || found === null
    ? { held: false, evidence: `the result has no “${visibleText(field)}”` }
    : HELD
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function effectsOf(tool: string, facts: OutcomeFacts): number {
  return facts.effects.reduce((sum, effect) => (effect.tool === tool ? sum + effect.count : sum), 0)
}

/** An `each` that never ran has no items, and so none that are unsettled. */
function itemsSettled(each: string, maxSetAside: number, facts: OutcomeFacts): CheckVerdict {
  const items = Object.hasOwn(facts.items, each) ? facts.items[each] : undefined
  if (items === undefined) return HELD
  const name = `“${visibleText(each)}”`
  const open = items.total - items.done - items.aside - items.declined
  if (open > 0)
    return { held: false, evidence: `${open} of ${items.total} items of ${name} were not finished` }
  if (items.aside <= maxSetAside) return HELD
  const evidence = `${items.aside} of ${items.total} items of ${name} were set aside; at most ${maxSetAside} may be`
  return { held: false, evidence }
}

function scriptVerifies({ verify }: OutcomeFacts): CheckVerdict {
  if (verify === null) return { held: false, evidence: 'the script has no `verify` to ask' }
  if (verify.ok) return HELD
  return { held: false, evidence: visibleText(verify.evidence, 1_000) || '`verify` said no' }
}
