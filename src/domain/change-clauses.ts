/**
 * Two lists of *Changes* held against each other. A call may be made when one clause covers it, and the strictest of
 * those that cover it says whether a person is asked: so a clause more can grant, and a clause less can stop asking.
 * What was granted for good is taken to be the same under both.
 */
import type { ChangeClause } from './contract.ts'
import { pairsOf } from './pairing.ts'
import type { Pair } from './pairing.ts'
import { areCovered, common, GRANT_COVERS } from './place-sets.ts'

export type Effect = 'widened' | 'narrowed' | 'changed'

type Clauses = readonly ChangeClause[]

/** What differs. Clauses of the same tool are paired in their order. */
export function compareChanges(before: Clauses, after: Clauses): (Pair<ChangeClause> & { effect: Effect })[] {
  return pairsOf(before, after, ({ tool }) => tool).map(pair => ({
    ...pair,
    effect: effectOf(pair.before, pair.after, before, after),
  }))
}

function effectOf(
  gone: ChangeClause | null,
  come: ChangeClause | null,
  before: Clauses,
  after: Clauses,
): Effect {
  if (come !== null && !before.some(clause => contains(clause, come))) return 'widened'
  if (gone !== null && isAskedLess(gone, after)) return 'widened'
  const keyed = honoured(come) - honoured(gone)
  if (keyed > 0) return 'widened'
  if (keyed < 0) return 'narrowed'
  const isLess = gone !== null && !after.some(clause => contains(clause, gone))
  const isAskedMore = come !== null && isAskedLess(come, before)
  return isLess || isAskedMore ? 'narrowed' : 'changed'
}

function honoured(clause: ChangeClause | null): number {
  return clause?.honoursKeyForMs ?? 0
}

const LISTS = ['hosts', 'paths', 'recipients', 'accounts'] as const
const NOTHING: readonly string[] = []

type Coverage = Pick<ChangeClause, 'tool' | 'methods' | (typeof LISTS)[number]>

/** Whether each call that the narrow one covers, the wide one covers too. */
function contains(wide: Coverage, narrow: Coverage): boolean {
  return (
    wide.tool === narrow.tool &&
    LISTS.every(kind => areCovered(GRANT_COVERS[kind], wide[kind] ?? NOTHING, narrow[kind] ?? NOTHING)) &&
    (wide.methods === undefined || (narrow.methods?.every(method => wide.methods?.includes(method)) ?? false))
  )
}

/** Whether a call that this clause covers could now be made by another one that asks less than it does. */
function isAskedLess(clause: ChangeClause, now: Clauses): boolean {
  return now.some(other => {
    if (other.tool !== clause.tool) return false
    const shared = sharedBy(clause, other)
    return !now.some(each => contains(each, shared) && asksAsMuch(each, clause))
  })
}

function sharedBy(one: ChangeClause, other: ChangeClause): Coverage {
  const both = (kind: (typeof LISTS)[number]): string[] =>
    common(GRANT_COVERS[kind], one[kind] ?? NOTHING, other[kind] ?? NOTHING)
  const methods =
    one.methods === undefined ? other.methods : one.methods.filter(m => other.methods?.includes(m) ?? true)
  return {
    tool: one.tool,
    hosts: both('hosts'),
    paths: both('paths'),
    recipients: both('recipients'),
    accounts: both('accounts'),
    ...(methods === undefined ? {} : { methods }),
  }
}

/** Whether one asks at least wherever the other does. */
function asksAsMuch(one: ChangeClause, other: ChangeClause): boolean {
  switch (other.approval) {
    case 'never':
      return true
    case 'first-time':
      return one.approval === 'always' || one.approval === 'first-time'
    case 'above':
      return one.approval === 'always' || (one.approval === 'above' && limitOf(one) <= limitOf(other))
    case 'always':
      return one.approval === 'always' || (one.approval === 'above' && one.above === undefined)
  }
}

/** A change of more things than this is asked about; without a number each is. */
function limitOf({ above }: ChangeClause): number {
  return above ?? -1
}
