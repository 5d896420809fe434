/**
 * Time zones of calendars. A known name is the zone of that name, whatever a file says of it; any other is what the
 * file defines; where it defines nothing, the reader's, and that is told. A local time that a zone skips moves
 * forward by the gap; one that occurs twice is the earlier.
 */
import { IANAZone } from 'luxon'
import { instantsOf, wallTime } from '../../../domain/zone.ts'
import { firstOf, type Component, type Problems } from './components.ts'
import { Budget, occurrences, type Rule } from './recurrence.ts'

export interface Zone {
  toUtc(wall: number): number
  toWall(utc: number): number
}

export const UTC: Zone = { toUtc: wall => wall, toWall: utc => utc }

export function ianaZone(name: string): Zone {
  return remembered({
    toUtc: wall => {
      const [at = wall] = instantsOf(wall, name)
      if (wallTime(at, name) === wall) return at
      // Skipped: read by the offset from before, so that half past two becomes half past three.
      return wall - (wallTime(at - 1, name) - (at - 1))
    },
    toWall: utc => wallTime(utc, name),
  })
}

const REMEMBERED = 10_000

/** Many events of a calendar share their times, and all of them the window that is asked for. */
function remembered(zone: Zone): Zone {
  const by = (ask: (time: number) => number) => {
    const known = new Map<number, number>()
    return (time: number) => {
      const answer = known.get(time) ?? ask(time)
      if (known.size < REMEMBERED) known.set(time, answer)
      return answer
    }
  }
  return { toUtc: by(wall => zone.toUtc(wall)), toWall: by(utc => zone.toWall(utc)) }
}

/** When a zone's clocks are set anew: the wall shows `at` by the old offset, and goes on by the new. */
export interface Observance {
  start: number
  from: number
  to: number
  rule: Rule | null
  dates: readonly number[]
}

const YEAR = 366 * 86_400_000
const TRIES = 20_000

export function definedZone(observances: readonly Observance[]): Zone {
  const known = new Map<number, Onset[]>()
  const around = (wall: number): Onset[] => {
    const year = Math.floor(wall / YEAR)
    const onsets = known.get(year) ?? onsetsUntil(observances, (year + 2) * YEAR)
    known.set(year, onsets)
    return onsets
  }
  const offsetAt = (wall: number): number => {
    const onset = around(wall).findLast(({ at }) => at <= wall)
    if (onset === undefined) return observances[0]?.from ?? 0
    return wall < onset.at + onset.to - onset.from ? onset.from : onset.to
  }
  return {
    toUtc: wall => wall - offsetAt(wall),
    toWall: utc => {
      const walls = [...new Set(observances.flatMap(({ from, to }) => [from, to]))].map(
        offset => utc + offset,
      )
      return walls.find(wall => wall - offsetAt(wall) === utc) ?? utc + offsetAt(utc)
    },
  }
}

interface Onset {
  at: number
  from: number
  to: number
}

/** The last changes before `end`: two years of them, or the very last where they ended long ago. */
function onsetsUntil(observances: readonly Observance[], end: number): Onset[] {
  const onsets = observances.flatMap(({ start, from, to, rule, dates }) => {
    const until = Math.min(end, (rule?.until ?? end) + 1)
    const window = { from: until - 4 * YEAR, to: until }
    const recurring = rule === null ? [] : occurrences(rule, start, window, new Budget(TRIES))
    return [start, ...dates, ...recurring].filter(at => at < end).map(at => ({ at, from, to }))
  })
  return onsets.sort((a, b) => a.at - b.at)
}

export class Zones {
  readonly reader: Zone
  readonly #definitions: ReadonlyMap<string, Component>
  readonly #read: (component: Component, zones: Zones) => Observance[]
  readonly #problems: Problems
  readonly #known = new Map<string, Zone>()

  constructor(
    readerZone: string,
    definitions: readonly Component[],
    read: (component: Component, zones: Zones) => Observance[],
    problems: Problems,
  ) {
    this.reader = ianaZone(readerZone)
    this.#definitions = new Map(definitions.map(component => [tzidOf(component), component]))
    this.#read = read
    this.#problems = problems
  }

  named(name: string | null): Zone {
    if (name === null || name === '') return this.reader
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const zone = this.#find(name)
    this.#known.set(name, zone)
    return zone
  }

  #find(name: string): Zone {
    const iana = ianaName(name)
    if (iana !== null) return ianaZone(iana)
    const definition = this.#definitions.get(name)
    const observances = definition === undefined ? [] : this.#read(definition, this)
    if (observances.length > 0) return definedZone(observances)
    this.#problems.add(`The time zone “${name.slice(0, 80)}” is not known: its times were read in your own.`)
    return this.reader
  }
}

function tzidOf(component: Component): string {
  const value = firstOf(component, 'TZID')?.values[0]
  return typeof value === 'string' ? value : ''
}

/** Some programs put their own name before the zone's: `/example.org/2020/Europe/Berlin`. */
function ianaName(name: string): string | null {
  const parts = name.split('/').filter(part => part !== '')
  const endings = name.startsWith('/') ? [3, 2, 1] : [parts.length]
  const names = endings.map(count => parts.slice(-count).join('/'))
  return names.find(candidate => candidate.length <= 64 && IANAZone.isValidZone(candidate)) ?? null
}
