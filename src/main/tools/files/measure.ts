/** `files.measure`: how much lies in a folder, what in it is largest, and how much room its disk has left. */
import fs from 'node:fs/promises'
import type { BigIntStats } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import type { Anchor } from './anchor.ts'
import { isUnreadable, reject } from './failures.ts'
import { displayText } from './names.ts'
import { pathInput } from './paths.ts'
import { bytesText, nameText } from './sentences.ts'
import type { Place, Workspace } from './workspace.ts'

const NAME = 'files.measure'

/** Names looked at in all. */
const MOST_SEEN = 500_000
const DEEPEST = 64
const MOST_LARGEST = 20

const input = z.strictObject({ path: pathInput })
type Input = z.output<typeof input>

const part = z.strictObject({
  name: z.string(),
  display: z.string().describe('The name as people may see it, invisible characters spelled out.'),
  kind: z.enum(['file', 'folder']),
  bytes: z.int(),
  files: z.int(),
})
type Part = z.output<typeof part>

const output = z.strictObject({
  path: z.string(),
  bytes: z.int().describe('Of all files in it and below it.'),
  files: z.int(),
  largest: z.array(part).describe('What lies in the folder itself, with all that is below: the 20 largest.'),
  complete: z.boolean().describe('False when some of it could not be read, or there was too much.'),
  disk: z.strictObject({ bytes: z.int(), free: z.int() }).describe('The disk it lies on.'),
})
type Output = z.output<typeof output>

export function measureTool(workspace: Workspace): ToolDeclaration {
  return defineTool<Input, Output>({
    name: NAME,
    version: 1,
    title: 'Measure a folder',
    doc:
      'How many bytes lie in a folder and below it, and how many are free on its disk. Links are not followed, and a ' +
      'file with several names counts once. The trash that Steward keeps there counts too.',
    effect: 'read',
    input,
    output,
    positional: ['path'],
    touches: given => ({ paths: [{ path: workspace.resolve(given.path), access: 'read' }] }),
    risk: 'low',
    idempotency: 'natural',
    timeoutMs: 600_000,
    run: (given, context) => measure(workspace, given, context),
    describe: (given, done) => {
      const size = done === undefined ? '' : ` (${bytesText(done.bytes)})`
      return `Measured ${nameText(given.path)}${size}`
    },
  })
}

async function measure(
  workspace: Workspace,
  given: Input,
  { contract, signal }: ToolContext,
): Promise<Output> {
  const target = workspace.resolve(given.path)
  return workspace.at(target, { contract, tool: NAME, access: 'read' }, async place => {
    if (place.leaf === null) return { path: target, ...(await measured(place.folder, place, signal)) }
    const folder = place.hasFolder ? await place.folder.folder(place.leaf) : null
    if (folder === null) reject(target, 'did not exist')
    try {
      return { path: target, ...(await measured(folder, place, signal)) }
    } finally {
      await folder.close()
    }
  })
}

async function measured(folder: Anchor, place: Place, signal: AbortSignal): Promise<Omit<Output, 'path'>> {
  const measuring = new Measuring(place, signal)
  const size = await measuring.add(folder, 1)
  const { bsize, blocks, bavail } = await fs.statfs(folder.real)
  return { ...size, ...measuring.result(), disk: { bytes: bsize * blocks, free: bsize * bavail } }
}

interface Size {
  bytes: number
  files: number
}

class Measuring {
  readonly #place: Place
  readonly #signal: AbortSignal
  /** Files that have several names. */
  readonly #met = new Set<string>()
  #largest: Part[] = []
  #seen = 0
  #isWhole = true

  constructor(place: Place, signal: AbortSignal) {
    this.#place = place
    this.#signal = signal
  }

  result(): Pick<Output, 'largest' | 'complete'> {
    return { largest: this.#largest, complete: this.#isWhole }
  }

  /** Folders are entered after their own folder was read, so that few are open at once. */
  async add(folder: Anchor, depth: number): Promise<Size> {
    const sum: Size = { bytes: 0, files: 0 }
    const count = (name: string, kind: Part['kind'], { bytes, files }: Size) => {
      sum.bytes += bytes
      sum.files += files
      if (depth === 1) this.#offer({ name, display: displayText(name), kind, bytes, files })
    }
    const folders: string[] = []
    for await (const name of folder.names()) {
      if (this.#signal.aborted)
        reject(folder.shown, 'was not measured to the end, because the step was stopped')
      if (this.#place.isNever(path.join(folder.real, name))) continue
      if (this.#isFull()) break
      const stat = await folder.lstat(name)
      if (stat?.isDirectory() === true) folders.push(name)
      else if (stat?.isFile() === true) count(name, 'file', this.#sizeOf(stat))
    }
    for (const name of folders) count(name, 'folder', await this.#enter(folder, name, depth))
    return sum
  }

  #sizeOf(stat: BigIntStats): Size {
    const id = `${stat.dev}:${stat.ino}`
    if (stat.nlink > 1n && this.#met.has(id)) return { bytes: 0, files: 0 }
    if (stat.nlink > 1n) this.#met.add(id)
    return { bytes: Number(stat.size), files: 1 }
  }

  async #enter(folder: Anchor, name: string, depth: number): Promise<Size> {
    try {
      const child = depth < DEEPEST ? await folder.folder(name) : null
      if (child !== null) return await this.#addAndClose(child, depth + 1)
    } catch (error) {
      if (!isUnreadable(error)) throw error
    }
    this.#isWhole = false
    return { bytes: 0, files: 0 }
  }

  async #addAndClose(folder: Anchor, depth: number): Promise<Size> {
    try {
      return await this.add(folder, depth)
    } finally {
      await folder.close()
    }
  }

  #offer(found: Part): void {
    const least = this.#largest.at(-1)
    if (this.#largest.length === MOST_LARGEST && least !== undefined && found.bytes <= least.bytes) return
    this.#largest = [...this.#largest, found].sort(bySize).slice(0, MOST_LARGEST)
  }

  #isFull(): boolean {
    this.#seen++
    if (this.#seen > MOST_SEEN) this.#isWhole = false
    return this.#seen > MOST_SEEN
  }
}

function bySize(a: Part, b: Part): number {
  return b.bytes - a.bytes || (a.name < b.name ? -1 : 1)
}
