/**
 * JSON Schemas as providers take them: each knows a part of the language, and refuses or overlooks the rest. What comes
 * back is held against the whole schema here, so what is sent may say less.
 */
import { isJsonObject } from '../../domain/json.ts'
import type { Json, JsonObject } from '../../domain/json.ts'
import type { ModelMaker } from '../../domain/model-makers.ts'

/** Nobody needs them: the dialect is the usual one, and the name of a property is always a text. */
const NEEDLESS = ['$schema', '$id', 'propertyNames']
/** Not of Gemini's part of the language. */
const NOT_GEMINIS = ['pattern', 'minLength', 'maxLength', 'exclusiveMinimum', 'exclusiveMaximum', 'default']
/** So many places of an answer's schema may be open between types, for Anthropic. */
const MOST_CHOICES = 16

interface Terms {
  readonly dropped: ReadonlySet<string>
  readonly definitions: JsonObject
}

/** Without what a schema refers to: a part that holds itself may be anything. */
export function plainSchema({ $defs = {}, ...schema }: JsonObject, maker: ModelMaker): JsonObject {
  const dropped = new Set(maker === 'google' ? [...NEEDLESS, ...NOT_GEMINIS] : NEEDLESS)
  return plain(schema, { dropped, definitions: isJsonObject($defs) ? $defs : {} })
}

/** Whether an answer of the schema can be asked for beside the request, and not in words alone. */
export function isTakenForAnswer(schema: JsonObject, maker: ModelMaker): boolean {
  return maker !== 'anthropic' || choicesIn(schema) <= MOST_CHOICES
}

function plain(schema: JsonObject, terms: Terms): JsonObject {
  const { $ref: reference } = schema
  if (typeof reference === 'string') return referred(reference, terms)
  const kept = Object.entries(schema).filter(([key]) => !terms.dropped.has(key))
  return Object.fromEntries(kept.map(([key, value]) => [key, inner(key, value, terms)]))
}

function referred(reference: string, { definitions, ...terms }: Terms): JsonObject {
  const name = reference.replace(/^#\/\$defs\//, '')
  const { [name]: schema, ...others } = definitions
  const isEndless = schema === undefined || JSON.stringify(schema).includes(JSON.stringify(reference))
  return isEndless || !isJsonObject(schema) ? {} : plain(schema, { ...terms, definitions: others })
}

function inner(key: string, value: Json, terms: Terms): Json {
  if (ONE.has(key)) return anything(key, part(value, terms))
  if (MANY.has(key) && Array.isArray(value)) return value.map(each => part(each, terms))
  return NAMED.has(key) && isJsonObject(value) ? eachOf(value, terms) : value
}

/** What holds schemas: one, several, or one by name. */
const ONE = new Set(['items', 'additionalProperties', 'not'])
const MANY = new Set(['anyOf', 'oneOf', 'allOf', 'prefixItems'])
const NAMED = new Set(['properties', 'patternProperties'])

function anything(key: string, schema: Json): Json {
  const isAny = key === 'additionalProperties' && isJsonObject(schema) && Object.keys(schema).length === 0
  return isAny ? true : schema
}

function eachOf(schemas: JsonObject, terms: Terms): JsonObject {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, part(schema, terms)]))
}

function part(value: Json, terms: Terms): Json {
  return isJsonObject(value) ? plain(value, terms) : value
}

function choicesIn(schema: Json): number {
  if (typeof schema !== 'object' || schema === null) return 0
  const isChoice = isJsonObject(schema) && (Array.isArray(schema['anyOf']) || Array.isArray(schema['type']))
  const inside = Object.values(schema).reduce((sum: number, each) => sum + choicesIn(each), 0)
  return (isChoice ? 1 : 0) + inside
}
