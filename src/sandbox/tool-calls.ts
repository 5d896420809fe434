/** Which tools a script calls, under whatever names it imported them, and which of its own functions lead there. */
import type {
  AnonymousFunctionDeclaration,
  AnyNode,
  ArrowFunctionExpression,
  CallExpression,
  FunctionDeclaration,
  FunctionExpression,
  Program,
} from 'acorn'
import { full, simple } from 'acorn-walk'
import type { Effect } from '../domain/tool.ts'
import { eachCallsOf } from './each-calls.ts'

export type FunctionNode =
  AnonymousFunctionDeclaration | ArrowFunctionExpression | FunctionDeclaration | FunctionExpression

export interface CalledTool {
  module: string
  /** As exported. */
  name: string
}

/** What a tool does, by module and exported name; null where there is no such tool. */
export type EffectOf = (module: string, name: string) => Effect | 'by-call' | null

const METHODS = /^(POST|PUT|PATCH|DELETE)$/

/** Array methods that call what they are given for each entry. */
export const PER_ENTRY = /^(forEach|map|flatMap|filter|some|every|find|reduce)$/

export class ToolCalls {
  readonly program: Program
  /** Its own functions, by name. */
  readonly functions = new Map<string, FunctionNode>()
  readonly #tools = new Map<string, CalledTool>()
  readonly #namespaces = new Map<string, string>()
  readonly #effectOf: EffectOf
  /** What is done per item: there each write is recorded under its key. */
  readonly #items: ReadonlySet<AnyNode>
  /** What the script exports is called from outside, without its name. */
  readonly #offered: ReadonlySet<AnyNode>
  readonly #writing: Ways
  readonly #calling: Ways

  constructor(program: Program, effectOf: EffectOf) {
    this.program = program
    this.#effectOf = effectOf
    this.#readImports()
    this.#items = new Set(eachCallsOf(program).flatMap(({ body }) => body ?? []))
    this.#offered = new Set(program.body.flatMap(offeredBy))
    this.#writing = new Ways(this, node => this.isWrite(node))
    this.#calling = new Ways(this, node => this.toolAt(node.callee) !== null)
    simple(program, {
      FunctionDeclaration: node => {
        if (node.id !== null) this.functions.set(node.id.name, node)
      },
      VariableDeclarator: ({ id, init }) => {
        if (id.type === 'Identifier' && isFunction(init)) this.functions.set(id.name, init)
      },
    })
  }

  /** The tool that is called so; null where it is none. */
  toolAt(callee: AnyNode): CalledTool | null {
    if (callee.type === 'Identifier') return this.#tools.get(callee.name) ?? null
    if (callee.type !== 'MemberExpression' || callee.object.type !== 'Identifier') return null
    const module = this.#namespaces.get(callee.object.name)
    const name = callee.property.type === 'Identifier' && !callee.computed ? callee.property.name : null
    return module === undefined || name === null ? null : { module, name }
  }

  isWrite({ callee, arguments: given }: CallExpression): boolean {
    const tool = this.toolAt(callee)
    if (tool === null) return false
    const effect = this.#effectOf(tool.module, tool.name)
    return effect === 'write' || (effect === 'by-call' && given.some(namesWriteMethod))
  }

  /** Whether it changes something of the outside, itself or through its own functions, other than per item. */
  writes(node: AnyNode): boolean {
    return this.#writing.leads(node)
  }

  /** Whether it calls a tool, itself or through its own functions. */
  calls(node: AnyNode): boolean {
    return this.#calling.leads(node)
  }

  /** The code of a run but what is done per item, and what only items lead to. */
  outsideItems(): AnyNode[] {
    const reached = new Set<AnyNode>()
    const visit = (node: AnyNode): void => {
      if (reached.has(node)) return
      reached.add(node)
      if (node.type === 'Identifier') {
        const own = this.functions.get(node.name)
        if (own !== undefined) visit(own)
      }
      for (const child of this.partsOf(node)) visit(child)
    }
    visit(this.program)
    return [...reached]
  }

  /** What a node is made of, but what is done per item, and functions with a name: those are reached by it. */
  partsOf(node: AnyNode): AnyNode[] {
    return childrenOf(node).filter(child => !this.#items.has(child) && !this.#isNamed(child))
  }

  #isNamed(node: AnyNode): boolean {
    if (this.#offered.has(node)) return false
    if (node.type === 'VariableDeclarator') return isFunction(node.init) && node.id.type === 'Identifier'
    return (
      node.type === 'FunctionDeclaration' && node.id !== null && this.functions.get(node.id.name) === node
    )
  }

  #readImports(): void {
    for (const statement of this.program.body) {
      if (statement.type !== 'ImportDeclaration') continue
      const module = String(statement.source.value)
      if (!module.startsWith('tools/')) continue
      for (const specifier of statement.specifiers) {
        if (specifier.type === 'ImportNamespaceSpecifier') this.#namespaces.set(specifier.local.name, module)
        if (specifier.type !== 'ImportSpecifier') continue
        const { imported } = specifier
        const name = imported.type === 'Identifier' ? imported.name : String(imported.value)
        this.#tools.set(specifier.local.name, { module, name })
      }
    }
  }
}

function offeredBy(statement: AnyNode): AnyNode[] {
  if (statement.type !== 'ExportDefaultDeclaration' && statement.type !== 'ExportNamedDeclaration') return []
  const { declaration } = statement
  if (declaration?.type === 'VariableDeclaration') return declaration.declarations
  return declaration ? [declaration] : []
}

/** Which code leads to a call that is meant; each piece of it is looked at once. */
class Ways {
  readonly #known = new Map<AnyNode, boolean>()
  readonly #calls: ToolCalls
  readonly #isMeant: (call: CallExpression) => boolean

  constructor(calls: ToolCalls, isMeant: (call: CallExpression) => boolean) {
    this.#calls = calls
    this.#isMeant = isMeant
  }

  leads(node: AnyNode): boolean {
    const known = this.#known.get(node)
    if (known !== undefined) return known
    // What leads back here leads nowhere new.
    this.#known.set(node, false)
    const found = this.#looked(node)
    this.#known.set(node, found)
    return found
  }

  #looked(node: AnyNode): boolean {
    if (node.type === 'CallExpression' && this.#isMeant(node)) return true
    const own = node.type === 'Identifier' ? this.#calls.functions.get(node.name) : undefined
    return (
      (own !== undefined && this.leads(own.body)) || this.#calls.partsOf(node).some(part => this.leads(part))
    )
  }
}

export function isFunction(node: AnyNode | null | undefined): node is FunctionNode {
  return (
    node?.type === 'ArrowFunctionExpression' ||
    node?.type === 'FunctionExpression' ||
    node?.type === 'FunctionDeclaration'
  )
}

/** Without the parentheses around it. */
export function bare(node: AnyNode): AnyNode {
  return node.type === 'ParenthesizedExpression' ? bare(node.expression) : node
}

/** The name of the method that is called; null where it is no method, or a computed one. */
export function methodOf(callee: AnyNode): string | null {
  if (callee.type !== 'MemberExpression' || callee.computed) return null
  return callee.property.type === 'Identifier' ? callee.property.name : null
}

/** What a node is made of, names of members and keys left out. */
export function childrenOf(node: AnyNode): AnyNode[] {
  return Object.entries(node).flatMap(([part, value]: [string, unknown]) => {
    const isName = (part === 'property' || part === 'key') && !('computed' in node && node.computed)
    if (isName) return []
    return Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : []
  })
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

function namesWriteMethod(argument: AnyNode): boolean {
  let found = false
  full(argument, node => {
    if (node.type === 'Literal' && typeof node.value === 'string' && METHODS.test(node.value)) found = true
  })
  return found
}
