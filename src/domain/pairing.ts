/** What two lists do not have in common, side by side. */

export interface Pair<T> {
  before: T | null
  after: T | null
  /** Where it stands in the later list, or, where it is gone, in the earlier one. */
  index: number
}

/** Entries that are in one list only. Those of the same `kind` stand for each other, in their order. */
export function pairsOf<T extends object>(
  before: readonly T[],
  after: readonly T[],
  kind: (entry: T) => string,
): Pair<T>[] {
  const [was, is] = [new Set(before.map(textOf)), new Set(after.map(textOf))]
  const left = before.filter(entry => !is.has(textOf(entry)))
  const come = after.flatMap((entry, index): Pair<T>[] => {
    if (was.has(textOf(entry))) return []
    const partner = left.findIndex(other => kind(other) === kind(entry))
    const [gone = null] = partner === -1 ? [] : left.splice(partner, 1)
    return [{ before: gone, after: entry, index }]
  })
  return [...come, ...left.map(entry => ({ before: entry, after: null, index: before.indexOf(entry) }))]
}

function textOf(entry: object): string {
  return JSON.stringify(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)))
}
