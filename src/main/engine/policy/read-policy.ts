/**
 * Reads a policy file: YAML to rules. All that is wrong with it is told at once, each with its line and its path;
 * a file that is refused changes nothing. Anchors and tags have no use in it and are refused.
 */
import type * as yamlModule from 'yaml'
import type { Document, LineCounter, Node } from 'yaml'
import { fail } from '../../../domain/failure.ts'
import { issueOf } from '../../../domain/issues.ts'
import type { Json } from '../../../domain/json.ts'
import { policySchema } from '../../../domain/policy-file.ts'
import type { Policy } from '../../../domain/policy-file.ts'

export const LONGEST_POLICY = 262_144
const MOST_ISSUES = 20
/** Deeper than any rule; a hostile file ends here instead of in the parser. */
const DEEPEST = 32

export interface PolicyIssue {
  /** Counted from 1. */
  line: number
  /** `rules[1].deny[0]`; empty for the whole. */
  path: string
  text: string
}

export interface ReadPolicy {
  policy: Policy
  document: Json
}

type Yaml = typeof yamlModule

export async function readPolicy(source: string): Promise<ReadPolicy> {
  if (source.length > LONGEST_POLICY)
    refuse([{ line: 1, path: '', text: `is longer than ${String(LONGEST_POLICY)} characters` }])
  const tooDeep = deepLine(source)
  if (tooDeep !== null)
    refuse([{ line: tooDeep, path: '', text: `is nested deeper than ${String(DEEPEST)}` }])
  const yaml = await import('yaml')
  const lines = new yaml.LineCounter()
  const parsed = yaml.parseDocument(source, { lineCounter: lines, prettyErrors: false })
  refuseIfAny([...syntaxIssues(parsed, lines), ...fancyIssues(yaml, parsed, lines)])
  const document = parsed.toJS({ maxAliasCount: 0 }) as Json
  const read = policySchema.safeParse(document)
  if (read.success) return { policy: read.data, document }
  refuse(
    read.error.issues.map(found => ({
      ...issueOf(found, document),
      line: lineOf(yaml, parsed, lines, [
        ...found.path,
        ...(found.code === 'unrecognized_keys' ? found.keys.slice(0, 1) : []),
      ]),
    })),
  )
}

function syntaxIssues(parsed: Document, lines: LineCounter): PolicyIssue[] {
  return [...parsed.errors, ...parsed.warnings].map(({ pos, message }) => ({
    line: lines.linePos(pos[0]).line,
    path: '',
    text: `is not YAML: ${firstLine(message)}`,
  }))
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/[.:]$/, '').slice(0, 200)
}

/** What YAML can do and a policy needs not: aliases, anchors, tags of one's own. */
function fancyIssues(yaml: Yaml, parsed: Document, lines: LineCounter): PolicyIssue[] {
  const issues: PolicyIssue[] = []
  yaml.visit(parsed, {
    Pair: (_key, { key }) => {
      if (yaml.isScalar(key)) return
      issues.push({
        line: lines.linePos(rangeStart(key) ?? 0).line,
        path: '',
        text: 'has a key that is not a word',
      })
    },
    Node: (_key, node) => {
      const { line } = lines.linePos(node.range?.[0] ?? 0)
      if (yaml.isAlias(node) || node.anchor !== undefined)
        issues.push({ line, path: '', text: 'has an anchor or alias, which a policy does not take' })
      else if (node.tag?.startsWith('!') === true)
        issues.push({
          line,
          path: '',
          text: `has the tag “${node.tag.slice(0, 40)}”, which a policy does not take`,
        })
    },
  })
  return issues
}

/** The line of what a path names, or of the nearest thing around it. */
function lineOf(yaml: Yaml, parsed: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  let at: unknown = parsed.contents
  let start = rangeStart(parsed.contents) ?? 0
  for (const step of path) {
    if (yaml.isMap(at)) {
      const pair = at.items.find(({ key }) => yaml.isScalar(key) && key.value === step)
      if (pair === undefined) break
      start = rangeStart(pair.key) ?? start
      at = pair.value
    } else if (yaml.isSeq(at)) {
      at = at.items[Number(step)]
      start = rangeStart(at) ?? start
    } else break
  }
  return lines.linePos(start).line
}

function rangeStart(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0]
}

/** Brackets and dashes alone can nest a file as deep as it is long; quoted ones are counted too, which does no harm. */
function deepLine(source: string): number | null {
  let open = 0
  for (const [index, line] of source.split('\n').entries()) {
    const indent = /^[ ]*(?:[-?] +)*/.exec(line)?.[0] ?? ''
    if (indent.replaceAll(' ', '').length > DEEPEST || indent.length > 4 * DEEPEST) return index + 1
    for (const [bracket] of line.matchAll(/[[\]{}]/g)) {
      open = Math.max(0, open + (bracket === '[' || bracket === '{' ? 1 : -1))
      if (open > DEEPEST) return index + 1
    }
  }
  return null
}

function refuseIfAny(issues: readonly PolicyIssue[]): void {
  if (issues.length > 0) refuse(issues)
}

function refuse(issues: readonly PolicyIssue[]): never {
  const shown = issues.toSorted((a, b) => a.line - b.line).slice(0, MOST_ISSUES)
  const count = issues.length === 1 ? 'one reason' : `${String(issues.length)} reasons`
  const text = shown.map(
    ({ line, path, text }) => `Line ${String(line)}, ${path === '' ? 'the file' : path}: ${text}.`,
  )
  fail({
    kind: 'invalid-input',
    path: shown[0]?.path ?? '',
    message: `The policy was refused for ${count}; nothing was changed. ${text.join(' ')}`,
    detail: { issues: shown.map(({ line, path, text }) => ({ line, path, text })) },
  })
}
