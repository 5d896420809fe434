/**
 * The tools there are, and everything that is derived from their declarations: the modules scripts import, the
 * `.d.ts` the planner reads, and the reference page. Owns the check that every declaration is whole; does not own
 * policy, the journal, or how a tool is run.
 */
import { fail } from '../../domain/failure.ts'
import type { ToolDeclaration } from '../../domain/tool.ts'
import { moduleDeclaration } from './declaration-text.ts'
import { FLOW_DECLARATION, FLOW_SOURCE } from './flow.ts'
import { familyOf, guestModule, verbOf } from './guest-module.ts'
import { referencePage } from './reference-page.ts'
import { jsonSchemaOf } from './schema-text.ts'

export { validateInput, validateOutput, type Checked } from './validate.ts'

/** Raised when a change to a tool would break scripts written for the one before (docs/06-tools-api.md). */
export const TOOL_API = 1

export interface ToolRegistry {
  readonly toolApi: number
  get(name: string): ToolDeclaration | undefined
  /** All declarations, by name. */
  list(): readonly ToolDeclaration[]
  families(): readonly string[]
  /** Guest source of `tools/<family>`; undefined where there is no such family. */
  moduleSource(module: string): string | undefined
  /** The `.d.ts` of `tools/<family>`, as an ambient module. */
  declarationText(module: string): string | undefined
  /** Specifier → guest source of the modules a contract lists. A module that does not exist is `invalid-input`. */
  modulesOf(uses: readonly string[]): Record<string, string>
  /** The reference of all tools, in Markdown. */
  docsPage(): string
}

/** What a family offers beyond its declared tools. */
const EXTRAS: Readonly<Record<string, { source: string; declaration: string }>> = {
  flow: { source: FLOW_SOURCE, declaration: FLOW_DECLARATION },
}

/** Names that the engine and the sandbox settle between themselves, out of the reach of scripts. */
const INTERNAL = new Set(['flow.open', 'flow.settle', 'flow.each'])

export function createRegistry(declarations: readonly ToolDeclaration[]): ToolRegistry {
  const tools = new Map<string, ToolDeclaration>()
  for (const tool of [...declarations].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const fault = faultOf(tool) ?? (tools.has(tool.name) ? 'is declared twice' : undefined)
    if (fault !== undefined) throw new Error(`The declaration of tool “${tool.name}” ${fault}.`)
    tools.set(tool.name, tool)
  }
  return new Registry(tools)
}

class Registry implements ToolRegistry {
  readonly toolApi = TOOL_API
  readonly #tools: ReadonlyMap<string, ToolDeclaration>
  readonly #families = new Map<string, ToolDeclaration[]>()
  readonly #sources = new Map<string, string>()

  constructor(tools: ReadonlyMap<string, ToolDeclaration>) {
    this.#tools = tools
    for (const tool of tools.values()) {
      const family = familyOf(tool.name)
      this.#families.set(family, [...(this.#families.get(family) ?? []), tool])
    }
    for (const [family, members] of this.#families) {
      this.#sources.set(`tools/${family}`, guestModule(members, EXTRAS[family]?.source))
    }
  }

  get(name: string): ToolDeclaration | undefined {
    return this.#tools.get(name)
  }

  list(): readonly ToolDeclaration[] {
    return [...this.#tools.values()]
  }

  families(): readonly string[] {
    return [...this.#families.keys()]
  }

  moduleSource(module: string): string | undefined {
    return this.#sources.get(module)
  }

  declarationText(module: string): string | undefined {
    const family = module.slice('tools/'.length)
    const members = this.#sources.has(module) ? this.#families.get(family) : undefined
    return members && moduleDeclaration(module, members, EXTRAS[family]?.declaration)
  }

  modulesOf(uses: readonly string[]): Record<string, string> {
    return Object.fromEntries(
      uses.map(module => [module, this.#sources.get(module) ?? this.#missing(module)]),
    )
  }

  docsPage(): string {
    return referencePage(
      this.families().map(family => ({
        module: `tools/${family}`,
        tools: this.#families.get(family) ?? [],
        declaration: EXTRAS[family]?.declaration ?? '',
      })),
    )
  }

  #missing(module: string): never {
    return fail({
      kind: 'invalid-input',
      path: 'uses',
      message: `The contract lists “${module}”, which does not exist. There are: ${[...this.#sources.keys()].join(', ')}.`,
    })
  }
}

/** The first thing that is wrong with a declaration, as the end of a sentence. */
function faultOf(tool: ToolDeclaration): string | undefined {
  return nameFault(tool) ?? effectFault(tool) ?? positionalFault(tool)
}

function nameFault(tool: ToolDeclaration): string | undefined {
  if (!/^[a-z]+\.[a-z][a-zA-Z]*$/.test(tool.name)) return 'is not named family.verb'
  if (INTERNAL.has(tool.name)) return 'takes a name that belongs to the engine'
  if (verbOf(tool.name) === 'default') return 'would become the default export of its module'
  if (!Number.isInteger(tool.version) || tool.version < 1) return 'has no version from 1 up'
  return tool.title.trim() === '' || tool.doc.trim() === '' ? 'has no title or no doc' : undefined
}

function effectFault(tool: ToolDeclaration): string | undefined {
  const writes = tool.effect === 'write' || typeof tool.effect === 'function'
  if (writes && !['key', 'natural', 'reconcile', 'none'].includes(kindOf(tool.idempotency))) {
    return 'writes without saying whether it may be repeated (idempotency)'
  }
  if (tool.idempotency === 'reconcile' && tool.reconcile === undefined)
    return 'promises to reconcile but has no way to'
  if (tool.idempotency === 'key' && tool.keyWindowMs === undefined)
    return 'relies on its key without saying for how long'
  if (tool.wait !== undefined && tool.effect !== 'local') return 'waits and has an effect of its own'
  return undefined
}

/** An idempotency that depends on the call is judged at the call. */
function kindOf(idempotency: ToolDeclaration['idempotency']): string {
  return typeof idempotency === 'function' ? 'none' : idempotency
}

function positionalFault(tool: ToolDeclaration): string | undefined {
  const schema = jsonSchemaOf(tool.input, 'input')
  const properties = schema.properties ?? {}
  const required = new Set(schema.required ?? [])
  const names: readonly string[] = tool.positional ?? []
  const unknown = names.find(name => !Object.hasOwn(properties, name))
  if (unknown !== undefined) return `has a positional parameter “${unknown}” that its input does not have`
  const firstOptional = names.findIndex(name => !required.has(name))
  const after = firstOptional === -1 ? [] : names.slice(firstOptional)
  if (after.some(name => required.has(name)))
    return 'has a required positional parameter after an optional one'
  const left = [...required].some(name => !names.includes(name))
  return after.length > 0 && left ? 'has a required option after an optional positional parameter' : undefined
}
