/**
 * From where what a run works with may have come, beyond what its own scopes have read (P6): through the event it
 * runs for, and through what earlier runs left in state and notes. Conservative: who has recalled anything may have
 * recalled everything, and a run leaves in whatever it writes all that it may hold.
 */
import type { Contract } from '../../domain/contract.ts'
import type { Json } from '../../domain/json.ts'
import { eventById } from '../store/inbox.ts'
import { stateSources } from '../store/local-state.ts'
import { hasOutsideNotes } from '../store/notes.ts'
import type { Store } from '../store/store.ts'
import type { ToolRegistry } from '../tools/registry.ts'

/** Stands for a source that cannot be named: any. */
export const ANYWHERE = '*'

/** A read or a recollection with an outcome. */
export interface ReadBefore {
  owner: string
  tool: string
  args: Json
}

const STATE = new Set(['state.get', 'state.list'])
const NOTES = new Set(['notes.get', 'notes.list', 'notes.search'])
/** Stands beside the names of tools for the opening of an item that an earlier run finished: it brings what that made. */
export const ITEM_RECALL = 'flow.open, ended'
/** Who makes events that bring content from outside. A person, a schedule and the end of a wait bring none. */
const OUTSIDE = new Set(['watch', 'webhook', 'workflow'])
/** More than this many are no longer told apart. */
const MOST_SOURCES = 200

export function isRecall({ tool }: { tool: string }): boolean {
  return STATE.has(tool) || NOTES.has(tool)
}

/** Hosts and paths of what came in by other ways than a read; empty where nothing did. */
export function carriedInto(
  store: Store,
  run: { workflowId: string; inboxId: string | null },
  tools: readonly string[],
): string[] {
  const event = run.inboxId === null ? undefined : eventById(store, run.inboxId)
  return [
    ...(event !== undefined && OUTSIDE.has(event.source_type) ? [ANYWHERE] : []),
    ...(tools.some(tool => STATE.has(tool)) ? stateSources(store, run.workflowId) : []),
    ...(tools.includes(ITEM_RECALL) ? [ANYWHERE] : []),
    ...(tools.some(tool => NOTES.has(tool)) && hasOutsideNotes(store, run.workflowId) ? [ANYWHERE] : []),
  ]
}

/** The hosts and paths that were read. What touches nothing that has a name may come from anywhere. */
export function sourcesOf(tools: ToolRegistry, reads: readonly ReadBefore[]): string[] {
  const sources = new Set(
    reads.flatMap(({ tool, args }) => {
      const touches = tools.get(tool)?.touches(args)
      return [...(touches?.hosts ?? []), ...(touches?.paths ?? []).map(place => place.path)]
    }),
  )
  return sources.size > MOST_SOURCES ? [ANYWHERE] : [...sources]
}

/** With sources that cannot be named taken for each of those that flows speak of. */
export function namedSources(flows: Contract['flows'], sources: readonly string[]): string[] {
  return sources.includes(ANYWHERE) ? [...sources, ...flows.map(flow => flow.from)] : [...sources]
}
