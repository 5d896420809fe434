/**
 * A calendar file as components and properties. Files in the wild are broken in places, so every line is read by
 * itself: one that cannot be read is a problem told, and no reason to lose the others. A property's value is read by
 * the library.
 */
import ICAL from 'ical.js'

export interface Component {
  name: string
  /** The line it begins in, from 1. */
  line: number
  properties: Map<string, Property[]>
  children: Component[]
}

export interface Property {
  line: number
  name: string
  /** The time zone it names, if it does. */
  zone: string | null
  parameter: (name: string) => string | null
  /** As they are written. */
  raw: string
  values: unknown[]
}

const SHOWN_PROBLEMS = 50
const LONGEST_NAME = 100
const READ = new Set(['VCALENDAR', 'VEVENT', 'VTIMEZONE', 'STANDARD', 'DAYLIGHT'])

export class Problems {
  readonly found: string[] = []

  add(text: string): void {
    if (this.found.length < SHOWN_PROBLEMS && !this.found.includes(text)) this.found.push(text)
  }
}

/** The calendars of a text; none when it is no calendar at all. */
export function readComponents(text: string, problems: Problems): Component[] {
  const top: Component = { name: '', line: 0, properties: new Map(), children: [] }
  const open = [top]
  for (const { line, content } of unfolded(text)) {
    const [, word = '', rest = ''] = /^([A-Za-z0-9-]+)([:;][^]*)$/.exec(content) ?? []
    const name = word.toUpperCase()
    if (name === 'BEGIN') begin(open, rest.slice(1), line, problems)
    else if (name === 'END') end(open, rest.slice(1), line, problems)
    else if (open.length > 1) addProperty(open.at(-1), { name, line, content }, problems)
  }
  for (const component of open.splice(1)) {
    // A file that breaks off still holds what came before.
    if (component.name === 'VCALENDAR') top.children.push(component)
    else tell(problems, component, 'does not end and was left out')
  }
  return top.children.filter(component => component.name === 'VCALENDAR')
}

/** Long lines are folded: what begins with a blank goes on with the line before. */
function* unfolded(text: string): Generator<{ line: number; content: string }> {
  let line = 0
  let current = { line: 1, parts: [] as string[] }
  for (const part of text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/)) {
    line += 1
    if (part.startsWith(' ') || part.startsWith('\t')) current.parts.push(part.slice(1))
    else {
      if (current.parts.length > 0) yield { line: current.line, content: current.parts.join('') }
      current = { line, parts: [part] }
    }
  }
  if (current.parts.length > 0) yield { line: current.line, content: current.parts.join('') }
}

function begin(open: Component[], rest: string, line: number, problems: Problems): void {
  const name = rest.trim().toUpperCase()
  const unended = name === 'VEVENT' ? open.findLastIndex(component => component.name === 'VEVENT') : -1
  if (unended !== -1) closeTo(open, unended, problems)
  open.push({ name, line, properties: new Map(), children: [] })
}

/** An end of nothing is passed over. */
function end(open: Component[], rest: string, line: number, problems: Problems): void {
  const name = rest.trim().toUpperCase()
  const place = open.findLastIndex((component, at) => at > 0 && component.name === name)
  if (place === -1) problems.add(`Line ${String(line)} ends a ${name.slice(0, 40)} that did not begin.`)
  else {
    closeTo(open, place + 1, problems)
    close(open)
  }
}

/** Ends what was not ended by itself. */
function closeTo(open: Component[], place: number, problems: Problems): void {
  while (open.length > place) {
    const component = open.at(-1)
    if (component !== undefined) tell(problems, component, 'was not ended')
    close(open)
  }
}

function close(open: Component[]): void {
  const component = open.pop()
  if (component !== undefined && READ.has(component.name)) open.at(-1)?.children.push(component)
}

function tell(problems: Problems, { name, line }: Component, what: string): void {
  problems.add(`The ${name.slice(0, 40)} that begins in line ${String(line)} ${what}.`)
}

function addProperty(
  component: Component | undefined,
  { name, line, content }: { name: string; line: number; content: string },
  problems: Problems,
): void {
  if (component === undefined || !READ.has(component.name) || content.trim() === '') return
  const property = name === '' || name.length > LONGEST_NAME ? null : readProperty(name, line, content)
  if (property === null) return problems.add(`Line ${String(line)} could not be read and was passed over.`)
  const known = component.properties.get(name) ?? []
  if (known.length >= MOST_OF_A_NAME)
    return problems.add(`There were too many ${name} from line ${String(line)} on.`)
  known.push(property)
  component.properties.set(name, known)
}

const MOST_OF_A_NAME = 5_000

const WANTED = new Set([
  'UID',
  'RECURRENCE-ID',
  'DTSTART',
  'DTEND',
  'DURATION',
  'RRULE',
  'RDATE',
  'EXDATE',
  'SUMMARY',
  'DESCRIPTION',
  'LOCATION',
  'STATUS',
  'ORGANIZER',
  'URL',
  'CATEGORIES',
  'TZID',
  'TZOFFSETFROM',
  'TZOFFSETTO',
  'X-WR-CALNAME',
  'NAME',
])

/** Null when the library cannot read it; what nobody asks for is not read. */
function readProperty(name: string, line: number, content: string): Property | null {
  if (!WANTED.has(name)) return { line, name, zone: null, parameter: () => null, raw: '', values: [] }
  try {
    const read = ICAL.Property.fromString(content)
    const parameter = (called: string) => {
      const value: unknown = read.getFirstParameter(called)
      return typeof value === 'string' ? value : null
    }
    const values: unknown[] = read.getValues()
    return { line, name, zone: parameter('tzid'), parameter, raw: rawValue(content), values }
  } catch (error) {
    // The library throws errors of its own, and plain ones where it did not expect what it met.
    if (error instanceof Error) return null
    throw error
  }
}

/** What stands after the first colon that is not inside quotes. */
function rawValue(content: string): string {
  let quoted = false
  for (let at = 0; at < content.length; at += 1) {
    if (content[at] === '"') quoted = !quoted
    else if (content[at] === ':' && !quoted) return content.slice(at + 1).trim()
  }
  return ''
}

export function firstOf(component: Component, name: string): Property | undefined {
  return component.properties.get(name)?.[0]
}

export function textOf(component: Component, name: string): string {
  const value = firstOf(component, name)?.values[0]
  return typeof value === 'string' ? value.trim() : ''
}
