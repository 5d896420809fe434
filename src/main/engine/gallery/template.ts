/**
 * Fills templates with slot values. A contract's template is read as JSON first and filled afterwards, string by
 * string, and a script is given its values as one JSON literal: no value can become structure or code. Pure.
 *
 * `"{{slot}}"`, `"a {{slot.facet}} b"` put text into text; `"{{slot.facet:number}}"` (also `boolean`, `list`), alone
 * in its string, becomes that value; a member of an object that is `"{{slot:optional}}"` is left out where the slot was
 * left empty, and `:list` among the members of a list becomes members of it, none where the slot was left empty. An
 * object with `"$if": "slot.facet"` stays in its list only where that is true;
 * one with `"$each": "slot.facet"` is there once for each of a list, which it calls `{{member}}`.
 */
import type { Json, JsonObject } from '../../../domain/json.ts'
import { isJsonObject } from '../../../domain/json.ts'
import type { SlotValue } from './slots.ts'

export type Values = ReadonlyMap<string, SlotValue>

/** A template that cannot be filled is a defect of the gallery, not of what was filled in. */
export class TemplateError extends Error {}

const PLACE = /\{\{([a-z][a-zA-Z0-9]*)((?:\.[a-zA-Z0-9]+)*)\}\}/g
const TYPED = /^\{\{([a-z][a-zA-Z0-9]*)((?:\.[a-zA-Z0-9]+)*):(number|boolean|list|optional)\}\}$/
const MARK = 'const slots = /*slots*/ {}'

export function fillJson(template: Json, values: Values): Json {
  if (typeof template === 'string') return fillString(template, values)
  if (Array.isArray(template)) {
    return template
      .filter(member => isWanted(member, values))
      .flatMap(member => eachOf(member, values).flatMap(known => membersOf(member, known)))
  }
  if (!isJsonObject(template)) return template
  const members = Object.entries(template).filter(
    ([key, member]) => key !== '$if' && key !== '$each' && !isLeftOut(member, values),
  )
  return Object.fromEntries(members.map(([key, member]) => [key, fillJson(member, values)]))
}

export function fillText(template: string, values: Values): string {
  const filled = template.replaceAll(PLACE, (_, slot: string, facet: string) => {
    const value = lookUp(values, slot, facet)
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new TemplateError(`{{${slot}${facet}}} is neither text nor a number`)
    }
    return String(value)
  })
  if (template.replaceAll(PLACE, '').includes('{{'))
    throw new TemplateError(`“${template}” holds a place that is not understood`)
  return filled
}

/** The script with its values: an ordinary text, whose hash is the identity of the version. */
export function fillScript(source: string, values: Values): string {
  const [before = '', after, more] = source.split(MARK)
  if (after === undefined || more !== undefined)
    throw new TemplateError(`a script holds “${MARK}” exactly once`)
  const slots: JsonObject = Object.fromEntries([...values].map(([name, { value }]) => [name, value]))
  return `${before}const slots = ${literal(slots)}${after}`
}

function fillString(template: string, values: Values): Json {
  const typed = TYPED.exec(template)
  if (typed === null) return fillText(template, values)
  const [, slot = '', facet = '', type = ''] = typed
  const value = lookUp(values, slot, facet)
  if (type === 'optional') return value
  if ((Array.isArray(value) ? 'list' : typeof value) !== type)
    throw new TemplateError(`“${template}” is no ${type}`)
  return value
}

function membersOf(member: Json, values: Values): Json[] {
  if (typeof member !== 'string') return [fillJson(member, values)]
  const [, slot = '', , type] = TYPED.exec(member) ?? []
  if (type === 'list' && values.get(slot)?.value === null) return []
  return [fillString(member, values)].flat()
}

function isLeftOut(member: Json, values: Values): boolean {
  const [, slot = '', facet = '', type] = (typeof member === 'string' ? TYPED.exec(member) : null) ?? []
  return type === 'optional' && lookUp(values, slot, facet) === null
}

function isWanted(member: Json, values: Values): boolean {
  const value = named(member, '$if', values)
  if (value === undefined) return true
  if (typeof value !== 'boolean') throw new TemplateError('$if names what is neither true nor false')
  return value
}

/** The values for each time that a member is there. */
function eachOf(member: Json, values: Values): Values[] {
  const list = named(member, '$each', values)
  if (list === undefined) return [values]
  if (!Array.isArray(list)) throw new TemplateError('$each names what is no list')
  return list.map(value => new Map([...values, ['member', { value, facets: {} }] as const]))
}

/** What a member's `$if` or `$each` names; undefined where it has none. */
function named(member: Json, key: string, values: Values): Json | undefined {
  const place = isJsonObject(member) ? member[key] : undefined
  if (typeof place !== 'string') return undefined
  const [slot = ''] = place.split('.', 1)
  return lookUp(values, slot, place.slice(slot.length))
}

function lookUp(values: Values, slot: string, facet: string): Json {
  const found = values.get(slot)
  const name = facet.slice(1)
  const facets = new Map(Object.entries(found?.facets ?? {}))
  const value = name === '' ? found?.value : facets.get(name)
  if (value === undefined) throw new TemplateError(`there is no {{${slot}${facet}}}`)
  return value
}

/** JSON as a script may hold it. What is invisible or reorders text is escaped, so that a reader sees what is there. */
function literal(value: Json): string {
  return JSON.stringify(value, null, 2).replaceAll(/[\p{Cf}\p{Zl}\p{Zp}\p{Co}\u007f-\u009f]/gu, character =>
    Array.from(
      { length: character.length },
      (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
