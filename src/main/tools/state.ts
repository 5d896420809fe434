/**
 * tools/state: what an automation remembers from run to run. Owns nothing: it reads its scope's view and stages
 * changes, which become visible when the scope succeeds (J2).
 */
import { z } from 'zod'
import { fail } from '../../domain/failure.ts'
import { canonicalJson, type Json } from '../../domain/json.ts'
import { defineTool, type ToolContext, type ToolDeclaration, type Undoable } from '../../domain/tool.ts'
import { jsonBytes, jsonValue } from './json-value.ts'
import { localCall } from './local-call.ts'

const LONGEST_VALUE = 256 * 1_024

const key = z
  .string()
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]{1,256}$/u, { error: 'takes 1 to 256 printable characters' })
  .describe('1 to 256 printable characters.')

const value = jsonValue
  .refine(json => jsonBytes(json) <= LONGEST_VALUE, {
    error: 'is longer than 256 KB as JSON; keep large content in a file and remember its path',
  })
  .describe('Any JSON value, 256 KB at most.')

export function stateTools(): ToolDeclaration[] {
  return [get, set, remove, list]
}

const get = defineTool({
  ...localCall,
  name: 'state.get',
  title: 'Recall a value',
  doc: 'The value remembered under a key, or null where there is none. Sees what this run has set, also before it is final.',
  input: z.strictObject({ key }),
  output: jsonValue,
  positional: ['key'],
  run: async (input, context) => context.local.get(input.key) ?? null,
  describe: input => `Recalled “${input.key}”`,
})

const set = defineTool({
  ...localCall,
  name: 'state.set',
  title: 'Remember a value',
  doc: 'Remembers a value under a key for later runs. It becomes final when the run (inside each: the item) succeeds; a run that fails leaves no trace.',
  input: z.strictObject({ key, value }),
  output: z.null(),
  positional: ['key', 'value'],
  run: async (input, context) => {
    context.stage({ kind: 'state-set', key: input.key, value: input.value })
    return null
  },
  prepare: async (input, context) => rememberedNow(input.key, context),
  undo: async (input, _, context) => putBack(input.key, input.value, context),
  undoable: (_, __, recorded) => knownBefore(recorded),
  redact: input => ({ key: input.key, value: `${jsonBytes(input.value)} bytes` }),
  describe: input => `Remembered “${input.key}”`,
})

const remove = defineTool({
  ...localCall,
  name: 'state.delete',
  title: 'Forget a value',
  doc: 'Forgets what is remembered under a key, final as with set. True when there was something.',
  input: z.strictObject({ key }),
  output: z.boolean(),
  positional: ['key'],
  run: async (input, context) => {
    const existed = context.local.get(input.key) !== undefined
    if (existed) context.stage({ kind: 'state-delete', key: input.key })
    return existed
  },
  prepare: async (input, context) => rememberedNow(input.key, context),
  undo: async (input, _, context) => putBack(input.key, undefined, context),
  undoable: (_, existed, recorded) => (existed ? knownBefore(recorded) : { is: 'nothing' }),
  describe: input => `Forgot “${input.key}”`,
})

const list = defineTool({
  ...localCall,
  name: 'state.list',
  title: 'List what is remembered',
  doc: 'Keys that start with prefix, sorted, with their values. When as many as limit come back there may be more: pass the last key as after.',
  input: z.strictObject({
    prefix: z.string().max(256).default(''),
    after: z.string().max(256).optional(),
    limit: z.int().min(1).max(10_000).default(1_000),
  }),
  output: z.array(z.strictObject({ key: z.string(), value: jsonValue })),
  positional: ['prefix'],
  run: async (input, context) => {
    const { after } = input
    const found = [...context.local.list(input.prefix)].sort(byKey)
    return (after === undefined ? found : found.filter(entry => entry.key > after)).slice(0, input.limit)
  },
  describe: (input, output) =>
    `Listed ${output === undefined ? 'what is remembered' : `${output.length} remembered values`}${input.prefix === '' ? '' : ` under “${input.prefix}”`}`,
})

/** What was remembered under the key before; an empty list where that was nothing. */
const before = z.strictObject({ before: z.array(jsonValue).max(1) })

function rememberedNow(named: string, { local }: ToolContext): Json {
  const now = local.get(named)
  return { before: now === undefined ? [] : [now] }
}

function knownBefore(recorded: Json): Undoable {
  if (before.safeParse(recorded).success) return { is: 'yes' }
  return { is: 'no', because: 'What was remembered before was not recorded.' }
}

/** Remembers again what was remembered before, if what the step `left` is what is remembered now. */
function putBack(named: string, left: Json | undefined, context: ToolContext): void {
  const [then] = before.parse(context.evidence).before
  const now = context.local.get(named)
  if (isSame(now, then)) return
  if (!isSame(now, left)) {
    const message = `What is remembered under “${named}” has changed since, so it was left as it is.`
    fail({ kind: 'rejected', message })
  }
  context.stage(
    then === undefined
      ? { kind: 'state-delete', key: named }
      : { kind: 'state-set', key: named, value: then },
  )
}

function isSame(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return canonicalJson(a) === canonicalJson(b)
}

/** The order in which `after` compares, so that no page skips a key. */
function byKey(a: { key: string }, b: { key: string }): number {
  return a.key < b.key ? -1 : 1
}
