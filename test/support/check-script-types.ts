/** Compiles scripts against the tools' declarations, in memory, as the planner's checker does. */
import path from 'node:path'
import ts from 'typescript'

/** The checker's complaints about each file, as `line: message`, the declarations' own included. */
export function complaints(declarations: string, files: Record<string, string>): Record<string, string[]> {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    module: ts.ModuleKind.ESNext,
    types: [],
    strict: true,
    allowJs: true,
    checkJs: true,
    noEmit: true,
    noImplicitAny: false,
  }
  const host = ts.createCompilerHost(options)
  const readSource = host.getSourceFile.bind(host)
  const all: Record<string, string> = { ...files, 'tools.d.ts': declarations }
  host.getSourceFile = (name, target) => {
    const text = all[name]
    return text === undefined ? readSource(name, target) : ts.createSourceFile(name, text, target)
  }
  const program = ts.createProgram(Object.keys(all), options, host)
  const found = Object.fromEntries(Object.keys(all).map(name => [name, [] as string[]]))
  for (const { file, start, messageText } of ts.getPreEmitDiagnostics(program)) {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start ?? 0).line + 1
    const name = file?.fileName ?? ''
    found[name] = [...(found[name] ?? []), `${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`]
  }
  return found
}

/** The compiler's complaints about one text, as if it were that file of this repository. */
export function complaintsAbout(file: string, text: string): string[] {
  const root = path.resolve(import.meta.dirname, '../..')
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), name => ts.sys.readFile(name)) as {
    config: unknown
  }
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const name = path.join(root, file)
  const host = ts.createCompilerHost(options)
  const readSource = host.getSourceFile.bind(host)
  host.getSourceFile = (asked, target) =>
    asked === name ? ts.createSourceFile(asked, text, target) : readSource(asked, target)
  const program = ts.createProgram([name], options, host)
  const source = program.getSourceFile(name)
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(found =>
    ts.flattenDiagnosticMessageText(found.messageText, ' '),
  )
}
