/** tools/tables: rows of records put together, added up, ordered and shown; pure, and exact with decimal numbers. */
import { z } from 'zod'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../domain/tool.ts'
import type { Asker, Compute } from './compute/pool.ts'
import { localCall } from './local-call.ts'
import { groupRows, joinRows, markdownOf, pivotRows, sortRows } from './tables/functions.ts'

const TIMEOUT_MS = 120_000
/** Up to here a table is worked on at once. */
const INLINE_ROWS = 500
const pureCall = { ...localCall, timeoutMs: TIMEOUT_MS } as const

const cell = z.union([z.string(), z.number(), z.boolean(), z.null()])
const column = z.string().min(1).max(500)
const rows = z.array(z.record(z.string(), cell)).max(100_000)
const kind = z.enum(['sum', 'mean', 'min', 'max', 'count', 'distinct', 'first', 'last'])
const table = z.array(z.record(z.string(), cell))

export function tablesTools(compute: Compute): ToolDeclaration[] {
  return [group(compute), join(compute), pivot(compute), sort(compute), toMarkdown(compute)]
}

function askerOf(context: ToolContext): Asker {
  return { owner: context.runId, signal: context.signal }
}

function sizeOf(given: readonly unknown[]): string {
  return given.length === 1 ? '1 row' : `${String(given.length)} rows`
}

function group(compute: Compute): ToolDeclaration {
  return defineTool({
    ...pureCall,
    name: 'tables.group',
    title: 'Group and add up rows',
    doc: 'One row per group, in the order the groups first occur; with an empty by, one row for all. Sums are exact: 0.1 and 0.2 are 0.3. Text counts as a number when it is a plain decimal such as "1234.50"; anything else fails as invalid-input, naming row and column. Empty cells are passed over.',
    input: z.strictObject({
      rows,
      by: z.array(column).max(20).describe('The columns whose values make a group.'),
      values: z
        .record(column, z.strictObject({ kind, column: column.optional() }))
        .default({})
        .refine(
          given => Object.values(given).every(one => one.kind === 'count' || one.column !== undefined),
          {
            error: 'names a column for everything but count',
          },
        )
        .describe('New columns: { total: { kind: "sum", column: "amount" }, n: { kind: "count" } }.'),
    }),
    output: table,
    positional: ['rows', 'by'],
    run: async (input, context) =>
      input.rows.length <= INLINE_ROWS
        ? groupRows(input)
        : compute.run('tables.group', input, askerOf(context)),
    redact: input => ({ by: input.by, values: Object.keys(input.values), rows: sizeOf(input.rows) }),
    describe: (input, output) =>
      `Grouped ${sizeOf(input.rows)}${output === undefined ? '' : ` into ${String(output.length)}`}`,
  })
}

function join(compute: Compute): ToolDeclaration {
  return defineTool({
    ...pureCall,
    name: 'tables.join',
    title: 'Join two tables',
    doc: 'Puts rows together that agree in the columns on; 1 and "1" agree. left keeps rows that have no partner, with null in the columns of the other. A column both have becomes "name (2)" on the right. Makes 100,000 rows at most.',
    input: z.strictObject({
      left: rows,
      right: rows,
      on: z.array(column).min(1).max(20),
      kind: z.enum(['inner', 'left']).default('inner'),
    }),
    output: table,
    positional: ['left', 'right', 'on'],
    run: async (input, context) =>
      input.left.length * input.right.length <= INLINE_ROWS * INLINE_ROWS
        ? joinRows(input)
        : compute.run('tables.join', input, askerOf(context)),
    redact: input => ({ ...input, left: sizeOf(input.left), right: sizeOf(input.right) }),
    describe: (input, output) =>
      `Joined ${sizeOf(input.left)} with ${sizeOf(input.right)}${output === undefined ? '' : `: ${sizeOf(output)}`}`,
  })
}

function pivot(compute: Compute): ToolDeclaration {
  return defineTool({
    ...pureCall,
    name: 'tables.pivot',
    title: 'Turn a column into columns',
    doc: 'One row per value of row, one column per value of column, and in each cell the values there put together by kind (sum unless said otherwise). Makes 500 columns at most.',
    input: z.strictObject({ rows, row: column, column, value: column, kind: kind.default('sum') }),
    output: table,
    positional: ['rows', 'row', 'column', 'value'],
    run: async (input, context) =>
      input.rows.length <= INLINE_ROWS
        ? pivotRows(input)
        : compute.run('tables.pivot', input, askerOf(context)),
    redact: input => ({ ...input, rows: sizeOf(input.rows) }),
    describe: (input, output) =>
      `Turned ${sizeOf(input.rows)}${output === undefined ? '' : ` into ${String(output.length)}`}`,
  })
}

function sort(compute: Compute): ToolDeclaration {
  return defineTool({
    ...pureCall,
    name: 'tables.sort',
    title: 'Sort rows',
    doc: 'Numbers by size and before texts, texts as in a dictionary ("a2" before "a10", case aside), empty cells last. Rows that are alike keep their order.',
    input: z.strictObject({
      rows,
      by: z
        .array(z.strictObject({ column, descending: z.boolean().default(false) }))
        .min(1)
        .max(20),
    }),
    output: table,
    positional: ['rows', 'by'],
    run: async (input, context) =>
      input.rows.length <= INLINE_ROWS
        ? sortRows(input)
        : compute.run('tables.sort', input, askerOf(context)),
    redact: input => ({ ...input, rows: sizeOf(input.rows) }),
    describe: input => `Sorted ${sizeOf(input.rows)}`,
  })
}

function toMarkdown(compute: Compute): ToolDeclaration {
  return defineTool({
    ...pureCall,
    name: 'tables.toMarkdown',
    title: 'Write a table in Markdown',
    doc: 'A Markdown table; columns of numbers stand to the right, and nothing in a cell is taken for markup. For CSV there is text.csvFormat.',
    input: z.strictObject({
      rows,
      columns: z
        .array(column)
        .min(1)
        .max(100)
        .optional()
        .describe('Which, in which order. Otherwise those of the rows, in the order first met.'),
    }),
    output: z.string(),
    positional: ['rows'],
    run: async (input, context) =>
      input.rows.length <= INLINE_ROWS
        ? markdownOf(input)
        : compute.run('tables.toMarkdown', input, askerOf(context)),
    redact: input => ({ ...input, rows: sizeOf(input.rows), columns: input.columns ?? null }),
    describe: input => `Wrote ${sizeOf(input.rows)} as a Markdown table`,
  })
}
