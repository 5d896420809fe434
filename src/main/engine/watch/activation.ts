/**
 * Going live (R8): the first look at what is watched draws the line, before anything is written, so that its counts
 * can be told. A source that cannot be looked at now keeps nobody from installing: its line is drawn by the first
 * look that succeeds, and the answer says so.
 */
import type { Contract } from '../../../domain/contract.ts'
import { triggerLine } from '../../../domain/contract-text.ts'
import { failureOf } from '../../../domain/failure.ts'
import { declarationOf } from '../../../domain/triggers/list.ts'
import type { Trigger } from '../../../domain/triggers/list.ts'
import type { Tx } from '../../store/tx.ts'
import { addWatch, removeWatch, respellWatch, watchesOf } from '../../store/watches.ts'
import type { FirstLook } from '../../store/watches.ts'
import type { EngineContext } from '../context.ts'
import { lookOnce } from './look.ts'
import { everyMsOf, spread } from './record.ts'

/** What is known about a source when its automation goes live. */
export interface Line {
  /** In words, as the contract has it. */
  when: string
  /** skip: what is there is not new · process: it counts as new, and runs follow · known: an earlier version saw it. */
  existing: 'skip' | 'process' | 'known'
  /** How many things are there; null where it could not be looked at, or need not be. */
  count: number | null
  /** Why it could not be looked at. */
  problem: string | null
}

export interface Drawn extends Line {
  identity: string
  spec: Trigger
  first: FirstLook | null
}

const LONGEST_MS = 20_000
const MOST_EVENTS = 1

/** Looks at every source of the contract that `workflowId` has not seen before. */
export function drawLines(
  context: EngineContext,
  contract: Contract,
  workflowId: string | null,
): Promise<Drawn[]> {
  const known = new Set(
    workflowId === null ? [] : watchesOf(context.store, workflowId).map(({ identity }) => identity),
  )
  return Promise.all(
    contract.when.flatMap(spec => {
      const { watch, identity } = declarationOf(spec)
      if (watch === undefined || identity === undefined) return []
      const head = { when: triggerLine(spec, contract.zone), identity: identity(spec), spec }
      return known.has(head.identity)
        ? [Promise.resolve({ ...head, existing: 'known' as const, count: null, problem: null, first: null })]
        : [drawLine(context, contract, head)]
    }),
  )
}

async function drawLine(
  context: EngineContext,
  contract: Contract,
  head: Pick<Drawn, 'when' | 'identity' | 'spec'>,
): Promise<Drawn> {
  const { spec } = head
  const existing = 'existing' in spec ? spec.existing : 'skip'
  try {
    const look = await lookOnce(context, {
      owner: head.identity,
      contract,
      spec,
      cursor: null,
      most: MOST_EVENTS,
      longestMs: LONGEST_MS,
      signal: new AbortController().signal,
    })
    const first = existing === 'skip' ? { cursor: look.cursor, saw: look.saw } : null
    return { ...head, existing, count: look.saw, problem: null, first }
  } catch (error) {
    return { ...head, existing, count: null, problem: failureOf(error).message, first: null }
  }
}

/** The part that is told. */
export function lineOf({ when, existing, count, problem }: Drawn): Line {
  return { when, existing, count, problem }
}

/** What the automation watched and watches no more is forgotten; what it still watches stays known. */
export function putWatches(
  context: EngineContext,
  tx: Tx,
  workflowId: string,
  drawn: readonly Drawn[],
): void {
  const { store, clock } = context
  const at = clock.now()
  const before = new Map(watchesOf(tx, workflowId).map(row => [row.identity, row]))
  for (const { identity, spec, first } of drawn) {
    const row = before.get(identity)
    before.delete(identity)
    const everyMs = everyMsOf(spec)
    if (row !== undefined) respellWatch(tx, row.id, spec, at + everyMs)
    else {
      const nextLook = first === null ? at : at + spread(everyMs, Math.random())
      addWatch(store, tx, { workflowId, identity, spec, first, nextLook, at })
    }
  }
  for (const row of before.values()) removeWatch(tx, row.id)
}

export function dropWatches(tx: Tx, workflowId: string): void {
  for (const row of watchesOf(tx, workflowId)) removeWatch(tx, row.id)
}
