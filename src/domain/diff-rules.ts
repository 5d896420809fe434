/**
 * Triggers and checks held against each other. One trigger more starts more runs, and one check less lets more count
 * as done; of two that stand for the same thing, each field says which way it went.
 */
import type { Effect } from './change-clauses.ts'
import type { Check, Trigger } from './contract.ts'
import { pairsOf } from './pairing.ts'
import type { Pair } from './pairing.ts'

type Effects<T> = (Pair<T> & { effect: Effect })[]
/** How wide a field is by what it says: more is wider. What is not there is neither. */
type Widths = Readonly<Record<string, (said: unknown) => number>>

const TRIGGER_WIDTHS: Widths = {
  everyMs: said => -Number(said),
  mostPerMinute: Number,
  recursive: Number,
  existing: said => Number(said === 'process'),
  verify: said => Number(said === 'address'),
}

const CHECK_WIDTHS: Readonly<Record<Check['kind'], Widths>> = {
  'file-exists': { notEmpty: said => Number(said !== true) },
  'result-has': {},
  'effects-at-least': { count: said => -Number(said) },
  'effects-at-most': { count: Number },
  'items-settled': { maxSetAside: Number },
  'script-verifies': {},
}

export function compareTriggers(before: readonly Trigger[], after: readonly Trigger[]): Effects<Trigger> {
  return pairsOf(before, after, ({ kind }) => kind).map(pair => ({
    ...pair,
    effect: effectOf(pair, 'widened', TRIGGER_WIDTHS),
  }))
}

export function compareChecks(before: readonly Check[], after: readonly Check[]): Effects<Check> {
  return pairsOf(before, after, subjectOf).map(pair => ({
    ...pair,
    effect: effectOf(pair, 'narrowed', CHECK_WIDTHS[(pair.after ?? pair.before)?.kind ?? 'script-verifies']),
  }))
}

/** What a check looks at: of two that look at different things, neither stands for the other. */
function subjectOf(check: Check): string {
  const subject = { tool: '', path: '', field: '', each: '', ...check }
  return JSON.stringify([check.kind, subject.tool, subject.path, subject.field, subject.each])
}

function effectOf({ before, after }: Pair<object>, more: 'widened' | 'narrowed', widths: Widths): Effect {
  if (before === null) return more
  if (after === null) return more === 'widened' ? 'narrowed' : 'widened'
  const [was, is] = [
    new Map<string, unknown>(Object.entries(before)),
    new Map<string, unknown>(Object.entries(after)),
  ]
  const effects = [...new Set([...was.keys(), ...is.keys()])].flatMap((key): Effect[] => {
    const [old, now] = [was.get(key), is.get(key)]
    if (JSON.stringify(old) === JSON.stringify(now)) return []
    const wider = (widths[key]?.(now) ?? 0) - (widths[key]?.(old) ?? 0)
    return [wider === 0 ? 'changed' : wider > 0 ? 'widened' : 'narrowed']
  })
  return (['widened', 'changed'] as const).find(effect => effects.includes(effect)) ?? 'narrowed'
}
