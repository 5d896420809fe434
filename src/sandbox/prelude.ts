/**
 * What the guest is made of before a script enters it, and which module may reach which part of it. The prelude is
 * one module whose exports only these facades re-export; the loader decides who may import a facade.
 */
import { PRELUDE_EACH } from './prelude-each.ts'
import { PRELUDE_GLOBALS } from './prelude-globals.ts'
import { PRELUDE_RUNTIME } from './prelude-runtime.ts'

export const PRELUDE_NAME = 'steward:prelude'
export const SCRIPT_NAME = 'script'
export const PRELUDE = `${PRELUDE_GLOBALS}${PRELUDE_RUNTIME}${PRELUDE_EACH}`

const FACADES: Readonly<Record<string, string>> = {
  'steward:runtime': `export { call, each } from '${PRELUDE_NAME}'`,
  'steward:scope': `export { current, enter, resume, inspect, held } from '${PRELUDE_NAME}'`,
}

export function facade(name: string): string | null {
  return Object.hasOwn(FACADES, name) ? (FACADES[name] ?? null) : null
}

/**
 * Whether `importer` may import `specifier` at all. What a script or tool module itself asks for was checked against
 * its text before; this is the second line, inside the loader.
 */
export function mayImport(importer: string, specifier: string, granted: ReadonlySet<string>): boolean {
  if (specifier === PRELUDE_NAME) return facade(importer) !== null
  if (specifier === SCRIPT_NAME) return importer === PRELUDE_NAME
  if (specifier === 'steward:scope') return importer === SCRIPT_NAME || granted.has(importer)
  if (specifier === 'steward:runtime') return granted.has(importer)
  return importer === SCRIPT_NAME && granted.has(specifier)
}
