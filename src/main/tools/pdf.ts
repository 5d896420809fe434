/**
 * The `pdf` family: the text of PDF files inside the folders a contract grants. Files are read by the guards of
 * `files`; what is in them is taken apart by a compute host that can be stopped.
 */
import { z } from 'zod'
import { fail, isFailureError } from '../../domain/failure.ts'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../domain/tool.ts'
import type { Compute } from './compute/pool.ts'
import { displayText } from './files/names.ts'
import { pathInput } from './files/paths.ts'
import { nameText } from './files/sentences.ts'
import { readWhole } from './files/whole.ts'
import { Workspace, type FilesOptions } from './files/workspace.ts'
import type { PdfOutput } from './pdf/pages.ts'

const NAME = 'pdf.text'
export const MAX_PDF_BYTES = 67_108_864
const MAX_PAGES = 2_000
const MAX_TEXT = 4_000_000
/** Below the tool's timeout, so that what was read by then is answered. */
const PATIENCE_MS = 60_000

const pageNumber = z.int().min(1).max(1_000_000)

const input = z.strictObject({
  path: pathInput,
  from: pageNumber.default(1).describe('The first page to read; 1 is the first there is.'),
  to: pageNumber.optional().describe('The last page to read. Otherwise the last there is.'),
  maxText: z
    .int()
    .min(1)
    .max(MAX_TEXT)
    .default(1_000_000)
    .describe('Characters of text at most, of all pages together.'),
})
type Input = z.output<typeof input>

const property = z.string().nullable()
const instant = z.int().nullable()

const output = z.strictObject({
  path: z.string(),
  pageCount: z.int().describe('Of the whole document.'),
  pages: z.array(
    z.strictObject({
      page: z.int(),
      text: z.string(),
      cut: z.boolean().describe('True when this page alone has more text than `maxText`.'),
    }),
  ),
  next: z
    .int()
    .nullable()
    .describe(
      'Where to go on reading: the first page that was asked for and did not fit; null when all did.',
    ),
  title: property,
  author: property,
  subject: property,
  keywords: property,
  creator: property.describe('The program it was written with.'),
  producer: property.describe('The program that made a PDF of it.'),
  created: instant.describe('UTC ms; a PDF that names no time zone is read as UTC.'),
  modified: instant,
})
type Output = z.output<typeof output>

export function pdfTools(compute: Compute, options: FilesOptions = {}): ToolDeclaration[] {
  return [textTool(compute, new Workspace(options))]
}

function textTool(compute: Compute, workspace: Workspace): ToolDeclaration {
  return defineTool<Input, Output>({
    name: NAME,
    version: 1,
    title: 'Read the text of a PDF',
    doc:
      'The text of a PDF, page by page, in the order the document has it, and what the document says of itself. ' +
      'Pages that are only pictures (scans) have empty text. Takes files of 64 MB, and gives 2,000 pages at once: ' +
      'read on from `next`. Fails as invalid-input when the document is protected by a password or has no such ' +
      'page, as bad-response when it is damaged or no PDF, as script-limit when one page takes too long.',
    effect: 'read',
    input,
    output,
    positional: ['path'],
    touches: ({ path }) => ({ paths: [{ path: workspace.resolve(path), access: 'read' }] }),
    risk: 'low',
    idempotency: 'natural',
    timeoutMs: 120_000,
    run: (given, context) => read(compute, workspace, given, context),
    describe: ({ path }, done) => {
      const count = done?.pages.length
      const what = count === undefined ? 'the text' : count === 1 ? '1 page' : `${String(count)} pages`
      return `Read ${what} of ${nameText(path)}`
    },
  })
}

async function read(
  compute: Compute,
  workspace: Workspace,
  given: Input,
  context: ToolContext,
): Promise<Output> {
  refuseBackwards(given)
  const { path, bytes } = await readWhole(
    workspace,
    { path: given.path, tool: NAME, maxBytes: MAX_PDF_BYTES },
    context,
  )
  const shown = displayText(path)
  const asker = { owner: context.runId, signal: context.signal }
  const whole = await inPieces(given, piece =>
    compute
      .run('pdf.text', { bytes, shown, ...piece }, asker)
      .catch((error: unknown) => stopped(error, shown, piece.from)),
  )
  const { pageCount, pages, next, properties } = whole
  return { path, pageCount, pages, next, ...properties }
}

function refuseBackwards({ from, to }: Input): void {
  if (to === undefined || to >= from) return
  const message = `The last page (${String(to)}) lies before the first (${String(from)}). Nothing was changed.`
  fail({ kind: 'invalid-input', path: 'to', message })
}

/** A limit of computing, in words about the document. */
function stopped(error: unknown, shown: string, from: number): never {
  if (!isFailureError(error) || error.failure.kind !== 'script-limit') throw error
  const { limit, allowed } = error.failure
  const what = limit === 'cpu' ? `more than ${String(allowed / 1_000)} s of computing` : 'too much memory'
  const message = `${shown} took ${what} to read from page ${String(from)} on, and was left. Nothing was changed. It is damaged, or was made to be unreadable.`
  fail({ ...error.failure, message })
}

interface Piece {
  from: number
  to: number | null
  room: number
}

/** One job answers for a few seconds of reading; as many follow as the answer has room and time for. */
async function inPieces(given: Input, readPiece: (piece: Piece) => Promise<PdfOutput>): Promise<PdfOutput> {
  const begun = performance.now()
  const stop = given.from + MAX_PAGES - 1
  const to = given.to === undefined || given.to > stop ? stop : given.to
  const whole = await readPiece({ from: given.from, to, room: given.maxText })
  let room = given.maxText - lengthOf(whole)
  while (whole.next !== null && room > 0 && performance.now() - begun < PATIENCE_MS) {
    const piece = await readPiece({ from: whole.next, to, room })
    if (piece.pages.some(page => page.cut)) break
    whole.pages.push(...piece.pages)
    whole.next = piece.next
    room -= lengthOf(piece)
  }
  const wanted = Math.min(given.to ?? whole.pageCount, whole.pageCount)
  return { ...whole, next: whole.next ?? (wanted > to ? to + 1 : null) }
}

function lengthOf({ pages }: PdfOutput): number {
  return pages.reduce((sum, { text }) => sum + text.length, 0)
}
