/** What a script asks for and offers, read from its text alone: nothing of it is run. */
import type { Program } from 'acorn'
import { simple } from 'acorn-walk'
import type { Failure } from '../domain/failure.ts'
import { eachCallsOf } from './each-calls.ts'
import { importsOf } from './imports.ts'
import { parseScript } from './script-syntax.ts'

export interface ScriptInspection {
  /** What its import lines name, once each: its permission request. */
  imports: string[]
  exports: { run: boolean; verify: boolean }
  /** Per `each`, in order: its name where it is a literal. */
  eachNames: (string | null)[]
  /** The text of each one's key function. */
  eachKeys: (string | null)[]
  failure: Failure | null
}

export function inspectScript(source: string): ScriptInspection {
  const { program, failure } = parseScript(source)
  if (failure)
    return { imports: [], exports: { run: false, verify: false }, eachNames: [], eachKeys: [], failure }
  const calls = eachCallsOf(program)
  return {
    imports: [...new Set(importsOf(source, program).named.map(({ specifier }) => specifier))],
    exports: exportsOf(program),
    eachNames: calls.map(call => call.name),
    eachKeys: calls.map(({ key }) => key && source.slice(key.start, key.end)),
    failure: null,
  }
}

function exportsOf(program: Program): ScriptInspection['exports'] {
  const names = new Set<string>()
  simple(program, {
    ExportDefaultDeclaration: () => {
      names.add('default')
    },
    ExportNamedDeclaration: ({ declaration, specifiers }) => {
      for (const { exported } of specifiers)
        names.add('name' in exported ? exported.name : String(exported.value))
      if (declaration?.type === 'VariableDeclaration') {
        for (const { id } of declaration.declarations) if (id.type === 'Identifier') names.add(id.name)
      } else if (declaration) names.add(declaration.id.name)
    },
  })
  return { run: names.has('default'), verify: names.has('verify') }
}
