/** Which of the rhythms of a choice a sentence means; not sure where it names days or a rhythm that is none of them. */
import type { SetUpChoice, SetUpSlot } from './entry.ts'
import type { Hearing, Reading } from './read-slot.ts'

const MINUTES = { day: 1_440, week: 10_080, month: 43_200 } as const
const EVERY_DAY = '0,1,2,3,4,5,6'

export function rhythmFor(slot: SetUpSlot, { facts }: Hearing): Reading | null {
  if (slot.choices.every(({ when }) => when === null)) return null
  const days = facts.of('days')
  const rhythms = facts.of('interval')
  const used = [...days, ...rhythms, ...facts.of('number').filter(({ unit }) => unit === 'nth')]
  if (used.length === 0) return null
  const every = new Set(rhythms.map(({ minutes }) => minutes))
  const named = days[0]?.days.toSorted().join()
  const isSome = days.some(({ some }) => some) || used.some(({ kind }) => kind === 'number')
  const fitting = slot.choices.filter(
    choice => !isSome && every.size <= 1 && isSaid(choice, [...every][0], named),
  )
  const texts = fitting.map(({ value }) => value)
  return { texts, facts: used, sure: texts.length === 1 }
}

function isSaid({ when }: SetUpChoice, minutes: number | undefined, days: string | undefined): boolean {
  if (when === null) return false
  const own = when.days?.toSorted().join()
  if (days === undefined)
    return minutes === MINUTES[when.every] && !(own !== undefined && when.every === 'day')
  const isSameRhythm = minutes === undefined || minutes === MINUTES[when.every] || minutes === MINUTES.day
  return isSameRhythm && days === (own ?? (when.every === 'day' ? EVERY_DAY : ''))
}
