/** What changed between two texts, line by line. */
import { FILE_HEADERS_ONLY, formatPatch, structuredPatch, type StructuredPatchHunk } from 'diff'

export interface DiffInput {
  before: string
  after: string
  context: number
  ignoreWhitespace: boolean
}

export interface LineChange {
  kind: 'added' | 'removed'
  /** 1-based: in `after` for an added line, in `before` for a removed one. */
  line: number
  text: string
}

export interface TextDiff {
  same: boolean
  added: number
  removed: number
  summary: string
  changes: LineChange[]
  truncated: boolean
  unified: string
}

const SHOWN_CHANGES = 1_000

export function compareTexts({ before, after, context, ignoreWhitespace }: DiffInput): TextDiff {
  const patch = structuredPatch('before', 'after', before, after, '', '', { context, ignoreWhitespace })
  const changes = patch.hunks.flatMap(changesOf)
  const added = changes.filter(change => change.kind === 'added').length
  const removed = changes.length - added
  const same = changes.length === 0
  return {
    same,
    added,
    removed,
    summary: same ? 'nothing changed' : `${lines(added)} added, ${removed} removed`,
    changes: changes.slice(0, SHOWN_CHANGES),
    truncated: changes.length > SHOWN_CHANGES,
    unified: same ? '' : formatPatch(patch, FILE_HEADERS_ONLY),
  }
}

function lines(count: number): string {
  return count === 1 ? '1 line' : `${count} lines`
}

function changesOf(hunk: StructuredPatchHunk): LineChange[] {
  let before = hunk.oldStart
  let after = hunk.newStart
  const changes: LineChange[] = []
  for (const line of hunk.lines) {
    const text = line.slice(1)
    if (line.startsWith('+')) changes.push({ kind: 'added', line: after++, text })
    else if (line.startsWith('-')) changes.push({ kind: 'removed', line: before++, text })
    else if (!line.startsWith('\\')) {
      before += 1
      after += 1
    }
  }
  return changes
}
