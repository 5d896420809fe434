/** What changed between two texts of a page, for people: line by line, within bounds that any two texts meet. */
import { FILE_HEADERS_ONLY, formatPatch, structuredPatch, type StructuredPatchHunk } from 'diff'

export interface TextChange {
  kind: 'added' | 'removed'
  text: string
}

export interface Comparison {
  added: number
  removed: number
  /** "2 lines added, 1 removed". */
  summary: string
  changes: TextChange[]
  truncated: boolean
  /** As a patch; '' where the texts share too little for one. */
  unified: string
}

/** Beyond this many edits the texts share so little that their order says nothing; finding it would take long. */
const MOST_EDITS = 2_000
const SHOWN = 200

export function compare(before: string, after: string): Comparison {
  const options = { context: 2, maxEditLength: MOST_EDITS }
  const patch = structuredPatch('before', 'after', `${before}\n`, `${after}\n`, '', '', options)
  if (patch === undefined) return comparisonOf(withoutOrder(before, after), '')
  return comparisonOf(patch.hunks.flatMap(changesOf), formatPatch(patch, FILE_HEADERS_ONLY))
}

function comparisonOf(changes: readonly TextChange[], unified: string): Comparison {
  const added = changes.filter(({ kind }) => kind === 'added').length
  const removed = changes.length - added
  return {
    added,
    removed,
    summary: changes.length === 0 ? 'nothing changed' : `${lines(added)} added, ${removed} removed`,
    changes: changes.filter(({ text }) => text !== '').slice(0, SHOWN),
    truncated: changes.length > SHOWN,
    unified: changes.length === 0 ? '' : unified,
  }
}

function lines(count: number): string {
  return count === 1 ? '1 line' : `${count} lines`
}

function changesOf(hunk: StructuredPatchHunk): TextChange[] {
  return hunk.lines.flatMap(line => {
    if (line.startsWith('+')) return { kind: 'added', text: line.slice(1) } as const
    return line.startsWith('-') ? ({ kind: 'removed', text: line.slice(1) } as const) : []
  })
}

/** Which lines are there in one and not in the other. */
function withoutOrder(before: string, after: string): TextChange[] {
  const [old, now] = [before.split('\n'), after.split('\n')]
  const [oldLines, nowLines] = [new Set(old), new Set(now)]
  return [
    ...old.filter(line => !nowLines.has(line)).map(text => ({ kind: 'removed', text }) as const),
    ...now.filter(line => !oldLines.has(line)).map(text => ({ kind: 'added', text }) as const),
  ]
}
