/** Compiles scripts against the tools' declarations, in memory, as the planner's checker does. */
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
