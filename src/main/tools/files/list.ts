/** `files.list`: what is in a folder, up to a limit, in a fixed order; a folder of a million files costs no more. */
import path from 'node:path'
import { z } from 'zod'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import type { Anchor } from './anchor.ts'
import { kindOf } from './content.ts'
import { isUnreadable, reject } from './failures.ts'
import { displayText, matchesWildcard, OWN_PREFIX } from './names.ts'
import { pathInput } from './paths.ts'
import { nameText } from './sentences.ts'
import type { Place, Workspace } from './workspace.ts'

/** Names looked at in all, wanted or not, and unreadable folders named. */
const MAX_SEEN = 200_000
const MAX_SKIPPED = 100

const input = z.strictObject({
  path: pathInput,
  recursive: z.boolean().default(false),
  depth: z.int().min(1).max(64).default(16).describe('How many folders deep, with recursive.'),
  match: z.string().min(1).max(255).optional().describe('For names, in any case: `*.pdf`, `scan-??.*`.'),
  kind: z.enum(['file', 'folder', 'any']).default('any'),
  limit: z.int().min(1).max(50_000).default(10_000),
})
type Input = z.output<typeof input>

const entry = z.strictObject({
  name: z.string(),
  display: z.string().describe('The name as people may see it, invisible characters spelled out.'),
  path: z.string(),
  kind: z.enum(['file', 'folder', 'other']).describe('`other`: a link, device, pipe or socket.'),
  bytes: z.int(),
  modified: z.int().describe('UTC ms.'),
})
type Entry = z.output<typeof entry>

const output = z.strictObject({
  path: z.string(),
  entries: z.array(entry).describe('By path.'),
  truncated: z.boolean().describe('True when a limit was met, so that there may be more.'),
  skipped: z.array(z.string()).describe('Folders that could not be read.'),
})
type Output = z.output<typeof output>

export function listTool(workspace: Workspace): ToolDeclaration {
  return defineTool<Input, Output>({
    name: 'files.list',
    version: 1,
    title: 'List a folder',
    doc:
      'Lists a folder, and with `recursive` what is below it. Links are listed and never followed. What Steward ' +
      'keeps for itself (its trash, unfinished files) is left out. `truncated` says that a limit was met.',
    effect: 'read',
    input,
    output,
    positional: ['path'],
    touches: given => ({ paths: [{ path: workspace.resolve(given.path), access: 'read' }] }),
    risk: 'low',
    idempotency: 'natural',
    timeoutMs: 60_000,
    run: (given, context) => list(workspace, given, context),
    describe: (given, done) => {
      if (done === undefined) return `Listed ${nameText(given.path)}`
      const count = `${done.truncated ? 'the first ' : ''}${done.entries.length}`
      return `Listed ${nameText(given.path)} (${count} ${done.entries.length === 1 ? 'entry' : 'entries'})`
    },
  })
}

async function list(workspace: Workspace, given: Input, { contract, signal }: ToolContext): Promise<Output> {
  const target = workspace.resolve(given.path)
  return workspace.at(target, { contract, tool: 'files.list', access: 'read' }, async place => {
    const listing = new Listing(given, place, signal)
    if (place.leaf === null) await listing.add(place.folder, 1)
    else {
      const folder = place.hasFolder ? await place.folder.folder(place.leaf) : null
      if (folder === null) reject(target, 'did not exist')
      await listing.addAndClose(folder, 1)
    }
    return { path: target, ...listing.result() }
  })
}

class Listing {
  readonly #given: Input
  readonly #place: Place
  readonly #signal: AbortSignal
  readonly #entries: Entry[] = []
  readonly #skipped: string[] = []
  #seen = 0
  #truncated = false

  constructor(given: Input, place: Place, signal: AbortSignal) {
    this.#given = given
    this.#place = place
    this.#signal = signal
  }

  result(): Omit<Output, 'path'> {
    const entries = this.#entries.sort((a, b) => (a.path < b.path ? -1 : 1))
    return { entries, truncated: this.#truncated, skipped: this.#skipped.sort() }
  }

  async addAndClose(folder: Anchor, depth: number): Promise<void> {
    try {
      await this.add(folder, depth)
    } finally {
      await folder.close()
    }
  }

  /** Folders are entered after their own folder was read, so that few are open at once. */
  async add(folder: Anchor, depth: number): Promise<void> {
    const folders = await this.#addEntries(folder)
    if (!this.#given.recursive || folders.length === 0) return
    if (depth >= this.#given.depth) this.#truncated = true
    else {
      for (const name of folders.sort()) await this.#enter(folder, name, depth)
    }
  }

  /** Adds what is in the folder itself, and gives back the names of its folders. */
  async #addEntries(folder: Anchor): Promise<string[]> {
    const folders: string[] = []
    for await (const name of folder.names()) {
      if (this.#signal.aborted)
        reject(folder.shown, 'was not listed to the end, because the step was stopped')
      if (name.startsWith(OWN_PREFIX) || this.#place.isNever(path.join(folder.real, name))) continue
      if (this.#isFull()) return folders
      if (await this.#addEntry(folder, name)) folders.push(name)
    }
    return folders
  }

  /** Adds what was asked for; says whether it is a folder. */
  async #addEntry(folder: Anchor, name: string): Promise<boolean> {
    this.#seen++
    const stat = await folder.lstat(name)
    const kind = stat === null ? 'other' : kindOf(stat)
    const { match, kind: wanted } = this.#given
    const isWanted =
      (wanted === 'any' || wanted === kind) && (match === undefined || matchesWildcard(match, name))
    // A name that is no text of this system cannot be looked up; one that vanished meanwhile is not there.
    if (isWanted && (stat !== null || name.includes('\ufffd'))) {
      this.#entries.push({
        name,
        display: displayText(name),
        path: path.join(folder.shown, name),
        kind,
        bytes: Number(stat?.size ?? 0n),
        modified: Number(stat?.mtimeMs ?? 0n),
      })
    }
    return kind === 'folder'
  }

  async #enter(folder: Anchor, name: string, depth: number): Promise<void> {
    if (this.#isFull()) return
    try {
      const child = await folder.folder(name)
      if (child !== null) await this.addAndClose(child, depth + 1)
    } catch (error) {
      if (!isUnreadable(error)) throw error
      if (this.#skipped.length < MAX_SKIPPED) this.#skipped.push(path.join(folder.shown, name))
    }
  }

  #isFull(): boolean {
    const isFull = this.#entries.length >= this.#given.limit || this.#seen >= MAX_SEEN
    if (isFull) this.#truncated = true
    return isFull
  }
}
