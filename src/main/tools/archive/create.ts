/**
 * `archive.create`: files and folders become one zip archive, complete or not there. The archive carries the name of
 * its step in its comment, so that after a crash it is told from any other (J4).
 */
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isFailureError } from '../../../domain/failure.ts'
import { defineTool, type Reconciled, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { refuseSpecial } from '../files/anchor.ts'
import {
  madeFolders,
  hashFile,
  isUntouched,
  markFile,
  markSchema,
  removeIfThere,
  temporaryName,
  type Mark,
} from '../files/content.ts'
import { reject } from '../files/failures.ts'
import { pathInput } from '../files/paths.ts'
import { putFile, takeBack, undoableOf } from '../files/put.ts'
import { nameText } from '../files/sentences.ts'
import { evidenceOf, NO_EVIDENCE, type Flights } from '../files/step.ts'
import type { Access, Place, Workspace } from '../files/workspace.ts'
import { MAX_ENTRIES } from './entries.ts'
import { walkSource, type Sources } from './sources.ts'
import { withZip } from './zip-reader.ts'
import { writeZip, type ZipSource } from './zip-writer.ts'

const NAME = 'archive.create'

const input = z.strictObject({
  from: z.array(pathInput).min(1).max(100).describe('Files, and folders with all that is below them.'),
  to: pathInput.describe('The zip archive.'),
  ifExists: z
    .enum(['fail', 'overwrite'])
    .default('fail')
    .describe('When the archive is there: stop, or replace it.'),
  exclude: z
    .array(z.string().min(1).max(255))
    .max(50)
    .default([])
    .describe('Names to leave out, in any case: `node_modules`, `*.tmp`.'),
  parents: z.boolean().default(false).describe('Whether missing folders on the way are made.'),
})
type Input = z.output<typeof input>

const output = z.strictObject({
  path: z.string(),
  files: z.int(),
  bytes: z.int().describe('Of the archive.'),
  contentBytes: z.int().describe('Of what was packed.'),
  hash: z.string().describe('SHA-256 of the archive, in hexadecimal.'),
  overwritten: z.boolean(),
  skipped: z.array(z.string()).describe('Links, devices and files with a second name; the first 100.'),
  skippedCount: z.int(),
})
type Output = z.output<typeof output>

const evidence = z.strictObject({
  real: z.string(),
  before: markSchema.nullable(),
  files: z.int(),
  contentBytes: z.int(),
  skipped: z.array(z.string()),
  skippedCount: z.int(),
  made: madeFolders,
})
type Evidence = z.output<typeof evidence>

export function createTool(workspace: Workspace, flights: Flights): ToolDeclaration {
  const creating = new Creating(workspace)
  return defineTool<Input, Output>({
    name: NAME,
    version: 1,
    title: 'Pack an archive',
    doc:
      'Packs files and folders into a new zip archive; each keeps its own name at the top of it. Links and what ' +
      'Steward keeps for itself are left out, and what was left out is said. A file that changes meanwhile is packed ' +
      'as it was read. Takes 20,000 entries and 8 GB at most.',
    effect: 'write',
    input,
    output,
    positional: ['from', 'to'],
    touches: ({ from, to }) => ({
      paths: [
        ...from.map(path => ({ path: workspace.resolve(path), access: 'read' as const })),
        { path: workspace.resolve(to), access: 'write' },
      ],
    }),
    risk: ({ ifExists }) => (ifExists === 'overwrite' ? 'medium' : 'low'),
    idempotency: 'reconcile',
    timeoutMs: 600_000,
    settleMs: 0,
    prepare: (given, context) => creating.prepare(given, context, true),
    run: (given, context) => flights.run(context.stepId, () => creating.run(given, context)),
    reconcile: (given, context) => flights.after(context.stepId, () => creating.reconcile(given, context)),
    simulate: (given, context) => creating.simulate(given, context),
    undo: (given, done, context) => flights.run(context.stepId, () => creating.undo(given, done, context)),
    undoable: (_, { overwritten }, recorded) =>
      undoableOf({ replaced: overwritten }, evidence.safeParse(recorded).data?.before),
    describe: ({ from, to }, done) => {
      const what = from.length === 1 ? nameText(from[0] ?? '') : `${String(from.length)} places`
      const count =
        done === undefined ? '' : ` (${String(done.files)} ${done.files === 1 ? 'file' : 'files'})`
      return `Packed ${what} into ${nameText(done?.path ?? to)}${count}`
    },
  })
}

class Creating {
  readonly #workspace: Workspace

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  async prepare(given: Input, context: ToolContext, keep: boolean): Promise<Evidence> {
    return this.#target(given, context, async to => {
      const before = await meet(given, to, context, keep)
      const { files, bytes, skipped, skippedCount } = joined(await this.#walk(given, to, context))
      const packed = { files: files.length, contentBytes: bytes, skipped, skippedCount }
      return { real: to.real, before, ...packed, made: to.missing }
    })
  }

  run(given: Input, context: ToolContext): Promise<Output> {
    return this.#target(given, context, async to => {
      const before = await meet(given, to, context, false)
      const walked = await this.#walk(given, to, context)
      const all = joined(walked)
      await putFile({
        ...this.#frame(to, context),
        mode: before?.mode ?? null,
        overwrite: given.ifExists === 'overwrite',
        write: handle => this.#pack(walked, handle, context),
      })
      const { files, bytes, skipped, skippedCount } = all
      return this.#result(to, context, {
        before,
        files: files.length,
        contentBytes: bytes,
        skipped,
        skippedCount,
      })
    })
  }

  async simulate(given: Input, context: ToolContext): Promise<Output> {
    const { files, contentBytes, skipped, skippedCount, before } = await this.prepare(given, context, false)
    const path = this.#workspace.resolve(given.to)
    const nothing = { bytes: 0, hash: '', overwritten: before !== null }
    return { path, files, contentBytes, ...nothing, skipped, skippedCount }
  }

  async reconcile(given: Input, context: ToolContext): Promise<Reconciled<Output>> {
    const recorded = evidenceOf(evidence, context)
    if (recorded === null) return { is: 'unknown', evidence: NO_EVIDENCE }
    return this.#target(given, context, async to => {
      if (await isPlaced(to, context)) {
        return { is: 'applied', result: await this.#result(to, context, recorded) }
      }
      const there = await to.stat()
      const isAsBefore =
        recorded.before === null ? there === null : there !== null && isUntouched(recorded.before, there)
      if (isAsBefore) return { is: 'not-applied' }
      return { is: 'unknown', evidence: 'What is there is neither what was there before nor the archive.' }
    })
  }

  undo(given: Input, done: Output, context: ToolContext): Promise<void> {
    const { before = null, made = 0 } = evidenceOf(evidence, context) ?? {}
    return this.#target(given, context, async to => {
      if (done.overwritten && before === null) {
        reject(to.path, 'cannot be restored: what was there was not recorded')
      }
      await takeBack(this.#frame(to, context), { hash: done.hash, bytes: done.bytes, before, made })
    })
  }

  async #result(
    to: Place,
    { signal }: ToolContext,
    { before, files, contentBytes, skipped, skippedCount }: Omit<Evidence, 'real' | 'made'>,
  ): Promise<Output> {
    const bytes = Number((await to.stat())?.size ?? 0n)
    const hash = await hashFile(to.folder, to.name, signal)
    return {
      path: to.path,
      files,
      bytes,
      contentBytes,
      hash,
      overwritten: before !== null,
      skipped,
      skippedCount,
    }
  }

  async #walk(given: Input, to: Place, context: ToolContext): Promise<{ path: string; found: Sources }[]> {
    const wanted = { exclude: given.exclude, target: to.real }
    const walked: { path: string; found: Sources }[] = []
    for (const path of given.from) {
      walked.push({
        path,
        found: await this.#at(path, 'read', context, place => walkSource(place, wanted, context)),
      })
    }
    return walked
  }

  async #pack(
    walked: { path: string; found: Sources }[],
    handle: FileHandle,
    context: ToolContext,
  ): Promise<void> {
    const sources = walked.flatMap(({ path, found }) =>
      found.files.map(({ below, name, modified }): ZipSource => ({
        name,
        modified,
        open: () => this.#open(path, below, context),
      })),
    )
    const emptyFolders = walked.flatMap(({ found }) => found.emptyFolders)
    await writeZip({ emptyFolders, sources, comment: commentOf(context) }, handle)
  }

  /** Through every folder on the way again: what was a folder while walking may be a link by now. */
  #open(path: string, below: readonly string[], context: ToolContext): Promise<FileHandle> {
    const target = join(this.#workspace.resolve(path), ...below)
    return this.#at(
      target,
      'read',
      context,
      async place => (await place.folder.openFile(place.name, 'read')).handle,
    )
  }

  #frame(place: Place, { stepId, signal }: ToolContext) {
    return { tool: NAME, place, temporary: temporaryName(stepId), signal, reached: this.#workspace.reached }
  }

  #target<T>(given: Input, context: ToolContext, use: (place: Place) => Promise<T>): Promise<T> {
    return this.#at(given.to, 'write', context, use, evidenceOf(evidence, context)?.real)
  }

  #at<T>(
    text: string,
    access: Access,
    { contract }: ToolContext,
    use: (place: Place) => Promise<T>,
    foundAt?: string,
  ): Promise<T> {
    return this.#workspace.at(this.#workspace.resolve(text), { contract, tool: NAME, access, foundAt }, use)
  }
}

/** The archive that is there before; refused where it must not be replaced. */
async function meet(given: Input, to: Place, { signal }: ToolContext, keep: boolean): Promise<Mark | null> {
  const found = await to.meet({ parents: given.parents })
  if (found === null) return null
  refuseSpecial(found, to.path, to.clause)
  if (given.ifExists === 'fail')
    reject(to.path, 'already existed', 'Choose another name, or set ifExists to overwrite.')
  return markFile(to.folder, to.name, keep, signal)
}

/** Clears what an interrupted packing left, and says whether the archive that is there is this step's. */
async function isPlaced(to: Place, context: ToolContext): Promise<boolean> {
  const temporary = temporaryName(context.stepId)
  const there = await to.stat()
  const unfinished = to.hasFolder ? await to.folder.lstat(temporary) : null
  if (unfinished !== null) {
    await removeIfThere(to.folder, temporary)
    await to.folder.sync()
    return there?.ino === unfinished.ino
  }
  if (there?.isFile() !== true || there.nlink > 1n) return false
  try {
    return await withZip(to, async ({ zip }) => isMine(zip.comment, context))
  } catch (error) {
    // What is no archive is not this step's either.
    if (isFailureError(error) && error.failure.kind === 'rejected') return false
    throw error
  }
}

function isMine(comment: string | Uint8Array, context: ToolContext): boolean {
  return Buffer.from(comment).equals(Buffer.from(commentOf(context)))
}

function commentOf({ stepId }: ToolContext): string {
  return `Packed by Steward (${stepId})`
}

function joined(walked: readonly { path: string; found: Sources }[]): Sources {
  const all = walked.map(({ found }) => found)
  const files = all.flatMap(found => found.files)
  const emptyFolders = all.flatMap(found => found.emptyFolders)
  const path = walked[0]?.path ?? ''
  if (files.length + emptyFolders.length > MAX_ENTRIES) {
    reject(path, `and the others hold more than the ${String(MAX_ENTRIES)} entries that are allowed`)
  }
  const names = new Set<string>()
  for (const { name } of files) {
    if (names.has(name)) reject(path, `was not packed: two files would both be “${name}” in the archive`)
    names.add(name)
  }
  return {
    files,
    emptyFolders,
    bytes: all.reduce((sum, found) => sum + found.bytes, 0),
    skipped: all.flatMap(found => found.skipped).slice(0, 100),
    skippedCount: all.reduce((sum, found) => sum + found.skippedCount, 0),
  }
}
