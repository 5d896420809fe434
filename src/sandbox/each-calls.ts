/** Finds the calls of `each` in a script, under whatever name it was imported. */
import type { AnyNode, CallExpression, Program } from 'acorn'
import { simple } from 'acorn-walk'

export interface EachCall {
  node: CallExpression
  /** Its name where that is a literal: names belong to the contract (J7). */
  name: string | null
  key: AnyNode | null
  body: AnyNode | null
}

export function eachCallsOf(program: Program): EachCall[] {
  const { direct, namespaces } = namesOfEach(program)
  const calls: EachCall[] = []
  simple(program, {
    CallExpression: node => {
      if (!isEach(node.callee, direct, namespaces)) return
      const [name, , key, body] = node.arguments
      calls.push({ node, name: literalText(name), key: key ?? null, body: body ?? null })
    },
  })
  return calls.sort((a, b) => a.node.start - b.node.start)
}

function namesOfEach(program: Program): { direct: Set<string>; namespaces: Set<string> } {
  const direct = new Set<string>()
  const namespaces = new Set<string>()
  for (const statement of program.body) {
    if (statement.type !== 'ImportDeclaration' || statement.source.value !== 'tools/flow') continue
    for (const specifier of statement.specifiers) {
      if (specifier.type === 'ImportNamespaceSpecifier') namespaces.add(specifier.local.name)
      else if (specifier.type === 'ImportSpecifier' && importedName(specifier.imported) === 'each') {
        direct.add(specifier.local.name)
      }
    }
  }
  return { direct, namespaces }
}

function importedName(imported: AnyNode): string | null {
  if (imported.type === 'Identifier') return imported.name
  return imported.type === 'Literal' ? String(imported.value) : null
}

function isEach(callee: AnyNode, direct: ReadonlySet<string>, namespaces: ReadonlySet<string>): boolean {
  if (callee.type === 'Identifier') return direct.has(callee.name)
  if (callee.type !== 'MemberExpression' || callee.object.type !== 'Identifier') return false
  return (
    namespaces.has(callee.object.name) &&
    callee.property.type === 'Identifier' &&
    callee.property.name === 'each'
  )
}

/** The text of a string literal, also one written as a template without parts. */
function literalText(node: AnyNode | undefined): string | null {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node?.type !== 'TemplateLiteral' || node.expressions.length > 0) return null
  return node.quasis[0]?.value.cooked ?? null
}
