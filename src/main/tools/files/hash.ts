/** `files.hash`: what tells two contents apart, whatever the size of the file; nothing of it is kept in memory. */
import { z } from 'zod'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { markFile } from './content.ts'
import { reject } from './failures.ts'
import { pathInput } from './paths.ts'
import { nameText } from './sentences.ts'
import type { Workspace } from './workspace.ts'

const NAME = 'files.hash'

const input = z.strictObject({ path: pathInput })
type Input = z.output<typeof input>

const output = z.strictObject({
  path: z.string(),
  bytes: z.int(),
  hash: z.string().describe('SHA-256 of the content, in hexadecimal.'),
})
type Output = z.output<typeof output>

export function hashTool(workspace: Workspace): ToolDeclaration {
  return defineTool<Input, Output>({
    name: NAME,
    version: 1,
    title: 'Hash a file',
    doc:
      'The hash of what a file holds, of any size: files with the same hash have the same content. Links, devices and ' +
      'files with a second name (hard links) are refused.',
    effect: 'read',
    input,
    output,
    positional: ['path'],
    touches: ({ path }) => ({ paths: [{ path: workspace.resolve(path), access: 'read' }] }),
    risk: 'low',
    idempotency: 'natural',
    timeoutMs: 600_000,
    run: (given, context) => hash(workspace, given, context),
    describe: ({ path }) => `Hashed ${nameText(path)}`,
  })
}

async function hash(workspace: Workspace, given: Input, { contract, signal }: ToolContext): Promise<Output> {
  const target = workspace.resolve(given.path)
  return workspace.at(target, { contract, tool: NAME, access: 'read' }, async place => {
    if (!place.hasFolder) reject(target, 'did not exist')
    if (place.leaf === null) reject(target, 'is a folder, not a file')
    const mark = await markFile(place.folder, place.leaf, false, signal)
    return { path: target, bytes: mark.bytes, hash: mark.hash ?? '' }
  })
}
