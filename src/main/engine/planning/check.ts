/**
 * Everything that can be said of a script and its contract before either is used: syntax, imports, the contract by
 * itself, types against the declarations, what runs and is still wrong, and what is granted without need. One list,
 * errors first, each with its place and what to do instead, so that whoever wrote the script can mend it.
 */
import { isFailureError } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import { parseContract } from '../../../domain/policy.ts'
import type { ScriptTypes } from '../../tools/scripts/script-types.ts'
import type { ToolRegistry } from '../../tools/registry.ts'
import { checkScript } from '../check-script.ts'
import type { ScriptCheck, ScriptProblem } from '../check-script.ts'
import { excessOf } from './excess.ts'

export interface CheckTools {
  readonly tools: ToolRegistry
  /** Absent: types are not looked at. */
  readonly types?: ScriptTypes
}

const MOST_PROBLEMS = 40

/** These run, and do something else than what was meant, or less, or more than once. */
const GRAVE: ReadonlySet<ScriptProblem['rule']> = new Set([
  'each-name',
  'empty-catch',
  'not-awaited',
  'not-here',
  'outer-assignment',
  'swallowed',
  'write-loop',
])

/** What the compiler says of imports, `checkScript` says in words of its own. */
const OF_IMPORTS: ReadonlySet<number> = new Set([2305, 2307, 2614, 2724])

export async function checkPlan(
  { tools, types }: CheckTools,
  source: string,
  contract: Json | undefined,
  signal: AbortSignal,
): Promise<ScriptCheck> {
  const check = checkScript(tools, source, contract)
  const isReadable = !check.problems.some(({ rule }) => rule === 'syntax')
  const problems = [
    ...check.problems.map(raised),
    ...(isReadable && types !== undefined
      ? await typeProblems({ tools, types }, check.imports, source, signal)
      : []),
    ...(isReadable ? excess(tools, source, contract) : []),
  ]
  const sorted = withoutTwins(problems).toSorted(bySeverityAndPlace)
  return {
    ...check,
    ok: !problems.some(({ severity }) => severity === 'error'),
    problems: sorted.length <= MOST_PROBLEMS ? sorted : cut(sorted),
  }
}

function raised(problem: ScriptProblem): ScriptProblem {
  return GRAVE.has(problem.rule) ? { ...problem, severity: 'error' } : problem
}

async function typeProblems(
  { tools, types }: Required<CheckTools>,
  imports: readonly string[],
  source: string,
  signal: AbortSignal,
): Promise<ScriptProblem[]> {
  const declarations = imports.flatMap(module => tools.declarationText(module) ?? [])
  try {
    const { problems, more } = await types.check({ source, declarations }, signal)
    const found = problems
      .filter(({ code }) => !OF_IMPORTS.has(code))
      .map(({ line, column, message }): ScriptProblem => {
        return { severity: 'error', rule: 'types', message, position: { line, column } }
      })
    return more === 0 ? found : [...found, note('types', `There are ${String(more)} more of types.`)]
  } catch (error) {
    // Types that cannot be had in time or memory are no reason to refuse what may be right.
    if (isFailureError(error)) return [note('types', `Types were not checked. ${error.failure.message}`)]
    throw error
  }
}

function excess(tools: ToolRegistry, source: string, json: Json | undefined): ScriptProblem[] {
  const answer = json === undefined ? null : parseContract(json)
  if (answer?.ok !== true) return []
  return excessOf(tools, answer.contract, source).map(({ message }) => note('excess', message))
}

/** The compiler knows no name that is not here, and lint says what to use instead. */
function withoutTwins(problems: readonly ScriptProblem[]): ScriptProblem[] {
  const place = ({ position }: ScriptProblem) => JSON.stringify(position)
  const known = new Set(problems.filter(({ rule }) => rule === 'not-here').map(place))
  return problems.filter(problem => problem.rule !== 'types' || !known.has(place(problem)))
}

function note(rule: ScriptProblem['rule'], message: string): ScriptProblem {
  return { severity: 'warning', rule, message, position: null }
}

function bySeverityAndPlace(one: ScriptProblem, other: ScriptProblem): number {
  const grave = Number(one.severity !== 'error') - Number(other.severity !== 'error')
  const [a, b] = [one.position, other.position]
  return grave || (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0)
}

function cut(problems: readonly ScriptProblem[]): ScriptProblem[] {
  const left = problems.length - MOST_PROBLEMS
  return [...problems.slice(0, MOST_PROBLEMS), note('more', `There are ${String(left)} more problems.`)]
}
