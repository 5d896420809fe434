/**
 * Done when (O1): whether what a contract calls done has come true, from what a run did and from fresh looks that
 * the caller took read-only and under policy. Pure; the evidence is for the person who has to understand why not.
 *
 * An item that waits has no end yet (J6, R5), so what it may still bring is not missing: it is judged when the last one
 * has ended. What a person declined is not missing either (P4).
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

/** `mayCome`: items still wait that may bring it. */
export type CheckVerdict = { held: true } | { held: false; evidence: string; mayCome: boolean }

const HELD: CheckVerdict = { held: true }

export function evaluateCheck(check: Check, facts: OutcomeFacts): CheckVerdict {
  switch (check.kind) {
    case 'file-exists':
      return fileExists(check.path, check.notEmpty ?? false, facts)
    case 'result-has':
      return resultHas(check.field, facts.result)
    case 'effects-at-least':
      return effectsAtLeast(check.tool, check.count, facts)
    case 'effects-at-most': {
      const count = effectsOf(check.tool, facts)
      const evidence = `${check.tool} made ${count} changes; at most ${check.count} were to be made`
      return count <= check.count ? HELD : missing(evidence)
    }
    case 'items-settled':
      return itemsSettled(check.each, check.maxSetAside, facts)
    case 'script-verifies':
      return scriptVerifies(facts)
  }
}

/** Told from what is on record alone, and other with each item that ends. */
export function isCounted(kind: string): boolean {
  return kind === 'items-settled' || kind === 'effects-at-least' || kind === 'effects-at-most'
}

/** Which checks, by their places, are judged again when items end that wait now: what did not hold yet, and counts. */
export function openChecks(checks: readonly Check[], facts: OutcomeFacts): number[] {
  if (!someWait(facts)) return []
  return [...checks.entries()].flatMap(([place, check]) =>
    isCounted(check.kind) || !evaluateCheck(check, facts).held ? [place] : [],
  )
}

export function someWait({ items }: Pick<OutcomeFacts, 'items'>): boolean {
  return Object.values(items).some(({ waiting }) => waiting > 0)
}

/** The first check that does not hold and will not, as the failure of the run; null where there is none. */
export function missingOutcome(
  checks: readonly Check[],
  facts: OutcomeFacts,
): Extract<Failure, { kind: 'outcome-missing' }> | null {
  for (const check of checks) {
    const verdict = evaluateCheck(check, facts)
    if (verdict.held || verdict.mayCome) continue
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

function missing(evidence: string): CheckVerdict {
  return { held: false, evidence, mayCome: false }
}

/** What items bring when they are done: not missing while some wait, nor where a person declined one. */
function ofItems(verdict: CheckVerdict, facts: OutcomeFacts): CheckVerdict {
  if (verdict.held) return HELD
  if (someWait(facts)) return { ...verdict, mayCome: true }
  return Object.values(facts.items).some(({ declined }) => declined > 0) ? HELD : verdict
}

function fileExists(path: string, notEmpty: boolean, facts: OutcomeFacts): CheckVerdict {
  const found = facts.file(path)
  const name = visibleText(path)
  if (found === undefined)
    return { held: false, evidence: `${name} could not be looked at`, mayCome: someWait(facts) }
  if (!found.exists) return ofItems(missing(`${name} does not exist`), facts)
  return notEmpty && found.size === 0 ? ofItems(missing(`${name} is empty`), facts) : HELD
}

function effectsAtLeast(tool: string, least: number, facts: OutcomeFacts): CheckVerdict {
  const count = effectsOf(tool, facts)
  if (count >= least) return HELD
  return ofItems(missing(`${tool} made ${count} changes; at least ${least} were to be made`), facts)
}

/** `field` may lead into objects: `report.total`. Null counts as absent. */
function resultHas(field: string, result: Json): CheckVerdict {
  const value = field.split('.').reduce<Json | undefined>(memberOf, result)
  const found = memberOf(result, field) ?? value
  return found === undefined || found === null ? missing(`the result has no “${visibleText(field)}”`) : HELD
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
  const { aside, waiting, total } = items
  const open = total - items.done - aside - waiting - items.declined
  if (open > 0) return missing(`${open} of ${total} items of ${name} were not finished`)
  if (aside > maxSetAside)
    return missing(`${aside} of ${total} items of ${name} were set aside; at most ${maxSetAside} may be`)
  if (waiting === 0) return HELD
  return { held: false, evidence: `${waiting} of ${total} items of ${name} still wait`, mayCome: true }
}

function scriptVerifies(facts: OutcomeFacts): CheckVerdict {
  const { verify } = facts
  if (verify === null) return missing('the script has no `verify` to ask')
  if (verify.ok) return HELD
  const evidence = visibleText(verify.evidence, 1_000) || '`verify` said no'
  return { held: false, evidence, mayCome: someWait(facts) }
}
