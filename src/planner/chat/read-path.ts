/** Which folder or file of a sentence a slot means. Pure. */
import type { SetUpSlot } from './entry.ts'
import type { FactOf } from './facts/fact.ts'
import type { Hearing, Reading } from './read-slot.ts'

type Path = FactOf<'path'>

const MINE = '(?: (?:the|my|our|den|die|das|dem|der|meine[nm]?|unsere[nm]?))?$'
const TO = new RegExp(`(?:^| )(?:to|into|onto|nach)${MINE}`)
/** Says where something goes only beside a place it comes from. */
const AT = new RegExp(`(?:^| )(?:in|on|auf|im|under|unter)${MINE}`)

export function pathFor(slot: SetUpSlot, { entry, facts, asked }: Hearing): Reading | null {
  const found = facts.of('path')
  if (found.length === 0) return null
  if (asked || entry === null) return oneOfPaths(found)
  const all = facts.all.filter((fact): fact is Path => fact.kind === 'path' && !fact.negated)
  const places = entry.slots.filter(({ kind }) => kind === 'folder' || kind === 'file')
  if (places.length > 1) {
    const isSecond = places.indexOf(slot) > 0
    return oneOfPaths(found.filter(path => isGoal(path, all) === isSecond))
  }
  return isGoalSlot(slot) ? oneOfPaths(writtenFirst(found)) : sourceIn(found)
}

/** A path that is written beats a word for a folder, which may only say what lies there: “the downloads in ~/a”. */
function sourceIn(found: readonly Path[]): Reading | null {
  const away = found.filter(({ lead }) => TO.test(lead))
  const here = found.filter(path => !away.includes(path))
  const reading = oneOfPaths(writtenFirst(here.length > 0 ? here : found))
  return reading === null || here.length === 0 ? reading : { ...reading, facts: here }
}

function writtenFirst(found: readonly Path[]): readonly Path[] {
  const written = found.filter(path => path.written)
  return written.length > 0 ? written : found
}

/** Something is put there. */
function isGoalSlot({ keywords }: SetUpSlot): boolean {
  return keywords.en.includes('into')
}

function isGoal(path: Path, all: readonly Path[]): boolean {
  if (TO.test(path.lead)) return true
  const others = all.filter(other => other !== path)
  const isBeside = others.some(({ lead }) => !AT.test(lead)) && !others.some(({ lead }) => TO.test(lead))
  return AT.test(path.lead) && isBeside
}

/** Folders that go by several names are one. */
function oneOfPaths(found: readonly Path[]): Reading | null {
  const [first] = found
  if (first === undefined) return null
  const names = new Set(found.map(({ candidates }) => candidates[0]))
  const texts = found.flatMap(({ candidates }) => candidates)
  return { texts, facts: found, sure: names.size === 1 }
}
