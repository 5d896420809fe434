/**
 * Which names of a script hold what came from outside: what tools answered, what the run was given, and what was made
 * of it. By name and without regard to scopes, so that it errs towards saying “from outside”.
 */
import type { AnyNode, CallExpression } from 'acorn'
import { simple } from 'acorn-walk'
import { bare, childrenOf, isFunction, methodOf } from './tool-calls.ts'
import type { ToolCalls } from './tool-calls.ts'

/** These answer with what is no list, however it is asked. */
const NO_LISTS = new Set(['now', 'random', 'uuid', 'sleep', 'waitFor', 'ask', 'publish'])
/** How far it is followed from name to name, against the order of the text. */
const MOST_ROUNDS = 20
const ADDS = /^(push|unshift|splice|set|add)$/

export class OutsideData {
  readonly #calls: ToolCalls
  readonly #names = new Set<string>()
  /** Own functions that give it back. */
  readonly #makers = new Set<string>()
  /** Of this round: what was found so far may be more by the next. */
  readonly #known = new Map<AnyNode, boolean>()

  constructor(calls: ToolCalls) {
    this.#calls = calls
    this.#note(eventOf(calls))
    for (let round = 0, known = -1; round < MOST_ROUNDS && known < this.#size; round++) {
      known = this.#size
      this.#known.clear()
      this.#spread()
    }
    this.#known.clear()
  }

  get #size(): number {
    return this.#names.size + this.#makers.size
  }

  /** Whether it is, or is made of, what came from outside. */
  isIn(node: AnyNode): boolean {
    const known = this.#known.get(node)
    if (known !== undefined) return known
    const found = this.#looked(node)
    this.#known.set(node, found)
    return found
  }

  #looked(node: AnyNode): boolean {
    if (isFunction(node)) return false
    if (node.type === 'Identifier') return this.#names.has(node.name)
    if (node.type === 'CallExpression' && this.#answers(node)) return true
    return childrenOf(node).some(child => this.isIn(child))
  }

  #answers({ callee }: CallExpression): boolean {
    const tool = this.#calls.toolAt(callee)
    if (tool !== null) return !(tool.module === 'tools/flow' && NO_LISTS.has(tool.name))
    return callee.type === 'Identifier' && this.#makers.has(callee.name)
  }

  #spread(): void {
    simple(this.#calls.program, {
      VariableDeclarator: ({ id, init }) => {
        if (init && this.isIn(init)) this.#note([id])
      },
      AssignmentExpression: ({ left, right }) => {
        if (this.isIn(right)) this.#note([left])
      },
      ForOfStatement: ({ left, right }) => {
        if (this.isIn(right))
          this.#note(left.type === 'VariableDeclaration' ? left.declarations.map(d => d.id) : [left])
      },
      CallExpression: call => {
        this.#spreadThrough(call)
      },
    })
    for (const [name, { body }] of this.#calls.functions)
      if (givesBack(body).some(value => this.isIn(value))) this.#makers.add(name)
  }

  /** What a call is given, and what it is called on, reaches the parameters of what it calls. */
  #spreadThrough({ callee, arguments: given }: CallExpression): void {
    const isGiven = given.some(each => this.isIn(each))
    if (isGiven && callee.type === 'MemberExpression' && ADDS.test(methodOf(callee) ?? ''))
      this.#note([callee.object])
    if (isGiven) this.#note(this.#paramsOf(callee))
    const isOfOutside = callee.type === 'MemberExpression' && this.isIn(callee.object)
    if (isGiven || isOfOutside) this.#note(given.flatMap(each => this.#paramsOf(each)))
  }

  #paramsOf(called: AnyNode): AnyNode[] {
    const node = bare(called)
    const own = node.type === 'Identifier' ? this.#calls.functions.get(node.name) : node
    return isFunction(own) ? own.params : []
  }

  #note(targets: readonly AnyNode[]): void {
    for (const target of targets) for (const name of namesIn(target)) this.#names.add(name)
  }
}

/** What a run is given: the parameters of the default export. */
function eventOf({ program, functions }: ToolCalls): AnyNode[] {
  const main = program.body.find(statement => statement.type === 'ExportDefaultDeclaration')?.declaration
  const run = main?.type === 'Identifier' ? functions.get(main.name) : main
  return isFunction(run) ? run.params : []
}

/** The names a pattern gives values to; of `a.b` and `a[0]` it is `a`. */
function namesIn(target: AnyNode): string[] {
  switch (target.type) {
    case 'Identifier':
      return [target.name]
    case 'MemberExpression':
      return namesIn(target.object)
    case 'AssignmentPattern':
      return namesIn(target.left)
    case 'Property':
      return namesIn(target.value)
    default:
      return childrenOf(target).flatMap(namesIn)
  }
}

/** What a function returns, not what functions inside it do. */
function givesBack(body: AnyNode): AnyNode[] {
  if (body.type !== 'BlockStatement') return [body]
  const found: AnyNode[] = []
  const visit = (node: AnyNode): void => {
    if (node.type === 'ReturnStatement' && node.argument) found.push(node.argument)
    if (!isFunction(node)) childrenOf(node).forEach(visit)
  }
  visit(body)
  return found
}
