/**
 * `archive.extract`: an archive becomes a new folder, whole or not at all. It is unpacked beside its place under a
 * temporary name that carries the step's id; that name is the witness that it was not finished (J4).
 */
import { z } from 'zod'
import { defineTool, type Reconciled, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { madeFolders, stopIfAborted, temporaryName } from '../files/content.ts'
import { reject } from '../files/failures.ts'
import { renameToFree } from '../files/naming.ts'
import { pathInput } from '../files/paths.ts'
import { nameText } from '../files/sentences.ts'
import { afterChange, evidenceOf, NO_EVIDENCE, type Flights } from '../files/step.ts'
import type { Access, Place, Workspace } from '../files/workspace.ts'
import { MAX_BYTES, planExtraction, type Extraction } from './entries.ts'
import { digestBelow, removeTree, Trail, writeFileIn } from './tree.ts'
import { contentOf, modifiedOf, withZip, type OpenZip } from './zip-reader.ts'

const NAME = 'archive.extract'

const input = z.strictObject({
  from: pathInput.describe('The zip archive.'),
  to: pathInput.describe('The folder it becomes. Nothing may be there yet.'),
  maxBytes: z
    .int()
    .min(1)
    .max(MAX_BYTES)
    .default(512 * 1_024 * 1_024)
    .describe('Unpacked. A larger archive is refused, not cut.'),
  skipUnsafe: z
    .boolean()
    .default(false)
    .describe(
      'Leave out what cannot be taken (links, names that lead elsewhere, doubles) instead of refusing.',
    ),
  parents: z.boolean().default(false).describe('Whether missing folders on the way are made.'),
})
type Input = z.output<typeof input>

const output = z.strictObject({
  path: z.string().describe('The new folder.'),
  files: z.int(),
  bytes: z.int(),
  skipped: z.array(z.string()).describe('What was left out and why, with skipUnsafe; the first 100.'),
  skippedCount: z.int(),
})
type Output = z.output<typeof output>

const evidence = z.strictObject({
  real: z.strictObject({ from: z.string(), to: z.string() }),
  digest: z.string(),
  files: z.int(),
  bytes: z.int(),
  skipped: z.array(z.string()),
  skippedCount: z.int(),
  made: madeFolders,
})
type Evidence = z.output<typeof evidence>

export function extractTool(workspace: Workspace, flights: Flights): ToolDeclaration {
  const extracting = new Extracting(workspace)
  return defineTool<Input, Output>({
    name: NAME,
    version: 1,
    title: 'Unpack an archive',
    doc:
      'Unpacks a zip archive into a new folder, all of it or nothing. Refuses archives with more than 20,000 entries, ' +
      'ones that unpack to far more than they hold, and entries that are links, encrypted, double, or lead out of ' +
      'the folder. Files keep their time and get ordinary permissions.',
    effect: 'write',
    input,
    output,
    positional: ['from', 'to'],
    touches: ({ from, to }) => ({
      paths: [
        { path: workspace.resolve(from), access: 'read' },
        { path: workspace.resolve(to), access: 'write' },
      ],
    }),
    risk: 'low',
    idempotency: 'reconcile',
    timeoutMs: 600_000,
    settleMs: 0,
    prepare: (given, context) => extracting.look(given, context),
    run: (given, context) => flights.run(context.stepId, () => extracting.run(given, context)),
    reconcile: (given, context) => flights.after(context.stepId, () => extracting.reconcile(given, context)),
    simulate: async (given, context) => extracting.resultOf(given, await extracting.look(given, context)),
    undo: (given, _done, context) => flights.run(context.stepId, () => extracting.undo(given, context)),
    describe: ({ from, to }, done) =>
      `Unpacked ${nameText(from)} into ${nameText(done?.path ?? workspace.resolve(to))}`,
  })
}

class Extracting {
  readonly #workspace: Workspace

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  look(given: Input, context: ToolContext): Promise<Evidence> {
    return this.#both(given, context, async (open, to, real) => {
      await refuseTaken(given, to)
      const { digest, files, bytes, skipped, skippedCount } = await planExtraction(open, given)
      return { real, digest, files: files.length, bytes, skipped, skippedCount, made: to.missing }
    })
  }

  run(given: Input, context: ToolContext): Promise<Output> {
    return this.#both(given, context, async (open, to) => {
      await refuseTaken(given, to)
      const plan = await planExtraction(open, given)
      const expected = evidenceOf(evidence, context)
      if (expected !== null && expected.digest !== plan.digest)
        reject(open.shown, 'changed in the meantime', 'Retry.')
      try {
        await to.makeFolders(this.#workspace.reached)
        await this.#unpack(open, plan, to, context)
      } catch (error) {
        await to.unmakeFolders()
        throw error
      }
      await afterChange(NAME, to.path, () => to.folder.sync())
      await this.#workspace.reached('placed')
      return this.resultOf(given, { ...plan, files: plan.files.length })
    })
  }

  async reconcile(given: Input, context: ToolContext): Promise<Reconciled<Output>> {
    const expected = evidenceOf(evidence, context)
    if (expected === null) return { is: 'unknown', evidence: NO_EVIDENCE }
    return this.#at(given.to, 'write', context, expected.real.to, async to => {
      const temporary = temporaryName(context.stepId)
      if (to.hasFolder && (await to.folder.lstat(temporary)) !== null) {
        await removeTree(to.folder, temporary)
        await to.folder.sync()
        return { is: 'not-applied' }
      }
      if ((await to.stat()) === null) return { is: 'not-applied' }
      const isThere = (await digestAt(to, context.signal)) === expected.digest
      if (isThere) return { is: 'applied', result: this.resultOf(given, expected) }
      return {
        is: 'unknown',
        evidence: 'The folder is there, and holds something else than the archive does.',
      }
    })
  }

  undo(given: Input, context: ToolContext): Promise<void> {
    const expected = evidenceOf(evidence, context)
    return this.#at(given.to, 'write', context, expected?.real.to, async to => {
      const { folder } = to
      const temporary = temporaryName(context.stepId)
      const there = await to.stat()
      if (there !== null) {
        if (expected === null || (await digestAt(to, context.signal)) !== expected.digest)
          reject(to.path, 'has changed since, so it was not removed')
        // Out of sight in one move: interrupted after it, what is left is recognised by its name.
        const { reached } = this.#workspace
        const naming = { tool: NAME, from: folder, name: to.name, inode: there.ino, reached }
        await renameToFree({ ...naming, to: folder, toName: temporary })
      }
      if (to.hasFolder) {
        await removeTree(folder, temporary)
        await afterChange(NAME, to.path, () => folder.sync())
      }
      await to.dropFolders(expected?.made ?? 0)
    })
  }

  resultOf(given: Input, { files, bytes, skipped, skippedCount }: Omit<Output, 'path'>): Output {
    return { path: this.#workspace.resolve(given.to), files, bytes, skipped, skippedCount }
  }

  async #unpack(open: OpenZip, plan: Extraction, to: Place, context: ToolContext): Promise<void> {
    const { folder } = to
    const temporary = temporaryName(context.stepId)
    await removeTree(folder, temporary)
    try {
      await this.#fill(open, plan, to, context)
      await this.#workspace.reached('temp-written')
      stopIfAborted(context.signal, to.path)
      const inode = (await folder.lstat(temporary))?.ino ?? 0n
      const { reached } = this.#workspace
      await renameToFree({
        tool: NAME,
        from: folder,
        name: temporary,
        to: folder,
        toName: to.name,
        inode,
        reached,
      })
    } catch (error) {
      await removeTree(folder, temporary)
      throw error
    }
  }

  async #fill(open: OpenZip, plan: Extraction, to: Place, { signal, stepId }: ToolContext): Promise<void> {
    await to.folder.makeFolder(temporaryName(stepId))
    const top = await to.folder.folder(temporaryName(stepId))
    if (top === null) reject(to.path, 'was changed while it was being filled')
    const trail = new Trail(top)
    try {
      for (const names of plan.folders) await trail.folder(names)
      for (const { entry, names } of plan.files) {
        stopIfAborted(signal, to.path)
        const folder = await trail.folder(names.slice(0, -1))
        const written = await writeFileIn(
          folder,
          names.at(-1) ?? '',
          contentOf(open, entry),
          modifiedOf(entry),
        )
        if (written.crc !== entry.crc32) reject(open.shown, 'is damaged: a file in it is not what it was')
        await this.#workspace.reached('part-written')
      }
      await trail.finish()
    } finally {
      await trail.close()
      await top.close()
    }
  }

  #both<T>(
    given: Input,
    context: ToolContext,
    use: (open: OpenZip, to: Place, real: Evidence['real']) => Promise<T>,
  ): Promise<T> {
    const found = evidenceOf(evidence, context)?.real
    return this.#at(given.from, 'read', context, found?.from, from =>
      this.#at(given.to, 'write', context, found?.to, to =>
        withZip(from, open => use(open, to, { from: from.real, to: to.real })),
      ),
    )
  }

  #at<T>(
    text: string,
    access: Access,
    { contract }: ToolContext,
    foundAt: string | undefined,
    use: (place: Place) => Promise<T>,
  ): Promise<T> {
    return this.#workspace.at(this.#workspace.resolve(text), { contract, tool: NAME, access, foundAt }, use)
  }
}

async function refuseTaken(given: Input, to: Place): Promise<void> {
  if ((await to.meet({ parents: given.parents })) === null) return
  reject(to.path, 'already existed', 'Give the path of a folder that is not there yet.')
}

async function digestAt(to: Place, signal: AbortSignal): Promise<string | null> {
  const stat = await to.stat()
  if (stat?.isDirectory() !== true) return null
  const folder = await to.folder.folder(to.name)
  if (folder === null) return null
  try {
    return await digestBelow(folder, signal)
  } finally {
    await folder.close()
  }
}
