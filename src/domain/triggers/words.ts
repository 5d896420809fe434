/** Times as triggers say them. */
const UNITS: readonly (readonly [string, number])[] = [
  ['week', 7 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
]

/** `every 15 minutes`, in the largest unit that says it exactly. */
export function everyWords(everyMs: number): string {
  const [unit, size] = UNITS.find(([, ms]) => everyMs % ms === 0) ?? ['millisecond', 1]
  // A day of the calendar is not always 24 hours; an interval is.
  if (unit === 'day' && everyMs === size) return 'every 24 hours'
  const count = everyMs / size
  return count === 1 ? `every ${unit}` : `every ${count} ${unit}s`
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
