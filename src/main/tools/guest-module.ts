/**
 * The ES module that scripts import for a tool family, as guest source: every export turns its arguments into the
 * tool's one input object and hands it to the runtime. Validation is the host's; here only the shape is made.
 */
import type { ToolDeclaration } from '../../domain/tool.ts'

/** Words that may name an export but not a binding: declared with an underscore, exported as they are. */
const RESERVED = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export ' +
    'extends false finally for function if implements import in instanceof interface let new null package ' +
    'private protected public return static super switch this throw true try typeof var void while with yield'
  ).split(' '),
)

/** A second name for an export that scripts could otherwise import only by renaming it. */
const SYNONYMS: Readonly<Record<string, string>> = { delete: 'remove' }

export interface GuestName {
  /** The binding inside the module. */
  readonly local: string
  /** Every name under which scripts may import it; the tool's verb first. */
  readonly exported: readonly string[]
}

export function familyOf(tool: string): string {
  return tool.slice(0, tool.indexOf('.'))
}

export function verbOf(tool: string): string {
  return tool.slice(tool.indexOf('.') + 1)
}

/** How a verb appears to scripts: `delete` is the binding `delete_`, exported as `delete`, `delete_` and `remove`. */
export function guestName(verb: string): GuestName {
  if (!RESERVED.has(verb)) return { local: verb, exported: [verb] }
  const synonym = SYNONYMS[verb]
  return { local: `${verb}_`, exported: [verb, `${verb}_`, ...(synonym === undefined ? [] : [synonym])] }
}

/** Binds arguments to names: one plain object is the input itself; otherwise by position, options last. */
const BINDING = `
const isPlain = value => {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
const invoke = (tool, names, given) => {
  if (given.length === 0) return call(tool, {})
  if (given.length === 1 && (names.length === 0 || isPlain(given[0]))) return call(tool, given[0])
  const options = given.length === names.length + 1 ? given[names.length] : {}
  if (given.length > names.length + 1 || !isPlain(options)) {
    throw new TypeError(tool + ' takes ' + (names.length === 0 ? 'one object' : '(' + names.join(', ') + ', options) or one object'))
  }
  const input = { ...options }
  for (let i = 0; i < names.length && i < given.length; i += 1) {
    if (given[i] !== undefined) input[names[i]] = given[i]
  }
  return call(tool, input)
}
`

/** Guest source of `tools/<family>`. `extra` is appended: what a family offers beyond its declared tools. */
export function guestModule(tools: readonly ToolDeclaration[], extra = ''): string {
  const bindings = tools.map(tool => {
    const names = JSON.stringify(tool.positional ?? [])
    return `const ${guestName(verbOf(tool.name)).local} = (...given) => invoke(${JSON.stringify(tool.name)}, ${names}, given)`
  })
  const exports = tools.flatMap(tool => {
    const { local, exported } = guestName(verbOf(tool.name))
    return exported.map(name => (name === local ? name : `${local} as ${name}`))
  })
  return [
    `import { call } from 'steward:runtime'`,
    extra,
    BINDING.trim(),
    ...bindings,
    `export { ${exports.join(', ')} }`,
    '',
  ]
    .filter((line, index, lines) => line !== '' || index === lines.length - 1)
    .join('\n')
}
