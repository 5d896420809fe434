/**
 * JSON Schema as TypeScript type text, for the declarations that the planner reads and the checker compiles.
 * Only what zod's `toJSONSchema` emits is understood; a schema that allows anything is `Json` on the way in (so a
 * function is refused) and `any` on the way out (so a script can use it without a cast).
 */
import { z } from 'zod'

export type JsonSchema = z.core.JSONSchema.JSONSchema
type Node = z.core.JSONSchema._JSONSchema
export type Direction = 'input' | 'output'

const INLINE_WIDTH = 96

export function jsonSchemaOf(schema: z.ZodType, direction: Direction): JsonSchema {
  return z.toJSONSchema(schema, { io: direction, unrepresentable: 'any' })
}

export function typeText(node: Node, direction: Direction, indent = ''): string {
  if (typeof node === 'boolean') return node ? anything(direction) : 'never'
  if (node.const !== undefined) return JSON.stringify(node.const)
  if (node.enum !== undefined) return union(node.enum.map(value => JSON.stringify(value)))
  const choices = node.anyOf ?? node.oneOf
  if (choices !== undefined) return union(choices.map(choice => typeText(choice, direction, indent)))
  if (node.allOf !== undefined) return node.allOf.map(part => memberText(part, direction, indent)).join(' & ')
  if (Array.isArray(node.type)) {
    return union(node.type.map(type => typeText({ ...node, type }, direction, indent)))
  }
  return plainText(node, direction, indent)
}

function plainText(node: JsonSchema, direction: Direction, indent: string): string {
  switch (node.type) {
    case 'string':
    case 'boolean':
    case 'null':
    case 'number':
      return node.type
    case 'integer':
      return 'number'
    case 'array':
      return arrayText(node, direction, indent)
    case 'object':
      return objectText(node, direction, indent)
    default:
      return anything(direction)
  }
}

function anything(direction: Direction): string {
  return direction === 'input' ? 'Json' : 'any'
}

function union(members: string[]): string {
  return [...new Set(members)].join(' | ')
}

/** In brackets where it stands beside `[]` or `&`. */
function memberText(node: Node, direction: Direction, indent: string): string {
  const text = typeText(node, direction, indent)
  if (typeof node === 'boolean') return text
  const several = node.anyOf ?? node.oneOf ?? node.allOf ?? node.enum
  return (several !== undefined && several.length > 1) || Array.isArray(node.type) ? `(${text})` : text
}

function arrayText(node: JsonSchema, direction: Direction, indent: string): string {
  if (node.prefixItems !== undefined) {
    return `[${node.prefixItems.map(item => typeText(item, direction, indent)).join(', ')}]`
  }
  const items = Array.isArray(node.items) ? true : (node.items ?? true)
  return `${memberText(items, direction, indent)}[]`
}

function objectText(node: JsonSchema, direction: Direction, indent: string): string {
  const members = membersOf(node, direction, `${indent}  `)
  if (members.length === 0) return 'Record<string, never>'
  const inline = `{ ${members.map(member => member.text).join('; ')} }`
  const documented = members.some(member => member.doc !== '')
  if (!documented && inline.length <= INLINE_WIDTH && !inline.includes('\n')) return inline
  const lines = members.flatMap(({ doc, text }) =>
    (doc === '' ? [text] : [commentText(doc), text]).map(line => `${indent}  ${line}`),
  )
  return ['{', ...lines, `${indent}}`].join('\n')
}

interface Member {
  text: string
  doc: string
}

function membersOf(node: JsonSchema, direction: Direction, indent: string): Member[] {
  const required = new Set(node.required ?? [])
  const named = Object.entries(node.properties ?? {}).map(([name, property]) => ({
    text: `${propertyName(name)}${required.has(name) ? '' : '?'}: ${typeText(property, direction, indent)}`,
    doc: docOf(property, direction),
  }))
  const rest = node.additionalProperties
  if (rest === undefined || rest === false) return named
  return [
    ...named,
    { text: `[key: string]: ${named.length > 0 ? 'any' : typeText(rest, direction, indent)}`, doc: '' },
  ]
}

/** What a reader needs beyond the type: the description, and the default where leaving it out means something. */
export function docOf(node: Node, direction: Direction): string {
  if (typeof node === 'boolean') return ''
  const standard =
    direction === 'input' && node.default !== undefined ? `Default ${JSON.stringify(node.default)}.` : ''
  return [node.description ?? '', standard].filter(part => part !== '').join(' ')
}

export function commentText(text: string): string {
  return `/** ${text.replaceAll('*/', '* /').replaceAll(/\s+/g, ' ')} */`
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
}
