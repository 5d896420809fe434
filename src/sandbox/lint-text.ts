/** What of a script’s text does nothing, and what it asks for that is not there. */
import type { AnyNode, Program } from 'acorn'
import { full, simple } from 'acorn-walk'
import type { Spot } from './lint-findings.ts'
import { targetsOf } from './patterns.ts'

interface Declared {
  name: string
  at: number
  is: 'import' | 'function' | 'variable'
}

/** Imports, functions and variables that nothing reads. Of several with one name all are taken to be read. */
export function unusedNames(program: Program): Spot[] {
  const read = namesRead(program)
  return declaredIn(program)
    .filter(({ name }) => !read.has(name) && !name.startsWith('_'))
    .map(({ name, at, is }) => ({ at, rule: 'unused', message: `${UNUSED[is](name)} Leave it out.` }))
}

const UNUSED = {
  import: (name: string) => `${name} is imported and never used.`,
  function: (name: string) => `The function ${name} is never called.`,
  variable: (name: string) => `${name} is never read.`,
}

function namesRead(program: Program): Set<string> {
  const read = new Set<string>()
  simple(program, {
    Identifier: ({ name }) => {
      read.add(name)
    },
    ExportNamedDeclaration: ({ declaration, specifiers, source }) => {
      if (source) return
      for (const { local } of specifiers) if (local.type === 'Identifier') read.add(local.name)
      for (const name of exportedBy(declaration)) read.add(name)
    },
  })
  return read
}

function exportedBy(declaration: AnyNode | null | undefined): string[] {
  if (!declaration) return []
  if (declaration.type !== 'VariableDeclaration') return 'id' in declaration ? namesOf(declaration.id) : []
  return declaration.declarations.flatMap(({ id }) => namesOf(id))
}

function namesOf(pattern: AnyNode | null | undefined): string[] {
  return pattern
    ? targetsOf(pattern).flatMap(target => (target.type === 'Identifier' ? target.name : []))
    : []
}

function declaredIn(program: Program): Declared[] {
  const found: Declared[] = []
  const defaults = new Set<AnyNode>()
  simple(program, {
    ExportDefaultDeclaration: ({ declaration }) => {
      defaults.add(declaration)
    },
    ImportDeclaration: ({ specifiers }) => {
      for (const { local } of specifiers) found.push({ name: local.name, at: local.start, is: 'import' })
    },
    FunctionDeclaration: node => {
      if (node.id !== null && !defaults.has(node))
        found.push({ name: node.id.name, at: node.id.start, is: 'function' })
    },
    VariableDeclarator: ({ id }) => {
      // With a rest beside it, a name says what is left out.
      if (id.type === 'ObjectPattern' && id.properties.some(({ type }) => type === 'RestElement')) return
      for (const target of targetsOf(id))
        if (target.type === 'Identifier') found.push({ name: target.name, at: target.start, is: 'variable' })
    },
  })
  const exported = new Set([...defaults].flatMap(node => ('id' in node ? namesOf(node.id) : [])))
  return found.filter(({ name, is }) => is !== 'function' || !exported.has(name))
}

const ENDS = /^(Return|Throw|Break|Continue)Statement$/

/** Statements after one that leaves. */
export function unreachableStatements(program: Program): Spot[] {
  const spots: Spot[] = []
  full(program, node => {
    const statements =
      node.type === 'BlockStatement' ? node.body : node.type === 'SwitchCase' ? node.consequent : []
    const end = statements.findIndex(({ type }) => ENDS.test(type))
    const rest = end === -1 ? [] : statements.slice(end + 1)
    const dead = rest.find(({ type }) => type !== 'FunctionDeclaration' && type !== 'EmptyStatement')
    if (dead !== undefined)
      spots.push({ at: dead.start, rule: 'unreachable', message: 'This is never reached. Leave it out.' })
  })
  return spots
}

const INSTEAD: Readonly<Record<string, string>> = {
  ...by(
    'asks nobody by itself: use get, post or request of tools/http, or page of tools/web',
    ...['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource', 'navigator'],
  ),
  ...by(
    'does not exist, since nothing waits in memory here: use sleep of tools/flow',
    ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'queueMicrotask'],
  ),
  ...by(
    'does not exist: what a script needs it imports at its top, as import { get } from ‘tools/http’',
    ...['require', 'module', 'exports', '__dirname', '__filename'],
  ),
  ...by(
    'does not exist: what a script needs to know is in its event, in tools/state, or written in it',
    ...['process', 'global', 'window', 'self', 'document', 'localStorage', 'sessionStorage', 'Deno', 'Bun'],
  ),
  ...by('makes code from text, which does not exist here: write what is to be done', 'eval', 'Function'),
  ...by('does not exist, since it tells of the machine: use now of tools/flow', 'performance'),
  ...by(
    'does not exist, since what it answers depends on the machine: use formatDate and formatNumber of tools/text',
    'Intl',
  ),
  ...by(
    'does not exist, since what it does depends on the machine’s memory or threads: do without it',
    ...['WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'Atomics', 'Worker'],
  ),
  ...by(
    'does not exist: use the functions of tools/text and tools/files',
    'Buffer',
    'TextEncoder',
    'TextDecoder',
  ),
  ...by('goes nowhere: use info, warn or error of tools/log', 'console'),
}

function by(instead: string, ...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map(name => [name, instead]))
}

const LOCALE = /^toLocale(String|DateString|TimeString)$/

/** What other places offer and this one does not, and what would follow the machine’s language. */
export function notHere(program: Program): Spot[] {
  const own = new Set(declaredIn(program).map(({ name }) => name))
  full(program, node => {
    if ('params' in node) for (const param of node.params) for (const name of namesOf(param)) own.add(name)
    if (node.type === 'CatchClause') for (const name of namesOf(node.param)) own.add(name)
    if (node.type === 'ClassDeclaration') for (const name of namesOf(node.id)) own.add(name)
  })
  const spots: Spot[] = []
  simple(program, {
    Identifier: ({ name, start }) => {
      const instead = own.has(name) || !Object.hasOwn(INSTEAD, name) ? undefined : INSTEAD[name]
      if (instead !== undefined) spots.push({ at: start, rule: 'not-here', message: `${name} ${instead}.` })
    },
    CallExpression: ({ callee }) => {
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return
      const { name, start } = callee.property
      if (!LOCALE.test(name)) return
      const message = `${name}() knows no languages here. Use formatDate or formatNumber of tools/text.`
      spots.push({ at: start, rule: 'not-here', message })
    },
  })
  return spots
}
