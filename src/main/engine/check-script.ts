/** Looks through a script before it is installed: whether it parses, what it imports, what a contract lacks for it. */
import type { Failure, SourcePosition } from '../../domain/failure.ts'
import { isJsonObject } from '../../domain/json.ts'
import type { Json, JsonObject } from '../../domain/json.ts'
import { parseContract } from '../../domain/policy.ts'
import type { Contract } from '../../domain/contract.ts'
import { inspectScript } from '../../sandbox/inspect.ts'
import type { ScriptInspection } from '../../sandbox/inspect.ts'
import { lintScript } from '../../sandbox/lint.ts'
import type { LintRule } from '../../sandbox/lint.ts'
import type { ToolRegistry } from '../tools/registry.ts'
import { guestName, verbOf } from '../tools/guest-module.ts'
import { validateTrigger } from './schedule/spec.ts'
import { factsOfScript } from './script-facts.ts'
import type { ScriptFacts } from './script-facts.ts'
import { effectsOf } from './tool-effects.ts'

export interface ScriptProblem {
  rule: ProblemRule
  /** `error`: it cannot be installed so, or does not do what it says. `warning`: it does, and may surprise. */
  severity: 'error' | 'warning'
  message: string
  position: SourcePosition | null
}

export type ProblemRule = 'syntax' | 'import' | 'contract' | 'items' | 'types' | 'excess' | 'more' | LintRule

export interface ScriptCheck {
  ok: boolean
  problems: ScriptProblem[]
  imports: string[]
  exports: { run: boolean; verify: boolean }
  each: { name: string | null; key: string | null }[]
}

export function checkScript(tools: ToolRegistry, source: string, contract?: Json): ScriptCheck {
  const script = inspectScript(source)
  const problems = script.failure === null ? problemsOf(tools, source, script) : [unparsed(script.failure)]
  if (contract !== undefined && script.failure === null)
    problems.push(...contractProblems(tools, source, script, contract))
  return {
    ok: problems.every(problem => problem.severity !== 'error'),
    problems,
    imports: script.imports,
    exports: script.exports,
    each: script.eachNames.map((name, place) => ({ name, key: script.eachKeys[place] ?? null })),
  }
}

function unparsed(failure: NonNullable<ScriptInspection['failure']>): ScriptProblem {
  return { severity: 'error', rule: 'syntax', message: failure.message, position: failure.position ?? null }
}

function problemsOf(tools: ToolRegistry, source: string, script: ScriptInspection): ScriptProblem[] {
  const problems: ScriptProblem[] = []
  if (!script.exports.run) {
    problems.push(
      error(
        'syntax',
        'The script has no default export, so there is nothing to run. Export one: export default async function run(event) { … }',
      ),
    )
  }
  for (const { module, name, position } of factsOfScript(source).imported) {
    const message = importProblem(tools, module, name)
    if (message !== null) problems.push({ severity: 'error', rule: 'import', message, position })
  }
  for (const { line, column, rule, message } of lintScript(source, effectsOf(tools)))
    problems.push({ severity: 'warning', rule, message, position: { line, column } })
  return problems
}

function importProblem(tools: ToolRegistry, module: string, name: string): string | null {
  if (tools.moduleSource(module) === undefined) {
    const known = tools.families().map(family => `tools/${family}`)
    return `There is no module “${module}”. There are: ${known.join(', ')}.`
  }
  const offered = exportsOf(tools, module)
  if (name === '*' || offered.includes(name)) return null
  return `The module “${module}” offers no “${name}”. It offers: ${offered.join(', ')}.`
}

/** Every name scripts may import from a module. */
export function exportsOf(tools: ToolRegistry, module: string): string[] {
  const own = toolsOf(tools, module).flatMap(tool => guestName(verbOf(tool)).exported)
  return module === 'tools/flow' ? [...own, 'each'] : own
}

/** Names of a module's tools: `files.move` for `tools/files`. */
export function toolsOf(tools: ToolRegistry, module: string): string[] {
  const family = module.slice('tools/'.length)
  return tools.list().flatMap(({ name }) => (name.startsWith(`${family}.`) ? name : []))
}

/** Those that it imports by name, or calls as members of what it imports whole. */
export function toolsUsed(tools: ToolRegistry, facts: ScriptFacts): Set<string> {
  const used = facts.imported.flatMap(({ module, name }) => {
    const members = name === '*' ? facts.members.get(module) : new Set([name])
    return toolsOf(tools, module).filter(tool =>
      guestName(verbOf(tool)).exported.some(exported => members?.has(exported) === true),
    )
  })
  return new Set(used)
}

function contractProblems(
  tools: ToolRegistry,
  source: string,
  script: ScriptInspection,
  json: Json,
): ScriptProblem[] {
  const answer = parseContract(json)
  if (!answer.ok)
    return issuesOf(answer.failure).map(issue => error('contract', `In the contract, ${issue}.`))
  const { contract } = answer
  return [
    ...triggerProblems(contract),
    ...ungranted(source, script, contract),
    ...unnamed(script, contract),
    ...unaffordable(asking(tools, source, script), contract),
  ]
}

/** A script that asks models under a contract that lets it ask none, or pay nothing. */
function unaffordable(asked: string | undefined, { models, budget }: Contract): ScriptProblem[] {
  if (asked === undefined) return []
  if (!models)
    return [
      error(
        'contract',
        `The script ${asked}, and the contract lets no model be asked. Set “models” to true with a budget (costPerRunMicros), or do without it.`,
      ),
    ]
  if (budget.costPerRunMicros > 0) return []
  const message = `The script ${asked}, and the contract lets it spend nothing: only a model that costs nothing could be asked. Set costPerRunMicros in “budget”.`
  return [{ severity: 'warning', rule: 'contract', message, position: null }]
}

/** What a script asks models with: a module that does nothing else, or the one tool of another. */
function asking(tools: ToolRegistry, source: string, { imports }: ScriptInspection): string | undefined {
  const asks = (tool: string) => tools.get(tool)?.effect === 'model'
  const module = imports.find(name => toolsOf(tools, name).some(asks) && toolsOf(tools, name).every(asks))
  if (module !== undefined) return `imports ${module}`
  const tool = [...toolsUsed(tools, factsOfScript(source))].find(asks)
  return tool === undefined ? undefined : `calls ${tool}`
}

/** Each thing that is wrong with a contract, with its path. */
function issuesOf({ detail, message }: Failure): string[] {
  const issues = isJsonObject(detail ?? null) ? (detail as JsonObject)['issues'] : undefined
  return Array.isArray(issues) ? issues.map(String) : [message]
}

function triggerProblems({ when }: Contract): ScriptProblem[] {
  return when.flatMap((trigger, index) => {
    const failure = validateTrigger(trigger)
    return failure === null
      ? []
      : error('contract', `In the contract, when[${String(index)}]: ${failure.message}`)
  })
}

function ungranted(source: string, script: ScriptInspection, { uses }: Contract): ScriptProblem[] {
  const { imported } = factsOfScript(source)
  return script.imports
    .filter(module => !uses.includes(module))
    .map(module => ({
      ...error(
        'import',
        `The script imports ${module}, which the contract does not grant. Add it to “uses”, or do without it.`,
      ),
      position: imported.find(known => known.module === module)?.position ?? null,
    }))
}

function unnamed(script: ScriptInspection, { items }: Contract): ScriptProblem[] {
  return script.eachNames.flatMap(name =>
    name === null || Object.hasOwn(items, name)
      ? []
      : error(
          'items',
          `The script goes through “${name}” with each. Add it to “items” with what its key means.`,
        ),
  )
}

function error(rule: ProblemRule, message: string): ScriptProblem {
  return { severity: 'error', rule, message, position: null }
}
