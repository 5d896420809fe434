import ts from 'typescript'

export interface Title {
  text: string
  line: number
}

/** What marks a case that does not run, and so proves nothing. */
const IDLE = new Set(['skip', 'todo', 'fails'])

/**
 * The titles of the cases in a test file that run: `it('…')`, `test.each(…)('…')`, template texts included (their
 * substitutions read as `…`). Read from the syntax tree, so that comments and data are not titles.
 */
export function titlesOf(source: string): Title[] {
  const file = ts.createSourceFile('file.test.ts', source, ts.ScriptTarget.Latest)
  const titles: Title[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isCase(node.expression)) {
      const text = textOf(node.arguments[0])
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file))
      if (text !== undefined) titles.push({ text, line: line + 1 })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return titles
}

/** The invariants a title proves: the IDs it begins with (`J3 J5 a replay …`, `J3, J5: a replay …`). */
export function provenBy(title: string): string[] {
  const [lead] = /^([JSROPM]\d{1,2}\b[\s,·:/&+]*)+/.exec(title) ?? ['']
  return idsIn(lead)
}

/** Every invariant a text cites. */
export function idsIn(text: string): string[] {
  return text.match(/\b[JSROPM]\d{1,2}\b/g) ?? []
}

/** `it`, `it.only`, `it.each(…)`, `it.skipIf(…)`, `it.each`…``: whatever hangs on the name, unless it is idle. */
function isCase(callee: ts.Node): boolean {
  if (ts.isIdentifier(callee)) return callee.text === 'it' || callee.text === 'test'
  if (ts.isPropertyAccessExpression(callee)) return !IDLE.has(callee.name.text) && isCase(callee.expression)
  if (ts.isCallExpression(callee)) return isCase(callee.expression)
  return ts.isTaggedTemplateExpression(callee) && isCase(callee.tag)
}

function textOf(node: ts.Node | undefined): string | undefined {
  if (node === undefined) return undefined
  if (ts.isStringLiteralLike(node)) return node.text
  if (!ts.isTemplateExpression(node)) return undefined
  return node.templateSpans.reduce((text, span) => `${text}…${span.literal.text}`, node.head.text)
}
