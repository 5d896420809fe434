/**
 * tools/text: pure functions of their input, journaled so that a replay does not depend on a library's version.
 * What is linear and small runs at once; the rest goes to a compute host that can be stopped.
 */
import { z } from 'zod'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../domain/tool.ts'
import type { Asker, Compute } from './compute/pool.ts'
import { localCall } from './local-call.ts'
import { formatCsv, parseCsv } from './text/csv.ts'
import { dateTools } from './text/date-tools.ts'
import { hashText } from './text/hash.ts'

const LONGEST_TEXT = 8 * 1_024 * 1_024
const INLINE_TEXT = 16 * 1_024
/** The wait for a free worker included. */
const TIMEOUT_MS = 120_000

const longText = z.string().max(LONGEST_TEXT)
const pureCall = { ...localCall, timeoutMs: TIMEOUT_MS } as const

export function textTools(compute: Compute): ToolDeclaration[] {
  return [
    hash(compute),
    csvParse(compute),
    csvFormat(compute),
    htmlToText(compute),
    diff(compute),
    ...dateTools(compute),
  ]
}

export function askerOf(context: ToolContext): Asker {
  return { owner: context.runId, signal: context.signal }
}

/** Logs need the size of a text, not the text. */
function sizeOf(text: string): string {
  return `${text.length.toLocaleString('en')} characters`
}

function hash(compute: Compute): ToolDeclaration {
  return defineTool({
    ...pureCall,
    name: 'text.hash',
    title: 'Hash a text',
    doc: 'Hashes the UTF-8 bytes of a text, in lower-case hexadecimal. sha1 and md5 are for checksums only: they prove nothing against someone who means harm.',
    input: z.strictObject({
      text: longText,
      algorithm: z.enum(['sha256', 'sha1', 'md5']).default('sha256'),
    }),
    output: z.string(),
    positional: ['text', 'algorithm'],
    run: async (input, context) =>
      input.text.length <= INLINE_TEXT ? hashText(input) : compute.run('hash', input, askerOf(context)),
    redact: input => ({ ...input, text: sizeOf(input.text) }),
    describe: input => `Hashed ${sizeOf(input.text)} with ${input.algorithm}`,
  })
}

const delimiter = z
  .string()
  .regex(/^[^"\r\n\u{feff}]$/u, { error: 'is one character, and neither a quote nor a line break' })

/** Unbalanced quotes make the parser look for their end again and again, so quoted text is read where it can be stopped. */
function isPlainAndShort(text: string): boolean {
  return text.length <= INLINE_TEXT && !text.includes('"')
}

function csvParse(compute: Compute): ToolDeclaration {
  return defineTool({
    ...pureCall,
    name: 'text.csvParse',
    title: 'Read CSV',
    doc: 'Reads comma-separated values. Every cell is text, exactly as written: convert numbers yourself. A column without a name is column1, column2, …; a repeated one is "Name (2)". Rows that are too short get empty cells; what was odd is listed in problems, 100 at most.',
    input: z.strictObject({
      text: longText,
      header: z.boolean().default(true).describe('Whether the first line names the columns.'),
      delimiter: delimiter.optional().describe('Found by itself when left out.'),
    }),
    output: z.strictObject({
      columns: z.array(z.string()),
      rows: z.array(z.record(z.string(), z.string())),
      problems: z.array(
        z.strictObject({
          row: z.int().describe('1 is the first row after the header.'),
          message: z.string(),
        }),
      ),
    }),
    positional: ['text'],
    run: async (input, context) =>
      isPlainAndShort(input.text) ? parseCsv(input) : compute.run('csvParse', input, askerOf(context)),
    redact: input => ({ text: sizeOf(input.text), header: input.header }),
    describe: (_, output) => (output === undefined ? 'Read CSV' : `Read ${output.rows.length} rows of CSV`),
  })
}

const cell = z.union([z.string(), z.number(), z.boolean(), z.null()])

function csvFormat(compute: Compute): ToolDeclaration {
  return defineTool({
    ...pureCall,
    name: 'text.csvFormat',
    title: 'Write CSV',
    doc: 'Writes rows as comma-separated values, every line ending with CR LF. null is an empty cell.',
    input: z.strictObject({
      rows: z.array(z.union([z.array(cell), z.record(z.string(), cell)])).max(1_000_000),
      columns: z
        .array(z.string())
        .min(1)
        .optional()
        .describe('Which, in which order. Otherwise those of the rows, in the order first met.'),
      header: z.boolean().default(true),
      delimiter: delimiter.default(','),
      escapeFormulas: z
        .boolean()
        .default(false)
        .describe(
          'Puts an apostrophe before text that a spreadsheet would run as a formula. Use it for text from outside.',
        ),
    }),
    output: z.string(),
    positional: ['rows'],
    run: async (input, context) =>
      input.rows.length <= 100 ? formatCsv(input) : compute.run('csvFormat', input, askerOf(context)),
    redact: input => ({ rows: `${input.rows.length} rows` }),
    describe: input => `Wrote ${input.rows.length} rows of CSV`,
  })
}

function htmlToText(compute: Compute): ToolDeclaration {
  return defineTool({
    ...pureCall,
    name: 'text.htmlToText',
    title: 'Read HTML as text',
    doc: 'The readable text of an HTML page or mail: no markup, scripts, styles or images. Links keep their address in brackets unless dropped.',
    input: z.strictObject({ html: longText, links: z.enum(['keep', 'drop']).default('keep') }),
    output: z.string(),
    positional: ['html'],
    run: (input, context) => compute.run('htmlToText', input, askerOf(context)),
    redact: input => ({ ...input, html: sizeOf(input.html) }),
    describe: input => `Read ${sizeOf(input.html)} of HTML as text`,
  })
}

function diff(compute: Compute): ToolDeclaration {
  return defineTool({
    ...pureCall,
    name: 'text.diff',
    title: 'Compare two texts',
    doc: 'What changed, line by line. changes holds the first 1,000 (truncated says whether there were more); unified is a patch. Two long texts that share little take too long and fail with script-limit.',
    input: z.strictObject({
      before: longText,
      after: longText,
      context: z.int().min(0).max(100).default(3).describe('Unchanged lines around each change in unified.'),
      ignoreWhitespace: z.boolean().default(false).describe('At the start and the end of lines.'),
    }),
    output: z.strictObject({
      same: z.boolean(),
      added: z.int(),
      removed: z.int(),
      summary: z.string().describe('For people: "2 lines added, 1 removed".'),
      changes: z.array(
        z.strictObject({
          kind: z.enum(['added', 'removed']),
          line: z.int().describe('1-based: in after for an added line, in before for a removed one.'),
          text: z.string(),
        }),
      ),
      truncated: z.boolean(),
      unified: z.string(),
    }),
    positional: ['before', 'after'],
    run: (input, context) => compute.run('diff', input, askerOf(context)),
    redact: input => ({ before: sizeOf(input.before), after: sizeOf(input.after) }),
    describe: (_, output) => `Compared two texts${output === undefined ? '' : `: ${output.summary}`}`,
  })
}
