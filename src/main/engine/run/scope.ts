/**
 * Scopes of a run: the run itself (''), and each item of `each`. A scope owns its journal's name and the changes of
 * local state it has staged; they become visible when it succeeds (J2), until then only to itself and its items.
 */
import type { Json } from '../../../domain/json.ts'
import { isNoteChange, overlayNotes } from '../../../domain/note.ts'
import type { LocalChange, LocalView } from '../../../domain/tool.ts'
import { notesOf } from '../../store/notes.ts'
import { stateList, stateValue } from '../../store/local-state.ts'
import type { Store } from '../../store/store.ts'

export class Scope {
  /** As the script's side names it: '' or a JSON array of names and keys. */
  readonly text: string
  /** Whose journal its steps belong to: the run's id or the item's. */
  readonly owner: string
  readonly itemId: string | null
  readonly parent: Scope | null
  /** By step, so that a step taken back takes its changes with it. */
  readonly staged = new Map<string, readonly LocalChange[]>()
  /** Calls of this scope whose tool is at work now. */
  flying = 0
  /** Calls of this scope that have not left yet. */
  held = 0

  constructor(text: string, owner: string, itemId: string | null, parent: Scope | null) {
    this.text = text
    this.owner = owner
    this.itemId = itemId
    this.parent = parent
  }

  changes(): LocalChange[] {
    return [...this.staged.values()].flat()
  }
}

/** The scope around a scope: '' for an item of the run itself. */
export function parentOf(text: string): string {
  const path = JSON.parse(text) as string[]
  return path.length <= 2 ? '' : JSON.stringify(path.slice(0, -2))
}

/** Local state as one scope sees it: committed, then what its ancestors and it have staged, nearest last. */
export function localView(store: Store, workflowId: string, scope: Scope): LocalView {
  return {
    get: key => {
      const change = lastChange(scope, key)
      if (change === undefined) return stateValue(store, workflowId, key)
      return change.kind === 'state-set' ? change.value : undefined
    },
    list: prefix => {
      const seen = new Map(stateList(store, workflowId, prefix).map(entry => [entry.key, entry.value]))
      for (const change of stagedChanges(scope)) applyToList(seen, change, prefix)
      return [...seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ key, value }))
    },
    notes: overlayNotes(notesOf(store, workflowId), () => stagedChanges(scope).filter(isNoteChange)),
  }
}

type StateChange = Extract<LocalChange, { kind: 'state-set' | 'state-delete' }>

function stagedChanges(scope: Scope): LocalChange[] {
  return scope.parent === null ? scope.changes() : [...stagedChanges(scope.parent), ...scope.changes()]
}

function lastChange(scope: Scope, key: string): StateChange | undefined {
  return stagedChanges(scope).findLast(
    (change): change is StateChange =>
      (change.kind === 'state-set' || change.kind === 'state-delete') && change.key === key,
  )
}

function applyToList(seen: Map<string, Json>, change: LocalChange, prefix: string): void {
  if (change.kind === 'state-set' && change.key.startsWith(prefix)) seen.set(change.key, change.value)
  if (change.kind === 'state-delete') seen.delete(change.key)
}
