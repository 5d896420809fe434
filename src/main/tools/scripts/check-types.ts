/**
 * The types of a script: plain JavaScript, inferred, held against the declarations of the modules it imports. Runs in
 * a compute host; what the compiler read of the language's own declarations is kept there for the next script.
 */
import { posix } from 'node:path'
import ts from 'typescript'

export interface TypesInput {
  source: string
  /** The `.d.ts` of each module, as ambient modules. */
  declarations: readonly string[]
}

export interface TypeProblem {
  /** From 1, as editors count. */
  line: number
  column: number
  code: number
  message: string
}

export interface TypesAnswer {
  /** In the order of the text, the first of them. */
  problems: TypeProblem[]
  /** How many more there are. */
  more: number
}

const MOST_PROBLEMS = 20
const LONGEST_MESSAGE = 400
const SCRIPT = '/script.js'
const TOOLS = '/tools.d.ts'

/** What a script finds beside the language itself. */
const GLOBALS = `declare const console: Record<'log' | 'info' | 'warn' | 'error' | 'debug', (...given: unknown[]) => void>
declare const crypto: { randomUUID(): string }
`

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  types: [],
  allowJs: true,
  checkJs: true,
  noEmit: true,
  skipLibCheck: true,
  strict: true,
  // Parameters say nothing of their types in plain JavaScript, and what is caught has a code here.
  noImplicitAny: false,
  useUnknownInCatchVariables: false,
}

const LIBRARY = posix.dirname(ts.getDefaultLibFilePath(OPTIONS))
const libraries = new Map<string, ts.SourceFile | undefined>()

export function checkTypes({ source, declarations }: TypesInput): TypesAnswer {
  const files = new Map([
    [SCRIPT, source],
    [TOOLS, GLOBALS + declarations.join('\n')],
  ])
  const program = ts.createProgram([...files.keys()], OPTIONS, hostOf(files))
  const script = program.getSourceFile(SCRIPT)
  const found = [...program.getSyntacticDiagnostics(script), ...program.getSemanticDiagnostics(script)]
    .filter(({ category, file }) => category === ts.DiagnosticCategory.Error && file === script)
    .toSorted((a, b) => (a.start ?? 0) - (b.start ?? 0))
  return {
    problems: found.slice(0, MOST_PROBLEMS).map(problemOf),
    more: Math.max(0, found.length - MOST_PROBLEMS),
  }
}

function problemOf({ file, start, code, messageText }: ts.Diagnostic): TypeProblem {
  const { line, character } = file?.getLineAndCharacterOfPosition(start ?? 0) ?? { line: 0, character: 0 }
  const message = ts.flattenDiagnosticMessageText(messageText, ' ').replaceAll(/\s+/g, ' ')
  return {
    line: line + 1,
    column: character + 1,
    code,
    message: message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE - 1)}…` : message,
  }
}

/** Of the disk it sees the language's own declarations, and nothing else. */
function hostOf(files: ReadonlyMap<string, string>): ts.CompilerHost {
  const isLibrary = (name: string) => posix.dirname(name) === LIBRARY
  return {
    getSourceFile: (name, target) => {
      const text = files.get(name)
      if (text !== undefined) return ts.createSourceFile(name, text, target)
      return isLibrary(name) ? libraryFile(name, target) : undefined
    },
    fileExists: name =>
      files.has(name) || (isLibrary(name) && libraryFile(name, ts.ScriptTarget.ES2023) !== undefined),
    readFile: name => files.get(name),
    directoryExists: () => false,
    getDirectories: () => [],
    getDefaultLibFileName: () => posix.join(LIBRARY, 'lib.es2023.d.ts'),
    getDefaultLibLocation: () => LIBRARY,
    getCurrentDirectory: () => '/',
    getCanonicalFileName: name => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    writeFile: () => undefined,
  }
}

function libraryFile(
  name: string,
  target: ts.ScriptTarget | ts.CreateSourceFileOptions,
): ts.SourceFile | undefined {
  if (!libraries.has(name)) {
    const text = ts.sys.readFile(name)
    libraries.set(name, text === undefined ? undefined : ts.createSourceFile(name, text, target))
  }
  return libraries.get(name)
}
