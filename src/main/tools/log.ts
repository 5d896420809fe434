/** tools/log: a line for whoever reads the run. The journal's own record of the call is the line. */
import { z } from 'zod'
import { defineTool, type ToolDeclaration } from '../../domain/tool.ts'
import { jsonBytes, jsonValue } from './json-value.ts'
import { localCall } from './local-call.ts'

const LONGEST_DATA = 64 * 1_024

const input = z.strictObject({
  message: z.string().min(1).max(2_000),
  data: jsonValue
    .refine(data => jsonBytes(data) <= LONGEST_DATA, { error: 'is longer than 64 KB as JSON' })
    .optional()
    .describe('Any JSON value, 64 KB at most.'),
})

export function logTools(): ToolDeclaration[] {
  return [
    line('log.info', 'Note something', 'Notes a line in the run view, with data to look at.'),
    line(
      'log.warn',
      'Note something odd',
      'Notes a line in the run view that stands out. It stops nothing and tells nobody.',
    ),
  ]
}

function line(name: string, title: string, doc: string): ToolDeclaration {
  return defineTool({
    ...localCall,
    name,
    title,
    doc,
    input,
    output: z.null(),
    positional: ['message', 'data'],
    run: async () => null,
    describe: ({ message }) => `Noted: ${message}`,
  })
}
