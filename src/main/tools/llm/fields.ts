/**
 * The friendly shape of what is to be found in a text: `{ number: 'string', 'due?': 'date', lines: [{ … }] }`. Read
 * into fields, told to a model as JSON Schema, and held against what it answers. In the schema everything may be null,
 * so that no model has to invent what a text does not say.
 */
import { isJsonObject } from '../../../domain/json.ts'
import type { Json, JsonObject } from '../../../domain/json.ts'

const PLAIN = ['string', 'number', 'integer', 'boolean', 'date'] as const
type Plain = (typeof PLAIN)[number]

export type Field = { readonly needed: boolean; readonly about: string | null } & (
  | { readonly is: Plain }
  | { readonly is: 'choice'; readonly of: readonly string[] }
  | { readonly is: 'list'; readonly of: Field }
  | { readonly is: 'record'; readonly of: readonly (readonly [name: string, field: Field])[] }
)

export interface Problem {
  readonly path: readonly string[]
  readonly message: string
}

const MOST_DEPTH = 5
const MOST_FIELDS = 100
const NAME = /^[\p{L}_][\p{L}\p{N}_ -]{0,63}$/u
const FORMS =
  'takes "string", "number", "integer", "boolean", "date" or choices such as "open|paid", with ? at its end where the text may not say it and ": what is meant" after that; [one form] for a list; { name: form } for an object'

/** Adds to `problems` what cannot be read; then the field is of no use. */
export function readField(given: Json, problems: Problem[], path: readonly string[] = []): Field {
  if (path.length > MOST_DEPTH) return wrong(problems, path, `is nested more than ${String(MOST_DEPTH)} deep`)
  if (typeof given === 'string') return readPlain(given, problems, path)
  if (Array.isArray(given)) return readList(given, problems, path)
  if (isJsonObject(given)) return readRecord(given, problems, path)
  return wrong(problems, path, FORMS)
}

function wrong(problems: Problem[], path: readonly string[], message: string): Field {
  problems.push({ path, message })
  return { is: 'string', needed: false, about: null }
}

function readPlain(text: string, problems: Problem[], path: readonly string[]): Field {
  const [, head = '', mark = '', about = ''] = /^([^:?]+?)\s*(\??)\s*(?::\s*(.+))?$/su.exec(text.trim()) ?? []
  const base = { needed: mark === '', about: about === '' ? null : about }
  const plain = PLAIN.find(name => name === head)
  if (plain !== undefined) return { ...base, is: plain }
  const choices = head.split('|').map(choice => choice.trim())
  const isChoice = choices.length > 1 && choices.every(choice => choice !== '')
  return isChoice ? { ...base, is: 'choice', of: [...new Set(choices)] } : wrong(problems, path, FORMS)
}

function readList(given: readonly Json[], problems: Problem[], path: readonly string[]): Field {
  const [only] = given
  if (only === undefined || given.length > 1)
    return wrong(problems, path, 'is a list of one form, which is that of each of its entries')
  return { is: 'list', needed: true, about: null, of: readField(only, problems, [...path, '0']) }
}

function readRecord(given: JsonObject, problems: Problem[], path: readonly string[]): Field {
  const names = Object.keys(given)
  const bare = names.map(name => name.replace(/\?$/, ''))
  if (names.length === 0) return wrong(problems, path, 'names no field')
  if (names.length > MOST_FIELDS)
    return wrong(problems, path, `names more than ${String(MOST_FIELDS)} fields`)
  const bad = bare.find((name, place) => !NAME.test(name) || bare.indexOf(name) !== place)
  if (bad !== undefined)
    return wrong(problems, path, `has a field “${bad}” that is no name, or is there twice`)
  const fields = Object.entries(given).map(([name, form], place): [string, Field] => {
    const field = readField(form, problems, [...path, name])
    return [bare[place] ?? name, name.endsWith('?') ? { ...field, needed: false } : field]
  })
  return { is: 'record', needed: true, about: null, of: fields }
}

/** The JSON Schema of a field; what is not a list may be null, but for the whole. */
export function schemaOf(field: Field, isWhole = true): JsonObject {
  const schema = bareSchema(field)
  const said = field.about === null ? schema : { ...schema, description: field.about }
  return isWhole || field.is === 'list' ? said : { anyOf: [said, { type: 'null' }] }
}

function bareSchema(field: Field): JsonObject {
  switch (field.is) {
    case 'date':
      return { type: 'string', pattern: DATE.source }
    case 'choice':
      return { type: 'string', enum: [...field.of] }
    case 'list':
      return { type: 'array', items: schemaOf(field.of, field.of.is === 'record') }
    case 'record':
      return {
        type: 'object',
        properties: Object.fromEntries(field.of.map(([name, part]) => [name, schemaOf(part, false)])),
        required: field.of.map(([name]) => name),
        additionalProperties: false,
      }
    default:
      return { type: field.is }
  }
}

const DATE = /^\d{4}-\d{2}-\d{2}$/

/** What was not found, and what does not fit, by path. */
export interface Faults {
  readonly missing: string[]
  readonly unfit: string[]
}

/** The value as its shape promises it: nothing more in it, and null only where the shape lets it. */
export function heldTo(field: Field, value: Json | undefined, faults: Faults, path = ''): Json {
  if (value === undefined || value === null || value === '') {
    if (field.is === 'list') return []
    if (field.needed) faults.missing.push(path)
    return null
  }
  if (field.is === 'list') return heldList(field.of, value, faults, path)
  if (field.is === 'record') return heldRecord(field.of, value, faults, path)
  if (!isFit(field, value)) faults.unfit.push(path)
  return value
}

function heldList(of: Field, value: Json, faults: Faults, path: string): Json {
  if (Array.isArray(value))
    return value.map((each, place) => heldTo(of, each, faults, `${path}[${String(place)}]`))
  faults.unfit.push(path)
  return null
}

function heldRecord(
  of: readonly (readonly [string, Field])[],
  value: Json,
  faults: Faults,
  path: string,
): Json {
  if (isJsonObject(value)) {
    const entries = of.map(([name, part]) => {
      const given = Object.hasOwn(value, name) ? value[name] : undefined
      return [name, heldTo(part, given, faults, path === '' ? name : `${path}.${name}`)] as const
    })
    return Object.fromEntries(entries)
  }
  faults.unfit.push(path)
  return null
}

function isFit(field: Field, value: Json): boolean {
  switch (field.is) {
    case 'string':
      return typeof value === 'string'
    case 'number':
      return typeof value === 'number'
    case 'integer':
      return Number.isSafeInteger(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'date':
      return typeof value === 'string' && isDay(value)
    case 'choice':
      return typeof value === 'string' && field.of.includes(value)
    default:
      return false
  }
}

function isDay(text: string): boolean {
  if (!DATE.test(text)) return false
  const at = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)
}
