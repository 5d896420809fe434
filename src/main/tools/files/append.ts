/**
 * `files.append`: text at the end of a file. What was added is told from what was there by the length recorded
 * before; an addition of which only a part arrived is cut off again.
 */
import type { FileHandle } from 'node:fs/promises'
import { z } from 'zod'
import type { Json } from '../../../domain/json.ts'
import { defineTool, type Reconciled, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { refuseSpecial, type OpenFile } from './anchor.ts'
import { hashBytes, madeFolders, readRange, stopIfAborted, temporaryName } from './content.ts'
import { reject } from './failures.ts'
import { pathInput } from './paths.ts'
import { putFile, seePut, takeBack, type Seen } from './put.ts'
import { bytesText, lengthText, nameText } from './sentences.ts'
import { afterChange, evidenceOf, NO_EVIDENCE, type Flights } from './step.ts'
import type { Place, Workspace } from './workspace.ts'
import { MAX_TEXT } from './write.ts'

const NAME = 'files.append'
const TAIL = 64 * 1024
const PART = 64 * 1024

const input = z.strictObject({
  path: pathInput,
  text: z
    .string()
    .max(MAX_TEXT)
    .refine(text => text.isWellFormed(), { error: 'contains half a character' })
    .describe('Added as it is, in UTF-8: end a line with \\n.'),
  parents: z.boolean().default(false).describe('Whether missing folders on the way are made.'),
})
type Input = z.output<typeof input>

const output = z.strictObject({
  path: z.string(),
  bytes: z.int().describe('The length of the file afterwards.'),
  offset: z.int().describe('Where the added text begins.'),
  created: z.boolean(),
})
type Output = z.output<typeof output>

/** The length before, and the hash of the last bytes of it: whether a file of that length is still that file. */
const evidence = z.strictObject({
  real: z.string(),
  before: z.strictObject({ bytes: z.int(), tail: z.string() }).nullable(),
  made: madeFolders,
})
type Evidence = z.output<typeof evidence>

export function appendTool(workspace: Workspace, flights: Flights): ToolDeclaration {
  const appending = new Appending(workspace)
  return defineTool<Input, Output>({
    name: NAME,
    version: 1,
    title: 'Append to a file',
    doc:
      'Adds text at the end of a file, and creates the file when there is none. Nothing is put between: end each ' +
      'line yourself. `parents: true` makes missing folders.',
    effect: 'write',
    input,
    output,
    positional: ['path', 'text'],
    touches: ({ path }) => ({ paths: [{ path: workspace.resolve(path), access: 'write' }] }),
    risk: 'low',
    idempotency: 'reconcile',
    timeoutMs: 120_000,
    settleMs: 0,
    prepare: (given, context) => appending.prepare(given, context),
    run: (given, context) => flights.run(context.stepId, () => appending.run(given, context)),
    reconcile: (given, context) => flights.after(context.stepId, () => appending.reconcile(given, context)),
    simulate: (given, context) => appending.simulate(given, context),
    undo: (given, done, context) => flights.run(context.stepId, () => appending.undo(given, done, context)),
    undoable: ({ text }, { created }) => (text === '' && !created ? { is: 'nothing' } : { is: 'yes' }),
    redact: ({ path, text, parents }) => ({ path, text: `(${lengthText(text)})`, parents }),
    describe: ({ path, text }) => `Added ${bytesText(Buffer.byteLength(text))} to ${nameText(path)}`,
  })
}

class Appending {
  readonly #workspace: Workspace

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  prepare(given: Input, context: ToolContext): Promise<Json> {
    return this.#at(given, context, async place => {
      const made = place.missing
      if (!(await meet(given, place))) return { real: place.real, before: null, made }
      return opened(place, async ({ handle, stat }) => {
        const bytes = Number(stat.size)
        return { real: place.real, before: { bytes, tail: await tailHash(handle, bytes) }, made }
      })
    })
  }

  run(given: Input, context: ToolContext): Promise<Output> {
    return this.#at(given, context, async place => {
      const added = Buffer.from(given.text, 'utf8')
      if (await meet(given, place)) return this.#extend(place, added, context)
      await putFile({
        ...this.#frame(place, context),
        mode: null,
        overwrite: false,
        write: handle => handle.writeFile(added),
      })
      return { path: place.path, bytes: added.length, offset: 0, created: true }
    })
  }

  simulate(given: Input, context: ToolContext): Promise<Output> {
    return this.#at(given, context, async place => {
      const offset = (await meet(given, place)) ? Number((await place.stat())?.size ?? 0n) : null
      const bytes = (offset ?? 0) + Buffer.byteLength(given.text)
      return { path: place.path, bytes, offset: offset ?? 0, created: offset === null }
    })
  }

  async reconcile(given: Input, context: ToolContext): Promise<Reconciled<Output>> {
    const recorded = evidenceOf(evidence, context)
    if (recorded === null) return { is: 'unknown', evidence: NO_EVIDENCE }
    const added = Buffer.from(given.text, 'utf8')
    return this.#at(given, context, async place => {
      if (recorded.before === null) return this.#seeCreated(place, added, context)
      if ((await place.stat()) === null) return { is: 'unknown', evidence: 'The file is gone.' }
      const { bytes: offset } = recorded.before
      const seen = await opened(place, file => seeAddition(file, added, recorded.before))
      if (seen.is !== 'applied') return seen
      const bytes = offset + added.length
      return { is: 'applied', result: { path: place.path, bytes, offset, created: false } }
    })
  }

  undo(given: Input, done: Output, context: ToolContext): Promise<void> {
    const added = Buffer.from(given.text, 'utf8')
    const recorded = evidenceOf(evidence, context)
    return this.#at(given, context, async place => {
      if (done.created) {
        const made = recorded?.made ?? 0
        const expected = { hash: hashBytes(added), bytes: added.length, before: null, made }
        return takeBack(this.#frame(place, context), expected)
      }
      await opened(place, async ({ handle, stat }) => {
        if (await isAsBefore(handle, Number(stat.size), recorded?.before ?? null)) return
        const tail = await readRange(handle, done.offset, added.length + 1)
        if (Number(stat.size) !== done.offset + added.length || !tail.equals(added)) {
          reject(place.path, 'has changed since, so the addition was not taken back')
        }
        await cutOff(handle, done.offset)
        await this.#workspace.reached('cut-off')
      })
    })
  }

  async #extend(place: Place, added: Buffer, { signal }: ToolContext): Promise<Output> {
    return opened(place, async ({ handle, stat }) => {
      const offset = Number(stat.size)
      stopIfAborted(signal, place.path)
      try {
        await addInParts(handle, added, () => this.#workspace.reached('part-written'))
      } catch (error) {
        await afterChange(NAME, place.path, () => takeOff(handle, offset, added))
        throw error
      }
      await afterChange(NAME, place.path, () => handle.sync())
      await this.#workspace.reached('appended')
      return { path: place.path, bytes: offset + added.length, offset, created: false }
    })
  }

  async #seeCreated(place: Place, added: Buffer, context: ToolContext): Promise<Reconciled<Output>> {
    const expected = { hash: hashBytes(added), bytes: added.length, before: null }
    const seen = await seePut(place, temporaryName(context.stepId), expected, context.signal)
    if (seen.is !== 'applied') return seen
    return { is: 'applied', result: { path: place.path, bytes: added.length, offset: 0, created: true } }
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

/** Whether there is a file to add to. */
async function meet(given: Input, place: Place): Promise<boolean> {
  const found = await place.meet({ parents: given.parents })
  if (found !== null) refuseSpecial(found, place.path, place.clause)
  return found !== null
}

async function opened<T>(place: Place, use: (file: OpenFile) => Promise<T>): Promise<T> {
  const file = await place.folder.openFile(place.name, 'append')
  try {
    return await use(file)
  } finally {
    await file.handle.close()
  }
}

/** Small additions go in one piece, so that another program's lines never come between. */
async function addInParts(handle: FileHandle, added: Buffer, between: () => Promise<void>): Promise<void> {
  for (let done = 0; done < added.length;) {
    const { bytesWritten } = await handle.write(added, done, Math.min(PART, added.length - done))
    done += bytesWritten
    await between()
  }
}

async function tailHash(handle: FileHandle, bytes: number): Promise<string> {
  const length = Math.min(bytes, TAIL)
  return hashBytes(await readRange(handle, bytes - length, length))
}

/** Looks for the addition where the file ended before; a part of it at the very end is cut off. */
async function seeAddition(file: OpenFile, added: Buffer, before: Evidence['before']): Promise<Seen> {
  const { handle, stat } = file
  const end = Number(stat.size)
  const offset = before?.bytes ?? 0
  if (end < offset || (await tailHash(handle, offset)) !== before?.tail) {
    return { is: 'unknown', evidence: 'The file was shortened or replaced since.' }
  }
  const found = await readRange(handle, offset, added.length)
  if (found.equals(added)) return { is: 'applied' }
  if (found.length === end - offset && found.equals(added.subarray(0, found.length))) {
    await cutOff(handle, offset)
    return { is: 'not-applied' }
  }
  return {
    is: 'unknown',
    evidence: 'The file ends differently than before, and not with what was to be added.',
  }
}

async function isAsBefore(handle: FileHandle, end: number, before: Evidence['before']): Promise<boolean> {
  return before !== null && end === before.bytes && (await tailHash(handle, end)) === before.tail
}

/** Takes off a part of an addition that failed, unless somebody else has written after it. */
async function takeOff(handle: FileHandle, offset: number, added: Buffer): Promise<void> {
  const end = Number((await handle.stat({ bigint: true })).size)
  const part = await readRange(handle, offset, added.length)
  if (part.length !== end - offset || !part.equals(added.subarray(0, part.length))) throw interleaved()
  await cutOff(handle, offset)
}

async function cutOff(handle: FileHandle, offset: number): Promise<void> {
  await handle.truncate(offset)
  await handle.sync()
}

function interleaved(): Error {
  return Object.assign(new Error('Another program wrote after the part that arrived.'), { code: 'EAGAIN' })
}
