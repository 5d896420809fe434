/** What a module asks for. A script's import list is its permission request, so it must be readable from its text. */
import type { Literal, Program } from 'acorn'
import { simple } from 'acorn-walk'
import type { Failure, SourcePosition } from '../domain/failure.ts'
import { positionAt } from './script-syntax.ts'

export interface ModuleImports {
  named: { specifier: string; position: SourcePosition }[]
  /** The first `import()`, which asks for something only while it runs. */
  dynamic: SourcePosition | null
}

export function importsOf(source: string, program: Program): ModuleImports {
  const named = program.body.flatMap(statement => {
    const asked = 'source' in statement ? statement.source : null
    return asked ? [{ specifier: textOf(asked), position: positionAt(source, asked.start) }] : []
  })
  let dynamic: SourcePosition | null = null
  simple(program, {
    ImportExpression: node => {
      dynamic ??= positionAt(source, node.start)
    },
  })
  return { named, dynamic }
}

/** The first import that is not granted, as the Failure it is. */
export function importFailure(
  imports: ModuleImports,
  granted: (specifier: string) => boolean,
): Failure | null {
  const refused = imports.named.find(({ specifier }) => !granted(specifier))
  if (refused) {
    return {
      kind: 'not-permitted',
      clause: 'uses',
      message: `${refused.specifier} is not granted by the contract. Nothing was run.`,
      position: refused.position,
    }
  }
  if (imports.dynamic === null) return null
  return {
    kind: 'not-permitted',
    clause: 'uses',
    message:
      'import() is not granted by any contract: name what the script needs in import lines. Nothing was run.',
    position: imports.dynamic,
  }
}

function textOf(literal: Literal): string {
  return typeof literal.value === 'string' ? literal.value : ''
}
