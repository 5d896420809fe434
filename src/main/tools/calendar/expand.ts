/**
 * The events of a calendar between two instants: series spread out, exceptions and moved occurrences in their place.
 * Pure and bounded; runs in a compute host, because how long a file takes is for the file to say.
 */
import ICAL from 'ical.js'
import { instantIn, type Instant } from '../text/instant.ts'
import { firstOf, Problems, readComponents, textOf, type Component } from './components.ts'
import { Budget, dayOf, occurrences, type Rule } from './recurrence.ts'
import { instantOf, lengthOf, offsetOf, readRule, timesOf, wallOfUntil, type When } from './values.ts'
import { Zones, type Observance } from './zones.ts'

export interface CalendarText {
  text: string
  /** UTC milliseconds; the end not included. */
  from: number
  to: number
  /** Whose days and clock are meant where a calendar does not say. */
  zone: string
  limit: number
}

export interface CalendarEvent {
  key: string
  uid: string
  title: string
  description: string
  location: string
  url: string
  organizer: string
  categories: string[]
  status: 'confirmed' | 'tentative' | null
  allDay: boolean
  recurring: boolean
  start: Instant
  end: Instant
  lastDate: string
}

export interface CalendarEvents {
  isCalendar: boolean
  name: string
  events: CalendarEvent[]
  truncated: boolean
  problems: string[]
}

const DAY = 86_400_000
/** Clocks are not set by more. */
const SKEW = 3 * 3_600_000
const TRIES_OF_A_RULE = 300_000
const TRIES_OF_ALL = 5_000_000
const MOST_FOUND = 50_000

export function expandCalendar(input: CalendarText): CalendarEvents {
  const problems = new Problems()
  const calendars = readComponents(input.text, problems)
  const expansion = new Expansion(input, problems)
  for (const calendar of calendars) expansion.add(calendar)
  const found = expansion.found.sort((a, b) => a.start - b.start || (a.key < b.key ? -1 : 1))
  return {
    isCalendar: calendars.length > 0,
    name: calendars.map(calendar => textOf(calendar, 'X-WR-CALNAME') || textOf(calendar, 'NAME'))[0] ?? '',
    events: found.slice(0, input.limit).map(one => describe(one, input.zone)),
    truncated: found.length > input.limit || expansion.isCut,
    problems: problems.found,
  }
}

/** One event of a file that can be read: a series, a single event, or what replaces one occurrence. */
interface Event {
  component: Component
  uid: string
  start: When
  durationMs: number
  /** The instant of the occurrence it replaces. */
  replaces: { at: number; andAfter: boolean } | null
}

interface Found {
  event: Event
  key: string
  start: number
  end: number
}

class Expansion {
  readonly found: Found[] = []
  isCut = false
  readonly #input: CalendarText
  readonly #problems: Problems
  #triesLeft = TRIES_OF_ALL

  constructor(input: CalendarText, problems: Problems) {
    this.#input = input
    this.#problems = problems
  }

  add(calendar: Component): void {
    const definitions = calendar.children.filter(child => child.name === 'VTIMEZONE')
    const zones = new Zones(this.#input.zone, definitions, observancesOf, this.#problems)
    const events = calendar.children
      .filter(child => child.name === 'VEVENT')
      .flatMap(component => this.#read(component, zones) ?? [])
    const replacing = Map.groupBy(
      events.filter(event => event.replaces !== null),
      event => event.uid,
    )
    for (const event of events) {
      if (event.replaces === null) this.#spread(event, replacing.get(event.uid) ?? [], zones)
      else this.#take(event, event.replaces.at, instantOf(event.start))
    }
  }

  #read(component: Component, zones: Zones): Event | null {
    const property = firstOf(component, 'DTSTART')
    const start = property === undefined ? undefined : timesOf(property, zones)[0]
    if (start === undefined) {
      this.#tell(component, 'has no time that can be read, and was left out')
      return null
    }
    const id = firstOf(component, 'RECURRENCE-ID')
    const replaced = id === undefined ? undefined : timesOf(id, zones)[0]
    if (id !== undefined && replaced === undefined) {
      this.#tell(component, 'replaces an occurrence whose time cannot be read, and was left out')
      return null
    }
    const andAfter = id?.parameter('range')?.toUpperCase() === 'THISANDFUTURE'
    return {
      component,
      uid: textOf(component, 'UID'),
      start,
      durationMs: this.#durationOf(component, start, zones),
      replaces: replaced === undefined ? null : { at: instantOf(replaced), andAfter },
    }
  }

  #durationOf(component: Component, start: When, zones: Zones): number {
    const property = firstOf(component, 'DTEND')
    const end = property === undefined ? undefined : timesOf(property, zones)[0]
    const none = start.isDate ? DAY : 0
    if (end !== undefined) {
      const duration = start.isDate ? dayOf(end.wall) - start.wall : instantOf(end) - instantOf(start)
      if (duration >= 0) return Math.max(duration, none)
      this.#tell(component, 'ends before it begins: its end was passed over')
      return none
    }
    return Math.max(lengthOf(firstOf(component, 'DURATION')) ?? none, none)
  }

  #spread(event: Event, replacing: readonly Event[], zones: Zones): void {
    const { start } = event
    const excluded = this.#excluded(event, zones)
    const replaced = new Set(replacing.map(other => other.replaces?.at))
    const later = replacing
      .filter(other => other.replaces?.andAfter === true)
      .sort((a, b) => (b.replaces?.at ?? 0) - (a.replaces?.at ?? 0))
    for (const wall of this.#walls(event, later, zones)) {
      const at = start.zone.toUtc(wall)
      if (replaced.has(at) || excluded(at, wall)) continue
      const changed = later.find(other => (other.replaces?.at ?? Infinity) <= at)
      const moved = changed === undefined ? 0 : instantOf(changed.start) - (changed.replaces?.at ?? 0)
      if (!this.#take(changed ?? event, at, at + moved)) return
    }
  }

  /** Walls of the start at which it may occur inside the window, in order. */
  #walls(event: Event, later: readonly Event[], zones: Zones): Iterable<number> {
    const { component, start } = event
    const rules = this.#rulesOf(event)
    const added = (component.properties.get('RDATE') ?? []).flatMap(property => timesOf(property, zones))
    const moved = later.map(
      other => Math.abs(instantOf(other.start) - (other.replaces?.at ?? 0)) + other.durationMs,
    )
    const reach = Math.max(event.durationMs, ...moved) + SKEW
    const { from, to } = this.#input
    const window = { from: start.zone.toWall(from) - reach, to: start.zone.toWall(to) + reach }
    const inside = (wall: number) => wall >= window.from && wall < window.to
    const single = [
      start.wall,
      ...added.map(when => (when.zone === start.zone ? when.wall : start.zone.toWall(instantOf(when)))),
    ]
    const walls = new Set(single.filter(inside))
    for (const rule of rules) {
      const budget = new Budget(Math.min(TRIES_OF_A_RULE, this.#triesLeft))
      for (const wall of occurrences(rule, start.wall, window, budget)) {
        walls.add(wall)
        if (walls.size > MOST_FOUND) break
      }
      this.#triesLeft -= Math.min(TRIES_OF_A_RULE, this.#triesLeft, budget.spent)
      if (budget.isSpent) this.#cut(component, 'repeats too often to be spread out whole')
    }
    return [...walls].sort((a, b) => a - b)
  }

  #rulesOf({ component, start }: Event): Rule[] {
    return (component.properties.get('RRULE') ?? []).flatMap(({ values }) =>
      values.flatMap(value => {
        if (!(value instanceof ICAL.Recur)) return []
        try {
          return [readRule(value, until => wallOfUntil(until, start.zone))]
        } catch (error) {
          if (!(error instanceof Error)) throw error
          this.#tell(component, 'has a rule of repetition that cannot be read')
          return []
        }
      }),
    )
  }

  #excluded({ component, start }: Event, zones: Zones): (at: number, wall: number) => boolean {
    const times = (component.properties.get('EXDATE') ?? []).flatMap(property => timesOf(property, zones))
    const instants = new Set(times.filter(when => when.isDate === start.isDate).map(instantOf))
    const days = new Set(times.filter(when => when.isDate && !start.isDate).map(when => when.wall))
    return (at, wall) => instants.has(at) || days.has(dayOf(wall))
  }

  /** False when there is room for no more. */
  #take(event: Event, original: number, start: number): boolean {
    if (textOf(event.component, 'STATUS').toUpperCase() === 'CANCELLED') return true
    const end = this.#endOf(event, start)
    const { from, to } = this.#input
    if (start >= to || (end <= from && start < from)) return true
    if (this.found.length >= MOST_FOUND) {
      this.isCut = true
      return false
    }
    this.found.push({ event, key: `${event.uid}@${new Date(original).toISOString()}`, start, end })
    return true
  }

  /** Days are days of the wall, not 24 hours. */
  #endOf({ start: { isDate, zone }, durationMs }: Event, start: number): number {
    return isDate ? zone.toUtc(zone.toWall(start) + durationMs) : start + durationMs
  }

  #cut(component: Component, what: string): void {
    this.isCut = true
    this.#tell(component, what)
  }

  #tell(component: Component, what: string): void {
    const title = textOf(component, 'SUMMARY').slice(0, 80)
    this.#problems.add(
      `The event${title === '' ? '' : ` “${title}”`} in line ${String(component.line)} ${what}.`,
    )
  }
}

function observancesOf(component: Component, zones: Zones): Observance[] {
  return component.children.flatMap(child => {
    const property = firstOf(child, 'DTSTART')
    const start = property === undefined ? undefined : timesOf(property, zones)[0]
    const from = offsetOf(firstOf(child, 'TZOFFSETFROM'))
    const to = offsetOf(firstOf(child, 'TZOFFSETTO'))
    if (start === undefined || from === null || to === null) return []
    const local = { toUtc: (wall: number) => wall - from, toWall: (utc: number) => utc + from }
    const recur = firstOf(child, 'RRULE')?.values[0]
    const rule =
      recur instanceof ICAL.Recur && recur.freq === 'YEARLY'
        ? readRule(recur, until => wallOfUntil(until, local))
        : null
    const dates = (child.properties.get('RDATE') ?? [])
      .flatMap(dated => timesOf(dated, zones))
      .map(when => when.wall)
    return [{ start: start.wall, from, to, rule, dates }]
  })
}

const LONGEST_TITLE = 500
const LONGEST_TEXT = 10_000

function describe({ event, key, start, end }: Found, zone: string): CalendarEvent {
  const { component } = event
  const begins = instantIn(start, zone)
  const ends = instantIn(end, zone)
  const status = textOf(component, 'STATUS').toLowerCase()
  return {
    key,
    uid: event.uid,
    title: cut(textOf(component, 'SUMMARY'), LONGEST_TITLE),
    description: cut(textOf(component, 'DESCRIPTION'), LONGEST_TEXT),
    location: cut(textOf(component, 'LOCATION'), LONGEST_TITLE),
    url: cut(textOf(component, 'URL'), 2_000),
    organizer: cut(textOf(component, 'ORGANIZER').replace(/^mailto:/i, ''), LONGEST_TITLE),
    categories: (component.properties.get('CATEGORIES') ?? [])
      .flatMap(property => property.values)
      .flatMap(value => (typeof value === 'string' ? [cut(value, 200)] : []))
      .slice(0, 50),
    status: status === 'confirmed' || status === 'tentative' ? status : null,
    allDay: event.start.isDate,
    recurring:
      event.replaces !== null || component.properties.has('RRULE') || component.properties.has('RDATE'),
    start: begins,
    end: ends,
    lastDate: end > start ? instantIn(end - 1, zone).date : begins.date,
  }
}

function cut(text: string, most: number): string {
  return (text.length > most ? `${text.slice(0, most)}…` : text).toWellFormed()
}
