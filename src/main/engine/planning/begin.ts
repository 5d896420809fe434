/** Beginning a plan: the first of a conversation, or the one after what is live. */
import type { Json } from '../../../domain/json.ts'
import { draftSchema, followUp, NEW_DRAFT } from '../../../planner/agent/draft.ts'
import { workflowOfChat } from '../../store/chats.ts'
import { createTask, draftOf, taskOfChat } from '../../store/tasks.ts'
import type { TaskRow } from '../../store/tasks.ts'
import type { Store } from '../../store/store.ts'
import type { Tx } from '../../store/tx.ts'
import { workflowById } from '../../store/workflows.ts'

export function beginPlan(store: Store, tx: Tx, chatId: string, at: number): TaskRow {
  const last = taskOfChat(tx, chatId)
  const workflowId = workflowOfChat(tx, chatId)?.id ?? null
  const base = workflowId === null ? null : (workflowById(tx, workflowId)?.script_id ?? null)
  const isFirst = last === undefined && base === null
  const draft = (isFirst ? NEW_DRAFT : followUp(draftBefore(store, last), base)) as unknown as Json
  const begun = { kind: 'plan', chatId, workflowId, draft, at } as const
  return createTask(store, tx, last === undefined ? begun : { ...begun, after: last })
}

function draftBefore(store: Store, last: TaskRow | undefined): typeof NEW_DRAFT {
  const read = last === undefined ? undefined : draftSchema.safeParse(draftOf(store, last)).data
  return read ?? NEW_DRAFT
}
