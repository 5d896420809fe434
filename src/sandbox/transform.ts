/**
 * Prepares a module for the guest, so that each tool call knows the scope of the code that makes it: every async
 * function keeps the scope it was entered in and takes it up again after whatever can suspend it. Every place that
 * can swallow an error also shows it to the prelude first, so that running out of stack or memory ends the run
 * although the script caught it. Only insertions are made, none with a line break: lines stay, columns map back.
 *
 * Not covered: the `then` of a hand-made thenable runs in the scope of whatever ran before it (still deterministic).
 */
import type {
  AnyNode,
  BlockStatement,
  CatchClause,
  ForOfStatement,
  Function as FunctionNode,
  LabeledStatement,
  Node,
  Program,
  TryStatement,
} from 'acorn'
import { base, recursive, type RecursiveVisitors } from 'acorn-walk'
import MagicString from 'magic-string'
import type { SourcePosition } from '../domain/failure.ts'

export interface Transformed {
  code: string
  /** Where a 1-based place of the transformed text was in the original. */
  original: (place: SourcePosition) => SourcePosition
}

/** What the innermost function is, as far as suspension goes. `scope` is the expression that names its scope. */
interface Frame {
  suspends: boolean
  scope: string
}

/** Names of the runtime's pieces in the module; none of them occurs in its own text. */
interface Names {
  current: string
  resume: string
  enter: string
  inspect: string
  held: string
  scope: string
  error: string
}

type Visit = (node: AnyNode, frame: Frame) => void

const TOP: Frame = { suspends: true, scope: `''` }
const SYNC: Frame = { suspends: false, scope: '' }

export function transformModule(source: string, program: Program): Transformed {
  const text = new MagicString(source)
  const writer = new ScopeWriter(text, namesFor(source))
  recursive(program, TOP, writer.visitors())
  writer.importRuntime()
  return { code: text.toString(), original: placeFinder(text) }
}

function namesFor(source: string): Names {
  let prefix = '_$'
  const spelled = source + unescaped(source)
  for (let count = 0; spelled.includes(prefix); count++) prefix = `_$${String(count)}_`
  return {
    current: `${prefix}c`,
    resume: `${prefix}r`,
    enter: `${prefix}n`,
    inspect: `${prefix}i`,
    held: `${prefix}h`,
    scope: `${prefix}s`,
    error: `${prefix}e`,
  }
}

/** A name may be written with escapes, and is the same name. */
function unescaped(source: string): string {
  return source.replaceAll(
    /\\u(?:\{([\da-f]+)\}|([\da-f]{4}))/gi,
    (escape, braced?: string, plain?: string) => {
      const point = parseInt(braced ?? plain ?? '', 16)
      return point <= 0x10ffff ? String.fromCodePoint(point) : escape
    },
  )
}

class ScopeWriter {
  readonly #text: MagicString
  readonly #names: Names

  constructor(text: MagicString, names: Names) {
    this.#text = text
    this.#names = names
  }

  visitors(): RecursiveVisitors<Frame> {
    return {
      Function: (node, frame, visit) => {
        this.#function(node, frame, visit)
      },
      AwaitExpression: (node, frame, visit) => {
        this.#resumed(node, frame, node.argument, visit)
      },
      YieldExpression: (node, frame, visit) => {
        if (frame.suspends) this.#resumed(node, frame, node.argument, visit)
        else if (node.argument) visit(node.argument, frame)
      },
      TryStatement: (node, frame, visit) => {
        this.#try(node, frame, visit)
      },
      ForOfStatement: (node, frame, visit) => {
        if (node.await) this.#loop(node, node, frame, visit)
        else base.ForOfStatement?.(node, frame, visit)
      },
      LabeledStatement: (node, frame, visit) => {
        const loop = unlabelled(node)
        if (loop) this.#loop(node, loop, frame, visit)
        else base.LabeledStatement?.(node, frame, visit)
      },
      StaticBlock: (node, _frame, visit) => {
        base.StaticBlock?.(node, SYNC, visit)
      },
    }
  }

  importRuntime(): void {
    const { current, resume, enter, inspect, held } = this.#names
    const names = `current as ${current},resume as ${resume},enter as ${enter},inspect as ${inspect},held as ${held}`
    this.#text.prepend(`import{${names}}from'steward:scope';`)
  }

  #insert(offset: number, piece: string): void {
    this.#text.appendLeft(offset, piece)
  }

  #enter(frame: Frame): string {
    return frame.suspends ? `${this.#names.enter}(${frame.scope});` : ''
  }

  /** Held first: where the stack is used up, no call may be possible, and a `return` in `finally` forgets the error. */
  #show(error: string): string {
    return `${this.#names.held}.error??=${error};${this.#names.inspect}(${error});`
  }

  /** Surrounds an expression so that its frame's scope is current again once it has its value. */
  #resumed(node: Node, frame: Frame, argument: AnyNode | null | undefined, visit: Visit): void {
    this.#insert(node.start, `${this.#names.resume}(${frame.scope},`)
    if (argument) visit(argument, frame)
    this.#insert(node.end, ')')
  }

  #function(node: FunctionNode, outer: Frame, visit: Visit): void {
    const frame = node.async ? { suspends: true, scope: this.#names.scope } : SYNC
    for (const param of node.params) base.Pattern?.(param, frame, visit)
    if (node.type === 'FunctionExpression' && node.id) visit(node.id, outer)
    const keep = node.async ? `;const ${this.#names.scope}=${this.#names.current}();` : ''
    const { body } = node
    const isBlock = body.type === 'BlockStatement'
    if (isBlock) this.#insert(afterDirectives(body), keep)
    else if (keep) this.#insert(body.start, `{${keep}return `)
    visit(body, frame)
    if (keep && !isBlock) this.#insert(body.end, '}')
  }

  #try(node: TryStatement, frame: Frame, visit: Visit): void {
    const { error } = this.#names
    const shown = `catch(${error}){${this.#show(error)}throw ${error}}`
    const { block, handler, finalizer } = node
    // A pattern takes the error apart before it could be looked at: an inner handler looks first.
    const isTakenApart = handler?.param && handler.param.type !== 'Identifier'
    if (isTakenApart) this.#insert(block.start, '{try')
    visit(block, frame)
    if (isTakenApart) this.#insert(block.end, `${shown}}`)
    if (handler) this.#catch(handler, frame, visit)
    else this.#insert(block.end, shown)
    if (!finalizer) return
    this.#insert(finalizer.start + 1, this.#enter(frame))
    visit(finalizer, frame)
  }

  #catch({ start, param, body }: CatchClause, frame: Frame, visit: Visit): void {
    const { error } = this.#names
    if (!param) this.#insert(start + 'catch'.length, `(${error})`)
    const caught = param ? (param.type === 'Identifier' ? param.name : null) : error
    this.#insert(body.start + 1, this.#enter(frame) + (caught === null ? '' : this.#show(caught)))
    if (param) base.Pattern?.(param, frame, visit)
    visit(body, frame)
  }

  /** A `for await`: its scope is taken up in each round, and after its end, outside whatever labels it has. */
  #loop(whole: Node, loop: ForOfStatement, frame: Frame, visit: Visit): void {
    const { left, right, body } = loop
    this.#insert(whole.start, '{')
    visit(left, frame)
    visit(right, frame)
    const isBlock = body.type === 'BlockStatement'
    this.#insert(isBlock ? body.start + 1 : body.start, `${isBlock ? '' : '{'}${this.#enter(frame)}`)
    visit(body, frame)
    if (!isBlock) this.#insert(body.end, '}')
    this.#insert(whole.end, `${this.#enter(frame)}}`)
  }
}

/** The `for await` loop a label, or labels, stand before. */
function unlabelled(node: LabeledStatement): ForOfStatement | null {
  let body: AnyNode = node.body
  while (body.type === 'LabeledStatement') body = body.body
  return body.type === 'ForOfStatement' && body.await ? body : null
}

/** Just inside the block, behind `'use strict'` and its like, which must come first. */
function afterDirectives(body: BlockStatement): number {
  let offset = body.start + 1
  for (const statement of body.body) {
    if (!('directive' in statement) || typeof statement.directive !== 'string') break
    offset = statement.end
  }
  return offset
}

function placeFinder(text: MagicString): (place: SourcePosition) => SourcePosition {
  let lines: ReturnType<MagicString['generateDecodedMap']>['mappings'] | null = null
  return place => {
    lines ??= text.generateDecodedMap({ hires: 'boundary' }).mappings
    let found: SourcePosition | null = null
    for (const [generated, , line, column] of lines[place.line - 1] ?? []) {
      if (generated > place.column - 1) break
      if (line === undefined || column === undefined) continue
      found = { line: line + 1, column: column + 1 + (place.column - 1 - generated) }
    }
    return found ?? place
  }
}
