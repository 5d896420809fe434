/** Makes staged local changes real, in the transaction in which their scope succeeds (J2). */
import type { LocalChange } from '../../../domain/tool.ts'
import { addChatEvent } from '../../store/chats.ts'
import { deleteState, setState } from '../../store/local-state.ts'
import { notify } from '../../store/notifications.ts'
import { commitNoteChange } from '../../store/notes.ts'
import type { Tx } from '../../store/tx.ts'
import { workflowById } from '../../store/workflows.ts'
import type { RunRow } from '../../store/runs.ts'
import type { EngineContext } from '../context.ts'
import type { ActiveRun } from './call.ts'
import { publish } from '../events.ts'
import { sourcesOfRun } from './sources.ts'

/** Whose changes they are, and from where what is in them may have come; nothing where that is not outside. */
export interface Author {
  readonly context: EngineContext
  readonly row: RunRow
  readonly sources: () => readonly string[]
}

export function commitChanges(run: ActiveRun, tx: Tx, changes: readonly LocalChange[], at: number): void {
  const { context, row } = run
  // Conservatively of the whole run, whichever scope wrote (P6).
  const author = { context, row, sources: () => sourcesOfRun(run) }
  for (const change of changes) commitChange(author, tx, change, at)
}

export function commitChange(run: Author, tx: Tx, change: LocalChange, at: number): void {
  const { store } = run.context
  const workflowId = run.row.workflow_id
  switch (change.kind) {
    case 'state-set':
      setState(store, tx, { workflowId, key: change.key, value: change.value, sources: run.sources(), at })
      return
    case 'state-delete':
      deleteState(tx, workflowId, change.key)
      return
    case 'notice': {
      const chatId = workflowById(tx, workflowId)?.chat_id
      if (chatId === undefined) return
      const body = { title: change.title, body: change.body, level: change.level }
      addChatEvent(store, tx, { chatId, kind: 'notice', runId: run.row.id, body, at })
      notify(store, tx, {
        kind: 'told',
        workflowId,
        runId: run.row.id,
        actionId: null,
        body: { title: change.title, text: change.body, level: change.level },
        at,
      })
      return
    }
    case 'publish':
      publish(run.context, tx, run, change, at)
      return
    case 'note-append':
    case 'note-cut':
    case 'note-tags':
    case 'note-remove':
      commitNoteChange(store, tx, workflowId, change, run.sources().length > 0)
      return
  }
}
