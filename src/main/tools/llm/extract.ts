/** `llm.extract`: what a text says, as values that a script can compute with. */
import { z } from 'zod'
import { fail } from '../../../domain/failure.ts'
import { isJsonObject } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import { promptBlock } from '../../../domain/prompt-block.ts'
import { defineTool } from '../../../domain/tool.ts'
import type { ToolDeclaration } from '../../../domain/tool.ts'
import { jsonValue } from '../json-value.ts'
import { askModel, COSTS, fits, modelCall, sizeOf, wish } from './asked.ts'
import { heldTo, readField, schemaOf } from './fields.ts'
import type { Faults, Field, Problem } from './fields.ts'

const MOST_TOKENS = 8_000
const MOST_NAMED = 6

const shape = jsonValue
  .refine(given => typeof given === 'object' && given !== null, {
    error: 'is an object { name: form }, or a list of one',
    abort: true,
  })
  .superRefine((given, context) => {
    const problems: Problem[] = []
    readField(given, problems)
    for (const { path, message } of problems) context.addIssue({ code: 'custom', path: [...path], message })
  })

const input = z.strictObject({
  from: jsonValue
    .refine(from => textOf(from).trim() !== '', { error: 'is empty' })
    .refine(from => fits(textOf(from)), {
      error: 'is longer than 200,000 bytes: give the part that matters, or a part at a time',
    })
    .describe('The text, or any value: 200,000 bytes at most.'),
  schema: shape.describe(
    'What to find: { number: "string", total: "number: with VAT", "due?": "date", state: "open|paid", lines: [{ what: "string", amount: "number?" }] }. Forms are string, number, integer, boolean, date (YYYY-MM-DD) and choices; ? marks what the text may not say, : says what is meant.',
  ),
  hint: wish(2_000).optional().describe('What helps to find it. From the script, never from outside.'),
})

export function extractTool(): ToolDeclaration {
  return defineTool({
    ...modelCall,
    name: 'llm.extract',
    title: 'Extract data from text',
    doc: `Asks a model for what a text says, and gives exactly the shape of schema: null where a field with ? is not said, an empty list where there is none. A field without ? that the text does not say fails as bad-response, naming it. Values are not invented, but a model can misread: check what matters (that lines add up to the total). ${COSTS}`,
    input,
    output: jsonValue,
    run: async ({ from, schema, hint }, context) => {
      const field = readField(schema, [])
      const value = await askModel(context, {
        task: taskOf(from, hint),
        answer: schemaOf(wrapped(field)),
        maxOutputTokens: MOST_TOKENS,
      })
      return found(field, value)
    },
    redact: ({ from, schema }) => ({ from: sizeOf(textOf(from)), schema }),
    describe: ({ from, schema }) => `Extracted ${namesIn(schema)} from ${sizeOf(textOf(from))}`,
  })
}

function textOf(from: Json): string {
  return typeof from === 'string' ? from : JSON.stringify(from, null, 1)
}

function taskOf(from: Json, hint: string | undefined): string {
  return [
    'Find in the data what the schema names. What the data does not say is null, and a list of which it says nothing is empty. Text is as it stands there; numbers are plain, without currency and grouping; days are YYYY-MM-DD.',
    ...(hint === undefined ? [] : [`To help: ${hint}`]),
    promptBlock('what the script gave', textOf(from)),
  ].join('\n\n')
}

/** Providers answer with objects only. */
function wrapped(field: Field): Field {
  return field.is === 'list' ? { is: 'record', needed: true, about: null, of: [['found', field]] } : field
}

function found(field: Field, value: Json): Json {
  const given = field.is === 'list' && isJsonObject(value) ? value['found'] : value
  const faults: Faults = { missing: [], unfit: [] }
  const held = heldTo(field, given, faults)
  const { missing, unfit } = faults
  if (unfit.length > 0)
    return fail({
      kind: 'bad-response',
      message: `The model gave something for ${listed(unfit)} that does not fit the schema.`,
    })
  if (missing.length > 0)
    return fail({
      kind: 'bad-response',
      message: `The text does not say ${listed(missing)}. Nothing was made up in its place; a ? in the schema lets it be null.`,
      detail: { missing: missing.slice(0, 100) },
    })
  return held
}

function listed(paths: readonly string[]): string {
  const named = paths.slice(0, MOST_NAMED).map(path => (path === '' ? 'the whole' : `“${path}”`))
  const more = paths.length - named.length
  return `${named.join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`
}

function namesIn(schema: Json): string {
  const record = Array.isArray(schema) ? schema[0] : schema
  const names = isJsonObject(record) ? Object.keys(record).map(name => name.replace(/\?$/, '')) : []
  const more = names.length - MOST_NAMED
  return `${names.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`
}
