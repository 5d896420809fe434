/** Times as triggers say them. */
import type { Language } from '../language.ts'

const UNITS: readonly (readonly [string, number])[] = [
  ['week', 7 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
]

/** `every 15 minutes`, in the largest unit that says it exactly. */
export function everyWords(everyMs: number, language: Language = 'en'): string {
  const [unit, size] = UNITS.find(([, ms]) => everyMs % ms === 0) ?? ['millisecond', 1]
  // A day of the calendar is not always 24 hours; an interval is.
  if (unit === 'day' && everyMs === size) return language === 'de' ? 'alle 24 Stunden' : 'every 24 hours'
  const count = everyMs / size
  if (language === 'de') return germanEvery(count, unit)
  return count === 1 ? `every ${unit}` : `every ${count} ${unit}s`
}

const GERMAN: Readonly<Record<string, readonly [one: string, many: string]>> = {
  week: ['jede Woche', 'Wochen'],
  day: ['jeden Tag', 'Tage'],
  hour: ['jede Stunde', 'Stunden'],
  minute: ['jede Minute', 'Minuten'],
  second: ['jede Sekunde', 'Sekunden'],
}

function germanEvery(count: number, unit: string): string {
  const [one, many] = GERMAN[unit] ?? ['jede Millisekunde', 'Millisekunden']
  return count === 1 ? one : `alle ${count} ${many}`
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
