/** Which amount of a sentence a slot means: by what it counts, and by the words next to it. Pure. */
import type { SetUpEntry, SetUpSlot } from './entry.ts'
import type { FactOf } from './facts/fact.ts'
import type { Hearing, Reading } from './read-slot.ts'
import { stemOf } from './words.ts'
import { wordsOf } from '../../domain/note-words.ts'

type Amount = FactOf<'number'>

const BYTES = { gb: 1e9, kb: 1024 } as const
const MEGA = 1e6

export function numberFor(slot: SetUpSlot, { entry, facts, asked }: Hearing): Reading | null {
  const found = facts
    .of('number')
    .filter(number => (asked ? number.unit !== 'nth' : isMeant(slot, number, entry)))
  const exact = found.filter(({ unit }) => unit !== null)
  const meant = asked || exact.length === 0 ? found : exact
  const texts = [...new Set(meant.map(number => inUnitOf(slot, number)))]
  return meant.length === 0 ? null : { texts, facts: meant, sure: texts.length === 1 }
}

function isMeant(slot: SetUpSlot, number: Amount, entry: SetUpEntry | null): boolean {
  if (!isCountedIn(slot, number)) return false
  const cued = isCued(slot, number)
  if (slot.than !== null && number.than !== null && slot.than !== number.than) return false
  if (slot.unit === null) return cued
  const others = (entry?.slots ?? []).filter(
    other => other !== slot && other.kind === 'number' && other.unit !== null,
  )
  if (others.some(other => isCued(other, number)) && !cued) return false
  return slot.than === null || cued || number.than === slot.than
}

/** Money may go without its sign where something is compared with it: “below 50000”. */
function isCountedIn({ unit }: SetUpSlot, number: Amount): boolean {
  if (unit === 'money') return number.unit === 'money' || (number.unit === null && number.than !== null)
  return unit === null ? number.unit === null : number.unit === 'size'
}

function isCued({ keywords }: SetUpSlot, { near }: Amount): boolean {
  const said = ` ${stems(near)} `
  return [...keywords.en, ...keywords.de].some(cue => said.includes(` ${stems(cue)} `))
}

function stems(text: string): string {
  return wordsOf(text).map(stemOf).join(' ')
}

/** People who say 2 MB mean 2048 KB where files are counted in KB of 1024 bytes. */
function inUnitOf({ unit }: SetUpSlot, { number, unit: said }: Amount): string {
  if (said !== 'size' || (unit !== 'gb' && unit !== 'kb')) return number
  const bytes = Number(number)
  if (unit === 'gb') return String(bytes / BYTES.gb)
  return String(bytes >= MEGA ? Math.round((bytes / MEGA) * BYTES.kb) : Math.round(bytes / 1_000))
}
