/** What a script does to the outside and would not do well: in loops that forget, unwaited, or with failures lost. */
import type { AnyNode, CallExpression, MemberExpression, TryStatement } from 'acorn'
import { simple } from 'acorn-walk'
import type { Spot } from './lint-findings.ts'
import { OutsideData } from './outside-data.ts'
import { bare, childrenOf, isFunction, methodOf, PER_ENTRY } from './tool-calls.ts'
import type { ToolCalls } from './tool-calls.ts'

const LOOP =
  'This changes something for each entry of what came from outside. After a failure in the middle, the next run would do the first ones again, and one bad entry holds up the others. Use each(name, list, key, async item => …) of tools/flow, which does every key once.'

/** Loops over what came from outside that write, other than by `each`. */
export function writeLoops(calls: ToolCalls): Spot[] {
  const outside = new OutsideData(calls)
  return calls
    .outsideItems()
    .filter(node => isLoopOver(node, outside, calls))
    .map(node => ({ at: node.start, rule: 'write-loop', message: LOOP }))
}

function isLoopOver(node: AnyNode, outside: OutsideData, calls: ToolCalls): boolean {
  switch (node.type) {
    case 'ForOfStatement':
    case 'ForInStatement':
      return isUnbounded(node.right, outside) && calls.writes(node.body)
    case 'WhileStatement':
    case 'DoWhileStatement':
    case 'ForStatement':
      return isOpenEnded(node.test, outside) && calls.writes(node.body)
    case 'CallExpression':
      return isPerEntry(node, outside) && node.arguments.some(given => calls.writes(given))
    default:
      return false
  }
}

function isOpenEnded(test: AnyNode | null | undefined, outside: OutsideData): boolean {
  if (!test || (test.type === 'Literal' && Boolean(test.value))) return true
  return outside.isIn(test)
}

function isPerEntry({ callee }: CallExpression, outside: OutsideData): boolean {
  return (
    callee.type === 'MemberExpression' &&
    PER_ENTRY.test(methodOf(callee) ?? '') &&
    isUnbounded(callee.object, outside)
  )
}

/** A slice is as long as the script says at most. */
function isUnbounded(list: AnyNode, outside: OutsideData): boolean {
  const node = bare(list)
  const isSlice =
    node.type === 'CallExpression' && methodOf(node.callee) === 'slice' && node.arguments.length === 2
  return !isSlice && outside.isIn(node)
}

/** Failures that nobody hears of. */
export function swallowedFailures(calls: ToolCalls): Spot[] {
  const spots: Spot[] = []
  simple(calls.program, {
    TryStatement: node => {
      const message = swallowedBy(node, calls)
      if (node.handler && message !== null) spots.push({ at: node.handler.start, rule: 'swallowed', message })
    },
    CallExpression: ({ callee, arguments: [handler] }) => {
      if (callee.type !== 'MemberExpression' || methodOf(callee) !== 'catch' || !isFunction(handler)) return
      const [param] = handler.params
      const isUsed = param !== undefined && !onlyLogs(handler.body, calls) && mentions(handler.body, param)
      if (isUsed || throws(handler.body)) return
      const message =
        'A failure is swallowed here, whatever it was. Await the call in try, look at error.code, and throw what is not expected.'
      spots.push({ at: callee.property.start, rule: 'swallowed', message })
    },
  })
  return spots
}

/** An empty handler is another rule’s. */
function swallowedBy({ block, handler }: TryStatement, calls: ToolCalls): string | null {
  if (!handler || handler.body.body.length === 0 || !awaits(block)) return null
  if (onlyLogs(handler.body, calls)) {
    return 'A failure of a tool call is only logged here, and the run goes on as if it had worked. Handle it, or throw it again.'
  }
  const isUsed = handler.param ? mentions(handler.body, handler.param) : false
  if (!calls.writes(block) || isUsed || throws(handler.body)) return null
  return 'A change that failed is taken for one that was made here. Look at error.code, and throw what is not expected.'
}

/** Whether nothing is done but logging and going on. */
function onlyLogs(node: AnyNode, calls: ToolCalls): boolean {
  const inner = bare(node)
  switch (inner.type) {
    case 'BlockStatement':
      return inner.body.every(statement => onlyLogs(statement, calls))
    case 'ExpressionStatement':
      return onlyLogs(inner.expression, calls)
    case 'AwaitExpression':
      return onlyLogs(inner.argument, calls)
    case 'CallExpression':
      return isLog(inner, calls)
    case 'ReturnStatement':
      return inner.argument === null || inner.argument === undefined
    case 'EmptyStatement':
    case 'ContinueStatement':
      return true
    default:
      return false
  }
}

function isLog({ callee }: CallExpression, calls: ToolCalls): boolean {
  if (calls.toolAt(callee)?.module === 'tools/log') return true
  return (
    callee.type === 'MemberExpression' &&
    callee.object.type === 'Identifier' &&
    callee.object.name === 'console'
  )
}

function mentions(node: AnyNode, pattern: AnyNode): boolean {
  const names = new Set(identifiersIn(pattern))
  return identifiersIn(node).some(name => names.has(name))
}

function identifiersIn(node: AnyNode): string[] {
  return node.type === 'Identifier' ? [node.name] : childrenOf(node).flatMap(identifiersIn)
}

function throws(node: AnyNode): boolean {
  return node.type === 'ThrowStatement' || (!isFunction(node) && childrenOf(node).some(throws))
}

function awaits(node: AnyNode): boolean {
  return node.type === 'AwaitExpression' || (!isFunction(node) && childrenOf(node).some(awaits))
}

/** Calls whose end nobody waits for: the run may be over before they are, and their failure is lost. */
export function unawaitedCalls(calls: ToolCalls): Spot[] {
  const spots: Spot[] = []
  const note = (node: AnyNode, message: string) =>
    spots.push({ at: node.start, rule: 'not-awaited', message })
  simple(calls.program, {
    ExpressionStatement: ({ expression }) => {
      const started = startedBy(expression, calls)
      if (started !== null)
        note(
          expression,
          `Nothing waits for ${started}: the run may end before it is done, and its failure is lost. Put await before it.`,
        )
    },
    CallExpression: node => {
      const [given] = node.arguments
      if (methodOf(node.callee) !== 'forEach' || !given || !isAsync(given, calls)) return
      note(
        node,
        'forEach waits for nothing that is done in it. Use for … of with await, or each of tools/flow.',
      )
    },
  })
  return spots
}

/** What a statement starts without waiting for it, in words. */
function startedBy(expression: AnyNode, calls: ToolCalls): string | null {
  const node = bare(expression)
  if (node.type === 'UnaryExpression' && node.operator === 'void') return startedBy(node.argument, calls)
  if (node.type !== 'CallExpression') return null
  const tool = calls.toolAt(node.callee)
  if (tool !== null) return tool.module === 'tools/log' ? null : `${tool.name}()`
  if (node.callee.type === 'Identifier') return isAsync(node.callee, calls) ? `${node.callee.name}()` : null
  return node.callee.type === 'MemberExpression' ? startedByMethod(node.callee, node.arguments, calls) : null
}

function startedByMethod(
  callee: MemberExpression,
  given: readonly AnyNode[],
  calls: ToolCalls,
): string | null {
  const method = methodOf(callee) ?? ''
  if (/^(then|catch|finally)$/.test(method)) return startedBy(callee.object, calls)
  const [first] = given
  if (/^(map|flatMap)$/.test(method)) return first && isAsync(first, calls) ? `what ${method}() starts` : null
  const isPromise = callee.object.type === 'Identifier' && callee.object.name === 'Promise'
  return isPromise && given.some(each => calls.calls(each)) ? `Promise.${method}()` : null
}

function isAsync(node: AnyNode, calls: ToolCalls): boolean {
  const called = node.type === 'Identifier' ? calls.functions.get(node.name) : node
  if (isFunction(called)) return called.async
  return node.type === 'Identifier' && calls.toolAt(node) !== null
}
