/**
 * `web.download`: an address into a file, never whole in memory. A reader of the file sees the old content or the
 * new, never a part; what was fetched only in part leaves nothing behind.
 * J4: whether an interrupted download was put in place is told by the disk and, where that cannot tell, by what the
 * address gives now. Until the file has its name nothing has been changed, so every failure to fetch says so.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { FailureError, isFailureError } from '../../../domain/failure.ts'
import { isJsonObject, type Json } from '../../../domain/json.ts'
import { defineTool, type Reconciled, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { refuseSpecial } from '../files/anchor.ts'
import {
  madeFolders,
  hashFile,
  isUntouched,
  markFile,
  markSchema,
  MAX_KEPT,
  removeIfThere,
  temporaryName,
} from '../files/content.ts'
import type { Mark } from '../files/content.ts'
import { reject } from '../files/failures.ts'
import { pathInput } from '../files/paths.ts'
import { putFile, takeBack, undoableOf } from '../files/put.ts'
import { bytesText, nameText } from '../files/sentences.ts'
import { evidenceOf, Flights, NO_EVIDENCE } from '../files/step.ts'
import { Workspace, type FilesOptions, type Place } from '../files/workspace.ts'
import type { BodySink } from '../network/intake.ts'
import { maskUrl } from '../network/redact.ts'
import { targetOf } from '../network/call.ts'
import { placeName, robotsInput, urlInput } from './input.ts'
import { typeName, type Wanted, type WebReader } from './reader.ts'

const NAME = 'web.download'
const GRACE_MS = 30_000

const input = z.strictObject({
  url: urlInput,
  path: pathInput.describe('Of the file, with its name.'),
  type: z
    .string()
    .regex(/^[\w.+-]+\/(\*|[\w.+-]+)$/, { error: 'is a type, such as application/pdf or image/*' })
    .optional()
    .describe('What it has to be, such as application/pdf or image/*: anything else is refused.'),
  overwrite: z.boolean().default(false).describe('Whether a file that is there may be replaced.'),
  parents: z.boolean().default(false).describe('Whether missing folders on the way are made.'),
  maxBytes: z
    .int()
    .min(1)
    .max(2_147_483_648)
    .default(104_857_600)
    .describe('A larger file is refused, not cut.'),
  robots: robotsInput,
  timeoutMs: z.int().min(1_000).max(3_600_000).default(300_000),
})
type Input = z.output<typeof input>

const output = z.strictObject({
  url: z.string().describe('The address that answered, after redirects.'),
  path: z.string(),
  bytes: z.int(),
  hash: z.string().describe('SHA-256 of the content, in hexadecimal.'),
  type: z.string().nullable().describe('As the server named it.'),
  created: z.boolean().describe('False when a file was there before.'),
  changed: z.boolean().describe('False when the file held exactly this before.'),
})
type Output = z.output<typeof output>

const evidence = z.strictObject({ real: z.string(), before: markSchema.nullable(), made: madeFolders })

export function downloadTool(reader: WebReader, files: FilesOptions): ToolDeclaration {
  const downloading = new Downloading(reader, new Workspace(files))
  const flights = new Flights()
  return defineTool<Input, Output>({
    name: NAME,
    version: 1,
    title: 'Download a file',
    doc: 'Downloads an address into a file, in pieces, up to maxBytes. A file that is there already is replaced only with `overwrite: true`; `parents: true` makes missing folders. The contract lists host and folder under one clause of Changes. With type, anything else (such as a page that asks to sign in) fails as bad-response.',
    effect: 'write',
    input,
    output,
    positional: ['url', 'path'],
    touches: given => ({
      hosts: [targetOf(given).host],
      paths: [{ path: downloading.resolve(given.path), access: 'write' }],
    }),
    risk: ({ overwrite }) => (overwrite ? 'medium' : 'low'),
    idempotency: 'reconcile',
    timeoutMs: ({ timeoutMs }) => timeoutMs + GRACE_MS,
    settleMs: 0,
    prepare: (given, context) => downloading.prepare(given, context),
    run: (given, context) => flights.run(context.stepId, () => downloading.run(given, context)),
    reconcile: (given, context) => downloading.reconcile(given, context, flights),
    simulate: (given, context) => downloading.simulate(given, context),
    undo: (given, done, context) => flights.run(context.stepId, () => downloading.undo(given, done, context)),
    undoable: (_, { changed, created }, recorded) =>
      undoableOf({ changed, replaced: !created }, evidence.safeParse(recorded).data?.before),
    redact: given => ({ ...given, url: maskUrl(given.url) }) as Json,
    describe: ({ url, path }, done) => {
      const size = done === undefined || done.bytes === 0 ? '' : `: ${bytesText(done.bytes)}`
      return `Downloaded ${placeName(url)} to ${nameText(path)}${size}`
    },
  })
}

interface Fetched {
  url: string
  bytes: number
  hash: string
  type: string | null
}

class Downloading {
  readonly #reader: WebReader
  readonly #workspace: Workspace

  constructor(reader: WebReader, workspace: Workspace) {
    this.#reader = reader
    this.#workspace = workspace
  }

  resolve(path: string): string {
    return this.#workspace.resolve(path)
  }

  prepare(given: Input, context: ToolContext): Promise<Json> {
    return this.#at(given, context, async place => ({
      real: place.real,
      before: await meet(given, place, context),
      made: place.missing,
    }))
  }

  run(given: Input, context: ToolContext): Promise<Output> {
    return this.#at(given, context, async place => {
      const before = await meet(given, place, context)
      const fetched: Fetched[] = []
      await putFile({
        ...this.#frame(place, context),
        mode: before?.mode ?? null,
        overwrite: given.overwrite,
        write: async handle => {
          fetched.push(await this.#fetch(given, context, piece => handle.writeFile(piece)).catch(asUnchanged))
        },
      })
      return resultOf(place.path, fetched[0] ?? unfetched(), before)
    })
  }

  simulate(given: Input, context: ToolContext): Promise<Output> {
    return this.#at(given, context, async place => {
      const nothing = { url: given.url, bytes: 0, hash: createHash('sha256').digest('hex'), type: null }
      return { ...resultOf(place.path, nothing, await meet(given, place, context)), changed: true }
    })
  }

  async reconcile(given: Input, context: ToolContext, flights: Flights): Promise<Reconciled<Output>> {
    const recorded = evidenceOf(evidence, context)
    if (recorded === null) return { is: 'unknown', evidence: NO_EVIDENCE }
    const { before } = recorded
    const seen = await flights.after<Fetched>(context.stepId, () =>
      this.#at(given, context, place => this.#look(given, place, before, context)),
    )
    if (seen.is === 'not-applied' || (seen.is === 'unknown' && seen.evidence !== DIFFERENT)) return seen
    const path = this.resolve(given.path)
    if (seen.is === 'applied') return { is: 'applied', result: resultOf(path, seen.result, before) }
    return this.#compare(given, context, before)
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

  /** What the disk alone can tell, clearing what an interrupted download left. */
  async #look(
    given: Input,
    place: Place,
    before: Mark | null,
    context: ToolContext,
  ): Promise<Reconciled<Fetched>> {
    const temporary = temporaryName(context.stepId)
    const there = await place.stat()
    const unfinished = place.hasFolder ? await place.folder.lstat(temporary) : null
    if (unfinished !== null) {
      await removeIfThere(place.folder, temporary)
      await place.folder.sync()
      if (there?.ino !== unfinished.ino) return { is: 'not-applied' }
      const hash = await hashFile(place.folder, place.name, context.signal)
      return { is: 'applied', result: { url: given.url, bytes: Number(there.size), hash, type: null } }
    }
    if (there === null && before === null) return { is: 'not-applied' }
    if (there === null) return { is: 'unknown', evidence: GONE }
    if (before !== null && isUntouched(before, there)) return { is: 'not-applied' }
    return { is: 'unknown', evidence: DIFFERENT }
  }

  /** The file is another than before: it was put there if it holds what the address gives. */
  async #compare(given: Input, context: ToolContext, before: Mark | null): Promise<Reconciled<Output>> {
    const fetched = await this.#fetch(given, context, () => Promise.resolve())
    return this.#at(given, context, async place => {
      const hash = await hashFile(place.folder, place.name, context.signal)
      if (hash !== fetched.hash) return { is: 'unknown', evidence: DIFFERENT }
      return { is: 'applied', result: resultOf(place.path, fetched, before) }
    })
  }

  async #fetch(given: Input, context: ToolContext, sink: BodySink): Promise<Fetched> {
    const hash = createHash('sha256')
    let bytes = 0
    const request = this.#reader.requestFor({ ...given, tool: NAME, wanted: wantedOf(given) }, context)
    const answer = await this.#reader.client.request({
      ...request,
      // The contract limits what enters a script; a file does not.
      maxBytes: given.maxBytes,
      sink: async piece => {
        hash.update(piece)
        bytes += piece.byteLength
        await sink(piece)
      },
    })
    const type = typeName(answer.headers['content-type'])
    return { url: answer.url, bytes, hash: hash.digest('hex'), type: type === '' ? null : type }
  }

  #frame(place: Place, { stepId, signal }: ToolContext) {
    return { tool: NAME, place, temporary: temporaryName(stepId), signal, reached: this.#workspace.reached }
  }

  #at<T>(given: Input, context: ToolContext, use: (place: Place) => Promise<T>): Promise<T> {
    const foundAt = evidenceOf(evidence, context)?.real
    const grant = { contract: context.contract, tool: NAME, access: 'write', foundAt } as const
    return this.#workspace.at(this.resolve(given.path), grant, use)
  }
}

const GONE = 'The file that was to be replaced is gone, and so is what was to replace it.'
const DIFFERENT = 'The file holds neither what was there before nor what the address gives now.'

/** What is there before the download; refused where it may not be replaced. */
async function meet(given: Input, place: Place, { signal }: ToolContext): Promise<Mark | null> {
  const found = await place.meet({ parents: given.parents })
  if (found === null) return null
  refuseSpecial(found, place.path, place.clause)
  if (!given.overwrite)
    reject(place.path, 'already existed', 'Set overwrite to true, or choose another name.')
  return markFile(place.folder, place.name, found.size <= MAX_KEPT, signal)
}

function wantedOf({ type }: Input): Wanted {
  const fits = (sent: string): boolean => {
    if (type === undefined || type.toLowerCase() === sent) return true
    return type.endsWith('/*') && sent.startsWith(type.slice(0, -1).toLowerCase())
  }
  return { what: type ?? 'a file', accept: type === undefined ? '*/*' : `${type}, */*;q=0.1`, fits }
}

/** Whatever became of the request: the file has not got its name, so nothing was changed. */
function asUnchanged(error: unknown): never {
  if (!isFailureError(error)) throw error
  const { failure } = error
  const detail = isJsonObject(failure.detail) ? failure.detail : {}
  throw new FailureError({ ...failure, detail: { ...detail, sent: 'no' } })
}

function unfetched(): never {
  throw new Error('A download was put in place without having been fetched.')
}

function resultOf(path: string, { url, bytes, hash, type }: Fetched, before: Mark | null): Output {
  return { url, path, bytes, hash, type, created: before === null, changed: before?.hash !== hash }
}
