/** tools/notify: tell the user something. Staged, so that a scope that fails has told nobody anything (J2). */
import { z } from 'zod'
import { defineTool, type ToolDeclaration } from '../../domain/tool.ts'
import { localCall } from './local-call.ts'

export function notifyTools(): ToolDeclaration[] {
  return [send]
}

const send = defineTool({
  ...localCall,
  name: 'notify.send',
  title: 'Notify the user',
  doc: "Shows the user a notice in the automation's chat and on the desktop, when the run (inside each: the item) succeeds. For news that matters; what needs an answer is flow.ask.",
  input: z.strictObject({
    title: z.string().min(1).max(120),
    body: z.string().max(4_000).default(''),
    level: z.enum(['info', 'warning']).default('info'),
  }),
  output: z.null(),
  positional: ['title', 'body'],
  run: async (input, context) => {
    context.stage({ kind: 'notice', ...input })
    return null
  },
  describe: input => `Notified you: “${input.title}”`,
})
