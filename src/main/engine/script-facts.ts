/** What a script's text says about what it will touch: the functions it imports, and the addresses and paths it names. */
import type { ImportDeclaration, Program } from 'acorn'
import { simple } from 'acorn-walk'
import type { SourcePosition } from '../../domain/failure.ts'
import { parseScript, positionAt } from '../../sandbox/script-syntax.ts'

export interface ImportedName {
  module: string
  /** The name as exported; '*' for all of the module, by name later. */
  name: string
  position: SourcePosition
}

export interface ScriptFacts {
  imported: ImportedName[]
  /** `module` → verbs called through `import * as x`. */
  members: Map<string, Set<string>>
  /** Every text written in it, template parts included. */
  texts: string[]
  /** Names given as `connection: '…'`. */
  connections: string[]
}

/** Of a script that parses; one that does not has no facts. */
export function factsOfScript(source: string): ScriptFacts {
  const facts: ScriptFacts = { imported: [], members: new Map(), texts: [], connections: [] }
  const { program } = parseScript(source)
  if (program === null) return facts
  const namespaces = new Map<string, string>()
  simple(program, {
    ImportDeclaration: node => {
      addImports(facts, namespaces, node, source)
    },
    Literal: node => {
      if (typeof node.value === 'string') facts.texts.push(node.value)
    },
    Property: ({ key, value }) => {
      const isNamed = key.type === 'Identifier' && key.name === 'connection'
      if (isNamed && value.type === 'Literal' && typeof value.value === 'string')
        facts.connections.push(value.value)
    },
    TemplateElement: node => {
      facts.texts.push(node.value.cooked ?? node.value.raw)
    },
  })
  addMembers(facts, namespaces, program)
  return facts
}

function addImports(
  facts: ScriptFacts,
  namespaces: Map<string, string>,
  node: ImportDeclaration,
  source: string,
): void {
  const module = String(node.source.value)
  for (const specifier of node.specifiers) {
    const position = positionAt(source, specifier.start)
    if (specifier.type === 'ImportNamespaceSpecifier') namespaces.set(specifier.local.name, module)
    const name =
      specifier.type === 'ImportSpecifier' ? exportedName(specifier.imported) : NAMES[specifier.type]
    facts.imported.push({ module, name, position })
  }
}

const NAMES = { ImportDefaultSpecifier: 'default', ImportNamespaceSpecifier: '*' } as const

function exportedName(node: { type: string; name?: string; value?: unknown }): string {
  return node.name ?? String(node.value)
}

function addMembers(facts: ScriptFacts, namespaces: ReadonlyMap<string, string>, program: Program): void {
  if (namespaces.size === 0) return
  simple(program, {
    MemberExpression: node => {
      const module = node.object.type === 'Identifier' ? namespaces.get(node.object.name) : undefined
      if (module === undefined || node.computed || node.property.type !== 'Identifier') return
      const members = facts.members.get(module) ?? new Set()
      facts.members.set(module, members.add(node.property.name))
    },
  })
}
