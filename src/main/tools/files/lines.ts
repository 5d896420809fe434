/**
 * `files.lines`: what was written to a text file since the last look, line by line; a file of any size, of which only
 * what is new is read. Where a reading ended is told by the place and by what stands before it, so that a file that
 * was begun anew or put in its place is noticed, and the old one is known again under another name.
 */
import type { FileHandle } from 'node:fs/promises'
import { z } from 'zod'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { hashBytes, readRange, stopIfAborted } from './content.ts'
import { reject } from './failures.ts'
import { pathInput } from './paths.ts'
import { nameText } from './sentences.ts'
import type { Workspace } from './workspace.ts'

const NAME = 'files.lines'
/** Read at once; a longer line comes in parts. */
const PART = 262_144
/** Of one line, in characters. */
const LONGEST = 2_000
/** What stands before a place, as far as it tells files apart. */
const BEFORE = 4_096
const NEWLINE = 10

const input = z.strictObject({
  path: pathInput,
  after: z
    .string()
    .regex(/^\d{1,15}:[0-9a-f]{32}$/, { error: 'is the “after” that an earlier reading gave' })
    .optional()
    .describe('Where an earlier reading ended.'),
  from: z
    .enum(['start', 'end'])
    .default('start')
    .describe('Where to begin without after: end gives no line, and says where the file ends now.'),
  containing: z
    .array(z.string().min(1).max(200))
    .min(1)
    .max(50)
    .optional()
    .describe('Only lines that hold one of these, in any case.'),
  limit: z.int().min(1).max(2_000).default(500).describe('Of lines given.'),
  maxBytes: z.int().min(1).max(67_108_864).default(8_388_608).describe('Looked through at most.'),
})
type Input = z.output<typeof input>

const output = z.strictObject({
  path: z.string(),
  lines: z.array(z.string()).describe('Complete lines, the oldest first; 2,000 characters of each at most.'),
  after: z.string().describe('Where this reading ended, for the next one.'),
  more: z.boolean().describe('True when a limit was met before the end of the file.'),
  replaced: z
    .boolean()
    .describe('True when the file is not the one that was read before: it was read from its start.'),
  bytes: z.int().describe('Of the whole file.'),
})
type Output = z.output<typeof output>

export function linesTool(workspace: Workspace): ToolDeclaration {
  return defineTool<Input, Output>({
    name: NAME,
    version: 1,
    title: 'Read the lines of a file',
    doc:
      'Lines of a text file, such as a log, from where the last reading ended; the file may be of any size. A line ' +
      'counts once it is complete. What is no UTF-8 becomes �. Links, devices and files with a second name (hard ' +
      'links) are refused.',
    effect: 'read',
    input,
    output,
    positional: ['path'],
    touches: ({ path }) => ({ paths: [{ path: workspace.resolve(path), access: 'read' }] }),
    risk: 'low',
    idempotency: 'natural',
    timeoutMs: 120_000,
    run: (given, context) => read(workspace, given, context),
    describe: ({ path }, done) => {
      if (done === undefined) return `Read lines of ${nameText(path)}`
      const { length } = done.lines
      return `Read ${String(length)} ${length === 1 ? 'line' : 'lines'} of ${nameText(path)}`
    },
  })
}

async function read(workspace: Workspace, given: Input, { contract, signal }: ToolContext): Promise<Output> {
  const path = workspace.resolve(given.path)
  return workspace.at(path, { contract, tool: NAME, access: 'read' }, async place => {
    if (!place.hasFolder) reject(path, 'did not exist')
    if (place.leaf === null) reject(path, 'is a folder, not a file')
    const { handle, stat } = await place.folder.openFile(place.leaf, 'read')
    try {
      const bytes = Number(stat.size)
      const { offset, replaced } = await beginOf(handle, bytes, given)
      const found = await gather({ handle, given, signal, path }, offset)
      const more = found.isFull && found.offset < bytes
      return { path, lines: found.lines, after: await markOf(handle, found.offset), more, replaced, bytes }
    } finally {
      await handle.close()
    }
  })
}

async function beginOf(
  handle: FileHandle,
  bytes: number,
  { after, from }: Input,
): Promise<{ offset: number; replaced: boolean }> {
  if (after === undefined)
    return { offset: from === 'start' ? 0 : await lineStart(handle, bytes), replaced: false }
  const offset = Number(after.slice(0, after.indexOf(':')))
  const isSame = offset <= bytes && (await markOf(handle, offset)) === after
  return isSame ? { offset, replaced: false } : { offset: 0, replaced: true }
}

/** Where the line begins that is being written at the end. */
async function lineStart(handle: FileHandle, bytes: number): Promise<number> {
  const start = Math.max(0, bytes - PART)
  const tail = await readRange(handle, start, bytes - start)
  const newline = tail.lastIndexOf(NEWLINE)
  if (newline !== -1) return start + newline + 1
  return start === 0 ? 0 : bytes
}

async function markOf(handle: FileHandle, offset: number): Promise<string> {
  const length = Math.min(BEFORE, offset)
  const before = await readRange(handle, offset - length, length)
  return `${String(offset)}:${hashBytes(before).slice(0, 32)}`
}

interface Looking {
  handle: FileHandle
  given: Input
  signal: AbortSignal
  path: string
}

/** Part by part, so that nothing waits for a large file. */
async function gather(
  { handle, given, signal, path }: Looking,
  begin: number,
): Promise<{ lines: string[]; offset: number; isFull: boolean }> {
  const lines: string[] = []
  let offset = begin
  while (lines.length < given.limit && offset - begin < given.maxBytes) {
    stopIfAborted(signal, path)
    const part = await readRange(handle, offset, PART)
    const complete = part.length < PART ? part.lastIndexOf(NEWLINE) + 1 : completeIn(part)
    if (complete === 0) return { lines, offset, isFull: false }
    offset += take(part.subarray(0, complete), given, lines)
  }
  return { lines, offset, isFull: true }
}

/** A line that fills the whole part is taken as far as it goes. */
function completeIn(part: Buffer): number {
  const newline = part.lastIndexOf(NEWLINE)
  return newline === -1 ? part.length : newline + 1
}

/** Adds the lines that are asked for until there are enough; answers with the bytes that were dealt with. */
function take(part: Buffer, { containing, limit }: Input, lines: string[]): number {
  const wanted = containing?.map(text => text.toLowerCase())
  const text = part.toString('utf8')
  if (wanted !== undefined && !holdsOne(text.toLowerCase(), wanted)) return part.length
  let start = 0
  while (start < part.length && lines.length < limit) {
    const newline = part.indexOf(NEWLINE, start)
    const end = newline === -1 ? part.length : newline
    const line = part.toString('utf8', start, end).replace(/\r$/, '')
    if (wanted === undefined || holdsOne(line.toLowerCase(), wanted)) lines.push(cut(line))
    start = end + 1
  }
  return Math.min(start, part.length)
}

function holdsOne(text: string, wanted: readonly string[]): boolean {
  return wanted.some(each => text.includes(each))
}

function cut(line: string): string {
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1).toWellFormed()}…` : line
}
