/** `archive.list`: what is in a zip archive, without taking anything out. */
import { z } from 'zod'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { displayText } from '../files/names.ts'
import { pathInput } from '../files/paths.ts'
import { nameText } from '../files/sentences.ts'
import type { Workspace } from '../files/workspace.ts'
import { judged } from './entries.ts'
import { entriesOf, modifiedOf, withZip, type OpenZip } from './zip-reader.ts'

const input = z.strictObject({ path: pathInput, limit: z.int().min(1).max(20_000).default(10_000) })
type Input = z.output<typeof input>

const output = z.strictObject({
  path: z.string(),
  entries: z.array(
    z.strictObject({
      name: z.string().describe('With slashes between folders; a folder ends with one.'),
      display: z.string().describe('The name as people may see it, invisible characters spelled out.'),
      kind: z.enum(['file', 'folder', 'other']).describe('`other`: a link, device, pipe or socket.'),
      bytes: z.int().describe('Unpacked, as the archive says.'),
      packedBytes: z.int(),
      modified: z.int().describe('UTC ms; archives without a time zone are read as UTC.'),
      problem: z.string().nullable().describe('Why it cannot be taken out, or null.'),
    }),
  ),
  total: z.int().describe('Entries in all.'),
  truncated: z.boolean().describe('True when there are more than `limit`.'),
})
type Output = z.output<typeof output>

export function archiveListTool(workspace: Workspace): ToolDeclaration {
  return defineTool<Input, Output>({
    name: 'archive.list',
    version: 1,
    title: 'List an archive',
    doc: 'Lists the entries of a zip archive, in its own order. Sizes are what the archive says of itself.',
    effect: 'read',
    input,
    output,
    positional: ['path'],
    touches: ({ path }) => ({ paths: [{ path: workspace.resolve(path), access: 'read' }] }),
    risk: 'low',
    idempotency: 'natural',
    timeoutMs: 60_000,
    run: (given, context) => list(workspace, given, context),
    describe: ({ path }, done) =>
      done === undefined
        ? `Listed ${nameText(path)}`
        : `Listed ${nameText(path)} (${String(done.total)} entries)`,
  })
}

function list(workspace: Workspace, given: Input, { contract }: ToolContext): Promise<Output> {
  const target = workspace.resolve(given.path)
  return workspace.at(target, { contract, tool: 'archive.list', access: 'read' }, place =>
    withZip(place, async open => {
      const entries = await firstEntries(open, given.limit)
      const total = open.zip.entryCount
      return { path: target, entries, total, truncated: total > entries.length }
    }),
  )
}

async function firstEntries(open: OpenZip, limit: number): Promise<Output['entries']> {
  const entries: Output['entries'] = []
  for await (const entry of entriesOf(open)) {
    const { name, kind, problem } = judged(entry)
    entries.push({
      name: name.toWellFormed(),
      display: displayText(name),
      kind,
      bytes: entry.uncompressedSize,
      packedBytes: entry.compressedSize,
      modified: modifiedOf(entry).getTime(),
      problem,
    })
    if (entries.length >= limit) break
  }
  return entries
}
