/** `files.write`: a whole file at once. A reader sees the old content or the new, never a part. */
import { z } from 'zod'
import type { Json } from '../../../domain/json.ts'
import { defineTool, type Reconciled, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { jsonValue } from '../json-value.ts'
import { refuseSpecial } from './anchor.ts'
import {
  hashBytes,
  madeFolders,
  markFile,
  markSchema,
  MAX_KEPT,
  temporaryName,
  type Mark,
} from './content.ts'
import { reject } from './failures.ts'
import { holds, putFile, seePut, takeBack, undoableOf } from './put.ts'
import { pathInput } from './paths.ts'
import { lengthText, nameText } from './sentences.ts'
import { evidenceOf, NO_EVIDENCE, type Flights } from './step.ts'
import type { Place, Workspace } from './workspace.ts'

const NAME = 'files.write'
export const MAX_TEXT = 33_554_432

const input = z
  .strictObject({
    path: pathInput,
    text: z.string().max(MAX_TEXT).optional().describe('The content as text, written in UTF-8.'),
    base64: z.base64().max(MAX_TEXT).optional().describe('The content as bytes, in base64.'),
    json: jsonValue.optional().describe('A value, written as indented JSON with a line end.'),
    overwrite: z
      .boolean()
      .default(false)
      .describe('Whether a file that holds something else may be replaced.'),
    parents: z.boolean().default(false).describe('Whether missing folders on the way are made.'),
  })
  .refine(({ text, base64, json }) => [text, base64, json].filter(part => part !== undefined).length === 1, {
    error: 'takes exactly one of text, base64 and json',
  })
  .refine(({ text }) => text === undefined || text.isWellFormed(), {
    path: ['text'],
    error: 'contains half a character',
  })
type Input = z.output<typeof input>

const output = z.strictObject({
  path: z.string(),
  bytes: z.int(),
  hash: z.string().describe('SHA-256 of the content, in hexadecimal.'),
  created: z.boolean().describe('False when a file was there before.'),
  changed: z.boolean().describe('False when the file held exactly this before.'),
})
type Output = z.output<typeof output>

const evidence = z.strictObject({ real: z.string(), before: markSchema.nullable(), made: madeFolders })

export function writeTool(workspace: Workspace, flights: Flights): ToolDeclaration {
  const writing = new Writing(workspace)
  return defineTool<Input, Output>({
    name: NAME,
    version: 1,
    title: 'Write a file',
    doc:
      'Writes a whole file: `text`, `base64` or `json`. A file that is there already is replaced only with ' +
      '`overwrite: true`; exactly the same content counts as done. `parents: true` makes missing folders. ' +
      'Readers see the old content or the new, never a part.',
    effect: 'write',
    input,
    output,
    positional: ['path', 'text'],
    touches: ({ path }) => ({ paths: [{ path: workspace.resolve(path), access: 'write' }] }),
    risk: ({ overwrite }) => (overwrite ? 'medium' : 'low'),
    idempotency: 'reconcile',
    timeoutMs: 120_000,
    settleMs: 0,
    prepare: (given, context) => writing.prepare(given, context),
    run: (given, context) => flights.run(context.stepId, () => writing.run(given, context)),
    reconcile: (given, context) => flights.after(context.stepId, () => writing.reconcile(given, context)),
    simulate: (given, context) => writing.simulate(given, context),
    undo: (given, done, context) => flights.run(context.stepId, () => writing.undo(given, done, context)),
    undoable: (_, { changed, created }, recorded) =>
      undoableOf({ changed, replaced: !created }, evidence.safeParse(recorded).data?.before),
    redact: ({ path, text, base64, ...rest }) => ({
      path,
      ...(text === undefined ? {} : { text: `(${lengthText(text)})` }),
      ...(base64 === undefined ? {} : { base64: `(${lengthText(base64)})` }),
      ...(rest.json === undefined ? {} : { json: '(a value)' }),
      overwrite: rest.overwrite,
      parents: rest.parents,
    }),
    describe: ({ path }, done) =>
      done?.changed === false ? `Found ${nameText(path)} already written` : `Wrote ${nameText(path)}`,
  })
}

class Writing {
  readonly #workspace: Workspace

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  prepare(given: Input, context: ToolContext): Promise<Json> {
    return this.#at(given, context, async place => ({
      real: place.real,
      before: await meet(given, place, context, true),
      made: place.missing,
    }))
  }

  run(given: Input, context: ToolContext): Promise<Output> {
    return this.#at(given, context, async place => {
      const bytes = bytesOf(given)
      const before = await meet(given, place, context, false)
      const done = resultOf(place.path, bytes, before)
      if (!done.changed) return done
      await putFile({
        ...this.#frame(place, context),
        mode: before?.mode ?? null,
        overwrite: given.overwrite,
        write: handle => handle.writeFile(bytes),
      })
      return done
    })
  }

  simulate(given: Input, context: ToolContext): Promise<Output> {
    return this.#at(given, context, async place => {
      return resultOf(place.path, bytesOf(given), await meet(given, place, context, false))
    })
  }

  async reconcile(given: Input, context: ToolContext): Promise<Reconciled<Output>> {
    const recorded = evidenceOf(evidence, context)
    if (recorded === null) return { is: 'unknown', evidence: NO_EVIDENCE }
    return this.#at(given, context, async place => {
      const result = resultOf(place.path, bytesOf(given), recorded.before)
      const expected = { hash: result.hash, bytes: result.bytes, before: recorded.before }
      const seen = await seePut(place, temporaryName(context.stepId), expected, context.signal)
      return seen.is === 'applied' ? { is: 'applied', result } : seen
    })
  }

  undo(given: Input, done: Output, context: ToolContext): Promise<void> {
    return this.#at(given, context, async place => {
      if (!done.changed) return
      const { before = null, made = 0 } = evidenceOf(evidence, context) ?? {}
      if (!done.created && before === null)
        reject(place.path, 'cannot be restored: what was there was not recorded')
      await takeBack(this.#frame(place, context), { hash: done.hash, bytes: done.bytes, before, made })
    })
  }

  #frame(place: Place, { stepId, signal }: ToolContext) {
    return { tool: NAME, place, temporary: temporaryName(stepId), signal, reached: this.#workspace.reached }
  }

  #at<T>(given: Input, context: ToolContext, use: (place: Place) => Promise<T>): Promise<T> {
    const target = this.#workspace.resolve(given.path)
    const foundAt = evidenceOf(evidence, context)?.real
    return this.#workspace.at(
      target,
      { contract: context.contract, tool: NAME, access: 'write', foundAt },
      use,
    )
  }
}

/** What is there before the write; refused where the write would not be wanted. */
async function meet(
  given: Input,
  place: Place,
  { signal }: ToolContext,
  keep: boolean,
): Promise<Mark | null> {
  const found = await place.meet({ parents: given.parents })
  if (found === null) return null
  refuseSpecial(found, place.path, place.clause)
  const bytes = bytesOf(given)
  const same = await holds(place, { hash: hashBytes(bytes), bytes: bytes.length }, signal)
  if (!same && !given.overwrite) {
    reject(place.path, 'already existed with other content', 'Set overwrite to true, or choose another name.')
  }
  return markFile(place.folder, place.name, keep && !same && found.size <= MAX_KEPT, signal)
}

function bytesOf({ text, base64, json }: Input): Buffer {
  if (text !== undefined) return Buffer.from(text, 'utf8')
  if (base64 !== undefined) return Buffer.from(base64, 'base64')
  return Buffer.from(`${JSON.stringify(json, null, 2)}\n`, 'utf8')
}

function resultOf(path: string, bytes: Buffer, before: Mark | null): Output {
  const hash = hashBytes(bytes)
  return { path, bytes: bytes.length, hash, created: before === null, changed: before?.hash !== hash }
}
