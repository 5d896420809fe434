/** A conversation as clients see it, whoever answers in it: what was said last, what is asked, what is being done. */
import { z } from 'zod'
import { spentInChat, spentOver } from '../../store/cost-entries.ts'
import { chatEventOf } from '../../store/chats.ts'
import { taskOfChat } from '../../store/tasks.ts'
import type { TaskRow } from '../../store/tasks.ts'
import type { Plans } from '../planning/plans.ts'
import type { Progress } from '../planning/room.ts'
import { NOTHING_SAID } from '../planning/sayings.ts'
import type { PlanSaid } from '../planning/sayings.ts'
import { automationName } from './common.ts'
import type { AutomationName, ViewSource } from './common.ts'
import type { Stage } from '../../../planner/chat/talk/stages.ts'
import { saidSchema, setUpView } from './set-ups.ts'

/** planning: a model is at it · told: it has answered · the others as in a conversation without one. */
export const PLAN_STAGES = ['planning', 'asking', 'confirming', 'told', 'added', 'stopped', 'failed'] as const
export type PlanStage = (typeof PLAN_STAGES)[number]

export const planSaidSchema = saidSchema.extend({
  assumptions: z.array(z.string()),
  notes: z.array(z.string()),
  despite: z.string().nullable(),
  changes: z.array(
    z.object({
      clause: z.string(),
      heading: z.string(),
      effect: z.enum(['widened', 'narrowed', 'changed']),
      before: z.string().nullable(),
      after: z.string().nullable(),
    }),
  ),
  script: z.object({ hash: z.string(), source: z.string() }).nullable(),
  runs: z.array(z.string()),
})

export interface ConversationView extends PlanSaid {
  chatId: string
  /** Of the plan; null where no model takes part. */
  taskId: string | null
  stage: PlanStage | Stage
  /** Of which question this is: what an answer may name, so that it counts for no other. */
  turn: number
  automation: AutomationName | null
  /** Null while nobody works on it. */
  progress: Progress | null
  /** What the present plan has cost so far, micro-dollars. */
  costMicros: number
  /** What it and all plans before it in this chat have cost. */
  chatCostMicros: number
  at: number
}

/** Undefined where nothing was said in the chat yet. */
export function conversationView(
  source: ViewSource,
  plans: Plans,
  chatId: string,
): ConversationView | undefined {
  const task = taskOfChat(source.store, chatId)
  if (task !== undefined) return planned(source, plans, task)
  const setUp = setUpView(source, chatId)
  return (
    setUp && { ...NOTHING_SAID, ...setUp, taskId: null, progress: null, costMicros: 0, chatCostMicros: 0 }
  )
}

function planned(source: ViewSource, plans: Plans, task: TaskRow): ConversationView {
  const { store } = source
  const reply = task.reply_id === null ? undefined : chatEventOf(store, task.reply_id)
  return {
    chatId: task.chat_id,
    taskId: task.id,
    stage: task.state === 'working' ? 'planning' : task.state,
    turn: task.turn,
    automation: task.workflow_id === null ? null : automationName(source, task.workflow_id),
    progress: plans.progress(task.chat_id),
    costMicros: spentOver(store, { taskId: task.id }),
    chatCostMicros: spentInChat(store, task.chat_id),
    at: reply?.at ?? task.updated_at,
    ...(reply === undefined ? NOTHING_SAID : planSaidSchema.parse(reply.body)),
  }
}
