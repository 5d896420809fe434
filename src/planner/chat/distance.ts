/** How many slips of typing lie between two words: letters left out, put in, mistaken, or two of them swapped. Pure. */
export function distance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, place) => place)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const mistaken = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = isSwap(a, b, i, j) ? at(before, j - 2) + 1 : mistaken
      row[j] = Math.min(at(last, j) + 1, at(row, j - 1) + 1, mistaken, swapped)
    }
    before = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], place: number): number {
  return row[place] ?? 0
}

function isSwap(a: string, b: string, i: number, j: number): boolean {
  return i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
}
