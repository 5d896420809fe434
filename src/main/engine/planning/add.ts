/**
 * Makes live what a person confirmed: exactly the contract and the script that were shown, in one transaction with the
 * word about it (O2, P3). What is refused is told to the model, and nothing is half there.
 */
import { failureOf, fail, isFailureError } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import type { ModelCall } from '../../../domain/model.ts'
import { identityOf } from '../../../planner/agent/draft.ts'
import type { Draft } from '../../../planner/agent/draft.ts'
import { wordsIn } from '../../../planner/agent/words.ts'
import { addChatEvent } from '../../store/chats.ts'
import { giveCosts } from '../../store/cost-entries.ts'
import { oldestFor, redirectWaiting } from '../../store/inbox.ts'
import { keepDraft, moveTask, taskById } from '../../store/tasks.ts'
import type { TaskRow } from '../../store/tasks.ts'
import type { Tx } from '../../store/tx.ts'
import { workflowById } from '../../store/workflows.ts'
import { beginPlan } from './begin.ts'
import type { PlanRoom } from './room.ts'
import { textSaid } from './sayings.ts'

export interface Confirmed {
  task: TaskRow
  draft: Draft
  /** The call of `finish` that showed it. */
  call: ModelCall
  /** Takes the event in which it was confirmed. */
  take: (tx: Tx) => void
}

export async function addPlanned(room: PlanRoom, { task, draft, call, take }: Confirmed): Promise<void> {
  const { store, clock, fault } = room.context
  const answered = (text: string) =>
    ({
      ...draft,
      answers: [...draft.answers, { callId: call.id, tool: call.tool, text }],
    }) as unknown as Json
  try {
    const request = requestFor(room, task, draft)
    fault('plan.before-add')
    await room.install(request, (tx, { workflowId, created }) => {
      if (!created && workflowId !== task.workflow_id) refuseName(request.name)
      const now = taskById(tx, task.id)
      if (now?.state !== 'working') return refuseStopped()
      take(tx)
      const at = clock.now()
      const words = wordsIn(draft.language)
      const text = created ? words.added(request.name) : words.changed(request.name)
      const body = textSaid(text)
      const replyId = addChatEvent(store, tx, { chatId: task.chat_id, kind: 'plan', runId: null, body, at })
      keepDraft(store, tx, task.id, draft, at)
      giveCosts(tx, task.id, workflowId)
      moveTask(tx, now, { state: 'added', replyId, workflowId, at })
      if (oldestFor(tx, 'task', task.id, 1).length === 0) return
      // More was said meanwhile: it begins the next plan.
      redirectWaiting(tx, 'task', task.id, beginPlan(store, tx, task.chat_id, at).id)
    })
    fault('plan.after-add')
  } catch (error) {
    if (!isFailureError(error)) throw error
    await store.write(tx => {
      take(tx)
      const text = `The person confirmed it, and it could not be added: ${failureOf(error).message}`
      keepDraft(store, tx, task.id, answered(text), clock.now())
    })
  }
}

function requestFor(room: PlanRoom, task: TaskRow, draft: Draft) {
  const { source, contract, name, rehearsed, base } = draft
  if (source === null || name === null || rehearsed?.of !== identityOf(draft)) {
    return fail({
      kind: 'invalid-input',
      path: 'contract',
      message: 'What was shown is not what there is now. Nothing was added.',
    })
  }
  const { store } = room.context
  const known = task.workflow_id === null ? undefined : workflowById(store, task.workflow_id)
  const workflow = known?.state === 'deleted' ? undefined : known
  if (workflow !== undefined && workflow.script_id !== base) {
    return fail({
      kind: 'invalid-input',
      path: 'base',
      message: `“${workflow.name}” was changed elsewhere since this was planned. Nothing was added.`,
    })
  }
  const shown = { source, contract, rehearsed: rehearsed.dryRun.hash, note: 'Planned by chat' }
  return workflow === undefined
    ? { ...shown, name, begins: { chat: task.chat_id } }
    : { ...shown, name: workflow.name }
}

function refuseStopped(): never {
  return fail({
    kind: 'invalid-input',
    path: 'state',
    message: 'The plan was stopped before it was added. Nothing was added.',
  })
}

function refuseName(name: string): never {
  return fail({
    kind: 'invalid-input',
    path: 'name',
    message: `There is another automation “${name}”. Nothing was added. Choose another name.`,
  })
}
