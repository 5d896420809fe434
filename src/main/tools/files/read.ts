/** `files.read` and `files.stat`: one file's content, and what is known about a path. */
import { z } from 'zod'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { hashBytes, kindOf, readRange } from './content.ts'
import { reject } from './failures.ts'
import { displayText } from './names.ts'
import { pathInput } from './paths.ts'
import { bytesText, nameText } from './sentences.ts'
import type { Workspace } from './workspace.ts'

const MAX_BYTES = 8_388_608

const readInput = z.strictObject({
  path: pathInput,
  as: z.enum(['text', 'base64']).default('text').describe('`text` must be UTF-8.'),
  maxBytes: z.int().min(1).max(33_554_432).default(MAX_BYTES).describe('A larger file is refused, not cut.'),
})
type ReadInput = z.output<typeof readInput>

const readOutput = z.strictObject({
  path: z.string(),
  text: z.string().optional(),
  base64: z.string().optional(),
  bytes: z.int(),
  hash: z.string().describe('SHA-256 of the content, in hexadecimal.'),
})
type ReadOutput = z.output<typeof readOutput>

export function readTool(workspace: Workspace): ToolDeclaration {
  return defineTool<ReadInput, ReadOutput>({
    name: 'files.read',
    version: 1,
    title: 'Read a file',
    doc:
      'Reads a whole file as `text` (UTF-8, without its byte order mark) or as `base64`. Links, devices and files ' +
      'with a second name (hard links) are refused.',
    effect: 'read',
    input: readInput,
    output: readOutput,
    positional: ['path'],
    touches: ({ path }) => ({ paths: [{ path: workspace.resolve(path), access: 'read' }] }),
    risk: 'low',
    idempotency: 'natural',
    timeoutMs: 60_000,
    run: (given, context) => read(workspace, given, context),
    describe: ({ path }, done) =>
      done === undefined ? `Read ${nameText(path)}` : `Read ${nameText(path)} (${bytesText(done.bytes)})`,
  })
}

async function read(workspace: Workspace, given: ReadInput, { contract }: ToolContext): Promise<ReadOutput> {
  const target = workspace.resolve(given.path)
  return workspace.at(target, { contract, tool: 'files.read', access: 'read' }, async place => {
    if (!place.hasFolder) reject(target, 'did not exist')
    if (place.leaf === null) reject(target, 'is a folder, not a file')
    const { handle, stat } = await place.folder.openFile(place.leaf, 'read')
    try {
      if (stat.size > given.maxBytes) tooLarge(target, Number(stat.size), given.maxBytes)
      const bytes = await readRange(handle, 0, Number(stat.size))
      const content =
        given.as === 'text' ? { text: textOf(bytes, target) } : { base64: bytes.toString('base64') }
      return { path: target, ...content, bytes: bytes.length, hash: hashBytes(bytes) }
    } finally {
      await handle.close()
    }
  })
}

function textOf(bytes: Buffer, target: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    reject(target, 'is not UTF-8 text', 'Read it with as: "base64".')
  }
}

function tooLarge(target: string, bytes: number, allowed: number): never {
  reject(
    target,
    `holds ${bytesText(bytes)}, more than the ${bytesText(allowed)} that were allowed`,
    'Raise maxBytes.',
  )
}

const statInput = z.strictObject({ path: pathInput })
type StatInput = z.output<typeof statInput>

const statOutput = z.strictObject({
  path: z.string(),
  name: z.string(),
  display: z.string().describe('The name as people may see it, invisible characters spelled out.'),
  exists: z.boolean(),
  kind: z.enum(['file', 'folder', 'other']).nullable().describe('`other`: a link, device, pipe or socket.'),
  bytes: z.int().nullable(),
  modified: z.int().nullable().describe('UTC ms.'),
  created: z.int().nullable().describe('UTC ms, where the disk knows it.'),
})
type StatOutput = z.output<typeof statOutput>

export function statTool(workspace: Workspace): ToolDeclaration {
  return defineTool<StatInput, StatOutput>({
    name: 'files.stat',
    version: 1,
    title: 'Look at a file or folder',
    doc: 'Says what is at a path, without following links. A path where nothing is has `exists: false` and nulls.',
    effect: 'read',
    input: statInput,
    output: statOutput,
    positional: ['path'],
    touches: ({ path }) => ({ paths: [{ path: workspace.resolve(path), access: 'read' }] }),
    risk: 'low',
    idempotency: 'natural',
    timeoutMs: 60_000,
    run: (given, context) => look(workspace, given, context),
    describe: ({ path }) => `Looked at ${nameText(path)}`,
  })
}

async function look(workspace: Workspace, given: StatInput, { contract }: ToolContext): Promise<StatOutput> {
  const target = workspace.resolve(given.path)
  return workspace.at(target, { contract, tool: 'files.stat', access: 'read' }, async place => {
    const stat = await place.stat()
    const name = target.slice(Math.max(target.lastIndexOf('/'), target.lastIndexOf('\\')) + 1)
    return {
      path: target,
      name,
      display: displayText(name),
      exists: stat !== null,
      kind: stat === null ? null : kindOf(stat),
      bytes: stat === null ? null : Number(stat.size),
      modified: stat === null ? null : Number(stat.mtimeMs),
      created: stat === null || stat.birthtimeMs === 0n ? null : Number(stat.birthtimeMs),
    }
  })
}
