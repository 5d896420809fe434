/**
 * Modules as the guest gets them: parsed, checked and transformed once per text. Owns a small cache of texts; the
 * grants are checked at every start.
 */
import type { Failure, SourcePosition } from '../domain/failure.ts'
import type { GuestModules } from './engine-wasm.ts'
import { importFailure, importsOf, type ModuleImports } from './imports.ts'
import { SCRIPT_NAME } from './prelude.ts'
import { parseScript } from './script-syntax.ts'
import { type Transformed, transformModule } from './transform.ts'

const KEPT = 64

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

  load(script: string, tools: Readonly<Record<string, string>>): LoadedRun {
    const prepared = this.#prepare(script)
    if ('kind' in prepared) return { modules: null, failure: prepared }
    const granted = new Set(Object.keys(tools).filter(name => name.startsWith('tools/')))
    const refused = importFailure(prepared.imports, specifier => granted.has(specifier))
    if (refused) return { modules: null, failure: refused }
    return {
      failure: null,
      original: prepared.transformed.original,
      modules: {
        granted,
        source: name => {
          if (name === SCRIPT_NAME) return prepared.transformed.code
          return granted.has(name) ? this.#tool(tools[name] ?? '') : null
        },
      },
    }
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
    const [oldest] = this.#prepared.keys()
    if (this.#prepared.size >= KEPT && oldest !== undefined) this.#prepared.delete(oldest)
    this.#prepared.set(source, prepared)
    return prepared
  }
}
