/** Two lists of flows held against each other: every one of them only forbids, so one less lets more go out. */
import type { Effect } from './change-clauses.ts'
import type { Contract } from './contract.ts'
import { pairsOf } from './pairing.ts'
import type { Pair } from './pairing.ts'
import { areCovered, flowCovers } from './place-sets.ts'

type Flow = Contract['flows'][number]

/** What differs. Flows from the same source are paired in their order. */
export function compareFlows(
  before: readonly Flow[],
  after: readonly Flow[],
): (Pair<Flow> & { effect: Effect })[] {
  return pairsOf(before, after, ({ from }) => from).map(pair => {
    const isLoosened = pair.before !== null && !isKept(pair.before, after)
    const isTightened = pair.after !== null && !isKept(pair.after, before)
    return { ...pair, effect: isLoosened ? 'widened' : isTightened ? 'narrowed' : 'changed' }
  })
}

/** Whether one of them forbids all that this one does. A source may be read on: it counts as a target of itself. */
function isKept(flow: Flow, flows: readonly Flow[]): boolean {
  return flows.some(
    other =>
      flowCovers(other.from, flow.from) &&
      areCovered(flowCovers, flow.to, other.to) &&
      areCovered(flowCovers, [flow.from, ...flow.to], [other.from]),
  )
}
