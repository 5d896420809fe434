/**
 * Two runs side by side: which calls only one of them made, which were given something else, and which came to another
 * end. Calls of one scope and tool are paired by their arguments first, and those left over by their order.
 */
import { canonicalJson } from '../../../domain/json.ts'
import { eventById, payloadOf } from '../../store/inbox.ts'
import { listSteps } from '../../store/list-steps.ts'
import type { ListedStep } from '../../store/list-steps.ts'
import { resultOf } from '../../store/runs.ts'
import type { RunRow } from '../../store/runs.ts'
import { sentenceOf } from './common.ts'
import type { ViewSource } from './common.ts'
import { runSummary, scopeOf } from './runs.ts'
import type { RunSummary } from './runs.ts'

export interface ComparedStep {
  id: string
  sentence: string
  state: ListedStep['state']
  ok: boolean | null
}

export interface Difference {
  is: 'only-in-run' | 'only-in-other' | 'other-input' | 'other-outcome'
  tool: string
  scope: string | null
  run: ComparedStep | null
  other: ComparedStep | null
}

export interface RunComparison {
  run: RunSummary
  other: RunSummary
  same: { version: boolean; event: boolean; result: boolean; steps: number }
  differences: Difference[]
  /** False where only the first steps of each were compared. */
  isWhole: boolean
}

interface Pair {
  run: ListedStep | null
  other: ListedStep | null
}

const MOST_STEPS = 1_000

export function runComparison(source: ViewSource, run: RunRow, other: RunRow): RunComparison {
  const { store } = source
  const [own, others] = [run, other].map(each => listSteps(store, each.id, 0, MOST_STEPS + 1)) as [
    ListedStep[],
    ListedStep[],
  ]
  const pairs = pairedSteps(named(run, own.slice(0, MOST_STEPS)), named(other, others.slice(0, MOST_STEPS)))
  const differences = pairs.flatMap(pair => differenceOf(source, run, other, pair))
  return {
    run: runSummary(source, run),
    other: runSummary(source, other),
    same: {
      version: run.script_id === other.script_id,
      event: payloadText(source, run) === payloadText(source, other),
      result: canonicalJson(resultOf(store, run)) === canonicalJson(resultOf(store, other)),
      steps: pairs.length - differences.length,
    },
    differences,
    isWhole: own.length <= MOST_STEPS && others.length <= MOST_STEPS,
  }
}

interface Named {
  step: ListedStep
  /** Scope and tool: what a step of the other run must share to be its pair. */
  place: string
}

function named(run: RunRow, steps: readonly ListedStep[]): Named[] {
  return steps.map(step => {
    const scope = step.owner.startsWith(run.id) ? step.owner.slice(run.id.length).split('/')[1] : step.owner
    return { step, place: `${scope ?? ''} ${step.tool}` }
  })
}

/** In the order of the first run, then what only the other did. */
function pairedSteps(own: readonly Named[], others: readonly Named[]): Pair[] {
  const partners = new Map<ListedStep, ListedStep>()
  const exact = (each: Named) => `${each.place} ${each.step.argHash}`
  pairBy(own, others, exact, partners)
  const paired = new Set(partners.values())
  pairBy(
    own.filter(({ step }) => !partners.has(step)),
    others.filter(({ step }) => !paired.has(step)),
    each => each.place,
    partners,
  )
  const taken = new Set(partners.values())
  return [
    ...own.map(({ step }) => ({ run: step, other: partners.get(step) ?? null })),
    ...others.flatMap(({ step }) => (taken.has(step) ? [] : [{ run: null, other: step }])),
  ]
}

function pairBy(
  own: readonly Named[],
  others: readonly Named[],
  key: (each: Named) => string,
  partners: Map<ListedStep, ListedStep>,
): void {
  const waiting = Map.groupBy(others, key)
  for (const each of own) {
    const partner = waiting.get(key(each))?.shift()
    if (partner !== undefined) partners.set(each.step, partner.step)
  }
}

function differenceOf(source: ViewSource, run: RunRow, other: RunRow, pair: Pair): Difference[] {
  const is = kindOf(pair)
  const step = pair.run ?? pair.other
  if (is === null || step === null) return []
  const owner = pair.run === null ? other : run
  return [
    {
      is,
      tool: step.tool,
      scope: scopeOf(source, step.owner, owner.id, new Map()),
      run: pair.run === null ? null : compared(source, pair.run),
      other: pair.other === null ? null : compared(source, pair.other),
    },
  ]
}

function kindOf({ run, other }: Pair): Difference['is'] | null {
  if (other === null) return 'only-in-run'
  if (run === null) return 'only-in-other'
  if (run.argHash !== other.argHash) return 'other-input'
  return outcomeText(run) === outcomeText(other) ? null : 'other-outcome'
}

function outcomeText({ state, outcome }: ListedStep): string {
  if (outcome === null) return state
  return outcome.ok ? canonicalJson(outcome.value) : `${outcome.error.code}: ${outcome.error.message}`
}

function compared(source: ViewSource, step: ListedStep): ComparedStep {
  const output = step.outcome?.ok === true ? step.outcome.value : undefined
  return {
    id: step.stepId,
    sentence: sentenceOf(source.tools.get(step.tool), step.tool, step.args, output),
    state: step.state,
    ok: step.outcome?.ok ?? null,
  }
}

function payloadText(source: ViewSource, run: RunRow): string {
  const event = eventById(source.store, run.inbox_id)
  return event === undefined ? run.inbox_id : canonicalJson(payloadOf(source.store, event))
}
