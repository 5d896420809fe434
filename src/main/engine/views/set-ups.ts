/** A conversation that sets something up as clients see it: what was last said, the open question, what became of it. */
import { z } from 'zod'
import { PLAYED_WITH, STAGES } from '../../../planner/chat/talk/stages.ts'
import type { Stage } from '../../../planner/chat/talk/stages.ts'
import type { Said } from '../../../planner/chat/talk/talk.ts'
import { lastReply, setUpOf } from '../../store/set-ups.ts'
import { automationName } from './common.ts'
import type { AutomationName, ViewSource } from './common.ts'

export interface SetUpView extends Said {
  chatId: string
  stage: Stage
  /** Of which question this is: what an answer may name, so that it counts for no other. */
  turn: number
  automation: AutomationName | null
  at: number
}

const choice = z.object({ value: z.string(), label: z.string() })

/** As it was said; a later version may say more. */
export const saidSchema = z.object({
  text: z.string(),
  question: z
    .object({ text: z.string(), example: z.string().nullable(), choices: z.array(choice) })
    .nullable(),
  offers: z.array(
    z.object({ id: z.string(), title: z.string(), promise: z.string(), words: z.array(z.string()) }),
  ),
  settings: z.array(
    z.object({
      slot: z.string(),
      label: z.string(),
      value: z.string(),
      from: z.enum(['sentence', 'answer', 'usual', 'empty']),
    }),
  ),
  contract: z.array(z.object({ heading: z.string(), lines: z.array(z.string()) })),
  dryRun: z
    .object({
      state: z.enum(['returned', 'failed', 'stopped']),
      given: z
        .enum(PLAYED_WITH)
        .default('own')
        .describe(
          'What it was played with: what would start it now, all that is there now as if it had just come, an example, or nothing.',
        ),
      hash: z.string(),
      counts: z.object({
        reads: z.number(),
        changes: z.number(),
        asks: z.number(),
        refused: z.number(),
      }),
      lines: z.array(z.string()),
      linesLeftOut: z.number(),
      missed: z.array(z.string()),
      failure: z.string().nullable(),
      untouched: z.array(z.string()).default([]),
    })
    .nullable(),
})

export { STAGES }

/** Undefined where nothing was said in the chat yet. */
export function setUpView(source: ViewSource, chatId: string): SetUpView | undefined {
  const { store } = source
  const setUp = setUpOf(store, chatId)
  const reply = lastReply(store, chatId)
  if (setUp === undefined || reply === undefined) return undefined
  const { stage, turn, workflowId } = setUp
  const automation = workflowId === null ? null : automationName(source, workflowId)
  return { chatId, stage, turn, automation, at: reply.at, ...saidSchema.parse(reply.body) }
}
