/**
 * What a try is worth: whether it is live, does the right things when it is played, is allowed no more than needed, and
 * how much it asked and cost. Pure; every no has its reason.
 */
import { parseContract } from '../src/domain/contract-check.ts'
import type { EffectTruth, KeptTruth, Situated, Truth } from './intent.ts'
import { tooWideOrNarrow } from './minimal.ts'
import type { Played, PlayedStep, Tried } from './try.ts'

/** null: the dimension does not apply. */
export interface Score {
  deployed: boolean | null
  effects: boolean | null
  minimal: boolean | null
  refusedRightly: boolean | null
  questions: number
  fewQuestions: boolean
  costMicros: number
  ms: number
  /** All that applies holds. */
  pass: boolean
  reasons: readonly string[]
}

export const DIMENSIONS = [
  'deployed',
  'effects',
  'minimal',
  'refusedRightly',
  'fewQuestions',
  'pass',
] as const
export type Dimension = (typeof DIMENSIONS)[number]

const USUAL_QUESTIONS = 2

export function scoreOf({ situation: { truth } }: Situated, tried: Tried): Score {
  const most = truth.is === 'kept' ? (truth.mostQuestions ?? USUAL_QUESTIONS) : USUAL_QUESTIONS
  const fewQuestions = tried.questions <= most
  const asked = fewQuestions
    ? []
    : [`asked ${String(tried.questions)} questions, ${String(most)} are in order`]
  const common = { questions: tried.questions, fewQuestions, costMicros: tried.costMicros, ms: tried.ms }
  if (truth.is !== 'kept') {
    const wrong = refusalProblems(truth, tried)
    const refusedRightly = wrong.length === 0
    const reasons = [...wrong, ...asked]
    const rest = { deployed: null, effects: null, minimal: null }
    return { ...rest, ...common, refusedRightly, pass: reasons.length === 0, reasons }
  }
  const live = tried.end === 'added' ? [] : [`is not live: ${tried.end}, “${tried.last.slice(0, 300)}”`]
  const effects = effectProblems(tried.played, truth)
  const minimal = contractProblems(tried, truth)
  const reasons = [...live, ...effects, ...minimal, ...asked]
  return {
    ...common,
    deployed: live.length === 0,
    effects: effects.length === 0,
    minimal: minimal.length === 0,
    refusedRightly: null,
    pass: reasons.length === 0,
    reasons,
  }
}

function refusalProblems(truth: Exclude<Truth, KeptTruth>, { end, last }: Tried): string[] {
  if (truth.is === 'connect') {
    if (end !== 'connect')
      return [`did not ask for the connection, and ended ${end}: “${last.slice(0, 300)}”`]
    return truth.name.test(last) ? [] : [`asked for another connection: “${last.slice(0, 300)}”`]
  }
  if (end !== 'told') return [`was not refused, and ended ${end}: “${last.slice(0, 300)}”`]
  return truth.says.test(last) ? [] : [`did not say why: “${last.slice(0, 300)}”`]
}

function contractProblems({ contract, source }: Tried, truth: KeptTruth): string[] {
  if (contract === null || source === null) return ['nothing was shown to be confirmed']
  const read = parseContract(contract)
  return read.ok ? tooWideOrNarrow(read.contract, source, truth) : ['the contract cannot stand']
}

function effectProblems(played: Played | null, truth: KeptTruth): string[] {
  if (played === null) return ['nothing was played']
  const refused = played.steps.filter(({ refused: is }) => is)
  return [
    ...(played.state === 'returned' ? [] : [`the dry run ${played.state}: ${played.failure ?? ''}`]),
    ...refused.map(({ tool, sentence }) => `was refused ${tool}: ${sentence}`),
    ...truth.effects.flatMap(effect => countProblem(played.steps, effect)),
    ...(truth.never ?? []).flatMap(effect => neverProblem(played.steps, effect)),
  ]
}

function countProblem(steps: readonly PlayedStep[], effect: EffectTruth): string[] {
  const { count = [1, Infinity] } = effect
  const [from, to] = typeof count === 'number' ? [count, count] : count
  const found = steps.filter(step => meets(step, effect)).length
  if (found >= from && found <= to) return []
  const wanted = from === to ? String(from) : `${String(from)} to ${String(to)}`
  return [`did ${text(effect)} ${String(found)} times, not ${wanted}`]
}

function neverProblem(steps: readonly PlayedStep[], effect: Omit<EffectTruth, 'count'>): string[] {
  const [found] = steps.filter(step => meets(step, effect))
  return found === undefined ? [] : [`did ${text(effect)}: ${found.sentence}`]
}

function meets(
  { tool, ok, sentence, input }: PlayedStep,
  { tools, like }: Omit<EffectTruth, 'count'>,
): boolean {
  return ok && tools.includes(tool) && (like?.test(`${sentence}\n${JSON.stringify(input)}`) ?? true)
}

function text({ tools, like }: Omit<EffectTruth, 'count'>): string {
  return `${tools.join(' or ')}${like === undefined ? '' : ` like ${String(like)}`}`
}

/** Over several tries of one intent: whether one of them did it, and whether all did; null where it does not apply. */
export function passes(
  scores: readonly Score[],
  dimension: Dimension,
): { any: boolean; all: boolean } | null {
  const values = scores.map(score => score[dimension])
  if (values.every(value => value === null)) return null
  return { any: values.some(value => value === true), all: values.every(value => value === true) }
}
