/**
 * Modules as the guest gets them: parsed, checked and transformed once per text, and linked once per script and what
 * it is granted. Owns two small caches.
 */
import type { Failure, SourcePosition } from '../domain/failure.ts'
import type { GuestModules } from './guest-images.ts'
import { importFailure, importsOf, type ModuleImports } from './imports.ts'
import { facade, mayImport, SCRIPT_NAME } from './prelude.ts'
import { parseScript } from './script-syntax.ts'
import { type Transformed, transformModule } from './transform.ts'

const TEXTS_KEPT = 64
/** Each with the memory of a guest that has compiled it. */
const SCRIPTS_KEPT = 16

type Tools = Readonly<Record<string, string>>

interface Prepared {
  imports: ModuleImports
  transformed: Transformed
}

export interface LoadedModules {
  modules: GuestModules
  original: (place: SourcePosition) => SourcePosition
  failure: null
}

export type LoadedRun = LoadedModules | { modules: null; failure: Failure }

export class ModuleCache {
  readonly #prepared = new Map<string, Prepared>()
  readonly #loaded = new Map<string, { tools: Tools; run: LoadedModules }>()

  /** Answers with the same object for the same texts, as long as it is kept. */
  load(script: string, tools: Tools): LoadedRun {
    const known = this.#loaded.get(script)
    if (known && isSame(known.tools, tools)) return known.run
    const run = this.#link(script, tools)
    if (!run.failure) keep(this.#loaded, script, { tools, run }, SCRIPTS_KEPT)
    return run
  }

  #link(script: string, tools: Tools): LoadedRun {
    const prepared = this.#prepare(script)
    if ('kind' in prepared) return { modules: null, failure: prepared }
    const granted = new Set(Object.keys(tools).filter(name => name.startsWith('tools/')))
    const refused = importFailure(prepared.imports, specifier => granted.has(specifier))
    if (refused) return { modules: null, failure: refused }
    const { code, original } = prepared.transformed
    const textOf = (name: string): string | null => {
      if (name === SCRIPT_NAME) return code
      return facade(name) ?? (granted.has(name) ? this.#tool(tools[name] ?? '') : null)
    }
    const modules: GuestModules = {
      resolve: (importer, specifier) =>
        mayImport(importer, specifier, granted) ? specifier : refuse(specifier),
      load: name => textOf(name) ?? refuse(name),
    }
    return { failure: null, original, modules }
  }

  #tool(source: string): string | null {
    const prepared = this.#prepare(source)
    if ('kind' in prepared) return null
    return importFailure(prepared.imports, specifier => specifier === 'steward:runtime')
      ? null
      : prepared.transformed.code
  }

  #prepare(source: string): Prepared | Failure {
    const known = this.#prepared.get(source)
    if (known) return known
    const { program, failure } = parseScript(source)
    if (failure) return failure
    const prepared = { imports: importsOf(source, program), transformed: transformModule(source, program) }
    keep(this.#prepared, source, prepared, TEXTS_KEPT)
    return prepared
  }
}

function keep<Value>(kept: Map<string, Value>, text: string, value: Value, most: number): void {
  const [oldest] = kept.keys()
  if (kept.size >= most && oldest !== undefined) kept.delete(oldest)
  kept.set(text, value)
}

function isSame(one: Tools, other: Tools): boolean {
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every(name => one[name] === other[name])
}

function refuse(name: string): never {
  throw new Error(`${name} is not granted by the contract.`)
}
