/** Reads the text of a script or module: its syntax tree, or a Failure with the position of what cannot be read. */
import { getLineInfo, parse, type Program } from 'acorn'
import type { Failure, SourcePosition } from '../domain/failure.ts'

/** Longer texts are refused before they are read: nothing a person or planner writes comes near. */
const LONGEST_SOURCE = 1_000_000

export type ParsedScript = { program: Program; failure: null } | { program: null; failure: Failure }

export function parseScript(source: string): ParsedScript {
  if (source.length > LONGEST_SOURCE) {
    return unreadable(`is longer than ${String(LONGEST_SOURCE)} characters`)
  }
  try {
    const program = parse(source, { ecmaVersion: 2025, sourceType: 'module', preserveParens: true })
    return { program, failure: null }
  } catch (thrown) {
    if (thrown instanceof SyntaxError)
      return unreadable(`does not parse: ${reasonOf(thrown)}`, placeOf(thrown))
    // The parser is recursive: only nesting far beyond any real script exhausts the stack.
    if (thrown instanceof RangeError) return unreadable('is nested too deeply to be read')
    throw thrown
  }
}

export function positionAt(source: string, offset: number): SourcePosition {
  const { line, column } = getLineInfo(source, offset)
  return { line, column: column + 1 }
}

function unreadable(problem: string, position?: SourcePosition): ParsedScript {
  const message = `The script ${problem}. Nothing was run.`
  const failure: Failure = {
    kind: 'script-error',
    name: 'SyntaxError',
    message,
    ...(position && { position }),
  }
  return { program: null, failure }
}

function reasonOf(error: SyntaxError): string {
  return error.message.replace(/\s*\(\d+:\d+\)$/, '').replace(/^./, first => first.toLowerCase())
}

function placeOf(error: SyntaxError): SourcePosition | undefined {
  if (!('loc' in error) || typeof error.loc !== 'object' || error.loc === null) return undefined
  const { line, column } = error.loc as { line: number; column: number }
  return { line, column: column + 1 }
}
