/**
 * The `.d.ts` of a tool family: what the planner reads before it writes a script, and what the checker compiles
 * the script against. Derived from the zod schemas, so that it cannot say anything the validation does not hold.
 */
import type { ToolDeclaration } from '../../domain/tool.ts'
import { guestName, verbOf } from './guest-module.ts'
import { commentText, docOf, jsonSchemaOf, typeText, type JsonSchema } from './schema-text.ts'

const JSON_TYPE =
  'type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }'

/** One ambient module. `extra` is appended: what a family offers beyond its declared tools. */
export function moduleDeclaration(module: string, tools: readonly ToolDeclaration[], extra = ''): string {
  const parts = [typesOf(tools).join('\n'), ...tools.map(toolDeclaration), extra]
  const body = parts.filter(part => part !== '').join('\n\n')
  const json = /\bJson\b/.test(body) ? `${JSON_TYPE}\n\n` : ''
  const indented = `${json}${body}`.replaceAll(/^(?=.)/gm, '  ')
  return `declare module '${module}' {\n${indented}\n}\n`
}

/** The types that the signatures of a family name, each once. */
function typesOf(tools: readonly ToolDeclaration[]): string[] {
  return [...new Set(tools.flatMap(tool => shapeOf(tool).types))]
}

function toolDeclaration(tool: ToolDeclaration): string {
  const { local, exported } = guestName(verbOf(tool.name))
  const { signatures } = shapeOf(tool)
  const comment = docComment([
    `${tool.title}.`,
    tool.doc,
    `Effect: ${effectText(tool)}. Risk: ${riskText(tool)}.`,
  ])
  const functions = signatures.map(signature => `export function ${local}${signature}`)
  const renamed = exported.filter(name => name !== local).map(name => `${local} as ${name}`)
  const exports = renamed.length > 0 ? [`export { ${renamed.join(', ')} }`] : []
  return [comment, ...functions, ...exports].join('\n')
}

function docComment(paragraphs: readonly string[]): string {
  const lines = paragraphs.flatMap(text => wrapped(text.replaceAll('*/', '* /')))
  return ['/**', ...lines.map(line => ` * ${line}`), ' */'].join('\n')
}

function wrapped(text: string, width = 100): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + word.length + 1 > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, line]
}

export function effectText(tool: ToolDeclaration): string {
  return typeof tool.effect === 'function' ? 'read or write, by the call' : tool.effect
}

export function riskText(tool: ToolDeclaration): string {
  return typeof tool.risk === 'function' ? 'by the call' : tool.risk
}

export function idempotencyText(tool: ToolDeclaration): string {
  return typeof tool.idempotency === 'function' ? 'by the call' : tool.idempotency
}

/** A tool as TypeScript: the types its signatures name, and the signatures, by position first where it allows that. */
export interface ToolShape {
  types: string[]
  signatures: string[]
}

export function shapeOf(tool: ToolDeclaration): ToolShape {
  const input = jsonSchemaOf(tool.input, 'input')
  const positional = tool.positional ?? []
  const [resultType, result] = resultOf(tool)
  if (input.type === 'object' && Object.keys(input.properties ?? {}).length === 0) {
    return { types: resultType, signatures: [`()${result}`] }
  }
  if (positional.length > 0) return positionalShape(tool, input, resultType, result)
  const optional = input.type === 'object' && (input.required ?? []).length === 0 ? '?' : ''
  return { types: resultType, signatures: [`(input${optional}: ${typeText(input, 'input')})${result}`] }
}

/** A result that takes several lines gets a name: its schema's title where modules share it, else the verb's. */
function resultOf(tool: ToolDeclaration): [types: string[], result: string] {
  const output = jsonSchemaOf(tool.output, 'output')
  const text = typeText(output, 'output')
  if (!text.includes('\n')) return [[], `: Promise<${text}>`]
  const name = output.title ?? `${capitalised(verbOf(tool.name))}Result`
  return [[`type ${name} = ${text}`], `: Promise<${name}>`]
}

function positionalShape(
  tool: ToolDeclaration,
  input: JsonSchema,
  types: string[],
  result: string,
): ToolShape {
  const names: readonly string[] = tool.positional ?? []
  const taken = typeText(undocumented(onlyProperties(input, name => names.includes(name))), 'input')
  const rest = onlyProperties(input, name => !names.includes(name))
  const parameters = names.map(name => parameterText(input, name))
  const allOptional = (input.required ?? []).length === 0 ? '?' : ''
  if (Object.keys(rest.properties ?? {}).length === 0) {
    return {
      types,
      signatures: [`(${parameters.join(', ')})${result}`, `(input${allOptional}: ${taken})${result}`],
    }
  }
  const options = `${capitalised(verbOf(tool.name))}Options`
  const optional = (rest.required ?? []).length === 0 ? '?' : ''
  return {
    types: [...types, `type ${options} = ${typeText(rest, 'input')}`],
    signatures: [
      `(${[...parameters, `options${optional}: ${options}`].join(', ')})${result}`,
      `(input${allOptional}: ${taken} & ${options})${result}`,
    ],
  }
}

function parameterText(input: JsonSchema, name: string): string {
  const property = input.properties?.[name] ?? true
  const doc = docOf(property, 'input')
  const optional = (input.required ?? []).includes(name) ? '' : '?'
  return `${doc === '' ? '' : `${commentText(doc)} `}${guestName(name).local}${optional}: ${typeText(property, 'input')}`
}

function onlyProperties(input: JsonSchema, wanted: (name: string) => boolean): JsonSchema {
  const properties = Object.entries(input.properties ?? {}).filter(([name]) => wanted(name))
  return {
    ...input,
    properties: Object.fromEntries(properties),
    required: (input.required ?? []).filter(wanted),
  }
}

/** Without what the other signature says already. */
function undocumented(schema: JsonSchema): JsonSchema {
  const properties = Object.entries(schema.properties ?? {}).map(
    ([name, property]): [string, typeof property] => {
      if (typeof property === 'boolean') return [name, property]
      const bare = { ...property }
      delete bare.description
      delete bare.default
      return [name, bare]
    },
  )
  return { ...schema, properties: Object.fromEntries(properties) }
}

function capitalised(verb: string): string {
  return `${verb.slice(0, 1).toUpperCase()}${verb.slice(1)}`
}
