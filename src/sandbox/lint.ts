/**
 * Looks, in a script's text, for what runs without an error and is still wrong for delegated work: local time, state
 * kept outside of items, failures swallowed, item names that are made up while it runs.
 */
import type { AnyNode, Function as FunctionNode, Pattern, Program } from 'acorn'
import { full, simple } from 'acorn-walk'
import { type EachCall, eachCallsOf } from './each-calls.ts'
import { swallowedFailures, unawaitedCalls, writeLoops } from './lint-effects.ts'
import type { LintFinding, Spot } from './lint-findings.ts'
import { notHere, unreachableStatements, unusedNames } from './lint-text.ts'
import { targetsOf } from './patterns.ts'
import { parseScript, positionAt } from './script-syntax.ts'
import { ToolCalls } from './tool-calls.ts'
import type { EffectOf } from './tool-calls.ts'

export type { LintFinding, LintRule } from './lint-findings.ts'

const LOCAL_DATE =
  /^([gs]et)(FullYear|Month|Date|Day|Hours|Minutes|Seconds|Milliseconds|Year)$|^getTimezoneOffset$/
const MUTATORS = /^(push|pop|shift|unshift|splice|sort|reverse|fill|set|add|delete|clear)$/

/**
 * Findings in the order of the text. None for a text that does not parse: `inspectScript` says why. Without `effectOf`
 * no call is known to change anything.
 */
export function lintScript(source: string, effectOf: EffectOf = () => null): LintFinding[] {
  const { program } = parseScript(source)
  if (!program) return []
  const calls = eachCallsOf(program)
  const tools = new ToolCalls(program, effectOf)
  const found: Spot[] = [
    ...localDates(program),
    ...emptyCatches(program),
    ...unnamedEach(calls),
    ...calls.flatMap(call => outerAssignments(call, importedBy(program))),
    ...writeLoops(tools),
    ...swallowedFailures(tools),
    ...unawaitedCalls(tools),
    ...unusedNames(program),
    ...unreachableStatements(program),
    ...notHere(program),
  ]
  return found
    .map(({ at, rule, message }) => ({ ...positionAt(source, at), rule, message }))
    .sort((a, b) => a.line - b.line || a.column - b.column)
}

function localDates(program: Program): Spot[] {
  const spots: Spot[] = []
  simple(program, {
    CallExpression: ({ callee }) => {
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return
      const { name, start } = callee.property
      if (!LOCAL_DATE.test(name)) return
      const message = `${name}() is always UTC here. Ask flow.now({ zone }) for local days and hours.`
      spots.push({ at: start, rule: 'local-date', message })
    },
  })
  return spots
}

function emptyCatches(program: Program): Spot[] {
  const spots: Spot[] = []
  simple(program, {
    TryStatement: ({ block, handler }) => {
      if (!handler || handler.body.body.length > 0 || !awaits(block)) return
      const message = 'A failure of a tool call is swallowed here. Handle it, or let it end the run or item.'
      spots.push({ at: handler.start, rule: 'empty-catch', message })
    },
  })
  return spots
}

function awaits(node: AnyNode): boolean {
  let found = false
  simple(node, {
    AwaitExpression: () => {
      found = true
    },
  })
  return found
}

function unnamedEach(calls: readonly EachCall[]): Spot[] {
  const message = 'The name of an each is a literal: it belongs to the contract and outlives the script.'
  return calls
    .filter(call => call.name === null)
    .map(({ node }) => ({ at: node.start, rule: 'each-name', message }))
}

function outerAssignments({ body }: EachCall, imported: ReadonlySet<string>): Spot[] {
  if (body?.type !== 'ArrowFunctionExpression' && body?.type !== 'FunctionExpression') return []
  const own = declaredIn(body)
  for (const name of imported) own.add(name)
  const spots: Spot[] = []
  const note = (target: AnyNode, at: number): void => {
    const name = rootOf(target)
    if (name === null || own.has(name)) return
    const message = `${name} is outside of this item, which may be gone on with by a later run. Return what is needed.`
    spots.push({ at, rule: 'outer-assignment', message })
  }
  simple(body, {
    AssignmentExpression: ({ left, start }) => {
      for (const target of targetsOf(left)) note(target, start)
    },
    UpdateExpression: ({ argument, start }) => {
      note(argument, start)
    },
    CallExpression: ({ callee, start }) => {
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return
      if (MUTATORS.test(callee.property.name) && callee.object.type === 'Identifier')
        note(callee.object, start)
    },
  })
  return spots
}

/** What was imported is a tool: calling one is no change of the script's own state. */
function importedBy(program: Program): Set<string> {
  const imports = program.body.filter(statement => statement.type === 'ImportDeclaration')
  return new Set(imports.flatMap(({ specifiers }) => specifiers.map(({ local }) => local.name)))
}

/** Every name that the function, or a function inside it, declares. */
function declaredIn(body: FunctionNode): Set<string> {
  const names = new Set<string>()
  const declare = (pattern: Pattern): void => {
    for (const target of targetsOf(pattern)) if (target.type === 'Identifier') names.add(target.name)
  }
  full(body, node => {
    if (node.type === 'VariableDeclarator') declare(node.id)
    if ('params' in node) node.params.forEach(declare)
    if (node.type === 'CatchClause' && node.param) declare(node.param)
    if ((node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') && 'id' in node)
      names.add(node.id?.name ?? '')
  })
  return names
}

/** The variable at the root of `a`, `a.b`, `a[0].c`. */
function rootOf(target: AnyNode): string | null {
  if (target.type === 'Identifier') return target.name
  if (target.type === 'MemberExpression') return rootOf(target.object)
  return target.type === 'ParenthesizedExpression' ? rootOf(target.expression) : null
}
